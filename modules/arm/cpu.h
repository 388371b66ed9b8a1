/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a processing element (PE), and what translated code may assume about it. Manual: Arm
 * Architecture Reference Manual for A-profile, DDI 0487 ("Arm").
 *
 * Registers. x[31] is hard-wired zero, so that a register number is a slot number; sp is the
 * current stack pointer. Those of the other levels wait in sp_el; arm_cpu_set_el and MSR SPSel
 * exchange them. A write to a W register zeroes the upper half.
 *
 * Condition flags. The lazy slots cc_* hold the operands of the last setflags record. C code reads
 * and writes NZCV with arm_nzcv and arm_set_nzcv only.
 *
 * Vectors. v[N] is a whole V register; a scalar write zeroes what lies above it.
 */
#ifndef ARM_CPU_H
#define ARM_CPU_H

#include "abi/cpu.h"
#include "modules/arm/cpu-key.h"
#include "modules/arm/services.h"

/* The stack pointers, and the banked registers, are indexed by exception level. */
#define ARM_N_EL 4u

/* Generic timers of a PE (Arm D12): index of ArmCpu.timer and of the lines that leave it. */
#define ARM_TIMER_PHYS  0u /* CNTP, EL1 physical */
#define ARM_TIMER_VIRT  1u /* CNTV */
#define ARM_TIMER_HYP   2u /* CNTHP, EL2 physical */
#define ARM_TIMER_HVIRT 3u /* CNTHV, EL2 virtual (VHE) */
#define ARM_N_TIMERS    4u

typedef struct ArmTimer {
    uint64_t cval; /* CNT*_CVAL_EL* */
    uint32_t ctl;  /* ENABLE and IMASK; ISTATUS is computed */
} ArmTimer;

/* Conduit of PSCI calls (DEN 0022, 5.2). */
#define ARM_PSCI_NONE 0u
#define ARM_PSCI_SMC  1u
#define ARM_PSCI_HVC  2u

/* Power of a PE, as AFFINITY_INFO has it (DEN 0022, 5.7). PENDING: CPU_ON was called for it. */
#define ARM_POWER_ON      0u
#define ARM_POWER_OFF     1u
#define ARM_POWER_PENDING 2u

#define ARM_MAX_BREAKPOINTS 16u
#define ARM_MAX_COUNTERS    31u

#define ARM_EVENT_SET   1u
#define ARM_EVENT_WAITS 2u /* halted in WFE */
#define ARM_EVENT_ANY   3u

