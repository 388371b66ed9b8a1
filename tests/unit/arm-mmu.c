/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks with all granules, rights, access flag and dirty state, stage 2, AT, TLBI. */
#include "tests/unit/arm-fake.h"

#include "modules/arm/helper.h"
#include "modules/arm/mmu.h"

#define TABLE (FAKE_RAM + 0x10000) /* tables follow at each granule */
#define S2    (FAKE_RAM + 0x80000)
#define DATA  UINT64_C(0x12340000)
#define VALID UINT64_C(1)
#define PAGE  UINT64_C(3) /* also: a table */
#define AF    ARM_BIT(10)
#define NG    ARM_BIT(11)
#define USER  ARM_BIT(6)
#define RO    ARM_BIT(7)
#define PXN   ARM_BIT(53)
#define UXN   ARM_BIT(54)
#define DBM   ARM_BIT(51)
#define S2_R  ARM_BIT(6)
#define S2_W  ARM_BIT(7)

#define TCR_48 UINT64_C(0x500100010) /* T0SZ, T1SZ 16; IPS 48 bits; 4 KiB for TTBR0 */
#define ALL    (QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC)
#define RW     (QH_PROT_READ | QH_PROT_WRITE)

/* DFSC */
#define TRANSLATION 0x04u
#define ACCESS_FLAG 0x08u
#define PERMISSION  0x0cu

static void on(ArmCpu *cpu, uint64_t tcr)
{
    cpu->tcr[1] = tcr;
    cpu->ttbr0[1] = TABLE;
    cpu->ttbr1[1] = TABLE;
    cpu->mair[1] = 0xff;
    cpu->sctlr[1] |= ARM_SCTLR_M;
    arm_fake_at(cpu, 1);
}

/* Map @address with a leaf at @level, through tables that have @hierarchy; gives its address. */
static uint64_t map_at(ArmFake *fake,
                       uint64_t table,
                       uint32_t granule,
                       uint32_t first,
                       uint64_t address,
                       uint32_t level,
                       uint64_t leaf,
                       uint64_t hierarchy)
{
    uint32_t stride = granule - 3;

    for (uint32_t l = first;; l++) {
        uint64_t index = address >> (granule + stride * (3 - l)) & ((UINT64_C(1) << stride) - 1);
        if (l == level) {
            arm_fake_poke(fake, table + 8 * index, leaf);
            return table + 8 * index;
        }
        arm_fake_poke(fake, table + 8 * index,
                      (table + (UINT64_C(1) << granule)) | PAGE | hierarchy);
        table += UINT64_C(1) << granule;
    }
}

static uint64_t map(ArmFake *fake, uint64_t address, uint64_t leaf)
{
    return map_at(fake, TABLE, 12, 0, address, 3, leaf, 0);
}

static gboolean go(ArmCpu *cpu,
                   uint64_t address,
                   uint32_t access,
                   uint32_t index,
                   QhTranslation *ret,
                   uint64_t *why)
{
    QhMemFault fault = {.size = sizeof(fault)};

    *ret = (QhTranslation){.size = sizeof(*ret)};
    if (arm_mmu_translate(cpu, address, access, index, ret, &fault)) {
        return TRUE;
    }
    *why = fault.payload;
    return FALSE;
}

/* The fault status of an access that must fail. */
static uint32_t status(ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t index)
{
    QhTranslation found;
    uint64_t why = 0;

    g_assert_false(go(cpu, address, access, index, &found, &why));
    return why & 63;
}

static QhTranslation ok(ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t index)
{
    QhTranslation found;
    uint64_t why = 0;

    g_assert_true(go(cpu, address, access, index, &found, &why));
    return found;
}

static void test_off(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    QhTranslation found = ok(fake->cpu, 0x1234567, QH_ACCESS_WRITE, ARM_MMU_E10_1);

    g_assert_cmphex(found.phys, ==, 0x1234567);
    g_assert_cmpuint(found.prot, ==, ALL);
    /* level 0: the PE has 44 bits */
    g_assert_cmpuint(status(fake->cpu, UINT64_C(1) << 44, QH_ACCESS_READ, ARM_MMU_E10_1), ==, 0);
}

