/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU slot of aarch64: life of a PE, its state key, and the way in for the host's calls. */
#include "modules/arm/cpu.h"

#include <string.h>

#include "abi/ir.h"
#include "modules/arm/debug.h"
#include "modules/arm/module.h"
#include "modules/arm/pmu.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"
#include "modules/support/cpu-state.h"

/* FPCR (Arm C5.2.8): what there is without FEAT_AFP and FEAT_EBF16. */
#define FPCR_FIELDS (UINT32_C(0x7c00000))

/* FPSR's order of the cumulative exception bits (Arm C5.2.9) by bit of fp_flags. */
static const struct {
    uint32_t host, bit;
} fpsr_bits[] = {
    {QH_FP_INVALID,   1u << 0}, /* IOC */
    {QH_FP_DIVZERO,   1u << 1}, /* DZC */
    {QH_FP_OVERFLOW,  1u << 2}, /* OFC */
    {QH_FP_UNDERFLOW, 1u << 3}, /* UFC */
    {QH_FP_INEXACT,   1u << 4}, /* IXC */
#ifdef QH_FP_DENORMAL
    {QH_FP_DENORMAL,  1u << 7}, /* IDC */
#endif
};
#define FPSR_KEPT (UINT32_C(1) << 27 | UINT32_C(1) << 7) /* QC, IDC: fpsr_qc */

uint32_t arm_nzcv(const ArmCpu *cpu)
{
    gboolean narrow = cpu->cc_kind >> 8 == QH_TYPE_I32;
    uint64_t sign = narrow ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
    uint64_t a = cpu->cc_a, b = cpu->cc_b, r = cpu->cc_result;
    uint32_t nzcv;

    if ((cpu->cc_kind & 0xff) == QH_CC_BITS) {
        return (uint32_t)a & 15;
    }
    nzcv = r & sign ? 8 : 0;
    nzcv |= (narrow ? (uint32_t)r == 0 : r == 0) ? 4 : 0;
    switch (cpu->cc_kind & 0xff) {
    case QH_CC_ADD:
    case QH_CC_ADC:
        nzcv |= ((a & b) | ((a | b) & ~r)) & sign ? 2 : 0;
        nzcv |= ~(a ^ b) & (a ^ r) & sign ? 1 : 0;
        break;
    case QH_CC_SUB_NB:
        nzcv |= ((~a & b) | ((~a | b) & r)) & sign ? 0 : 2;
        nzcv |= (a ^ b) & (a ^ r) & sign ? 1 : 0;
        break;
    default: /* QH_CC_LOGIC */
        break;
    }
    return nzcv;
}

void arm_set_nzcv(ArmCpu *cpu, uint32_t nzcv)
{
    cpu->cc_kind = QH_CC_BITS | QH_TYPE_I64 << 8;
    cpu->cc_a = nzcv & 15;
    cpu->cc_b = cpu->cc_result = 0;
}

uint64_t arm_fpsr(const ArmCpu *cpu)
{
    uint32_t value = cpu->fpsr_qc & FPSR_KEPT;

    value |= cpu->saturated != 0 ? UINT32_C(1) << 27 : 0;
    for (uint32_t i = 0; i < G_N_ELEMENTS(fpsr_bits); i++) {
        value |= cpu->base.fp_flags & fpsr_bits[i].host ? fpsr_bits[i].bit : 0;
    }
    return value;
}

void arm_set_fpsr(ArmCpu *cpu, uint64_t value)
{
    cpu->base.fp_flags = 0;
    cpu->fpsr_qc = (uint32_t)value & FPSR_KEPT;
    cpu->saturated = 0;
    for (uint32_t i = 0; i < G_N_ELEMENTS(fpsr_bits); i++) {
        cpu->base.fp_flags |= value & fpsr_bits[i].bit ? fpsr_bits[i].host : 0;
        if (value & fpsr_bits[i].bit) {
            cpu->fpsr_qc &= ~fpsr_bits[i].bit;
        }
    }
}

void arm_set_fpcr(ArmCpu *cpu, uint64_t value)
{
    cpu->fpcr = (uint32_t)value & (FPCR_FIELDS | (cpu->has_fp16 ? UINT32_C(1) << 19 : 0));
    arm_cpu_update_key(cpu);
}

/* HCR_EL2.{E2H, TGE}: the EL2&0 regime is that of EL0, too. */
static gboolean is_host(const ArmCpu *cpu)
{
    return (arm_hcr(cpu) & (ARM_HCR_E2H | ARM_HCR_TGE)) == (ARM_HCR_E2H | ARM_HCR_TGE);
}

