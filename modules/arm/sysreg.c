/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to system registers: finding the row of an encoding, the checks, and the helpers of MRS,
 * MSR and SYS.
 *
 * The rows stand in many tables. Each CPU hashes those that it has when it is realized, because
 * which ones exist depends on its model.
 */
#include "modules/arm/sysreg.h"
#include "modules/arm/helper.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg-rows.h"
#include "modules/arm/system.h"

/* More than three times the rows, a power of two. */
#define HASH_BITS 11u
#define HASH_SIZE (1u << HASH_BITS)

static uint32_t hash(uint32_t encoding)
{
    return encoding * UINT32_C(0x9e3779b1) >> (32 - HASH_BITS);
}

/* Of two rows with one encoding the first stays. */
static void insert(const ArmSysreg **table, const ArmSysreg *reg)
{
    uint32_t at = hash(reg->encoding);

    while (table[at] != NULL && table[at]->encoding != reg->encoding) {
        at = (at + 1) % HASH_SIZE;
    }
    if (table[at] == NULL) {
        table[at] = reg;
    }
}

void arm_sysreg_realize(ArmCpu *cpu)
{
    const ArmSysreg *const groups[] = {
        arm_sysregs_base,  arm_sysregs_el2,   arm_sysregs_memory, arm_sysregs_id,
        arm_sysregs_timer, arm_sysregs_debug, arm_sysregs_pmu,    arm_sysregs_gic,
    };
    uint32_t n = 0;

    g_free(cpu->system->sysregs);
    cpu->system->sysregs = g_new0(const ArmSysreg *, HASH_SIZE);
    for (uint32_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        for (const ArmSysreg *reg = groups[i]; reg != NULL && reg->name != NULL; reg++) {
            if (reg->needs == NULL || reg->needs(cpu)) {
                insert(cpu->system->sysregs, reg);
                n++;
            }
        }
    }
    g_assert(n < HASH_SIZE / 2);
}

static const ArmSysreg *look_up(const ArmCpu *cpu, uint32_t encoding)
{
    const ArmSysreg **table = cpu->system->sysregs;
    uint32_t at = hash(encoding);

    while (table[at] != NULL && table[at]->encoding != encoding) {
        at = (at + 1) % HASH_SIZE;
    }
    return table[at];
}

#define FIELDS(encoding)        ((encoding) & ~ARM_SYSREG(0u, 7u, 0u, 0u, 0u))
#define OP1(encoding)           ((encoding) >> 11 & 7u)
#define WITH_OP1(encoding, op1) (FIELDS(encoding) | (op1) << 11)

/* Registers of EL1 whose names mean those of EL2 there with E2H (Arm D8.9, table of redirected
 * registers), the timers aside. */
static gboolean has_twin(uint32_t encoding)
{
    switch (FIELDS(encoding)) {
    case ARM_SYSREG(3u, 0u, 1u, 0u, 0u):  /* SCTLR */
    case ARM_SYSREG(3u, 0u, 1u, 0u, 2u):  /* CPACR */
    case ARM_SYSREG(3u, 0u, 2u, 0u, 0u):  /* TTBR0 */
    case ARM_SYSREG(3u, 0u, 2u, 0u, 1u):  /* TTBR1 */
    case ARM_SYSREG(3u, 0u, 2u, 0u, 2u):  /* TCR */
    case ARM_SYSREG(3u, 0u, 4u, 0u, 0u):  /* SPSR */
    case ARM_SYSREG(3u, 0u, 4u, 0u, 1u):  /* ELR */
    case ARM_SYSREG(3u, 0u, 5u, 1u, 0u):  /* AFSR0 */
    case ARM_SYSREG(3u, 0u, 5u, 1u, 1u):  /* AFSR1 */
    case ARM_SYSREG(3u, 0u, 5u, 2u, 0u):  /* ESR */
    case ARM_SYSREG(3u, 0u, 6u, 0u, 0u):  /* FAR */
    case ARM_SYSREG(3u, 0u, 10u, 2u, 0u): /* MAIR */
    case ARM_SYSREG(3u, 0u, 10u, 3u, 0u): /* AMAIR */
    case ARM_SYSREG(3u, 0u, 12u, 0u, 0u): /* VBAR */
    case ARM_SYSREG(3u, 0u, 13u, 0u, 1u): /* CONTEXTIDR */
    case ARM_SYSREG(3u, 0u, 13u, 0u, 7u): /* SCXTNUM */
    case ARM_SYSREG(3u, 0u, 14u, 1u, 0u): /* CNTKCTL */
        return TRUE;
    default:
        return FALSE;
    }
}