static void test_granules(void)
{
    static const struct {
        uint32_t granule, tg0, tsz, first, level, page_bits;
    } rows[] = {
        {12, 0, 16, 0, 3, 12},
        {12, 0, 16, 0, 2, 21},
        {12, 0, 16, 0, 1, 30},
        {12, 0, 25, 1, 3, 12},
        {14, 2, 17, 1, 3, 14},
        {14, 2, 17, 1, 2, 25},
        {16, 1, 16, 1, 3, 16},
        {16, 1, 22, 2, 2, 29},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
        uint64_t address = UINT64_C(0x1f23456789), low = (UINT64_C(1) << rows[i].page_bits) - 1;
        QhTranslation found;
        uint64_t output = UINT64_C(0x340000000) & ~low;

        on(fake->cpu, (UINT64_C(5) << 32) | rows[i].tg0 << 14 | rows[i].tsz);
        map_at(fake, TABLE, rows[i].granule, rows[i].first, address, rows[i].level,
               output | AF | (rows[i].level == 3 ? PAGE : VALID), 0);
        found = ok(fake->cpu, address, QH_ACCESS_READ, ARM_MMU_E10_1);
        g_assert_cmphex(found.phys, ==, output | (address & low));
        g_assert_cmpuint(found.page_bits, ==, rows[i].page_bits);
        /* what lies beside it is not there */
        g_assert_cmpuint(status(fake->cpu, address ^ (low + 1), QH_ACCESS_READ, ARM_MMU_E10_1), ==,
                         TRANSLATION + rows[i].level);
    }
}

/* 16 KiB where the PE has no such granule: taken for 4 KiB. */
static void test_no_granule(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);

    on(fake->cpu, TCR_48 | 2u << 14);
    map(fake, 0x5000, DATA | PAGE | AF);
    g_assert_cmpuint(ok(fake->cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1).page_bits, ==, 12);
}