typedef struct ArmCpu {
    QhCpu base;     /* fp_flags: QH_FP_ bits; arm_fpsr puts them in FPSR's order */
    uint64_t x[32]; /* x[31] stays 0 */
    uint64_t sp;    /* of the level and SPSel that run */
    uint64_t sp_el[ARM_N_EL];
    unsigned __int128 v[32] __attribute__((aligned(64)));

    uint32_t cc_kind; /* lazy_slots of the translator, abi/ir.h QH_CC_ */
    uint64_t cc_a, cc_b, cc_result;

    /* Local monitor: what the last load-exclusive read, and where. */
    uint64_t exclusive_address; /* virtual; ARM_NO_EXCLUSIVE when the monitor is open */
    uint64_t exclusive_value, exclusive_high;
    uint32_t exclusive_bytes; /* 1 .. 16 */

    uint32_t fpcr;               /* the bits that FPCR has, none else */
    uint32_t fpsr_qc;            /* FPSR.QC: 0 or 1 << 27; and IDC, 1 << 7 */
    unsigned __int128 saturated; /* not 0: FPSR.QC is 1, too; kept by translated code */

    /* PSTATE (Arm D1.4) besides NZCV, a byte's worth each. */
    uint32_t el;    /* 0 .. 3 */
    uint32_t spsel; /* 0: SP_EL0 */
    uint32_t daif;  /* D A I F, bits 3 .. 0 */
    uint32_t pan, uao, dit, ssbs, tco, ss, il;
    uint32_t btype; /* 0 .. 3 */

    /* Banked by the level that takes the exception; index 0 is unused. */
    uint64_t elr[ARM_N_EL], spsr[ARM_N_EL], esr[ARM_N_EL], far[ARM_N_EL], vbar[ARM_N_EL];
    uint64_t sctlr[ARM_N_EL], tcr[ARM_N_EL], ttbr0[ARM_N_EL], ttbr1[ARM_N_EL], mair[ARM_N_EL];
    uint64_t tpidr[ARM_N_EL]; /* TPIDR_EL0 .. 3 */
    uint64_t tpidrro, contextidr[ARM_N_EL], scxtnum[ARM_N_EL];
    uint64_t actlr[ARM_N_EL], afsr0[ARM_N_EL], afsr1[ARM_N_EL], amair[ARM_N_EL];
    uint64_t cpacr, cptr_el2, csselr, par, mdscr, mdccint, osdlr, oslar;
    uint64_t hcr, hstr, vttbr, vtcr, vpidr, vmpidr, hpfar, mdcr_el2, hacr, vsesr, vdisr, disr;
    uint64_t key[5][2]; /* PAuth: APIA, APIB, APDA, APDB, APGA; low, high */

    /* Generic timer (timer.c) */
    ArmTimer timer[ARM_N_TIMERS];
    uint64_t cntkctl, cnthctl, cntvoff;
    uint64_t cntfrq; /* register; cntfrq_hz is what the counter does */

    /* PMU (pmu.c) and debug (debug.c) */
    uint64_t pmcr, pmcnten, pminten, pmovs, pmselr, pmuserenr, pmccfiltr, pmccntr;
    uint64_t pmevcntr[ARM_MAX_COUNTERS], pmevtyper[ARM_MAX_COUNTERS];
    uint64_t pm_cycles, pm_insns; /* up to when the counters have counted */
    uint32_t pm_line;             /* level that was last driven */
    uint64_t dbgbvr[ARM_MAX_BREAKPOINTS], dbgbcr[ARM_MAX_BREAKPOINTS];
    uint64_t dbgwvr[ARM_MAX_BREAKPOINTS], dbgwcr[ARM_MAX_BREAKPOINTS];

    uint32_t irq_pending;       /* what trap.c last found; internal */
    uint32_t powered_off;       /* ARM_POWER_; atomic */
    uint64_t on_pc, on_context; /* PSCI: what CPU_ON passes to a PE that is PENDING */
    uint32_t event;             /* ARM_EVENT_: the event register of WFE and SEV; atomic */
    uint32_t tlbi_posted;       /* other PEs have been asked for a TLBI since the last DSB */
    uint32_t guarded_seen;      /* a page with GP = 1 was translated: from then on BTYPE is kept */

    /* Properties and what the model has; fixed after realize (models.c). */
#define ARM_FEATURE(member, name, architecture, description) uint8_t has_##member;
#include "modules/arm/features.def"
#undef ARM_FEATURE
    uint8_t has_el2, has_el3;
    uint8_t start_powered_off; /* secondary CPUs under PSCI */
    uint8_t psci_conduit;      /* ARM_PSCI_ */
    uint8_t pauth_impdef;      /* the fast hash in place of QARMA5 */
    uint8_t pmu;               /* property: counters there */
    uint8_t n_breakpoints, n_watchpoints, n_counters;
    uint8_t pa_bits;     /* 32 .. 52 */
    uint8_t dcz_log2;    /* log2 of words that DC ZVA zeroes */
    uint16_t sve_vl_max; /* bytes; 0: no SVE */
    uint64_t mpidr;      /* affinity; set by the board, or from the index */
    uint64_t cntfrq_hz;
    uint64_t rvbar;    /* pc after a reset */
    uint64_t reset_x0; /* x0 after a reset: Linux's device tree, set by the board */
    struct ArmIdRegs {
        uint64_t midr, revidr, aidr, ctr, clidr, ccsidr[8];
        uint64_t pfr0, pfr1, pfr2, zfr0, smfr0, dfr0, dfr1, afr0, afr1;
        uint64_t isar0, isar1, isar2, mmfr0, mmfr1, mmfr2, mmfr3, mmfr4;
        uint64_t pmceid0, pmceid1;
    } id; /* ID_AA64*_EL1 and their like, derived from has_* by models.c */

    struct ArmGicCpu *gic;          /* gic.h: this PE's GIC interface; NULL: no ICC registers */
    QhIrq *timer_irq[ARM_N_TIMERS]; /* where the timers' lines lead; the board sets them */
    QhIrq *pmu_irq;
    QhMachine *machine;       /* for its device lock; NULL without a board */
    struct ArmSystem *system; /* system.h: what is derived from the rest, and timers */
} ArmCpu;

#define ARM_NO_EXCLUSIVE UINT64_MAX

/* ARM_SLOT_X0 ...: numbers of the rows of cpu-state.def, which are the state slots of the IR. */
#define ARM_STATE(id, name, member, count, type, klass, flags, hot) ARM_SLOT_##id,
enum {
#include "modules/arm/cpu-state.def"
    ARM_N_SLOTS
};
#undef ARM_STATE
#define ARM_SLOT_X(n) (ARM_SLOT_X0 + (n)) /* 31: the zero register */
#define ARM_SLOT_V(n) (ARM_SLOT_V0 + (n))

static inline ArmCpu *arm_cpu(QhCpu *cpu)
{
    return (ArmCpu *)cpu;
}

static inline const ArmTarget *arm_target(const QhCpu *cpu)
{
    return (const ArmTarget *)cpu->ctx;
}

static inline const TargetServices *arm_services(const ArmCpu *cpu)
{
    return &arm_target(&cpu->base)->services;
}

/* NZCV as bits 3 .. 0 (N is bit 3), from and into the lazy slots. [vcpu] (cpu.c) */
uint32_t arm_nzcv(const ArmCpu *cpu);
void arm_set_nzcv(ArmCpu *cpu, uint32_t nzcv);

/* FPSR and FPCR as registers. The caller ends the block after a write of FPCR. [vcpu] (cpu.c) */
uint64_t arm_fpsr(const ArmCpu *cpu);
void arm_set_fpsr(ArmCpu *cpu, uint64_t value);
void arm_set_fpcr(ArmCpu *cpu, uint64_t value);

/* Recompute base.state_key from the rest of the state. The caller ends the block. [vcpu] */
void arm_cpu_update_key(ArmCpu *cpu);

/* Go to level @el with stack pointer select @spsel: exchanges sp. The caller updates the key.
 * [vcpu] (cpu.c) */
void arm_cpu_set_el(ArmCpu *cpu, uint32_t el, uint32_t spsel);

/* HCR_EL2 as it takes effect: 0 without EL2 (Arm D19 "HCR_EL2", effective values). */
static inline uint64_t arm_hcr(const ArmCpu *cpu)
{
    return cpu->has_el2 ? cpu->hcr : 0;
}

#endif
