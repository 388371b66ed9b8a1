/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of EL0 and EL1 that are about control, exceptions and PSTATE (Arm C5.2, D19.2). */
#include "modules/arm/regs.h"
#include "modules/arm/sysreg-rows.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

#include <sys/random.h>

/* PSTATE fields as registers have them. */
#define BIT_PAN  22u
#define BIT_UAO  23u
#define BIT_DIT  24u
#define BIT_SSBS 12u

/* What MSR to SPSR_ELx changes: no bit of AArch32's. */
#define SPSR_MASK UINT64_C(0xf3f01fdf)

gboolean arm_sysreg_no_effect(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)cpu;
    (void)reg;
    (void)value;
    return TRUE;
}

gboolean arm_sysreg_zero(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)cpu;
    (void)reg;
    *ret_value = 0;
    return TRUE;
}

gboolean arm_trap_tvm(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && arm_hcr(cpu) & (write ? ARM_HCR_TVM : ARM_HCR_TRVM)) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean trap_tacr(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TACR) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

/* CPTR_EL2.TCPAC: bit 31 in both of its forms. */
static gboolean trap_cpacr(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && cpu->has_el2 && cpu->cptr_el2 & ARM_CPTR_TCPAC) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

/* HCR_EL2.APK is 0 where keys are not for guests. */
static gboolean trap_key(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && cpu->has_el2 && !(cpu->hcr & ARM_HCR_APK)) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean trap_daif(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 0 && !(cpu->sctlr[arm_regime_level(cpu)] & ARM_SCTLR_UMA)) {
        return arm_sysreg_trap_to(cpu, reg, write, 0);
    }
    return TRUE;
}

/* FP registers trap as FP instructions do. */
static gboolean trap_fp(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    uint32_t level = arm_fp_trap_level(cpu);

    (void)reg;
    (void)write;
    if (level != 0) {
        arm_cpu_raise(cpu, level, ARM_ESR(ARM_EC_FP, ARM_ISS_COND), 0);
        return FALSE;
    }
    return TRUE;
}

static gboolean trap_lor(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TLOR) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

/* SCTLR_ELx.TSCXT for EL0, HCR_EL2.EnSCXT for guests. */
static gboolean trap_scxtnum(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    uint32_t regime = arm_regime_level(cpu);

    if (cpu->el == 0 && cpu->sctlr[regime] & ARM_SCTLR_TSCXT) {
        return arm_sysreg_trap_to(cpu, reg, write, 0);
    }
    if (cpu->el < 2 && regime == 1 && cpu->has_el2 && !(cpu->hcr & ARM_HCR_ENSCXT)) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean write_cpacr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->cpacr = value & (UINT64_C(3) << 20 | UINT64_C(1) << 28);
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean read_current_el(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = (uint64_t)cpu->el << 2;
    return TRUE;
}

/* SPSel is 1 at the levels whose own stack pointer runs. */
static gboolean read_spsel(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->spsel;
    return TRUE;
}

static gboolean write_spsel(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_cpu_set_el(cpu, cpu->el, value & 1);
    arm_cpu_update_key(cpu);
    return TRUE;
}

/* Rows of a PSTATE bit: offset is the member, an uint32_t, and mask the bit. */
static gboolean read_pstate(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    *ret_value = *(const uint32_t *)((const char *)cpu + reg->offset) ? reg->mask : 0;
    return TRUE;
}

static gboolean write_pstate(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    *(uint32_t *)((char *)cpu + reg->offset) = (value & reg->mask) != 0;
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean read_nzcv(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = (uint64_t)arm_nzcv(cpu) << 28;
    return TRUE;
}

static gboolean write_nzcv(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_set_nzcv(cpu, value >> 28 & 15);
    return TRUE;
}

static gboolean read_daif(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = (uint64_t)cpu->daif << 6;
    return TRUE;
}

static gboolean write_daif(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->daif = value >> 6 & 15;
    arm_cpu_update_key(cpu);
    arm_irq_update(cpu);
    return TRUE;
}

static gboolean read_fpcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->fpcr;
    return TRUE;
}

static gboolean write_fpcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_set_fpcr(cpu, value);
    return TRUE;
}

static gboolean read_fpsr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = arm_fpsr(cpu);
    return TRUE;
}

static gboolean write_fpsr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_set_fpsr(cpu, value);
    return TRUE;
}

/* ISR_EL1: interrupts that are pending for EL1; with HCR_EL2's routing, the virtual ones. */
static gboolean read_isr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint64_t lines = __atomic_load_n(&cpu->base.irq_lines, __ATOMIC_ACQUIRE);
    uint64_t hcr = cpu->el < 2 ? arm_hcr(cpu) : 0;
    gboolean irq = lines >> ARM_IRQ_IRQ & 1, fiq = lines >> ARM_IRQ_FIQ & 1, error = FALSE;

    (void)reg;
    if (hcr & ARM_HCR_IMO) {
        irq = lines >> ARM_IRQ_VIRQ & 1 || hcr & ARM_HCR_VI;
    }
    if (hcr & ARM_HCR_FMO) {
        fiq = lines >> ARM_IRQ_VFIQ & 1 || hcr & ARM_HCR_VF;
    }
    if (hcr & ARM_HCR_AMO) {
        error = (hcr & ARM_HCR_VSE) != 0;
    }
    *ret_value = (uint64_t)irq << 7 | (uint64_t)fiq << 6 | (uint64_t)error << 8;
    return TRUE;
}

