/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may touch which register, what it holds afterwards, other names, traps. */
#include "tests/unit/arm-fake.h"

#include "modules/arm/helper.h"

#define REG(op1, crn, crm, op2) ARM_SYSREG(3u, op1, crn, crm, op2)
#define SCTLR_EL1               REG(0u, 1u, 0u, 0u)
#define CPACR_EL1               REG(0u, 1u, 0u, 2u)
#define TCR_EL1                 REG(0u, 2u, 0u, 2u)
#define SPSR_EL1                REG(0u, 4u, 0u, 0u)
#define SP_EL0                  REG(0u, 4u, 1u, 0u)
#define CURRENT_EL              REG(0u, 4u, 2u, 2u)
#define DAIF                    REG(3u, 4u, 2u, 1u)
#define NZCV                    REG(3u, 4u, 2u, 0u)
#define FPCR                    REG(3u, 4u, 4u, 0u)
#define FPSR                    REG(3u, 4u, 4u, 1u)
#define VBAR_EL1                REG(0u, 12u, 0u, 0u)
#define TPIDR_EL0               REG(3u, 13u, 0u, 2u)
#define TPIDR_EL1               REG(0u, 13u, 0u, 4u)
#define HCR_EL2                 REG(4u, 1u, 1u, 0u)
#define PAN                     REG(0u, 4u, 2u, 3u)
#define RNDR                    REG(3u, 2u, 4u, 0u)

/* A class 0x18 syndrome of @encoding with x1. */
static uint64_t syndrome(uint32_t encoding, gboolean read)
{
    uint64_t iss = (uint64_t)(encoding >> 14 & 3) << 20 | (uint64_t)(encoding & 7) << 17;

    iss |= (uint64_t)(encoding >> 11 & 7) << 14 | (uint64_t)(encoding >> 7 & 15) << 10;
    iss |= 1u << 5 | (encoding >> 3 & 15) << 1 | (read ? 1 : 0);
    return ARM_ESR(0x18, iss);
}

static void test_rights(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    arm_fake_at(cpu, 0);
    arm_fake_msr(cpu, TPIDR_EL0, 77);
    g_assert_cmphex(arm_fake_mrs(cpu, TPIDR_EL0), ==, 77);
    g_assert_cmpuint(arm_fake_trapped(cpu, TPIDR_EL1, TRUE), ==, 1);
    g_assert_cmphex(cpu->esr[1], ==, ARM_ESR_IL);
    /* at EL1 now: nothing of EL2 without EL2, nothing of features that the model lacks */
    g_assert_cmphex(arm_fake_mrs(cpu, CURRENT_EL), ==, 4);
    arm_fake_trapped(cpu, HCR_EL2, TRUE);
    arm_fake_trapped(cpu, PAN, TRUE);
    arm_fake_trapped(cpu, RNDR, TRUE);
    arm_fake_trapped(cpu, CURRENT_EL, FALSE);
    arm_fake_trapped(cpu, ARM_SYSREG(1u, 0u, 7u, 9u, 0u), FALSE); /* AT S1E1RP */
    arm_fake_trapped(cpu, REG(7u, 15u, 15u, 7u), TRUE);
    /* ID registers to come */
    g_assert_cmphex(arm_fake_mrs(cpu, REG(0u, 0u, 3u, 7u)), ==, 0);
    g_assert_cmphex(arm_fake_mrs(cpu, REG(0u, 0u, 7u, 7u)), ==, 0);
}

static void test_fields(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    arm_fake_msr(cpu, VBAR_EL1, 0x12345fff);
    g_assert_cmphex(arm_fake_mrs(cpu, VBAR_EL1), ==, 0x12345800);
    arm_fake_msr(cpu, SCTLR_EL1, 0);
    g_assert_cmphex(arm_fake_mrs(cpu, SCTLR_EL1), ==, 0x30d00800);
    arm_fake_msr(cpu, SCTLR_EL1, UINT64_MAX);
    /* no PAN, no pointer authentication, no BTI */
    g_assert_cmphex(arm_fake_mrs(cpu, SCTLR_EL1), ==, 0x37ddda1f);
    arm_fake_msr(cpu, SPSR_EL1, UINT64_MAX);
    g_assert_cmphex(arm_fake_mrs(cpu, SPSR_EL1) & 0x0c0f0020, ==, 0);
    arm_fake_msr(cpu, NZCV, UINT64_C(10) << 28);
    g_assert_cmpuint(arm_nzcv(cpu), ==, 10);
    arm_fake_msr(cpu, DAIF, UINT64_C(5) << 6);
    g_assert_cmpuint(cpu->daif, ==, 5);
    g_assert_cmphex(arm_fake_mrs(cpu, DAIF), ==, 5u << 6);
}

