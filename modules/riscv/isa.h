/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hart implements, as boards and device trees want to hear it. */
#ifndef RV_ISA_H
#define RV_ISA_H

#include "abi/cpu.h"

/* "rv64imafdc_zicbom_..." as `riscv,isa` wants it; the caller g_frees it. [any] */
char *rv_isa_string(QhCpu *cpu);

/* The names of `riscv,isa-extensions` in order, NULL-terminated; the caller g_strfreevs it. [any]
 */
char **rv_isa_extensions(QhCpu *cpu);

/* `riscv,isa-base`: "rv32i" or "rv64i". [any] */
const char *rv_isa_base(QhCpu *cpu);

/* `mmu-type`: "riscv,sv57" and so on, the widest mode; "riscv,none" without an MMU. [any] */
const char *rv_isa_mmu_type(QhCpu *cpu);

/* `riscv,cbom-block-size` and so on; 0 when the hart lacks the extension. [any] */
uint32_t rv_isa_cbom_bytes(QhCpu *cpu);
uint32_t rv_isa_cbop_bytes(QhCpu *cpu);
uint32_t rv_isa_cboz_bytes(QhCpu *cpu);

/* `timebase-frequency`. [any] */
uint64_t rv_isa_timebase_hz(QhCpu *cpu);

#endif