static void test_halves(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;
    uint64_t upper = UINT64_C(0xffff000012345000);

    on(cpu, TCR_48 | UINT64_C(2) << 30);
    map(fake, upper, DATA | PAGE | AF);
    cpu->ttbr0[1] = S2; /* nothing there */
    g_assert_cmphex(ok(cpu, upper, QH_ACCESS_READ, ARM_MMU_E10_1).phys, ==, DATA);
    g_assert_cmpuint(status(cpu, 0x12345000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, TRANSLATION);
    /* the hole between them; the top byte is ignored with TBI1 */
    g_assert_cmpuint(status(cpu, UINT64_C(0x00ff000012345000), QH_ACCESS_READ, ARM_MMU_E10_1), ==,
                     TRANSLATION);
    g_assert_cmpuint(status(cpu, upper & ~(UINT64_C(0xa5) << 56), QH_ACCESS_READ, ARM_MMU_E10_1),
                     ==, TRANSLATION);
    cpu->tcr[1] |= ARM_BIT(38);
    g_assert_cmphex(ok(cpu, upper & ~(UINT64_C(0xa5) << 56), QH_ACCESS_READ, ARM_MMU_E10_1).phys,
                    ==, DATA);
    g_assert_cmpuint(cpu->system->tagged_seen, ==, 1);
    cpu->tcr[1] |= ARM_BIT(23); /* EPD1 */
    g_assert_cmpuint(status(cpu, upper, QH_ACCESS_READ, ARM_MMU_E10_1), ==, TRANSLATION);
    cpu->tcr[1] &= ~ARM_BIT(23);
    cpu->tcr[1] |= ARM_BIT(56); /* E0PD1: for EL0 only */
    g_assert_cmpuint(status(cpu, upper, QH_ACCESS_READ, ARM_MMU_E10_0), ==, TRANSLATION);
    ok(cpu, upper, QH_ACCESS_READ, ARM_MMU_E10_1);
}

/* The rights of a leaf at EL0 and at EL1, and at EL1 with PAN. 0: no access at all. */
static void test_rights(void)
{
    static const struct {
        uint64_t leaf, hierarchy;
        uint32_t user, privileged, pan;
    } rows[] = {
        {0,                0,                         QH_PROT_EXEC,                ALL,                         ALL                        },
        {RO | UXN,         0,                         0,                           QH_PROT_READ | QH_PROT_EXEC, QH_PROT_READ | QH_PROT_EXEC},
        {USER,             0,                         ALL,                         RW,                          0                          },
        {USER | RO,        0,                         QH_PROT_READ | QH_PROT_EXEC, QH_PROT_READ | QH_PROT_EXEC, QH_PROT_EXEC               },
        {USER | UXN | PXN, 0,                         RW,                          RW,                          0                          },
        {UXN | PXN,        0,                         0,                           RW,                          RW                         },
        {USER,             ARM_BIT(61),               QH_PROT_EXEC,                ALL,                         ALL                        }, /* APTable: no EL0 */
        {UXN,              ARM_BIT(62),               0,                           QH_PROT_READ | QH_PROT_EXEC, QH_PROT_READ | QH_PROT_EXEC},
        {USER | RO,        ARM_BIT(60) | ARM_BIT(59), QH_PROT_READ,                QH_PROT_READ,                0                          },
    };
    static const uint32_t access[] = {QH_ACCESS_READ, QH_ACCESS_WRITE, QH_ACCESS_FETCH};
    static const uint32_t needs[] = {QH_PROT_READ, QH_PROT_WRITE, QH_PROT_EXEC};
    static const uint32_t indices[] = {ARM_MMU_E10_0,      ARM_MMU_E10_1,
                                       ARM_MMU_E10_1_PAN,  ARM_MMU_E10_1_USER,
                                       ARM_MMU_E10_1_PASS, ARM_MMU_E10_1_PASS_PAN};

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
        uint32_t rights[3] = {rows[i].user, rows[i].privileged, rows[i].pan};

        on(fake->cpu, TCR_48);
        map_at(fake, TABLE, 12, 0, 0x5000, 3, DATA | PAGE | AF | rows[i].leaf, rows[i].hierarchy);
        for (uint32_t k = 0; k < 18; k++) {
            uint32_t index = indices[k / 3], right = rights[k / 3 % 3];

            if (right & needs[k % 3]) {
                g_assert_cmpuint(ok(fake->cpu, 0x5000, access[k % 3], index).prot, ==, right);
            } else {
                g_assert_cmpuint(status(fake->cpu, 0x5000, access[k % 3], index), ==,
                                 PERMISSION + 3);
            }
        }
    }
}

static void test_wxn(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);

    on(fake->cpu, TCR_48);
    fake->cpu->sctlr[1] |= ARM_SCTLR_WXN;
    map(fake, 0x5000, DATA | PAGE | AF);
    g_assert_cmpuint(ok(fake->cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1).prot, ==, RW);
}

static void test_access_flag(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;
    uint64_t entry;

    on(cpu, TCR_48);
    entry = map(fake, 0x5000, DATA | PAGE | RO | DBM | UXN);
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, ACCESS_FLAG + 3);
    cpu->tcr[1] |= ARM_BIT(39); /* HA */
    fake->cas_failures = 1;     /* it is walked again */
    g_assert_cmpuint(ok(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1).prot & RW, ==, QH_PROT_READ);
    g_assert_cmphex(arm_fake_peek(fake, entry), ==, DATA | PAGE | RO | DBM | UXN | AF);
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_WRITE, ARM_MMU_E10_1), ==, PERMISSION + 3);
    cpu->tcr[1] |= ARM_BIT(40); /* HD */
    g_assert_cmpuint(ok(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1).prot & RW, ==, QH_PROT_READ);
    g_assert_cmpuint(ok(cpu, 0x5000, QH_ACCESS_WRITE, ARM_MMU_E10_1).prot & RW, ==, RW);
    g_assert_cmphex(arm_fake_peek(fake, entry), ==, DATA | PAGE | DBM | UXN | AF);
}