static uint32_t fetch_index(const ArmCpu *cpu)
{
    switch (cpu->el) {
    case 0:
        return is_host(cpu) ? ARM_MMU_E20_0 : ARM_MMU_E10_0;
    case 1:
        return cpu->system->passing ? ARM_MMU_E10_1_PASS : ARM_MMU_E10_1;
    case 2:
        return arm_hcr(cpu) & ARM_HCR_E2H ? ARM_MMU_E20_2 : ARM_MMU_E2;
    default:
        return ARM_MMU_E3;
    }
}

static uint32_t data_index(uint32_t fetch, uint32_t pan)
{
    if (pan && (fetch == ARM_MMU_E10_1 || fetch == ARM_MMU_E10_1_PASS || fetch == ARM_MMU_E20_2)) {
        return fetch + (ARM_MMU_E10_1_PAN - ARM_MMU_E10_1);
    }
    return fetch;
}

/* LDTR and its like (Arm C3.2.5): as EL0 would, unless UAO. From EL2 only where EL0 is its own. */
static uint32_t unpriv_index(const ArmCpu *cpu, uint32_t data)
{
    if (cpu->el == 1 && !cpu->uao) {
        return cpu->system->passing ? ARM_MMU_E10_0 : ARM_MMU_E10_1_USER;
    }
    return cpu->el == 2 && !cpu->uao && is_host(cpu) ? ARM_MMU_E20_0 : data;
}

/* The level that FP and SIMD instructions trap to, 0: none (Arm D19 "CPACR_EL1", "CPTR_EL2"). */
uint32_t arm_fp_trap_level(const ArmCpu *cpu)
{
    uint64_t hcr = arm_hcr(cpu);
    uint32_t fpen = cpu->cpacr >> 20 & 3;

    if (cpu->el < 2 && !is_host(cpu) && (!(fpen & 1) || (fpen == 1 && cpu->el == 0))) {
        return hcr & ARM_HCR_TGE ? 2 : 1;
    }
    if (cpu->has_el2 && cpu->el < 3) {
        fpen = cpu->cptr_el2 >> 20 & 3;
        if (!(hcr & ARM_HCR_E2H)) {
            return cpu->cptr_el2 & ARM_CPTR_TFP ? 2 : 0;
        }
        if (!(fpen & 1) || (fpen == 1 && cpu->el == 0 && hcr & ARM_HCR_TGE)) {
            return 2;
        }
    }
    return 0;
}

/* TBI of each half of the address space as the level that runs sees it, for data and for pc; both
 * as bits 0 and 1. A regime of one half has it in bit 0. */
static void top_byte(const ArmCpu *cpu, uint32_t regime, uint32_t *ret_data, uint32_t *ret_pc)
{
    uint64_t tcr = cpu->tcr[regime];
    uint32_t tbi, tbid;

    if (arm_has_two_halves(cpu, regime)) {
        tbi = tcr >> 37 & 3;
        tbid = tcr >> 51 & 3;
    } else {
        tbi = tcr >> 20 & 1;
        tbid = tcr >> 29 & 1;
    }
    *ret_data = tbi;
    *ret_pc = cpu->has_pauth ? tbi & ~tbid : tbi;
}

/* Arm D2.12.4: the software step exception is enabled at the level that runs. */
static gboolean is_stepping(const ArmCpu *cpu)
{
    return cpu->mdscr & ARM_MDSCR_SS && arm_debug_enabled(cpu);
}