/* RNDR (Arm C5.2.19): NZCV is 0b0100 when there is nothing to give, otherwise 0. */
static gboolean read_random(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint64_t number = 0;
    gboolean ok = getrandom(&number, sizeof(number), GRND_NONBLOCK) == sizeof(number);

    (void)reg;
    arm_set_nzcv(cpu, ok ? 0 : 4);
    *ret_value = ok ? number : 0;
    return TRUE;
}

#define NEEDS(feature)                                                                             \
    static gboolean needs_##feature(const ArmCpu *cpu)                                             \
    {                                                                                              \
        return cpu->has_##feature;                                                                 \
    }
NEEDS(pan)
NEEDS(uao)
NEEDS(dit)
NEEDS(ssbs)
NEEDS(csv2)
NEEDS(pauth)
NEEDS(rng)
NEEDS(ras)
NEEDS(lor)
NEEDS(fp)

static gboolean needs_no_el2(const ArmCpu *cpu)
{
    return !cpu->has_el2;
}

#define CODE ARM_ROW_CODE
#define SLOT ARM_ROW_SLOT
#define MASK ARM_ROW_MASK
#define KEYS(name_, crm, op2, number)                                                              \
    {.name = name_ "KeyLo_EL1",                                                                    \
     .encoding = ARM_SYSREG(3u, 0u, 2u, crm, op2),                                                 \
     .rights = ARM_RW1,                                                                            \
     .needs = needs_pauth,                                                                         \
     .trap = trap_key,                                                                             \
     .offset = offsetof(ArmCpu, key[number][0]),                                                   \
     .mask = UINT64_MAX},                                                                          \
        {.name = name_ "KeyHi_EL1",                                                                \
         .encoding = ARM_SYSREG(3u, 0u, 2u, crm, op2 + 1u),                                        \
         .rights = ARM_RW1,                                                                        \
         .needs = needs_pauth,                                                                     \
         .trap = trap_key,                                                                         \
         .offset = offsetof(ArmCpu, key[number][1]),                                               \
         .mask = UINT64_MAX},
#define PSTATE(name_, op1, op2, rights_, needs_, member, bit)                                      \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, op1, 4u, 2u, op2),                                                 \
     .rights = rights_,                                                                            \
     .needs = needs_,                                                                              \
     .read = read_pstate,                                                                          \
     .write = write_pstate,                                                                        \
     .offset = offsetof(ArmCpu, member),                                                           \
     .mask = UINT64_C(1) << (bit)},
#define NOTHING(name_, op1, crn, crm, op2, needs_, trap_)                                          \
    CODE(name_, op1, crn, crm, op2, ARM_RW1, needs_, trap_, arm_sysreg_zero, arm_sysreg_no_effect)

