/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the tables in sysreg-base.c, sysreg-el2.c and sysreg-memory.c, and functions that all of
 * their rows may name. */
#ifndef ARM_SYSREG_ROWS_H
#define ARM_SYSREG_ROWS_H

#include "modules/arm/sysreg.h"

/* Rights: from that level upwards. */
#define ARM_RO3 ARM_R3
#define ARM_RO2 (ARM_R2 | ARM_RO3)
#define ARM_RO1 (ARM_R1 | ARM_RO2)
#define ARM_WO3 ARM_W3
#define ARM_WO2 (ARM_W2 | ARM_WO3)
#define ARM_WO1 (ARM_W1 | ARM_WO2)
#define ARM_WO0 (ARM_W0 | ARM_WO1)
#define ARM_RW2 (ARM_RO2 | ARM_WO2)
#define ARM_RW1 (ARM_RO1 | ARM_WO1)
#define ARM_RW0 (ARM_RW1 | ARM_R0 | ARM_W0)

/* Functions for reading and writing. */
#define ARM_ROW_CODE(name_, op1, crn, crm, op2, rights_, needs_, trap_, read_, write_)             \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, op1, crn, crm, op2),                                               \
     .rights = rights_,                                                                            \
     .needs = needs_,                                                                              \
     .trap = trap_,                                                                                \
     .read = read_,                                                                                \
     .write = write_},
/* 64 bits at @member, of which those in @mask are written. */
#define ARM_ROW_MASK(name_, op1, crn, crm, op2, rights_, needs_, trap_, member, mask_)             \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, op1, crn, crm, op2),                                               \
     .rights = rights_,                                                                            \
     .needs = needs_,                                                                              \
     .trap = trap_,                                                                                \
     .offset = offsetof(ArmCpu, member),                                                           \
     .mask = mask_},
/* The same, and translated code may do it. */
#define ARM_ROW_SLOT(name_, op1, crn, crm, op2, rights_, trap_, member, slot_, mask_)              \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, op1, crn, crm, op2),                                               \
     .rights = rights_,                                                                            \
     .trap = trap_,                                                                                \
     .offset = offsetof(ArmCpu, member),                                                           \
     .slot = slot_,                                                                                \
     .mask = mask_},
/* 64 bits at @member that @write changes. */
#define ARM_ROW_WRITE(name_, op1, crn, crm, op2, rights_, needs_, trap_, member, write_)           \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, op1, crn, crm, op2),                                               \
     .rights = rights_,                                                                            \
     .needs = needs_,                                                                              \
     .trap = trap_,                                                                                \
     .write = write_,                                                                              \
     .offset = offsetof(ArmCpu, member)},
/* SYS: only its writing. */
#define ARM_ROW_SYS(name_, op1, crn, crm, op2, rights_, needs_, trap_, write_)                     \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(1u, op1, crn, crm, op2),                                               \
     .rights = rights_,                                                                            \
     .needs = needs_,                                                                              \
     .trap = trap_,                                                                                \
     .write = write_},

/* sysreg-base.c: registers that read as 0 and ignore writes. */
gboolean arm_sysreg_zero(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value);
gboolean arm_sysreg_no_effect(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value);
/* HCR_EL2.TVM and TRVM: registers that control virtual memory. */
gboolean arm_trap_tvm(ArmCpu *cpu, const ArmSysreg *reg, gboolean write);
gboolean arm_needs_el2(const ArmCpu *cpu);

/* SCTLR_ELx (sysreg-memory.c): bits that are always 1; @value as the register takes it; and what
 * follows from a new value of that of @level. */
uint64_t arm_sctlr_res1(const ArmCpu *cpu);
uint64_t arm_sctlr_value(const ArmCpu *cpu, uint64_t value);
void arm_sctlr_written(ArmCpu *cpu, uint32_t level, uint64_t value);

/* A trap that the MRS, MSR or SYS @insn makes itself, at @level. (sysreg.c) */
void arm_sysreg_trap_insn(ArmCpu *cpu, uint32_t insn, uint32_t level);
/* Whether an address that cache maintenance was given may be touched; FALSE: its fault has been
 * entered. (cache.c) */
gboolean arm_cache_check(ArmCpu *cpu, uint64_t address, gboolean write);

#endif