void arm_cpu_update_key(ArmCpu *cpu)
{
    uint32_t fetch = fetch_index(cpu), data = data_index(fetch, cpu->pan);
    uint32_t regime = arm_regime_level(cpu), tbid, tbii;
    uint64_t sctlr = cpu->sctlr[regime];
    uint64_t key = ARM_KEY_AA64;

    top_byte(cpu, regime, &tbid, &tbii);
    key |= (uint64_t)fetch << ARM_KEY_FETCH_SHIFT;
    key |= (uint64_t)data << ARM_KEY_DATA_SHIFT;
    key |= (uint64_t)unpriv_index(cpu, data) << ARM_KEY_UNPRIV_SHIFT;
    key |= (uint64_t)cpu->el << ARM_KEY_EL_SHIFT;
    key |= (uint64_t)arm_fp_trap_level(cpu) << ARM_KEY_FP_SHIFT;
    key |= (uint64_t)tbid << ARM_KEY_TBID_SHIFT;
    key |= (uint64_t)tbii << ARM_KEY_TBII_SHIFT;
    key |= sctlr & ARM_SCTLR_A ? ARM_KEY_ALIGN : 0;
    if (cpu->sp & 15 && sctlr & (cpu->el == 0 ? ARM_SCTLR_SA0 : ARM_SCTLR_SA)) {
        key |= ARM_KEY_SPALIGN;
    }
    key |= is_stepping(cpu) ? ARM_KEY_SS : 0;
    key |= cpu->il ? ARM_KEY_IL : 0;
    if (cpu->guarded_seen) {
        key |= (uint64_t)ARM_KEY_GUARDED | (uint64_t)(cpu->btype & 3) << ARM_KEY_BTYPE_SHIFT;
    }
    key |= (uint64_t)(cpu->fpcr >> 22 & 3) << ARM_KEY_RMODE_SHIFT;
    key |= cpu->fpcr & 1u << 24 ? (uint64_t)ARM_KEY_FZ : 0;
    key |= cpu->fpcr & 1u << 25 ? (uint64_t)ARM_KEY_DN : 0;
    key |= cpu->fpcr & 1u << 19 ? ARM_KEY_FZ16 : 0;
    key |= cpu->fpcr & 1u << 26 ? ARM_KEY_AHP : 0;
    key |= sctlr & (cpu->el == 0 ? ARM_SCTLR_E0E : ARM_SCTLR_EE) ? ARM_KEY_BE : 0;
    key |= sctlr & ARM_SCTLR_UMA ? ARM_KEY_UMA : 0;
    key |= cpu->has_lse2 && sctlr & ARM_SCTLR_NAA ? ARM_KEY_NAA : 0;
    key |= cpu->el != 0 && !cpu->spsel ? ARM_KEY_SP0 : 0;
    key |= arm_debug_breaks(cpu) ? ARM_KEY_BREAK : 0;
    if (cpu->el < 2 && arm_hcr(cpu) & (ARM_HCR_VI | ARM_HCR_VF | ARM_HCR_VSE)) {
        key |= ARM_KEY_VIRTUAL;
    }
    cpu->base.state_key = key;
}

void arm_cpu_set_el(ArmCpu *cpu, uint32_t el, uint32_t spsel)
{
    uint32_t from = cpu->spsel ? cpu->el : 0, to = spsel ? el : 0;

    if (from != to) {
        cpu->sp_el[from] = cpu->sp;
        cpu->sp = cpu->sp_el[to];
    }
    cpu->spsel = spsel;
    if (cpu->el != el && arm_pmu_counts(cpu)) {
        arm_pmu_set_level(cpu, el);
    }
    cpu->el = el;
}

static const char *model_name(const QhCpu *cpu)
{
    return arm64_cpu_models[cpu->model].name;
}

static void model_defaults(QhCpu *base)
{
    arm_config_defaults(arm_cpu(base), model_name(base));
}

static gboolean realize(QhCpu *base, GError **error)
{
    ArmCpu *cpu = arm_cpu(base);

    if (!arm_config_finish(cpu, model_name(base), error)) {
        return FALSE;
    }
    cpu->system = g_new0(ArmSystem, 1);
    g_mutex_init(&cpu->system->lock);
    arm_sysreg_realize(cpu);
    return arm_timers_realize(cpu, error) && arm_pmu_realize(cpu, error);
}

static void unrealize(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);

    if (cpu->system != NULL) {
        arm_pmu_unrealize(cpu);
        arm_timers_unrealize(cpu);
        g_mutex_clear(&cpu->system->lock);
        g_free(cpu->system->sysregs);
        g_free(cpu->system);
        cpu->system = NULL;
    }
}

/*
 * Arm D1.4.5, "PE state on reset to AArch64": the highest level, SP_ELx, all masked. What is
 * unknown after a reset is zero, registers have their RES1 bits.
 */