static void test_fp(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_FP_SHIFT & 3, ==, 1);
    arm_fake_trapped(cpu, FPCR, TRUE);
    g_assert_cmphex(cpu->esr[1] >> 26, ==, 7);
    arm_fake_msr(cpu, CPACR_EL1, UINT64_C(3) << 20);
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_FP_SHIFT & 3, ==, 0);
    arm_fake_msr(cpu, FPCR, UINT64_MAX);
    g_assert_cmphex(arm_fake_mrs(cpu, FPCR), ==, 0x7c00000); /* no FZ16, no traps */
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_RMODE_SHIFT & 3, ==, 3);
    for (uint32_t i = 0; i < 32; i++) {
        uint64_t bit = UINT64_C(1) << i;

        arm_fake_msr(cpu, FPSR, bit);
        g_assert_cmphex(arm_fake_mrs(cpu, FPSR), ==, bit & UINT64_C(0x0800009f));
    }
    arm_fake_msr(cpu, CPACR_EL1, UINT64_C(1) << 20);
    arm_fake_at(cpu, 0);
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_FP_SHIFT & 3, ==, 1);
}

static void test_stack_pointers(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    cpu->sp = 0x100;
    arm_fake_msr(cpu, SP_EL0, 0x200);
    arm_helper_msr_imm(&cpu->base, 0xd50040bfu); /* SPSel, #0 */
    g_assert_cmphex(cpu->sp, ==, 0x200);
    arm_fake_trapped(cpu, SP_EL0, TRUE); /* back on its own */
    g_assert_cmphex(cpu->sp, ==, 0x100);
    g_assert_cmphex(arm_fake_mrs(cpu, SP_EL0), ==, 0x200);
}

static void test_pstate(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    arm_helper_msr_imm(&cpu->base, 0xd503425fu | 0x500); /* DAIFSet, #2 | 5 */
    g_assert_cmpuint(cpu->daif, ==, 15);
    arm_helper_msr_imm(&cpu->base, 0xd50342ffu); /* DAIFClr, #2 */
    g_assert_cmpuint(cpu->daif, ==, 13);
    arm_helper_msr_imm(&cpu->base, 0xd500419fu); /* PAN, #1 */
    g_assert_cmpuint(cpu->pan, ==, 1);
    g_assert_cmphex(arm_fake_mrs(cpu, PAN), ==, ARM_BIT(22));
    arm_fake_at(cpu, 0);
    g_assert_cmpuint(arm_fake_trapped(cpu, DAIF, TRUE), ==, 1);
    g_assert_cmphex(cpu->esr[1], ==, syndrome(DAIF, TRUE));
    arm_fake_at(cpu, 0);
    arm_helper_msr_imm(&cpu->base, 0xd500419fu); /* PAN is not for EL0 */
    g_assert_cmphex(cpu->esr[1], ==, ARM_ESR_IL);
}