const ArmSysreg arm_sysregs_base[] = {
    /* exceptions */
    SLOT("SPSR_EL1", 0u, 4u, 0u, 0u, ARM_RW1, NULL, spsr[1], ARM_SLOT_SPSR_EL1, SPSR_MASK)
        SLOT("ELR_EL1", 0u, 4u, 0u, 1u, ARM_RW1, NULL, elr[1], ARM_SLOT_ELR_EL1, UINT64_MAX) SLOT(
            "ESR_EL1", 0u, 5u, 2u, 0u, ARM_RW1, arm_trap_tvm, esr[1], ARM_SLOT_ESR_EL1, UINT64_MAX)
            SLOT("FAR_EL1",
                 0u,
                 6u,
                 0u,
                 0u,
                 ARM_RW1,
                 arm_trap_tvm,
                 far[1],
                 ARM_SLOT_FAR_EL1,
                 UINT64_MAX)
                MASK("AFSR0_EL1", 0u, 5u, 1u, 0u, ARM_RW1, NULL, arm_trap_tvm, afsr0[1], 0) MASK(
                    "AFSR1_EL1", 0u, 5u, 1u, 1u, ARM_RW1, NULL, arm_trap_tvm, afsr1[1], 0)
                    MASK(
                        "VBAR_EL1", 0u, 12u, 0u, 0u, ARM_RW1, NULL, NULL, vbar[1], ~UINT64_C(0x7ff))
                        CODE("ISR_EL1", 0u, 12u, 1u, 0u, ARM_RO1, NULL, NULL, read_isr, NULL) MASK(
                            "RVBAR_EL1", 0u, 12u, 0u, 1u, ARM_RO1, needs_no_el2, NULL, rvbar, 0)
                            MASK("DISR_EL1",
                                 0u,
                                 12u,
                                 1u,
                                 1u,
                                 ARM_RW1,
                                 needs_ras,
                                 NULL,
                                 disr,
                                 UINT64_C(0x81ffffff))
                                NOTHING("ERRIDR_EL1", 0u, 5u, 3u, 0u, needs_ras, NULL)
                                    NOTHING("ERRSELR_EL1", 0u, 5u, 3u, 1u, needs_ras, NULL)
    /* PSTATE and stack pointers */
    CODE("CurrentEL", 0u, 4u, 2u, 2u, ARM_RO1, NULL, NULL, read_current_el, NULL) CODE(
        "SPSel", 0u, 4u, 2u, 0u, ARM_RW1, NULL, NULL, read_spsel, write_spsel)
        CODE("NZCV", 3u, 4u, 2u, 0u, ARM_RW0, NULL, NULL, read_nzcv, write_nzcv) CODE(
            "DAIF", 3u, 4u, 2u, 1u, ARM_RW0, NULL, trap_daif, read_daif, write_daif)
            PSTATE("PAN", 0u, 3u, ARM_RW1, needs_pan, pan, BIT_PAN) PSTATE(
                "UAO",
                0u,
                4u,
                ARM_RW1,
                needs_uao,
                uao,
                BIT_UAO) PSTATE("DIT", 3u, 5u, ARM_RW0, needs_dit, dit, BIT_DIT)
                PSTATE("SSBS", 3u, 6u, ARM_RW0, needs_ssbs, ssbs, BIT_SSBS) CODE("FPCR",
                                                                                 3u,
                                                                                 4u,
                                                                                 4u,
                                                                                 0u,
                                                                                 ARM_RW0,
                                                                                 needs_fp,
                                                                                 trap_fp,
                                                                                 read_fpcr,
                                                                                 write_fpcr)
                    CODE("FPSR", 3u, 4u, 4u, 1u, ARM_RW0, needs_fp, trap_fp, read_fpsr, write_fpsr)
                        SLOT("SP_EL0",
                             0u,
                             4u,
                             1u,
                             0u,
                             ARM_RW1,
                             NULL,
                             sp_el[0],
                             ARM_SLOT_SP_EL0,
                             UINT64_MAX)
    /* control */
    MASK("ACTLR_EL1", 0u, 1u, 0u, 1u, ARM_RW1, NULL, trap_tacr, actlr[1], 0)
        ARM_ROW_WRITE("CPACR_EL1", 0u, 1u, 0u, 2u, ARM_RW1, NULL, trap_cpacr, cpacr, write_cpacr)
    /* software's own */
    SLOT("TPIDR_EL0", 3u, 13u, 0u, 2u, ARM_RW0, NULL, tpidr[0], ARM_SLOT_TPIDR_EL0, UINT64_MAX)
        SLOT("TPIDRRO_EL0",
             3u,
             13u,
             0u,
             3u,
             ARM_RW1 | ARM_R0,
             NULL,
             tpidrro,
             ARM_SLOT_TPIDRRO_EL0,
             UINT64_MAX) SLOT("TPIDR_EL1",
                              0u,
                              13u,
                              0u,
                              4u,
                              ARM_RW1,
                              NULL,
                              tpidr[1],
                              ARM_SLOT_TPIDR_EL1,
                              UINT64_MAX) MASK("SCXTNUM_EL0",
                                               3u,
                                               13u,
                                               0u,
                                               7u,
                                               ARM_RW0,
                                               needs_csv2,
                                               trap_scxtnum,
                                               scxtnum[0],
                                               UINT64_MAX) MASK("SCXTNUM_EL1",
                                                                0u,
                                                                13u,
                                                                0u,
                                                                7u,
                                                                ARM_RW1,
                                                                needs_csv2,
                                                                trap_scxtnum,
                                                                scxtnum[1],
                                                                UINT64_MAX) KEYS("APIA", 1u, 0u, 0)
            KEYS("APIB", 1u, 2u, 1) KEYS("APDA", 2u, 0u, 2) KEYS(
                "APDB", 2u, 2u, 3) KEYS("APGA", 3u, 0u, 4) CODE("RNDR",
                                                                3u,
                                                                2u,
                                                                4u,
                                                                0u,
                                                                ARM_RO1 | ARM_R0,
                                                                needs_rng,
                                                                NULL,
                                                                read_random,
                                                                NULL)
                CODE("RNDRRS", 3u, 2u, 4u, 1u, ARM_RO1 | ARM_R0, needs_rng, NULL, read_random, NULL)
                    NOTHING("LORSA_EL1", 0u, 10u, 4u, 0u, needs_lor, trap_lor)
                        NOTHING("LOREA_EL1", 0u, 10u, 4u, 1u, needs_lor, trap_lor)
                            NOTHING("LORN_EL1", 0u, 10u, 4u, 2u, needs_lor, trap_lor)
                                NOTHING("LORC_EL1", 0u, 10u, 4u, 3u, needs_lor, trap_lor)
                                    NOTHING("LORID_EL1", 0u, 10u, 4u, 7u, needs_lor, trap_lor){
                                        .name = NULL},
};