static void test_bad_tables(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    on(cpu, TCR_48);
    map(fake, 0x5000, DATA | VALID | AF); /* a block at level 3 */
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, TRANSLATION + 3);
    map_at(fake, TABLE, 12, 0, 0x5000, 0, DATA | VALID | AF, 0); /* one at level 0 */
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, TRANSLATION);
    map(fake, 0x5000, UINT64_C(1) << 45 | PAGE | AF); /* beyond 44 bits */
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, 3);
    map_at(fake, TABLE, 12, 0, 0x5000, 1, UINT64_C(0x100000000) | PAGE, 0); /* no RAM there */
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, 0x14 + 2);
    cpu->ttbr0[1] = UINT64_C(1) << 46;
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1), ==, 0);
}

static void test_contexts(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 2);
    ArmCpu *cpu = fake->cpu;
    uint64_t ttbr0 = ARM_SYSREG(3u, 0u, 2u, 0u, 0u);

    on(cpu, TCR_48 | ARM_BIT(36));
    map(fake, 0x5000, DATA | PAGE | AF);
    map(fake, 0x6000, DATA | PAGE | AF | NG);
    g_assert_cmpuint(ok(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1).flags, ==,
                     QH_TRANSLATION_GLOBAL);
    g_assert_cmpuint(ok(cpu, 0x6000, QH_ACCESS_READ, ARM_MMU_E10_1).flags, ==, 0);
    arm_fake_msr(cpu, (uint32_t)ttbr0, TABLE | UINT64_C(0x123) << 48);
    g_assert_cmphex(fake->tlb[0].context, ==, 0x123);
    g_assert_cmpuint(fake->tlb[0].flushes, ==, 0);
    /* TLBI ASIDE1, then IS */
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 7u, 2u), UINT64_C(0x77) << 48);
    g_assert_cmphex(fake->tlb[0].flushed_context, ==, 0x77);
    g_assert_cmpuint(fake->tlb[1].context_flushes, ==, 0);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 3u, 2u), UINT64_C(0x78) << 48);
    g_assert_cmphex(fake->tlb[1].flushed_context, ==, 0x78);
    /* VAE1IS, of the upper half */
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 3u, 1u), UINT64_C(0x0fff000012345000) >> 12);
    g_assert_cmphex(fake->tlb[0].page, ==, UINT64_C(0x00ff000012345000) | UINT64_C(0xff) << 56);
    g_assert_cmphex(fake->tlb[1].page, ==, fake->tlb[0].page);
    g_assert_cmpuint(fake->tlb[1].mask, ==, ARM_MMU_E10_MASK);
    g_assert_cmpuint(cpu->tlbi_posted, ==, 1);
    /* DSB is done again until the others have followed */
    fake->unsettled = TRUE;
    arm_helper_dsb(&cpu->base);
    g_assert_cmpuint(cpu->base.unwind, ==, 1);
    cpu->base.unwind = 0;
    fake->unsettled = FALSE;
    arm_helper_dsb(&cpu->base);
    g_assert_cmpuint(cpu->base.unwind | cpu->tlbi_posted, ==, 0);
}