/* What @encoding means at EL2 with E2H. The timers' rows know by themselves whose they are. */
static uint32_t redirect(uint32_t encoding)
{
    uint32_t op1 = OP1(encoding);

    if (op1 == 0 && has_twin(encoding)) {
        return encoding == ARM_SYSREG(3u, 0u, 1u, 0u, 2u) ? ARM_SYSREG(3u, 4u, 1u, 1u, 2u)
                                                          : WITH_OP1(encoding, 4u);
    }
    if (op1 == 5 && has_twin(encoding)) { /* *_EL12 */
        return WITH_OP1(encoding, 0u);
    }
    return encoding;
}

const ArmSysreg *arm_sysreg_find_under(const ArmCpu *cpu, uint64_t state_key, uint32_t encoding)
{
    uint32_t index = state_key >> ARM_KEY_FETCH_SHIFT & 15;

    if (state_key & ARM_KEY_SP0 && encoding == ARM_SYSREG(3u, 0u, 4u, 1u, 0u)) {
        return NULL; /* SP_EL0 while it is the stack pointer */
    }
    return look_up(cpu, index == ARM_MMU_E20_2 ? redirect(encoding) : encoding);
}

const ArmSysreg *arm_sysreg_find(const ArmCpu *cpu, uint32_t encoding)
{
    return arm_sysreg_find_under(cpu, cpu->base.state_key, encoding);
}

/* ISS of EC 0x18 (Arm D19 "ESR_EL1"). */
static uint64_t syndrome_of(uint32_t insn)
{
    uint64_t iss = (uint64_t)(insn >> 19 & 3) << 20 | (uint64_t)(insn >> 5 & 7) << 17;

    iss |= (uint64_t)(insn >> 16 & 7) << 14 | (uint64_t)(insn >> 12 & 15) << 10;
    return iss | (insn & 31) << 5 | (insn >> 8 & 15) << 1 | (insn >> 21 & 1);
}

void arm_sysreg_trap_insn(ArmCpu *cpu, uint32_t insn, uint32_t level)
{
    arm_cpu_raise(cpu, level, ARM_ESR(ARM_EC_SYSREG, syndrome_of(insn)), 0);
}

gboolean arm_sysreg_trap_to(ArmCpu *cpu, const ArmSysreg *reg, gboolean write, uint32_t level)
{
    (void)reg;
    (void)write;
    arm_sysreg_trap_insn(cpu, cpu->system->access, level);
    return FALSE;
}

/* ID registers that are not allocated yet read as zero (Arm D19.1.1). */
static gboolean is_id_space(uint32_t encoding)
{
    return encoding >= ARM_SYSREG(3u, 0u, 0u, 1u, 0u) && encoding <= ARM_SYSREG(3u, 0u, 0u, 7u, 7u);
}

/* What hypervisors may want to see before it is undefined: HCR_EL2.TIDCP, of CRn 11 and 15. */
static void undefined(ArmCpu *cpu, uint32_t insn)
{
    uint32_t crn = insn >> 12 & 15;

    if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TIDCP && (crn == 11 || crn == 15)) {
        arm_sysreg_trap_insn(cpu, insn, 2);
    } else if (cpu->el == 0 && cpu->has_idst && insn >> 21 & 1 &&
               is_id_space(ARM_SYSREG_OF_INSN(insn))) {
        arm_sysreg_trap_insn(cpu, insn, 0);
    } else {
        arm_raise_undefined(cpu);
    }
}

/* The row that this access may go to; NULL: an exception has been entered. */
static const ArmSysreg *admit(ArmCpu *cpu, uint32_t insn, gboolean write)
{
    const ArmSysreg *reg = arm_sysreg_find(cpu, ARM_SYSREG_OF_INSN(insn));
    uint32_t right = (write ? ARM_W0 : ARM_R0) << 2 * cpu->el;

    if (reg == NULL || !(reg->rights & right)) {
        undefined(cpu, insn);
        return NULL;
    }
    cpu->system->access = insn;
    return reg->trap == NULL || reg->trap(cpu, reg, write) ? reg : NULL;
}

