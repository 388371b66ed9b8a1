/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exception entry and return, routing, interrupts and their masks, waiting. */
#include "tests/unit/arm-fake.h"

#include "modules/arm/helper.h"

#define VBAR1 UINT64_C(0xffff000000100000)
#define VBAR2 UINT64_C(0x80800)
#define PC    UINT64_C(0x401000)
#define WFE   0xd503205fu
#define WFI   0xd503207fu
#define SEV   0xd503209fu
#define SEVL  0xd50320bfu
#define ERET  0xd69f03e0u

static ArmFake *at(const char *model, gboolean el2, uint32_t el)
{
    ArmFake *fake = arm_fake_new(model, el2, 2);
    ArmCpu *cpu = fake->cpu;

    cpu->vbar[1] = VBAR1;
    cpu->vbar[2] = VBAR2;
    cpu->base.pc = PC;
    cpu->daif = 0;
    arm_fake_at(cpu, el);
    return fake;
}

static void raise_it(ArmCpu *cpu, uint32_t cause, uint64_t payload)
{
    cpu->base.pc = PC;
    arm_raise_cause(cpu, cause, payload);
    g_assert_cmpuint(cpu->base.unwind, ==, 1);
    cpu->base.unwind = 0;
}

static void eret(ArmCpu *cpu)
{
    arm_helper_eret(&cpu->base, ERET);
    g_assert_cmpuint(cpu->base.unwind, ==, 0);
}

static void test_svc(void)
{
    g_autoptr(ArmFake) fake = at("cortex-a57", FALSE, 0);
    ArmCpu *cpu = fake->cpu;

    cpu->sp = 0x1000;
    cpu->sp_el[1] = 0x2000;
    arm_set_nzcv(cpu, 5);
    raise_it(cpu, ARM_RAISE_SVC, 0x42);
    g_assert_cmphex(cpu->base.pc, ==, VBAR1 + 0x400);
    g_assert_cmphex(cpu->esr[1], ==, UINT64_C(0x15) << 26 | ARM_ESR_IL | 0x42);
    g_assert_cmphex(cpu->elr[1], ==, PC + 4);
    g_assert_cmphex(cpu->spsr[1], ==, UINT64_C(5) << 28);
    g_assert_cmpuint(cpu->el, ==, 1);
    g_assert_cmpuint(cpu->daif, ==, 15);
    g_assert_cmphex(cpu->sp, ==, 0x2000);
    g_assert_cmpuint(cpu->base.state_key & 15, ==, ARM_MMU_E10_1);
    arm_set_nzcv(cpu, 0);
    cpu->exclusive_address = 0;
    eret(cpu);
    g_assert_cmphex(cpu->base.pc, ==, PC + 4);
    g_assert_cmpuint(cpu->el, ==, 0);
    g_assert_cmphex(cpu->sp, ==, 0x1000);
    g_assert_cmphex(cpu->sp_el[1], ==, 0x2000);
    g_assert_cmpuint(arm_nzcv(cpu), ==, 5);
    g_assert_cmphex(cpu->exclusive_address, ==, ARM_NO_EXCLUSIVE);
}

