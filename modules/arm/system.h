/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged half of a PE: what its sources tell each other. All calls are [vcpu]. */
#ifndef ARM_SYSTEM_H
#define ARM_SYSTEM_H

#include "modules/arm/cpu.h"

/* TLBI that other PEs have asked of this one and that it has not done yet. */
typedef struct ArmTlbi {
    uint32_t op;
    uint64_t value;
} ArmTlbi;
#define ARM_TLBI_ROOM 32u

#define ARM_PASSING_ARRIVED 1u /* by an exception, in the context that EL0 had */
#define ARM_PASSING_SET     2u /* in a context that it has set since */

/* Derived from the registers, so it is no part of a snapshot. */
#define ARM_GUARDED_ROOM 16u
typedef struct ArmSystem {
    QhTimer *timer[ARM_N_TIMERS];
    /* Level that timer N has driven; no register, because the host's timers change it while the PE
     * runs. */
    uint8_t timer_line[ARM_N_TIMERS];
    QhTimer *pmu_timer;               /* pmu.c; NULL: no counters */
    const struct ArmSysreg **sysregs; /* sysreg.c: by hash of the encoding */
    /* mmu.c: contexts that the host was told for EL0, for EL1, for where EL1 is only passing, for
     * the EL2&0 regime; UINT64_MAX: none yet. */
    uint64_t context_el0, context_el1, context_pass, context_host;
    uint32_t passing;     /* EL1 is, under ARM_MMU_E10_1_PASS: ARM_PASSING_... */
    uint32_t low_global;  /* a translation of TTBR0's half may be cached that all ASIDs have */
    uint32_t stage2_seen; /* HCR_EL2.VM was set: no EL1&0 translation is global any more */
    uint32_t tagged_seen; /* addresses have been cached whose top byte was ignored */
    /* mmu.c: what is known of code pages, ARM_GUARDED_...; as good as a TLB entry, and forgotten
     * with those. */
    uint64_t guarded[ARM_GUARDED_ROOM];
    uint32_t access; /* sysreg.c: instruction of the access that is being done */
    GMutex lock;     /* of what follows */
    ArmTlbi tlbi[ARM_TLBI_ROOM];
    uint32_t n_tlbi; /* more than ARM_TLBI_ROOM: forget all */
} ArmSystem;

/* trap.c: enter exception with syndrome @esr at base.pc, at @level (0: the level that the state
 * routes it to), FAR @far when the class has one; sets base.unwind. */
void arm_cpu_raise(ArmCpu *cpu, uint32_t level, uint64_t esr, uint64_t far);
/* Undefined instruction at the current level, or the trap that HCR_EL2.TGE makes of it. */
void arm_raise_undefined(ArmCpu *cpu);
/* A raise record's ARM_RAISE_... @cause. */
void arm_raise_cause(ArmCpu *cpu, uint32_t cause, uint64_t payload);
/* The level that FP and SIMD instructions trap to, 0: none (cpu.c). */
uint32_t arm_fp_trap_level(const ArmCpu *cpu);
gboolean arm_take_interrupt(ArmCpu *cpu);
gboolean arm_has_work(ArmCpu *cpu);
/* Something that decides about interrupts changed: look again soon. */
void arm_irq_update(ArmCpu *cpu);
/* SPSR of the present state, and the state from @spsr (D1.4, C5.2.18). */
uint64_t arm_spsr_now(const ArmCpu *cpu);

/* models.c */
#define ARM64_N_MODELS 7u /* cortex-a53 a55 a57 a72 a76, neoverse-n1, max */
extern const QhCpuModel arm64_cpu_models[ARM64_N_MODELS];
extern const QhPropertyTable arm_cpu_properties;
void arm_config_defaults(ArmCpu *cpu, const char *model);
/* Check the properties, derive id from has_*. */
gboolean arm_config_finish(ArmCpu *cpu, const char *model, GError **error);

/* mmu.c: the fault's payload is the syndrome of a data or instruction abort from a lower level,
 * with the level it goes to in bits 63-62 (0: the usual one); its cause is HPFAR_EL2 for stage 2.
 */
gboolean arm_mmu_translate(ArmCpu *cpu,
                           uint64_t address,
                           uint32_t access,
                           uint32_t mmu_index,
                           QhTranslation *ret,
                           QhMemFault *fault);
/* The same if no table would be written and no register either; without faults. */
gboolean arm_mmu_peek(
    ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t mmu_index, QhTranslation *ret);
gboolean arm_mmu_debug_translate(ArmCpu *cpu, uint64_t address, uint64_t *ret_phys);
void arm_mmu_fault(ArmCpu *cpu, const QhMemFault *fault);
/* A register that translation depends on has its new value: TTBR, TCR, SCTLR, MAIR, HCR, VTTBR.
 * Sets the context by ASID and VMID, flushes what must be; the state key may be new. */
void arm_mmu_changed(ArmCpu *cpu);
void arm_mmu_ttbr_written(ArmCpu *cpu);
/* The PE has come from level @from; arm_cpu_update_key is still to be called. */
void arm_mmu_level_changed(ArmCpu *cpu, uint32_t from);
/* All registers are new; the host forgets translations itself. */
void arm_mmu_reset(ArmCpu *cpu);
/* Whether the page at @address, where the PE executes, has GP = 1 (FEAT_BTI). */
gboolean arm_mmu_is_guarded(ArmCpu *cpu, uint64_t address);
/* Translations are forgotten, or are others. [vcpu] */
void arm_mmu_forget_guarded(ArmCpu *cpu);
/* TLBI, AT: @op is the encoding op1:CRn:CRm:op2 as in sysreg.h. IS and OS forms reach all PEs. */
void arm_tlbi(ArmCpu *cpu, uint32_t op, uint64_t value);
void arm_at(ArmCpu *cpu, uint32_t op, uint64_t address);

/* timer.c: registers are rows of sysreg.def. */
gboolean arm_timers_realize(ArmCpu *cpu, GError **error);
void arm_timers_unrealize(ArmCpu *cpu);
void arm_timers_reset(ArmCpu *cpu);    /* under the device lock */
uint64_t arm_count(const ArmCpu *cpu); /* CNTPCT */
void arm_timers_update(ArmCpu *cpu);   /* their registers were set from outside */

/* psci.c: TRUE when the call in x0 was one (x0 has the result), FALSE: not handled. */
gboolean arm_psci_call(ArmCpu *cpu);
/* The PE is off: start it if it is PENDING, in place of an interrupt. Whether it did. */
gboolean arm_psci_start(ArmCpu *cpu);

/* describe.c: text of `info registers`; the caller g_frees it. */
char *arm_cpu_describe(ArmCpu *cpu);

#endif
