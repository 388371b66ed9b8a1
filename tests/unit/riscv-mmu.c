/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page walks in all modes, rights, A and D, protection by PMP, fences. */
#include "tests/unit/riscv-fake.h"

#include "modules/riscv/helper.h"
#include "modules/riscv/module.h"

#define V 0x01u
#define R 0x02u
#define W 0x04u
#define X 0x08u
#define U 0x10u
#define G 0x20u
#define A 0x40u
#define D 0x80u
#define N (UINT64_C(1) << 63)

#define ROOT (FAKE_RAM + 0x10000)  /* tables follow at each 0x1000 */
#define DATA UINT64_C(0x123456000) /* where pages lead */

/* S and U may do all (PMP). */
static void open_pmp(RvFake *fake)
{
    rv_fake_set_csr(fake, 0x3b0, UINT64_MAX);
    rv_fake_set_csr(fake, 0x3a0, 0x1f);
}

static uint64_t pte(uint64_t address, uint64_t bits)
{
    return (address >> 12) << 10 | bits;
}

/* A hart in S-mode whose satp selects @mode with tables at ROOT. */
static RvFake *paged(uint32_t mode, const char *properties)
{
    RvFake *fake = rv_fake_ok(mode == RV_SATP_SV32 ? 32 : 64,
                              mode == RV_SATP_SV32 ? "rv32" : "rv64", properties);

    open_pmp(fake);
    if (mode == RV_SATP_SV32) {
        rv_fake_set_csr(fake, 0x180, UINT64_C(1) << 31 | ROOT >> 12);
    } else {
        rv_fake_set_csr(fake, 0x180, (uint64_t)mode << 60 | ROOT >> 12);
    }
    rv_fake_set_priv(fake, RV_PRIV_S);
    return fake;
}

/* Map @address to @leaf through tables at ROOT, ROOT + 0x1000 ... down to @level. */
static uint64_t map(RvFake *fake, uint32_t mode, uint64_t address, uint32_t level, uint64_t leaf)
{
    uint32_t levels = mode == RV_SATP_SV32 ? 2 : mode - RV_SATP_SV39 + 3;
    uint32_t width = mode == RV_SATP_SV32 ? 4 : 8, bits = mode == RV_SATP_SV32 ? 10 : 9;
    uint64_t table = ROOT;

    for (uint32_t l = levels - 1;; l--) {
        uint64_t entry = table + (address >> (12 + bits * l) & ((1u << bits) - 1)) * width;
        if (l == level) {
            rv_fake_poke(fake, entry, width, leaf);
            return entry;
        }
        table += 0x1000;
        rv_fake_poke(fake, entry, width, pte(table, V));
    }
}

static gboolean translate(RvFake *fake,
                          uint64_t address,
                          uint32_t access,
                          uint32_t index,
                          QhTranslation *ret,
                          uint64_t *ret_cause)
{
    QhMemFault fault = {.size = sizeof(fault)};

    *ret = (QhTranslation){.size = sizeof(*ret)};
    if (rv64_cpu_ops.translate(&fake->cpu->base, address, access, index, ret, &fault)) {
        return TRUE;
    }
    g_assert_cmphex(fault.payload, ==, address);
    *ret_cause = fault.cause;
    return FALSE;
}