static void test_vectors(void)
{
    g_autoptr(ArmFake) fake = at("cortex-a57", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    raise_it(cpu, ARM_RAISE_UNDEFINED, 0);
    g_assert_cmphex(cpu->base.pc, ==, VBAR1 + 0x200);
    g_assert_cmphex(cpu->elr[1], ==, PC);
    g_assert_cmphex(cpu->esr[1], ==, ARM_ESR_IL);
    arm_cpu_set_el(cpu, 1, 0);
    raise_it(cpu, ARM_RAISE_SP_ALIGN, 0);
    g_assert_cmphex(cpu->base.pc, ==, VBAR1);
    g_assert_cmphex(cpu->spsr[1] & 15, ==, 4);
    g_assert_cmpuint(cpu->spsel, ==, 1);
}

/* PAN is set where SCTLR.SPAN is 0, UAO and IL are cleared, SSBS comes from SCTLR.DSSBS. */
static void test_pstate(void)
{
    g_autoptr(ArmFake) fake = at("max", FALSE, 0);
    ArmCpu *cpu = fake->cpu;

    cpu->uao = cpu->il = 1;
    cpu->sctlr[1] |= ARM_SCTLR_DSSBS;
    raise_it(cpu, ARM_RAISE_ILLEGAL, 0);
    g_assert_cmphex(cpu->esr[1] >> 26, ==, 0x0e);
    g_assert_cmpuint(cpu->pan, ==, 1);
    g_assert_cmpuint(cpu->uao | cpu->il, ==, 0);
    g_assert_cmpuint(cpu->ssbs, ==, 1);
    g_assert_cmphex(cpu->spsr[1], ==, ARM_BIT(23) | ARM_BIT(20));
    g_assert_cmpuint(cpu->base.state_key >> ARM_KEY_DATA_SHIFT & 15, ==, ARM_MMU_E10_1_PAN);
    eret(cpu);
    g_assert_cmpuint(cpu->pan, ==, 0);
    cpu->sctlr[1] |= ARM_SCTLR_SPAN;
    raise_it(cpu, ARM_RAISE_ILLEGAL, 0);
    g_assert_cmpuint(cpu->pan, ==, 0);
}

static void test_illegal_return(void)
{
    static const struct {
        gboolean el2;
        uint32_t el;
        uint64_t hcr, spsr;
        gboolean illegal;
    } rows[] = {
        {FALSE, 1, 0,           5,    FALSE},
        {FALSE, 1, 0,           0,    FALSE},
        {FALSE, 1, 0,           9,    TRUE },
        {FALSE, 1, 0,           0x10, TRUE },
        {FALSE, 1, 0,           1,    TRUE },
        {FALSE, 1, 0,           2,    TRUE },
        {TRUE,  2, 0,           9,    FALSE},
        {TRUE,  2, 0,           5,    FALSE},
        {TRUE,  2, 0,           13,   TRUE },
        {TRUE,  2, ARM_HCR_TGE, 5,    TRUE },
        {TRUE,  1, 0,           9,    TRUE },
        {TRUE,  2, ARM_HCR_TGE, 0,    FALSE},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ArmFake) fake = at("max", rows[i].el2, rows[i].el);
        ArmCpu *cpu = fake->cpu;

        cpu->hcr |= rows[i].hcr;
        cpu->spsr[rows[i].el] = rows[i].spsr | UINT64_C(9) << 28;
        cpu->elr[rows[i].el] = 0x1234;
        eret(cpu);
        g_assert_cmphex(cpu->base.pc, ==, 0x1234);
        g_assert_cmpuint(cpu->il, ==, rows[i].illegal);
        g_assert_cmpuint(cpu->el, ==, rows[i].illegal ? rows[i].el : rows[i].spsr >> 2);
        g_assert_cmpuint(arm_nzcv(cpu), ==, 9);
    }
}

/* Level and vector that an interrupt goes to; 0: it waits. */
static void test_interrupts(void)
{
    const uint64_t host = ARM_HCR_E2H | ARM_HCR_TGE;
    const struct {
        uint32_t el, line, daif;
        uint64_t hcr;
        uint32_t to, vector;
    } rows[] = {
        {0, ARM_IRQ_IRQ,  0,  0,                  1, 0x480},
        {0, ARM_IRQ_FIQ,  0,  0,                  1, 0x500},
        {1, ARM_IRQ_IRQ,  2,  0,                  0, 0    },
        {1, ARM_IRQ_IRQ,  1,  0,                  1, 0x280},
        {1, ARM_IRQ_FIQ,  1,  0,                  0, 0    },
        {1, ARM_IRQ_IRQ,  15, ARM_HCR_IMO,        2, 0x480},
        {2, ARM_IRQ_IRQ,  0,  0,                  0, 0    },
        {2, ARM_IRQ_IRQ,  0,  ARM_HCR_IMO,        2, 0x280},
        {2, ARM_IRQ_IRQ,  2,  ARM_HCR_IMO,        0, 0    },
        {2, ARM_IRQ_FIQ,  0,  ARM_HCR_FMO,        2, 0x300},
        {0, ARM_IRQ_IRQ,  2,  ARM_HCR_TGE,        2, 0x480},
        {0, ARM_IRQ_IRQ,  2,  host,               0, 0    },
        {0, ARM_IRQ_IRQ,  0,  host,               2, 0x480},
        {1, ARM_IRQ_VIRQ, 0,  0,                  0, 0    },
        {1, ARM_IRQ_VIRQ, 0,  ARM_HCR_IMO,        1, 0x280},
        {1, ARM_IRQ_VIRQ, 2,  ARM_HCR_IMO,        0, 0    },
        {0, ARM_IRQ_VFIQ, 0,  ARM_HCR_FMO,        1, 0x500},
        {2, ARM_IRQ_VIRQ, 0,  ARM_HCR_IMO,        0, 0    },
        {0, ARM_IRQ_VIRQ, 0,  host | ARM_HCR_IMO, 0, 0    },
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ArmFake) fake = at("max", TRUE, rows[i].el);
        ArmCpu *cpu = fake->cpu;
        uint64_t base = rows[i].to == 2 ? VBAR2 : VBAR1;

        cpu->hcr |= rows[i].hcr;
        cpu->daif = rows[i].daif;
        cpu->base.irq_lines = UINT64_C(1) << rows[i].line;
        g_assert_cmpuint(arm_take_interrupt(cpu), ==, rows[i].to != 0);
        if (rows[i].to != 0) {
            g_assert_cmpuint(cpu->el, ==, rows[i].to);
            g_assert_cmphex(cpu->base.pc, ==, base + rows[i].vector);
            g_assert_cmphex(cpu->elr[rows[i].to], ==, PC);
        }
    }
}