/* A kernel that lives under another ASID than its programs. */
static void test_isolation(const void *model)
{
    g_autoptr(ArmFake) fake = arm_fake_new(model, FALSE, 1);
    const uint64_t *contexts = fake->tlb[0].contexts;
    uint64_t kernel = UINT64_C(0x10) << 48, user = UINT64_C(0x11) << 48;
    uint32_t ttbr0 = ARM_SYSREG(3u, 0u, 2u, 0u, 0u), n;
    ArmCpu *cpu = fake->cpu;

    on(cpu, TCR_48 | ARM_BIT(36));
    arm_fake_msr(cpu, ttbr0, TABLE | kernel);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1_PASS);
    g_assert_cmphex(contexts[ARM_MMU_E10_1_PASS], ==, 0x10);
    arm_helper_stay(&cpu->base);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_UNPRIV_SHIFT & 15, ==, ARM_MMU_E10_1_USER);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x10);
    g_assert_cmphex(contexts[ARM_MMU_E10_1_PAN], ==, 0x10);
    g_assert_cmphex(contexts[ARM_MMU_E10_1_USER], ==, 0x10);
    for (uint32_t i = 0; i < 3; i++) {
        n = fake->tlb[0].n_set;
        arm_fake_msr(cpu, ttbr0, TABLE | user);
        g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1_PASS);
        g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_UNPRIV_SHIFT & 15, ==, ARM_MMU_E10_0);
        g_assert_cmphex(contexts[ARM_MMU_E10_1_PASS], ==, 0x11);
        g_assert_cmphex(contexts[ARM_MMU_E10_0], ==, 0x11);
        g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x10);
        cpu->spsr[1] = 0;
        arm_helper_eret(&cpu->base, 0xd69f03e0);
        g_assert_cmpuint(cpu->el, ==, 0);
        g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_0);
        arm_cpu_raise(cpu, 1, ARM_ESR(ARM_EC_SVC, 0), 0);
        cpu->base.unwind = 0;
        g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1_PASS);
        g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_DATA_SHIFT & 15, ==,
                         cpu->has_pan ? ARM_MMU_E10_1_PASS_PAN : ARM_MMU_E10_1_PASS);
        arm_fake_msr(cpu, ttbr0, TABLE | kernel);
        g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
        g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x10);
        g_assert_true(i == 0 || fake->tlb[0].n_set == n); /* nobody lost what it had */
    }
    /* an exception that is over without a change: that is where this kernel lives */
    arm_fake_msr(cpu, ttbr0, TABLE | user);
    cpu->spsr[1] = 0;
    arm_helper_eret(&cpu->base, 0xd69f03e0);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x10);
    arm_cpu_raise(cpu, 1, ARM_ESR(ARM_EC_SVC, 0), 0);
    cpu->base.unwind = 0;
    arm_helper_stay(&cpu->base); /* an ISB does not tell */
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1_PASS);
    cpu->spsr[1] = 0;
    arm_helper_eret(&cpu->base, 0xd69f03e0);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x11);
    arm_cpu_raise(cpu, 1, ARM_ESR(ARM_EC_SVC, 0), 0);
    cpu->base.unwind = 0;
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
    /* another process, before whose kernel nothing may be used of this one's */
    arm_fake_msr(cpu, ttbr0, TABLE | UINT64_C(0x20) << 48);
    g_assert_cmphex(contexts[ARM_MMU_E10_1_PASS], ==, 0x20);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1_PASS);
    arm_helper_stay(&cpu->base);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0x20);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
}