/* Each mode and each size of page. */
static void test_sizes(void)
{
    static const struct {
        uint32_t mode, level, page_bits;
        uint64_t address, phys;
    } rows[] = {
        {RV_SATP_SV32, 0, 12, 0xc0403123,         0x3fffff123    },
        {RV_SATP_SV32, 1, 22, 0xc0403123,         0x3ffc03123    },
        {RV_SATP_SV39, 0, 12, 0xffffffd012345678, 0x123456678    },
        {RV_SATP_SV39, 1, 21, 0x0000001012345678, 0x40145678     },
        {RV_SATP_SV39, 2, 30, 0x0000003f92345678, 0x52345678     },
        {RV_SATP_SV48, 0, 12, 0xffff800012345678, 0x123456678    },
        {RV_SATP_SV48, 3, 39, 0x00007f0012345678, 0x8012345678   },
        {RV_SATP_SV57, 0, 12, 0xff00000012345678, 0x123456678    },
        {RV_SATP_SV57, 4, 48, 0x00ff800012345678, 0x3800012345678},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RvFake) fake = paged(rows[i].mode, NULL);
        uint64_t mask = (UINT64_C(1) << rows[i].page_bits) - 1, cause;
        uint64_t phys = rows[i].phys;
        QhTranslation t;

        map(fake, rows[i].mode, rows[i].address, rows[i].level,
            pte(phys & ~mask, V | R | W | X | A | D));
        g_assert_true(translate(fake, rows[i].address, QH_ACCESS_READ, RV_MMU_S, &t, &cause));
        g_assert_cmphex(t.phys, ==, phys);
        g_assert_cmpuint(t.page_bits, ==, MIN(rows[i].page_bits, 56));
        g_assert_cmpuint(t.prot, ==, QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC);
        g_assert_true(rv64_cpu_ops.debug_translate(&fake->cpu->base, rows[i].address, &phys));
        g_assert_cmphex(phys, ==, t.phys);
    }
}

/* Leaves by rights, index and access: the rights that come back, or the fault. */
typedef struct LeafCase {
    uint64_t bits;
    uint32_t index, access;
    int32_t result; /* QH_PROT_... or -cause */
} LeafCase;

#define READ  QH_ACCESS_READ
#define WRITE QH_ACCESS_WRITE
#define FETCH QH_ACCESS_FETCH
static const LeafCase leaf_cases[] = {
    {V | R | A | D,                     RV_MMU_S,              READ,  QH_PROT_READ                },
    {V | R | A | D,                     RV_MMU_S,              WRITE, -15                         },
    {V | R | A | D,                     RV_MMU_S,              FETCH, -12                         },
    {V | X | A | D,                     RV_MMU_S,              READ,  -13                         },
    {V | X | A | D,                     RV_MMU_S,              FETCH, QH_PROT_EXEC                },
    {V | X | A | D,                     RV_MMU_S + RV_MMU_MXR, READ,  QH_PROT_READ | QH_PROT_EXEC },
    {V | W | A | D,                     RV_MMU_S,              READ,  -13                         }, /* reserved */
    {V | W | X | A | D,                 RV_MMU_S,              FETCH, -12                         },
    {R | W | X | A | D,                 RV_MMU_S,              READ,  -13                         }, /* not valid */
    {V | R | W | U | A | D,             RV_MMU_U,              WRITE, QH_PROT_READ | QH_PROT_WRITE},
    {V | R | W | A | D,                 RV_MMU_U,              READ,  -13                         },
    {V | R | W | U | A | D,             RV_MMU_S,              READ,  -13                         },
    {V | R | W | U | A | D,             RV_MMU_S_SUM,          READ,  QH_PROT_READ | QH_PROT_WRITE},
    {V | R | W | X | U | A | D,         RV_MMU_S_SUM,          READ,  QH_PROT_READ | QH_PROT_WRITE},
    {V | X | U | A | D,                 RV_MMU_S,              FETCH, -12                         },
    {V | X | U | A | D,                 RV_MMU_U + RV_MMU_MXR, READ,  QH_PROT_READ | QH_PROT_EXEC },
 /* D clear: writable only after a write */
    {V | R | W | A,                     RV_MMU_S,              READ,  QH_PROT_READ                },
    {V | R | W | A,                     RV_MMU_S,              WRITE, -15                         },
    {V | R | W,                         RV_MMU_S,              READ,  -13                         },
    {V | X,                             RV_MMU_S,              FETCH, -12                         },
    {V | R | A | D | UINT64_C(1) << 54, RV_MMU_S,              READ,  -13                         },
    {V | R | A | D | UINT64_C(1) << 58, RV_MMU_S,              READ,  -13                         },
    {V | R | A | D | UINT64_C(3) << 59, RV_MMU_S,              READ,  QH_PROT_READ                }, /* Svrsw60t59b */
    {V | R | A | D | UINT64_C(1) << 61, RV_MMU_S,              READ,  -13                         }, /* PBMTE is off */
};