uint64_t arm_helper_mrs(QhCpu *base, uint32_t insn)
{
    ArmCpu *cpu = arm_cpu(base);
    const ArmSysreg *reg;
    uint64_t value = 0;

    if (cpu->el != 0 && is_id_space(ARM_SYSREG_OF_INSN(insn)) &&
        arm_sysreg_find(cpu, ARM_SYSREG_OF_INSN(insn)) == NULL) {
        if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TID3) {
            arm_sysreg_trap_insn(cpu, insn, 2);
        }
        return 0;
    }
    reg = admit(cpu, insn, FALSE);
    if (reg == NULL) {
        return 0;
    }
    if (reg->read == NULL) {
        return *(const uint64_t *)((const char *)cpu + reg->offset);
    }
    return reg->read(cpu, reg, &value) ? value : 0;
}

static void write_register(ArmCpu *cpu, uint32_t insn, uint64_t value)
{
    const ArmSysreg *reg = admit(cpu, insn, TRUE);

    if (reg == NULL) {
        return;
    }
    if (reg->write == NULL) {
        uint64_t *member = (uint64_t *)((char *)cpu + reg->offset);
        *member = (*member & ~reg->mask) | (value & reg->mask);
    } else {
        reg->write(cpu, reg, value);
    }
}

void arm_helper_msr(QhCpu *base, uint32_t insn, uint64_t value)
{
    write_register(arm_cpu(base), insn, value);
}

void arm_helper_sys(QhCpu *base, uint32_t insn, uint64_t value)
{
    write_register(arm_cpu(base), insn, value);
}

/* DAIFSet and DAIFClr at EL0 without SCTLR.UMA (Arm C5.2.2). */
static gboolean mask_allowed(ArmCpu *cpu, uint32_t insn)
{
    if (cpu->el == 0 && !(cpu->sctlr[arm_regime_level(cpu)] & ARM_SCTLR_UMA)) {
        arm_sysreg_trap_insn(cpu, insn, 0);
        return FALSE;
    }
    return TRUE;
}

/* op1 and op2 of MSR (immediate), Arm C5.1.3. */
#define PSTATE_UAO     0x03u
#define PSTATE_PAN     0x04u
#define PSTATE_SPSEL   0x05u
#define PSTATE_SSBS    0x31u
#define PSTATE_DIT     0x32u
#define PSTATE_DAIFSET 0x36u
#define PSTATE_DAIFCLR 0x37u

static gboolean has_pstate_field(const ArmCpu *cpu, uint32_t field)
{
    switch (field) {
    case PSTATE_UAO:
        return cpu->has_uao && cpu->el != 0;
    case PSTATE_PAN:
        return cpu->has_pan && cpu->el != 0;
    case PSTATE_SPSEL:
        return cpu->el != 0;
    case PSTATE_SSBS:
        return cpu->has_ssbs;
    case PSTATE_DIT:
        return cpu->has_dit;
    default:
        return field == PSTATE_DAIFSET || field == PSTATE_DAIFCLR;
    }
}

void arm_helper_msr_imm(QhCpu *base, uint32_t insn)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t field = (insn >> 16 & 7) << 4 | (insn >> 5 & 7), imm = insn >> 8 & 15;

    if (!has_pstate_field(cpu, field)) {
        arm_raise_undefined(cpu);
        return;
    }
    switch (field) {
    case PSTATE_UAO:
        cpu->uao = imm & 1;
        break;
    case PSTATE_PAN:
        cpu->pan = imm & 1;
        break;
    case PSTATE_SPSEL:
        arm_cpu_set_el(cpu, cpu->el, imm & 1);
        break;
    case PSTATE_SSBS:
        cpu->ssbs = imm & 1;
        break;
    case PSTATE_DIT:
        cpu->dit = imm & 1;
        break;
    default:
        if (!mask_allowed(cpu, insn)) {
            return;
        }
        cpu->daif = field == PSTATE_DAIFSET ? cpu->daif | imm : cpu->daif & ~imm;
        arm_irq_update(cpu);
        break;
    }
    arm_cpu_update_key(cpu);
}