/* EL2 with stage 2 off and on, with and without VHE: who comes down finds its own. */
static void test_levels(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", TRUE, 1);
    const uint64_t *contexts = fake->tlb[0].contexts, guest = UINT64_C(1) << 32 | 9u << 16;
    ArmCpu *cpu = fake->cpu;

    on(cpu, TCR_48 | ARM_BIT(36));
    arm_cpu_set_el(cpu, 2, 1);
    cpu->spsr[2] = 5; /* EL1h */
    arm_helper_eret(&cpu->base, 0xd69f03e0);
    g_assert_cmpuint(cpu->el, ==, 1);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, 0);
    arm_cpu_raise(cpu, 2, ARM_ESR(ARM_EC_HVC, 0), 0);
    cpu->base.unwind = 0;
    cpu->hcr |= ARM_HCR_VM;
    cpu->vttbr = S2 | UINT64_C(9) << 48;
    cpu->ttbr0[1] = TABLE | UINT64_C(3) << 48;
    arm_mmu_changed(cpu);
    cpu->spsr[2] = 0; /* EL0 */
    arm_helper_eret(&cpu->base, 0xd69f03e0);
    g_assert_cmpuint(cpu->el, ==, 0);
    g_assert_cmphex(contexts[ARM_MMU_E10_0], ==, guest | 3);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, guest | 3);
    arm_cpu_raise(cpu, 1, ARM_ESR(ARM_EC_SVC, 0), 0);
    cpu->base.unwind = 0;
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
    /* the host's regime has its own, and the guest's is what it was */
    arm_cpu_raise(cpu, 2, ARM_ESR(ARM_EC_HVC, 0), 0);
    cpu->base.unwind = 0;
    cpu->hcr |= ARM_HCR_E2H | ARM_HCR_TGE;
    cpu->ttbr0[2] = TABLE | UINT64_C(4) << 48;
    cpu->tcr[2] = TCR_48 | ARM_BIT(36);
    arm_mmu_changed(cpu);
    g_assert_cmphex(contexts[ARM_MMU_E20_2], ==, UINT64_C(1) << 33 | 4);
    g_assert_cmphex(contexts[ARM_MMU_E20_0], ==, UINT64_C(1) << 33 | 4);
    cpu->hcr &= ~ARM_HCR_TGE;
    arm_mmu_changed(cpu);
    cpu->spsr[2] = 5;
    arm_helper_eret(&cpu->base, 0xd69f03e0);
    g_assert_cmphex(contexts[ARM_MMU_E10_1], ==, guest | 3);
    g_assert_cmphex(contexts[ARM_MMU_E20_2], ==, UINT64_C(1) << 33 | 4);
}

static void test_tlbi(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    on(cpu, TCR_48);
    /* RVAE1: 4 KiB granules, NUM 1, SCALE 0: 4 pages from 0x5000 */
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 6u, 1u), UINT64_C(1) << 46 | UINT64_C(1) << 39 | 5);
    g_assert_cmpuint(fake->tlb[0].page_flushes, ==, 4);
    g_assert_cmphex(fake->tlb[0].page, ==, 0x8000);
    /* NUM 31, SCALE 3: all that its ASID has; RVAAE1: all of that half */
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 6u, 1u),
                 UINT64_C(1) << 46 | UINT64_C(3) << 44 | UINT64_C(31) << 39);
    g_assert_cmpuint(fake->tlb[0].page_flushes, ==, 4);
    g_assert_cmpuint(fake->tlb[0].flushes, ==, 0);
    g_assert_cmpuint(fake->tlb[0].context_flushes, ==, 1);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 6u, 3u),
                 UINT64_C(1) << 46 | UINT64_C(3) << 44 | UINT64_C(31) << 39);
    g_assert_cmpuint(fake->tlb[0].flushes, ==, 1);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 7u, 0u), 0);
    g_assert_cmpuint(fake->tlb[0].flushes, ==, 2);
    /* with tagged addresses about, a page is not enough */
    cpu->system->tagged_seen = 1;
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 7u, 1u), 5);
    g_assert_cmpuint(fake->tlb[0].flushes, ==, 3);
}

/* Whether a page is guarded is known until its translation is forgotten, for its context and level.
 */
static void test_guarded(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;
    uint64_t gp = ARM_BIT(50);

    on(cpu, TCR_48 | ARM_BIT(36));
    map(fake, 0x5000, DATA | PAGE | AF | gp);
    map(fake, 0x15000, DATA | PAGE | AF); /* has the same place */
    g_assert_true(arm_mmu_is_guarded(cpu, 0x5004));
    g_assert_false(arm_mmu_is_guarded(cpu, 0x15004));
    g_assert_true(arm_mmu_is_guarded(cpu, 0x5ffc));
    map(fake, 0x5000, DATA | PAGE | AF);
    g_assert_true(arm_mmu_is_guarded(cpu, 0x5000));       /* as from a TLB */
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 7u, 1u), 5); /* TLBI VAE1 */
    g_assert_false(arm_mmu_is_guarded(cpu, 0x5000));
    map(fake, 0x5000, DATA | PAGE | AF | gp);
    arm_fake_msr(cpu, ARM_SYSREG(3u, 0u, 2u, 0u, 0u), TABLE | UINT64_C(0x55) << 48);
    g_assert_true(arm_mmu_is_guarded(cpu, 0x5000));
    map(fake, 0x5000, DATA | PAGE | AF);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 8u, 7u, 0u), 0); /* TLBI VMALLE1 */
    g_assert_false(arm_mmu_is_guarded(cpu, 0x5000));
    map(fake, 0x5000, DATA | PAGE | AF | USER | gp);
    arm_fake_at(cpu, 0);
    g_assert_true(arm_mmu_is_guarded(cpu, 0x5000));
    map(fake, 0x7000, 0);
    g_assert_false(arm_mmu_is_guarded(cpu, 0x7000));
    map(fake, 0x7000, DATA | PAGE | AF | USER | gp);
    g_assert_true(arm_mmu_is_guarded(cpu, 0x7000)); /* that there was none is not kept */
}