static void reset(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);

    arm_sysreg_realize(cpu); /* since realize the board may have added EL2 and a GIC */
    memset(cpu->x, 0, sizeof(cpu->x));
    memset(cpu->v, 0, sizeof(cpu->v));
    memset(cpu->sp_el, 0, sizeof(cpu->sp_el));
    cpu->sp = 0;
    cpu->x[0] = cpu->reset_x0;
    arm_set_nzcv(cpu, 0);
    cpu->exclusive_address = ARM_NO_EXCLUSIVE;
    cpu->fpcr = cpu->fpsr_qc = 0;
    cpu->saturated = 0;
    base->fp_flags = 0;
    cpu->el = cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1;
    cpu->spsel = 1;
    cpu->daif = 15;
    cpu->pan = cpu->uao = cpu->dit = cpu->ssbs = cpu->tco = cpu->ss = cpu->il = cpu->btype = 0;
    cpu->event = cpu->guarded_seen = cpu->tlbi_posted = 0;
    arm_sysreg_reset(cpu);
    base->pc = cpu->rvbar;
    cpu->powered_off = cpu->start_powered_off;
    base->halted = cpu->powered_off;
    arm_timers_reset(cpu);
    arm_pmu_reset(cpu);
    arm_debug_reset(cpu);
    arm_mmu_reset(cpu);
    arm_cpu_update_key(cpu);
}

static gboolean take_interrupt(QhCpu *base)
{
    return arm_take_interrupt(arm_cpu(base));
}

static gboolean has_work(QhCpu *base)
{
    return arm_has_work(arm_cpu(base));
}

static gboolean translate(QhCpu *base,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault)
{
    return arm_mmu_translate(arm_cpu(base), address, access, mmu_index, ret, fault);
}

static gboolean
peek(QhCpu *base, uint64_t address, uint32_t access, uint32_t mmu_index, QhTranslation *ret)
{
    return arm_mmu_peek(arm_cpu(base), address, access, mmu_index, ret);
}

static void mem_fault(QhCpu *base, const QhMemFault *fault)
{
    arm_mmu_fault(arm_cpu(base), fault);
}

static void raise_exception(QhCpu *base, uint32_t cause, uint64_t payload)
{
    arm_raise_cause(arm_cpu(base), cause, payload);
}

static char *describe(QhCpu *base)
{
    return arm_cpu_describe(arm_cpu(base));
}

static gboolean debug_translate(QhCpu *base, uint64_t address, uint64_t *ret_phys)
{
    return arm_mmu_debug_translate(arm_cpu(base), address, ret_phys);
}

/* A debugger may write what no instruction could: the nearest thing that one could have. */
static void state_written(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t highest = cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1;

    cpu->el = MIN(cpu->el, highest);
    cpu->spsel = cpu->spsel != 0 && cpu->el != 0;
    cpu->daif &= 15;
    cpu->btype &= 3;
    cpu->x[31] = 0;
    arm_set_fpcr(cpu, cpu->fpcr);
    arm_mmu_reset(cpu);
    arm_timers_update(cpu);
    arm_cpu_update_key(cpu);
    arm_irq_update(cpu);
}

/* Linux, struct user_pt_regs: x0 to x30, sp, pc, pstate. */
static uint32_t core_registers(QhCpu *base, void *ret_buffer, uint32_t room)
{
    const ArmCpu *cpu = (const ArmCpu *)base;
    uint8_t *at = ret_buffer;

    for (uint32_t i = 0; i < 34 && (i + 1) * 8 <= room; i++) {
        uint64_t value = i < 31    ? cpu->x[i]
                         : i == 31 ? cpu->sp
                         : i == 32 ? base->pc
                                   : arm_spsr_now(cpu);
        at = cpu_state_put(at, value, 8);
    }
    return (uint32_t)(at - (uint8_t *)ret_buffer);
}

static const QhStateField fields[] = {
#define ARM_STATE(id, ...) CPU_STATE_FIELD(ArmCpu, __VA_ARGS__)
#include "modules/arm/cpu-state.def"
#undef ARM_STATE
};

static const QhStateTable state = QH_STATE_TABLE(fields, 0);

const QhCpuOps arm64_cpu_ops = {
    .size = sizeof(QhCpuOps),
    .state_size = sizeof(ArmCpu),
    .state = &state,
    .properties = &arm_cpu_properties,
    .models = arm64_cpu_models,
    .n_models = ARM64_N_MODELS,
    .model_size = sizeof(QhCpuModel),
    .n_irq_lines = ARM_N_IRQ,
    .model_defaults = model_defaults,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .take_interrupt = take_interrupt,
    .has_work = has_work,
    .translate = translate,
    .mem_fault = mem_fault,
    .raise = raise_exception,
    .debug_translate = debug_translate,
    .describe = describe,
    .state_written = state_written,
    .core_registers = core_registers,
    .peek = peek,
};
