/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PMP: which entry matches, what it grants, for how large a range. */
#include "tests/unit/riscv-fake.h"

#define R     QH_PROT_READ
#define W     QH_PROT_WRITE
#define X     QH_PROT_EXEC
#define TOR   0x08u
#define NA4   0x10u
#define NAPOT 0x18u
#define LOCK  0x80u

typedef struct Entry {
    uint32_t cfg;
    uint64_t address; /* as written to pmpaddr */
} Entry;

typedef struct PmpCase {
    Entry entries[3];
    uint64_t address;
    uint32_t priv, prot, bits;
} PmpCase;

static const PmpCase cases[] = {
  /* no entry on: M all, others nothing */
    {{{0, 0}},                                                   0x80000000, RV_PRIV_M, R | W | X, 56},
    {{{0, 0}},                                                   0x80000000, RV_PRIV_S, 0,         56},
 /* NA4 */
    {{{NA4 | R, 0x20000000}},                                    0x80000000, RV_PRIV_S, R,         2 },
    {{{NA4 | R, 0x20000000}},                                    0x80000003, RV_PRIV_U, R,         2 },
    {{{NA4 | R, 0x20000000}},                                    0x80000004, RV_PRIV_U, 0,         2 },
    {{{NA4 | R, 0x20000000}},                                    0x7ffffffc, RV_PRIV_U, 0,         31},
    {{{NA4 | R, 0x20000000}},                                    0x80000000, RV_PRIV_M, R | W | X, 2 },
    {{{NA4 | R | LOCK, 0x20000000}},                             0x80000000, RV_PRIV_M, R,         2 },
 /* NAPOT: 8 bytes, 4 KiB, 512 KiB, everything */
    {{{NAPOT | R | W, 0x20000000}},                              0x80000007, RV_PRIV_S, R | W,     3 },
    {{{NAPOT | R | W, 0x200001ff}},                              0x80000abc, RV_PRIV_S, R | W,     12},
    {{{NAPOT | R | W, 0x200001ff}},                              0x80001000, RV_PRIV_S, 0,         12},
    {{{NAPOT | X, 0x2000ffff}},                                  0x8007ffff, RV_PRIV_S, X,         19},
    {{{NAPOT | R | W | X, UINT64_MAX}},                          0x1234,     RV_PRIV_U, R | W | X, 56},
 /* TOR: from the address before, or from 0 */
    {{{TOR | R, 0x20000400}},                                    0,          RV_PRIV_U, R,         31},
    {{{TOR | R, 0x20000400}},                                    0x80000fff, RV_PRIV_U, R,         12},
    {{{TOR | R, 0x20000400}},                                    0x80001000, RV_PRIV_U, 0,         12},
    {{{0, 0x20000000}, {TOR | R, 0x20000003}},                   0x8000000b, RV_PRIV_U, R,         2 },
    {{{0, 0x20000000}, {TOR | R, 0x20000003}},                   0x80000004, RV_PRIV_U, R,         3 },
    {{{0, 0x20000000}, {TOR | R, 0x20000003}},                   0x8000000c, RV_PRIV_U, 0,         2 },
    {{{0, 0x20000003}, {TOR | R, 0x20000000}},                   0x80000004, RV_PRIV_U, 0,         56}, /* empty */
  /* the lowest-numbered entry decides */
    {{{NAPOT | R, 0x200001ff}, {NAPOT | R | W | X, UINT64_MAX}}, 0x80000000, RV_PRIV_S, R,         12},
    {{{NAPOT | R, 0x200001ff}, {NAPOT | R | W | X, UINT64_MAX}},
     0x80001000,                                                             RV_PRIV_S,
     R | W | X,
     12                                                                                              },
    {{{NAPOT | R | W | X, UINT64_MAX}, {NAPOT | R, 0x200001ff}},
     0x80000000,                                                             RV_PRIV_S,
     R | W | X,
     56                                                                                              },
    {{{NAPOT, 0x2000ffff}, {NAPOT | R | W | X, UINT64_MAX}},     0x80000000, RV_PRIV_S, 0,         19},
    {{{NAPOT, 0x2000ffff}, {NAPOT | R | W | X, UINT64_MAX}},     0x80000000, RV_PRIV_M, R | W | X, 19},
    {{{NAPOT | LOCK, 0x2000ffff}},                               0x80000000, RV_PRIV_M, 0,         19},
};

static RvFake *with_entries(const Entry *entries, guint n)
{
    RvFake *fake = rv_fake_ok(64, "rv64", NULL);
    uint64_t cfg = 0;

    for (guint i = 0; i < n; i++) {
        rv_fake_set_csr(fake, 0x3b0 + i, entries[i].address);
        cfg |= (uint64_t)entries[i].cfg << (8 * i);
    }
    rv_fake_set_csr(fake, 0x3a0, cfg);
    return fake;
}

static void test_match(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(RvFake) fake = with_entries(cases[i].entries, G_N_ELEMENTS(cases[i].entries));
        uint32_t bits = 0;
        uint32_t prot = rv_pmp_check(fake->cpu, cases[i].address, cases[i].priv, 56, &bits);

        if (prot != cases[i].prot || bits != cases[i].bits) {
            g_error("row %u: rights %u for 2^%u bytes, not %u for 2^%u", i, prot, bits,
                    cases[i].prot, cases[i].bits);
        }
    }
}