/* Stage 2 with 4 KiB, 40 bits, from level 1 (two tables side by side). */
static void stage2_on(ArmFake *fake)
{
    ArmCpu *cpu = fake->cpu;

    cpu->vtcr = 24 | 1u << 6 | 2u << 16;
    cpu->vttbr = S2 | UINT64_C(9) << 48;
    cpu->hcr |= ARM_HCR_VM;
    arm_mmu_changed(cpu);
}

static void test_stage2(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;
    QhMemFault fault = {.size = sizeof(fault)};
    QhTranslation found;
    uint64_t why = 0;

    on(cpu, TCR_48);
    stage2_on(fake);
    g_assert_cmphex(fake->tlb[0].context, ==, UINT64_C(1) << 32 | 9u << 16);
    map(fake, 0x5000, DATA | PAGE | AF);
    found.size = sizeof(found);
    /* the table itself is not mapped */
    g_assert_false(arm_mmu_translate(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1, &found, &fault));
    g_assert_cmphex(fault.payload & 0xff, ==, 1u << 7 | (TRANSLATION + 1)); /* S1PTW */
    g_assert_cmpuint(fault.payload >> 62, ==, 2);
    g_assert_cmphex(fault.cause, ==, TABLE >> 12 << 4);
    /* RAM as it is, in one block of 1 GiB; DATA is not */
    map_at(fake, S2, 12, 1, FAKE_RAM, 1, FAKE_RAM | VALID | AF | S2_R | S2_W, 0);
    g_assert_false(go(cpu, 0x5000, QH_ACCESS_READ, ARM_MMU_E10_1, &found, &why));
    g_assert_cmphex(why & 0xff, ==, TRANSLATION + 1);
    map_at(fake, S2, 12, 1, DATA, 1, VALID | AF | S2_R, 0);
    found = ok(cpu, 0x5008, QH_ACCESS_READ, ARM_MMU_E10_1);
    g_assert_cmphex(found.phys, ==, DATA + 8);
    g_assert_cmpuint(found.prot, ==, QH_PROT_READ | QH_PROT_EXEC);
    g_assert_cmpuint(found.flags, ==, 0);
    g_assert_cmpuint(status(cpu, 0x5000, QH_ACCESS_WRITE, ARM_MMU_E10_1), ==, PERMISSION + 1);
    g_assert_cmpuint(status(cpu, UINT64_C(1) << 50, QH_ACCESS_WRITE, ARM_MMU_E10_1), ==,
                     TRANSLATION);
    /* EL2 has no part in it */
    cpu->sctlr[2] &= ~ARM_SCTLR_M;
    g_assert_cmphex(ok(cpu, 0x5000, QH_ACCESS_WRITE, ARM_MMU_E2).phys, ==, 0x5000);
}

static void test_at(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    on(cpu, TCR_48);
    map(fake, 0x5000, DATA | PAGE | AF | 3u << 8);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 7u, 8u, 0u), 0x5123); /* S1E1R */
    g_assert_cmphex(cpu->par, ==, UINT64_C(0xff) << 56 | DATA | ARM_BIT(11) | 3u << 7);
    arm_fake_msr(cpu, ARM_SYSREG(1u, 0u, 7u, 8u, 2u), 0x5123); /* S1E0R */
    g_assert_cmphex(cpu->par, ==, ARM_BIT(11) | (PERMISSION + 3) << 1 | 1);
}