static void test_host(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;

    g_assert_cmpuint(cpu->el, ==, 2);
    arm_fake_trapped(cpu, REG(5u, 12u, 0u, 0u), TRUE); /* VBAR_EL12 */
    arm_fake_msr(cpu, VBAR_EL1, 0x1000);
    g_assert_cmphex(cpu->vbar[1], ==, 0x1000);
    arm_fake_msr(cpu, HCR_EL2, ARM_HCR_E2H);
    g_assert_cmphex(cpu->hcr, ==, ARM_HCR_E2H | ARM_HCR_RW);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E20_2);
    arm_fake_msr(cpu, VBAR_EL1, 0x2000);
    g_assert_cmphex(cpu->vbar[1], ==, 0x1000);
    g_assert_cmphex(cpu->vbar[2], ==, 0x2000);
    arm_fake_msr(cpu, REG(5u, 12u, 0u, 0u), 0x3000);
    g_assert_cmphex(cpu->vbar[1], ==, 0x3000);
    arm_fake_msr(cpu, CPACR_EL1, UINT64_C(3) << 20); /* CPTR_EL2 */
    g_assert_cmphex(cpu->cptr_el2, ==, UINT64_C(3) << 20);
    g_assert_cmphex(cpu->cpacr, ==, 0);
    arm_fake_msr(cpu, REG(3u, 14u, 2u, 2u), 0x111); /* CNTP_CVAL_EL0: CNTHP's */
    arm_fake_msr(cpu, REG(5u, 14u, 2u, 2u), 0x222); /* CNTP_CVAL_EL02 */
    g_assert_cmphex(cpu->timer[ARM_TIMER_HYP].cval, ==, 0x111);
    g_assert_cmphex(cpu->timer[ARM_TIMER_PHYS].cval, ==, 0x222);
    arm_fake_msr(cpu, HCR_EL2, ARM_HCR_E2H | ARM_HCR_TGE);
    arm_fake_at(cpu, 0);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E20_0);
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_FP_SHIFT & 3, ==, 0);
}

static void test_traps(void)
{
    static const struct {
        uint64_t hcr;
        uint32_t encoding;
        gboolean read;
    } rows[] = {
        {ARM_HCR_TVM, TCR_EL1, FALSE       },
        {               ARM_HCR_TRVM,           TCR_EL1,          TRUE  },
        {       ARM_HCR_TACR,                    REG(0u,                        1u, 0u, 1u), TRUE},
        { ARM_HCR_TTLB,      ARM_SYSREG(1u,                    0u,               8u, 7u, 0u), FALSE},
        {         ARM_HCR_TSW,           ARM_SYSREG(1u, 0u,                      7u, 6u, 2u), FALSE},
        {                          ARM_HCR_TPU, ARM_SYSREG(1u,           0u,                    7u, 5u, 0u), FALSE},
        {                                  ARM_HCR_TPCP,           ARM_SYSREG(1u,    3u,                      7u, 14u, 1u), FALSE},
        {          ARM_HCR_TIDCP,                                REG(1u,                          15u,          2u, 0u), TRUE},
        {           ARM_HCR_TID3,                                 REG(0u,              0u,          4u, 0u), TRUE},
        {           ARM_HCR_TID3,                                 REG(0u,                           0u,          3u, 7u), TRUE},
        {           0,                                 REG(0u,                         2u,          1u, 0u), FALSE}, /* APIAKeyLo_EL1: APK is 0 */
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ArmFake) fake = arm_fake_new("max", TRUE, 1);
        ArmCpu *cpu = fake->cpu;

        cpu->hcr |= rows[i].hcr;
        arm_fake_at(cpu, 1);
        g_assert_cmpuint(arm_fake_trapped(cpu, rows[i].encoding, rows[i].read), ==, 2);
        g_assert_cmphex(cpu->esr[2], ==, syndrome(rows[i].encoding, rows[i].read));
    }
}

/* What translated code may do itself has to be what the helpers do. */
static void test_slots(void)
{
    g_autoptr(ArmFake) fake = arm_fake_new("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;
    uint32_t n = 0;

    for (uint32_t encoding = 0; encoding < 0x10000; encoding++) {
        const ArmSysreg *reg = arm_sysreg_find(cpu, encoding);

        if (reg != NULL && reg->slot != 0) {
            g_assert_null(reg->read);
            g_assert_null(reg->write);
            n++;
        }
    }
    g_assert_cmpuint(n, >=, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-sysreg/rights", test_rights);
    g_test_add_func("/arm-sysreg/fields", test_fields);
    g_test_add_func("/arm-sysreg/fp", test_fp);
    g_test_add_func("/arm-sysreg/stack-pointers", test_stack_pointers);
    g_test_add_func("/arm-sysreg/pstate", test_pstate);
    g_test_add_func("/arm-sysreg/host", test_host);
    g_test_add_func("/arm-sysreg/traps", test_traps);
    g_test_add_func("/arm-sysreg/slots", test_slots);
    return g_test_run();
}