static void test_leaves(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(leaf_cases); i++) {
        const LeafCase *c = &leaf_cases[i];
        g_autoptr(RvFake) fake = paged(RV_SATP_SV39, "svade=on");
        uint64_t cause = 0;
        QhTranslation t;
        int32_t result;

        map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, c->bits));
        result = translate(fake, 0x5000, c->access, c->index, &t, &cause) ? (int32_t)t.prot
                                                                          : -(int32_t)cause;
        if (result != c->result) {
            g_error("row %u: %d, not %d", i, result, c->result);
        }
    }
}

/* Walks that end without a leaf. */
static void test_walk_faults(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t cause = 0, entry;
    QhTranslation t;

    /* not canonical */
    g_assert_false(translate(fake, UINT64_C(0x4000000000), READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_PAGE);
    /* nothing mapped */
    g_assert_false(translate(fake, 0x5000, WRITE, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_STORE_PAGE);
    g_assert_false(rv64_cpu_ops.debug_translate(&fake->cpu->base, 0x5000, &entry));
    /* a pointer where only a leaf can be */
    map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, V));
    g_assert_false(translate(fake, 0x5000, FETCH, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_FETCH_PAGE);
    /* a superpage whose address is not a multiple of its size */
    map(fake, RV_SATP_SV39, 0x5000, 1, pte(DATA, V | R | A | D));
    g_assert_false(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_PAGE);
    /* A, D or U in a pointer */
    for (uint32_t bit = U; bit <= D; bit <<= 1) {
        if (bit == 0x20) {
            continue; /* G is allowed */
        }
        map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, V | R | A | D));
        g_assert_true(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
        map(fake, RV_SATP_SV39, 0x5000, 1, pte(ROOT + 0x2000, V | bit));
        g_assert_false(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
        g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_PAGE);
    }
    /* a table where no memory is: access fault */
    map(fake, RV_SATP_SV39, 0x5000, 1, pte(DATA, V));
    g_assert_false(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_ACCESS);
}