/* A slow and plain reading of Priv. 3.7.1 for one byte. */
static uint32_t byte_rights(const RvCpu *cpu, uint64_t address)
{
    for (uint32_t i = 0; i < cpu->n_pmp; i++) {
        uint32_t mode = cpu->pmpcfg[i] >> 3 & 3;
        uint64_t low = i == 0 ? 0 : cpu->pmpaddr[i - 1] << 2, word = address >> 2;
        uint64_t napot = cpu->pmpaddr[i] ^ (cpu->pmpaddr[i] + 1);
        gboolean match = (mode == 1 && address >= low && address < cpu->pmpaddr[i] << 2) ||
                         (mode == 2 && word == cpu->pmpaddr[i]) ||
                         (mode == 3 && (word | napot) == (cpu->pmpaddr[i] | napot));
        if (match) {
            return cpu->pmpcfg[i] & 7; /* R W X are in the order of QH_PROT_... */
        }
    }
    return 0;
}

/* Random entries in a small range: every byte's rights, and that the range told is uniform. */
static void test_random(void)
{
    for (guint round = 0; round < 200; round++) {
        g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
        RvCpu *cpu = fake->cpu;

        for (guint i = 0; i < 16; i++) {
            uint32_t shift = (uint32_t)g_test_rand_int_range(0, 8);
            cpu->pmpaddr[i] = (uint64_t)g_test_rand_int_range(0, 256) | ((1u << shift) - 1);
            cpu->pmpcfg[i] = (uint8_t)(g_test_rand_int_range(0, 32) & ~2);
        }
        for (uint64_t address = 0; address < 1200; address++) {
            uint32_t bits = 0, prot = rv_pmp_check(cpu, address, RV_PRIV_S, 56, &bits);
            uint64_t size = UINT64_C(1) << MIN(bits, 10), first = address & ~(size - 1);

            g_assert_cmpuint(prot, ==, byte_rights(cpu, address));
            for (uint64_t other = first; other < first + size; other += 4) {
                g_assert_cmpuint(byte_rights(cpu, other), ==, prot);
            }
        }
    }
}

/* A locked entry keeps its registers; a locked TOR entry also that of the address below. */
static void test_lock(void)
{
    static const Entry entries[] = {
        {0,              0x1000},
        {TOR | R | LOCK, 0x2000},
        {NAPOT,          0x3000}
    };
    g_autoptr(RvFake) fake = with_entries(entries, G_N_ELEMENTS(entries));

    rv_fake_set_csr(fake, 0x3b0, 0);
    rv_fake_set_csr(fake, 0x3b1, 0);
    rv_fake_set_csr(fake, 0x3b2, 0);
    rv_fake_set_csr(fake, 0x3a0, 0x0f0f0f);
    g_assert_cmphex(rv_fake_csr(fake, 0x3b0), ==, 0x1000);
    g_assert_cmphex(rv_fake_csr(fake, 0x3b1), ==, 0x2000);
    g_assert_cmphex(rv_fake_csr(fake, 0x3b2), ==, 0);
    g_assert_cmphex(rv_fake_csr(fake, 0x3a0), ==, 0x0f890f);
}

/* A change of any entry is seen at once and flushes. */
static void test_change(void)
{
    static const Entry entries[] = {
        {NAPOT | R, 0x200001ff}
    };
    g_autoptr(RvFake) fake = with_entries(entries, G_N_ELEMENTS(entries));
    uint32_t bits, flushes = fake->flushes;

    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x80000000, RV_PRIV_S, 56, &bits), ==, R);
    rv_fake_set_csr(fake, 0x3a0, NAPOT | X);
    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x80000000, RV_PRIV_S, 56, &bits), ==, X);
    rv_fake_set_csr(fake, 0x3b0, 0);
    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x80000000, RV_PRIV_S, 56, &bits), ==, 0);
    g_assert_cmpuint(fake->flushes, ==, flushes + 2);
}

/* RV32: four entries a register, 34 bits of address. */
static void test_rv32(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(32, "rv32", NULL);
    uint32_t bits;

    rv_fake_set_csr(fake, 0x3b4, UINT32_MAX);
    rv_fake_set_csr(fake, 0x3a1, NAPOT | R);
    g_assert_cmphex(fake->cpu->pmpcfg[4], ==, NAPOT | R);
    g_assert_cmphex(rv_fake_csr(fake, 0x3a1), ==, NAPOT | R);
    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x3ffffffff, RV_PRIV_U, 56, &bits), ==, R);
    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x400000000, RV_PRIV_U, 56, &bits), ==, 0);
}

static void test_none(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", "pmp=off");
    uint32_t bits = 0;

    g_assert_cmpuint(rv_pmp_check(fake->cpu, 0x1000, RV_PRIV_U, 56, &bits), ==, R | W | X);
    g_assert_cmpuint(bits, ==, 56);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/pmp/match", test_match);
    g_test_add_func("/riscv/pmp/random", test_random);
    g_test_add_func("/riscv/pmp/lock", test_lock);
    g_test_add_func("/riscv/pmp/change", test_change);
    g_test_add_func("/riscv/pmp/rv32", test_rv32);
    g_test_add_func("/riscv/pmp/none", test_none);
    return g_test_run();
}