static void test_fault_entry(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;
    QhMemFault fault = {
        .size = sizeof(fault), .kind = QH_FAULT_ALIGN, .access = QH_ACCESS_WRITE, .address = 0x777};

    arm_fake_at(cpu, 1);
    arm_mmu_fault(cpu, &fault);
    g_assert_cmphex(cpu->esr[1], ==, UINT64_C(0x25) << 26 | ARM_ESR_IL | 1u << 6 | 0x21);
    g_assert_cmphex(cpu->far[1], ==, 0x777);
    arm_fake_at(cpu, 0);
    fault.kind = QH_FAULT_BUS;
    fault.access = QH_ACCESS_FETCH;
    arm_mmu_fault(cpu, &fault);
    g_assert_cmphex(cpu->esr[1], ==, UINT64_C(0x20) << 26 | ARM_ESR_IL | 0x10);
}

/* What a hypervisor learns of an access: Arm D19 "ESR_EL2", ISV and what follows it. */
static void test_access_syndrome(void)
{
    static const struct {
        uint32_t insn, iss;
    } rows[] = {
        {0x39000001, 0x1010000}, /* strb w1, [x0] */
        {0xb9400802, 0x1820000}, /* ldr w2, [x0, #8] */
        {0xf9000805, 0x1c58000}, /* str x5, [x0, #16] */
        {0x398003e3, 0x1238000}, /* ldrsb x3, [sp] */
        {0x79c003e3, 0x1630000}, /* ldrsh w3, [sp] */
        {0xb8616843, 0x1830000}, /* ldr w3, [x2, x1] */
        {0xf8400843, 0x1c38000}, /* ldtr x3, [x2] */
        {0x88dffc20, 0x1804000}, /* ldar w0, [x1] */
        {0xc89ffc20, 0x1c0c000}, /* stlr x0, [x1] */
        {0xf8bfc020, 0x1c0c000}, /* ldapr x0, [x1] */
        {0xb8404402, 0        }, /* ldr w2, [x0], #4 */
        {0xa9400402, 0        }, /* ldp x2, x1, [x0] */
        {0x3dc00000, 0        }, /* ldr q0, [x0] */
        {0x885f7c20, 0        }, /* ldxr w0, [x1] */
        {0xb8200020, 0        }, /* ldadd w0, w0, [x1] */
        {0xf9800000, 0        }, /* prfm pldl1keep, [x0] */
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(arm_syndrome_of_insn(rows[i].insn), ==, rows[i].iss);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-mmu/off", test_off);
    g_test_add_func("/arm-mmu/granules", test_granules);
    g_test_add_func("/arm-mmu/no-granule", test_no_granule);
    g_test_add_func("/arm-mmu/halves", test_halves);
    g_test_add_func("/arm-mmu/rights", test_rights);
    g_test_add_func("/arm-mmu/wxn", test_wxn);
    g_test_add_func("/arm-mmu/access-flag", test_access_flag);
    g_test_add_func("/arm-mmu/bad-tables", test_bad_tables);
    g_test_add_func("/arm-mmu/contexts", test_contexts);
    g_test_add_data_func("/arm-mmu/isolation/cortex-a72", "cortex-a72", test_isolation);
    g_test_add_data_func("/arm-mmu/isolation/cortex-a76", "cortex-a76", test_isolation);
    g_test_add_func("/arm-mmu/levels", test_levels);
    g_test_add_func("/arm-mmu/tlbi", test_tlbi);
    g_test_add_func("/arm-mmu/guarded", test_guarded);
    g_test_add_func("/arm-mmu/stage2", test_stage2);
    g_test_add_func("/arm-mmu/at", test_at);
    g_test_add_func("/arm-mmu/fault-entry", test_fault_entry);
    g_test_add_func("/arm-mmu/access-syndrome", test_access_syndrome);
    return g_test_run();
}
