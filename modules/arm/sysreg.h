/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System registers and system instructions as one table (sysreg.def), looked up by encoding.
 *
 * An access is checked in the manual's order: does the register exist (needs), may this level touch
 * it (rights), is it trapped (trap), then read or written.
 */
#ifndef ARM_SYSREG_H
#define ARM_SYSREG_H

#include "modules/arm/cpu.h"

/* Encoding as bits 20-5 of MRS and MSR have it: op0 in 15-14, op1 13-11, CRn 10-7, CRm 6-3, op2. */
#define ARM_SYSREG(op0, op1, crn, crm, op2)                                                        \
    ((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))
#define ARM_SYSREG_OF_INSN(insn) (((insn) >> 5) & 0xffffu)

/* Rights: who may read and write, lowest level first. */
#define ARM_R0 (1u << 0)
#define ARM_W0 (1u << 1)
#define ARM_R1 (1u << 2)
#define ARM_W1 (1u << 3)
#define ARM_R2 (1u << 4)
#define ARM_W2 (1u << 5)
#define ARM_R3 (1u << 6)
#define ARM_W3 (1u << 7)

struct ArmSysreg;
/* *@ret_value has the register's value. FALSE: an exception has been entered. [vcpu] */
typedef gboolean (*ArmSysregRead)(ArmCpu *cpu, const struct ArmSysreg *reg, uint64_t *ret_value);
typedef gboolean (*ArmSysregWrite)(ArmCpu *cpu, const struct ArmSysreg *reg, uint64_t value);
/* TRUE: go on. FALSE: the access is trapped, and the trap has been entered. */
typedef gboolean (*ArmSysregTrap)(ArmCpu *cpu, const struct ArmSysreg *reg, gboolean write);

/* What a trap function ends with when the access is trapped: enters EC 0x18 with the syndrome of
 * the MRS, MSR or SYS that is being done, at @level. Returns FALSE. (sysreg.c) */
gboolean
arm_sysreg_trap_to(ArmCpu *cpu, const struct ArmSysreg *reg, gboolean write, uint32_t level);

typedef struct ArmSysreg {
    const char *name;
    uint32_t encoding;
    uint32_t rights;
    gboolean (*needs)(const ArmCpu *cpu); /* NULL: always there */
    ArmSysregTrap trap;                   /* NULL: none but those of rights */
    ArmSysregRead read;                   /* NULL: the 64 bits at offset */
    ArmSysregWrite write;                 /* NULL: the bits of mask at offset */
    uint32_t offset;                      /* into ArmCpu */
    /* IR slot that translated code may read and write (the bits of mask) itself where rights allow
     * it and trap is NULL or the CPU has no EL2; 0: none */
    uint32_t slot;
    uint64_t mask; /* bits that a plain write changes */
} ArmSysreg;

/* Register @encoding as @cpu has it now, redirected for E2H; NULL: unallocated. [vcpu] */
const ArmSysreg *arm_sysreg_find(const ArmCpu *cpu, uint32_t encoding);
/* The same for code that runs under @state_key. [any] */
const ArmSysreg *arm_sysreg_find_under(const ArmCpu *cpu, uint64_t state_key, uint32_t encoding);

/* Fill the look-up table anew: the configuration is known, or has changed. [main] */
void arm_sysreg_realize(ArmCpu *cpu);
/* Registers as a reset leaves them, but those of timer.c, debug.c, pmu.c. */
void arm_sysreg_reset(ArmCpu *cpu);

/* Groups of rows by the file that has their functions: tables ended by name NULL. */
extern const ArmSysreg arm_sysregs_id[];     /* sysreg-id.c */
extern const ArmSysreg arm_sysregs_base[];   /* sysreg-base.c: control, exceptions, PSTATE */
extern const ArmSysreg arm_sysregs_el2[];    /* sysreg-el2.c */
extern const ArmSysreg arm_sysregs_memory[]; /* sysreg-memory.c: translation, TLBI, AT, caches */
extern const ArmSysreg arm_sysregs_timer[];  /* timer.c */
extern const ArmSysreg arm_sysregs_debug[];  /* debug.c */
extern const ArmSysreg arm_sysregs_pmu[];    /* pmu.c: performance monitors */
extern const ArmSysreg arm_sysregs_gic[];    /* gic-cpu.c: ICC_*, ICH_* */

#endif
