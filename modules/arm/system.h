/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged half of a PE: what its sources tell each other. All calls are [vcpu]. */
#ifndef ARM_SYSTEM_H
#define ARM_SYSTEM_H

#include "modules/arm/cpu.h"

/* Derived from the registers, so it is no part of a snapshot. */
typedef struct ArmSystem {
    QhTimer *timer[ARM_N_TIMERS];
} ArmSystem;

/* trap.c: enter exception with syndrome @esr at base.pc, at @level (0: the level that the state
 * routes it to), FAR @far when the class has one; sets base.unwind. */
void arm_cpu_raise(ArmCpu *cpu, uint32_t level, uint64_t esr, uint64_t far);
/* Undefined instruction at the current level, or the trap that HCR_EL2.TGE makes of it. */
void arm_raise_undefined(ArmCpu *cpu);
gboolean arm_take_interrupt(ArmCpu *cpu);
gboolean arm_has_work(ArmCpu *cpu);
/* Something that decides about interrupts changed: look again soon. */
void arm_irq_update(ArmCpu *cpu);
/* SPSR of the present state, and the state from @spsr (D1.4, C5.2.18). */
uint64_t arm_spsr_now(const ArmCpu *cpu);

/* models.c */
extern const QhCpuModel arm64_cpu_models[];
extern const uint32_t arm64_n_cpu_models;
extern const QhPropertyTable arm_cpu_properties;
void arm_config_defaults(ArmCpu *cpu, const char *model);
/* Check the properties, derive id from has_*. */
gboolean arm_config_finish(ArmCpu *cpu, const char *model, GError **error);

/* mmu.c: the fault's cause is 0 and its payload the syndrome of a data or instruction abort, with
 * EC, WnR and the level it goes to in bits 63-62; HPFAR in cpu->system for stage 2. */
gboolean arm_mmu_translate(ArmCpu *cpu,
                           uint64_t address,
                           uint32_t access,
                           uint32_t mmu_index,
                           QhTranslation *ret,
                           QhMemFault *fault);
gboolean arm_mmu_debug_translate(ArmCpu *cpu, uint64_t address, uint64_t *ret_phys);
void arm_mmu_fault(ArmCpu *cpu, const QhMemFault *fault);
/* Whether the page at @pc, which is being executed, has GP = 1 (FEAT_BTI). */
gboolean arm_mmu_is_guarded(ArmCpu *cpu, uint64_t pc);
/* A register that translation depends on has its new value: TTBR, TCR, SCTLR, MAIR, HCR, VTTBR.
 * Sets the context by ASID and VMID, flushes what must be. */
void arm_mmu_changed(ArmCpu *cpu);
void arm_mmu_ttbr_written(ArmCpu *cpu);
/* TLBI, AT: @op is the encoding op1:CRn:CRm:op2 as in sysreg.h. IS and OS forms reach all PEs. */
void arm_tlbi(ArmCpu *cpu, uint32_t op, uint64_t value);
void arm_at(ArmCpu *cpu, uint32_t op, uint64_t address);

/* timer.c: registers are rows of sysreg.def. */
gboolean arm_timers_realize(ArmCpu *cpu, GError **error);
void arm_timers_unrealize(ArmCpu *cpu);
void arm_timers_reset(ArmCpu *cpu);
uint64_t arm_count(const ArmCpu *cpu); /* CNTPCT */
void arm_timers_update(ArmCpu *cpu);   /* a register of theirs or CNTVOFF changed */

/* psci.c: TRUE when the call in x0 was one (x0 has the result), FALSE: not handled. */
gboolean arm_psci_call(ArmCpu *cpu);

/* describe.c: text of `info registers`; the caller g_frees it. */
char *arm_cpu_describe(ArmCpu *cpu);

#endif