static void test_virtual_error(void)
{
    g_autoptr(ArmFake) fake = at("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;

    cpu->hcr |= ARM_HCR_AMO | ARM_HCR_VSE;
    cpu->vsesr = 0x123;
    arm_cpu_update_key(cpu);
    g_assert_true(cpu->base.state_key & ARM_KEY_VIRTUAL);
    g_assert_true(arm_has_work(cpu));
    g_assert_true(arm_take_interrupt(cpu));
    g_assert_false(cpu->base.state_key & ARM_KEY_VIRTUAL);
    g_assert_cmphex(cpu->base.pc, ==, VBAR1 + 0x380);
    g_assert_cmphex(cpu->esr[1], ==, UINT64_C(0x2f) << 26 | ARM_ESR_IL | 0x123);
    g_assert_cmphex(cpu->hcr & ARM_HCR_VSE, ==, 0);
}

static void test_calls(void)
{
    g_autoptr(ArmFake) fake = at("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;

    raise_it(cpu, ARM_RAISE_HVC, 7);
    g_assert_cmpuint(cpu->el, ==, 2);
    g_assert_cmphex(cpu->esr[2], ==, UINT64_C(0x16) << 26 | ARM_ESR_IL | 7);
    g_assert_cmphex(cpu->elr[2], ==, PC + 4);
    arm_fake_at(cpu, 1);
    cpu->hcr |= ARM_HCR_TSC;
    cpu->psci_conduit = ARM_PSCI_SMC;
    raise_it(cpu, ARM_RAISE_SMC, 0); /* the trap comes first */
    g_assert_cmphex(cpu->esr[2] >> 26, ==, 0x17);
    g_assert_cmphex(cpu->elr[2], ==, PC);
    cpu->x[0] = 0x84000000; /* PSCI_VERSION; without a board nobody answers */
    raise_it(cpu, ARM_RAISE_SMC, 0);
    g_assert_cmphex(cpu->x[0], ==, UINT64_MAX);
    g_assert_cmphex(cpu->base.pc, ==, PC + 4);
    arm_fake_at(cpu, 0);
    cpu->hcr &= ~ARM_HCR_TGE;
    raise_it(cpu, ARM_RAISE_HVC, 0);
    g_assert_cmphex(cpu->esr[1], ==, ARM_ESR_IL);
}

static void test_routing(void)
{
    g_autoptr(ArmFake) fake = at("max", TRUE, 0);
    ArmCpu *cpu = fake->cpu;

    cpu->hcr |= ARM_HCR_TGE;
    raise_it(cpu, ARM_RAISE_SVC, 0);
    g_assert_cmpuint(cpu->el, ==, 2);
    arm_fake_at(cpu, 1);
    cpu->hcr &= ~ARM_HCR_TGE;
    cpu->mdcr_el2 = ARM_MDCR_TDE;
    raise_it(cpu, ARM_RAISE_BRK, 3);
    g_assert_cmpuint(cpu->el, ==, 2);
    g_assert_cmphex(cpu->esr[2], ==, UINT64_C(0x3c) << 26 | ARM_ESR_IL | 3);
    arm_fake_at(cpu, 1);
    cpu->cpacr = UINT64_C(3) << 20;
    cpu->cptr_el2 |= ARM_CPTR_TFP;
    raise_it(cpu, ARM_RAISE_FP_TRAP, 0);
    g_assert_cmpuint(cpu->el, ==, 2);
    g_assert_cmphex(cpu->esr[2], ==, UINT64_C(7) << 26 | ARM_ESR_IL | UINT64_C(0x1e) << 20);
}

static void test_step(void)
{
    g_autoptr(ArmFake) fake = at("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    cpu->oslar = 0;
    cpu->mdscr = ARM_MDSCR_SS;
    cpu->spsr[1] = ARM_SPSR_SS;
    cpu->elr[1] = PC;
    eret(cpu);
    g_assert_cmpuint(cpu->ss, ==, 1);
    g_assert_true(cpu->base.state_key & ARM_KEY_SS);
    raise_it(cpu, ARM_RAISE_STEP, 0);
    g_assert_cmphex(cpu->esr[1], ==, UINT64_C(0x32) << 26 | ARM_ESR_IL | 1u << 24 | 0x22);
    g_assert_cmpuint(cpu->ss, ==, 0);
    g_assert_false(cpu->base.state_key & ARM_KEY_SS);
}

static void test_wait(void)
{
    g_autoptr(ArmFake) fake = at("max", TRUE, 1);
    ArmCpu *cpu = fake->cpu;

    arm_helper_wait(&cpu->base, WFI);
    g_assert_cmpuint(cpu->base.halted, ==, 1);
    g_assert_false(arm_has_work(cpu));
    cpu->daif = 15;
    cpu->base.irq_lines = 1u << ARM_IRQ_IRQ;
    g_assert_true(arm_has_work(cpu));
    cpu->base.halted = 0;
    arm_helper_wait(&cpu->base, WFI); /* nothing to wait for */
    g_assert_cmpuint(cpu->base.halted, ==, 0);
    cpu->base.irq_lines = 0;
    arm_helper_wait(&fake->second->base, SEV);
    arm_helper_wait(&cpu->base, WFE);
    g_assert_cmpuint(cpu->base.halted, ==, 0);
    arm_helper_wait(&cpu->base, SEVL);
    arm_helper_wait(&cpu->base, WFE);
    g_assert_cmpuint(cpu->base.halted, ==, 0);
    arm_helper_wait(&cpu->base, WFE);
    g_assert_cmpuint(cpu->base.halted, ==, 1);
    g_assert_true(arm_has_work(cpu));
    cpu->base.halted = 0;
    cpu->hcr |= ARM_HCR_TWI;
    arm_helper_wait(&cpu->base, WFI);
    g_assert_cmpuint(cpu->el, ==, 2);
    g_assert_cmphex(cpu->esr[2], ==, UINT64_C(1) << 26 | ARM_ESR_IL | UINT64_C(0x1e) << 20);
    g_assert_cmpuint(cpu->base.halted, ==, 0);
}

static void test_wait_el0(void)
{
    g_autoptr(ArmFake) fake = at("max", FALSE, 0);
    ArmCpu *cpu = fake->cpu;

    cpu->sctlr[1] &= ~ARM_SCTLR_NTWE;
    arm_helper_wait(&cpu->base, WFE);
    g_assert_cmpuint(cpu->el, ==, 1);
    g_assert_cmphex(cpu->esr[1] & 3, ==, 1);
}

static void test_off(void)
{
    g_autoptr(ArmFake) fake = at("max", FALSE, 1);
    ArmCpu *cpu = fake->cpu;

    cpu->powered_off = 1;
    cpu->base.irq_lines = 1;
    g_assert_false(arm_has_work(cpu));
    g_assert_false(arm_take_interrupt(cpu));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-trap/svc", test_svc);
    g_test_add_func("/arm-trap/vectors", test_vectors);
    g_test_add_func("/arm-trap/pstate", test_pstate);
    g_test_add_func("/arm-trap/illegal-return", test_illegal_return);
    g_test_add_func("/arm-trap/interrupts", test_interrupts);
    g_test_add_func("/arm-trap/virtual-error", test_virtual_error);
    g_test_add_func("/arm-trap/calls", test_calls);
    g_test_add_func("/arm-trap/routing", test_routing);
    g_test_add_func("/arm-trap/step", test_step);
    g_test_add_func("/arm-trap/wait", test_wait);
    g_test_add_func("/arm-trap/wait-el0", test_wait_el0);
    g_test_add_func("/arm-trap/off", test_off);
    return g_test_run();
}