/* Svadu: A and D are set, once, by compare and swap. */
static void test_hardware_update(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t entry = map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, V | R | W)), cause = 0;
    QhTranslation t;

    g_assert_true(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(t.prot, ==, QH_PROT_READ);
    g_assert_cmphex(rv_fake_peek(fake, entry, 8), ==, pte(DATA, V | R | W | A));
    fake->cas_failures = 3;
    g_assert_true(translate(fake, 0x5000, WRITE, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(fake->cas_failures, ==, 0);
    g_assert_cmpuint(t.prot, ==, QH_PROT_READ | QH_PROT_WRITE);
    g_assert_cmphex(rv_fake_peek(fake, entry, 8), ==, pte(DATA, V | R | W | A | D));
    /* a refused access sets nothing */
    entry = map(fake, RV_SATP_SV39, 0x6000, 0, pte(DATA, V | R));
    g_assert_false(translate(fake, 0x6000, WRITE, RV_MMU_S, &t, &cause));
    g_assert_cmphex(rv_fake_peek(fake, entry, 8), ==, pte(DATA, V | R));
    /* nor does a debugger */
    g_assert_true(rv64_cpu_ops.debug_translate(&fake->cpu->base, 0x6000, &cause));
    g_assert_cmphex(rv_fake_peek(fake, entry, 8), ==, pte(DATA, V | R));
}

static void test_napot(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t cause = 0;
    QhTranslation t;

    map(fake, RV_SATP_SV39, 0x25000, 0, pte(0x40028000, N | V | R | A | D));
    g_assert_true(translate(fake, 0x25678, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.phys, ==, 0x40025678);
    g_assert_cmpuint(t.page_bits, ==, 16);
    map(fake, RV_SATP_SV39, 0x25000, 0, pte(0x40024000, N | V | R | A | D));
    g_assert_false(translate(fake, 0x25678, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_PAGE);
    map(fake, RV_SATP_SV39, 0x25000, 1, pte(0x40000000, N | V | R | A | D));
    g_assert_false(translate(fake, 0x25678, READ, RV_MMU_S, &t, &cause));
}

static void test_extensions_off(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, "svnapot=off,svrsw60t59b=off");
    uint64_t cause = 0;
    QhTranslation t;

    map(fake, RV_SATP_SV39, 0x25000, 0, pte(0x40028000, N | V | R | A | D));
    g_assert_false(translate(fake, 0x25000, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_PAGE);
    map(fake, RV_SATP_SV39, 0x25000, 0, pte(0x40028000, UINT64_C(1) << 60 | V | R | A | D));
    g_assert_false(translate(fake, 0x25000, READ, RV_MMU_S, &t, &cause));
}

static void test_pbmt(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t cause = 0;
    QhTranslation t;

    fake->cpu->menvcfg |= RV_ENVCFG_PBMTE;
    for (uint64_t type = 0; type < 4; type++) {
        map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, V | R | A | D | type << 61));
        g_assert_true(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause) == (type != 3));
    }
}

/* Bare and M-mode: no translation, but PMP. */
static void test_bare(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    uint64_t cause = 0;
    QhTranslation t;

    g_assert_true(translate(fake, 0x1234, FETCH, RV_MMU_M, &t, &cause));
    g_assert_cmphex(t.phys, ==, 0x1234);
    g_assert_cmpuint(t.page_bits, ==, 12);
    /* without a matching entry S and U may nothing */
    g_assert_false(translate(fake, 0x1234, FETCH, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_FETCH_ACCESS);
    g_assert_false(translate(fake, 0x1234, WRITE, RV_MMU_U, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_STORE_ACCESS);
    open_pmp(fake);
    g_assert_true(translate(fake, 0x1234, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.phys, ==, 0x1234);
}

/* Page tables are walked with the rights of S. */
static void test_walk_pmp(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t entry = map(fake, RV_SATP_SV39, 0x5000, 0, pte(DATA, V | R | W)), cause = 0;
    QhTranslation t;

    /* entry 0: the leaf table may be read, not written; entry 1: all */
    rv_fake_set_priv(fake, RV_PRIV_M);
    rv_fake_set_csr(fake, 0x3b1, UINT64_MAX);
    rv_fake_set_csr(fake, 0x3b0, (ROOT + 0x2000) >> 2 | 0x1ff);
    rv_fake_set_csr(fake, 0x3a0, 0x1f19);
    g_assert_false(translate(fake, 0x5000, READ, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_LOAD_ACCESS);
    g_assert_cmphex(rv_fake_peek(fake, entry, 8), ==, pte(DATA, V | R | W));
    rv_fake_set_csr(fake, 0x3a0, 0x1f18); /* and not read either */
    rv_fake_poke(fake, entry, 8, pte(DATA, V | R | W | A | D));
    g_assert_false(translate(fake, 0x5000, FETCH, RV_MMU_S, &t, &cause));
    g_assert_cmpuint(cause, ==, RV_CAUSE_FETCH_ACCESS);
}

/* What satp and the fences make the host forget. */
static void test_fences(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    QhCpu *cpu = &fake->cpu->base;
    uint64_t satp = fake->cpu->satp, asid1;

    fake->flushes = 0;
    rv_fake_set_csr(fake, 0x180, satp | UINT64_C(1) << 44);
    asid1 = fake->context;
    rv_fake_set_csr(fake, 0x180, satp | UINT64_C(2) << 44);
    g_assert_cmphex(fake->context, !=, asid1);
    rv_fake_set_csr(fake, 0x180, satp | UINT64_C(1) << 44);
    g_assert_cmphex(fake->context, ==, asid1);
    g_assert_cmpuint(fake->flushes + fake->context_flushes, ==, 0);
    rv_fake_set_csr(fake, 0x180, (satp + 1) | UINT64_C(1) << 44); /* another root, same ASID */
    g_assert_cmpuint(fake->context_flushes, ==, 1);
    g_assert_cmphex(fake->flushed_context, ==, asid1);

    rv_helper_sfence_vma(cpu, 0x12000073, 0, 0); /* x0, x0 */
    g_assert_cmpuint(fake->flushes, ==, 1);
    g_assert_cmphex(fake->flushed_indices, ==, 0x77); /* all but M */
    rv_helper_sfence_vma(cpu, 0x12050073, 0x5123, 0); /* a0, x0 */
    g_assert_cmpuint(fake->page_flushes, ==, 1);
    g_assert_cmphex(fake->flushed_page, ==, 0x5123);
    rv_helper_sfence_vma(cpu, 0x12b00073, 0, 2); /* x0, a1 */
    g_assert_cmpuint(fake->context_flushes, ==, 2);
    g_assert_cmphex(fake->flushed_context, ==, asid1 + 1);
    rv_helper_sfence_vma(cpu, 0x12b50073, 0x6000, 2); /* a0, a1 */
    g_assert_cmpuint(fake->page_flushes, ==, 2);
    g_assert_cmpuint(fake->flushes, ==, 1);
}

/* G of any entry on the way makes a mapping global; so does M, which is not translated. */
static void test_global(void)
{
    g_autoptr(RvFake) fake = paged(RV_SATP_SV39, NULL);
    uint64_t address = 0xffffffd000005000, cause;
    uint64_t entry = map(fake, RV_SATP_SV39, address, 0, pte(DATA, V | R | A | D));
    QhTranslation t;

    g_assert_true(translate(fake, address, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.flags, ==, 0);
    rv_fake_poke(fake, entry, 8, pte(DATA, V | R | A | D | G));
    g_assert_true(translate(fake, address, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.flags, ==, QH_TRANSLATION_GLOBAL);
    rv_fake_poke(fake, entry, 8, pte(DATA, V | R | A | D));
    entry = ROOT + (address >> 30 & 511) * 8;
    rv_fake_poke(fake, entry, 8, rv_fake_peek(fake, entry, 8) | G);
    g_assert_true(translate(fake, address, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.flags, ==, QH_TRANSLATION_GLOBAL);
    g_assert_true(translate(fake, DATA, READ, RV_MMU_M, &t, &cause));
    g_assert_cmphex(t.flags, ==, QH_TRANSLATION_GLOBAL);
    /* Bare has no global mappings, and those of other modes must not be seen under it */
    fake->flushes = 0;
    rv_fake_set_csr(fake, 0x180, 0);
    g_assert_cmpuint(fake->flushes, ==, 1);
    g_assert_cmphex(fake->flushed_indices, ==, 0x77);
    g_assert_true(translate(fake, DATA, READ, RV_MMU_S, &t, &cause));
    g_assert_cmphex(t.flags, ==, 0);
    /* a host that does not know the member */
    t = (QhTranslation){.size = offsetof(QhTranslation, flags), .flags = 0x55};
    QhMemFault fault = {.size = sizeof(fault)};
    g_assert_true(rv64_cpu_ops.translate(&fake->cpu->base, DATA, READ, RV_MMU_M, &t, &fault));
    g_assert_cmphex(t.flags, ==, 0x55);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/mmu/sizes", test_sizes);
    g_test_add_func("/riscv/mmu/leaves", test_leaves);
    g_test_add_func("/riscv/mmu/walk-faults", test_walk_faults);
    g_test_add_func("/riscv/mmu/hardware-update", test_hardware_update);
    g_test_add_func("/riscv/mmu/napot", test_napot);
    g_test_add_func("/riscv/mmu/extensions-off", test_extensions_off);
    g_test_add_func("/riscv/mmu/pbmt", test_pbmt);
    g_test_add_func("/riscv/mmu/bare", test_bare);
    g_test_add_func("/riscv/mmu/walk-pmp", test_walk_pmp);
    g_test_add_func("/riscv/mmu/fences", test_fences);
    g_test_add_func("/riscv/mmu/global", test_global);
    return g_test_run();
}
