/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hart implements: the extensions of ext.def and the numbers beside them. The members are
 * the targets of -cpu properties; nothing changes them after realize.
 */
#ifndef QH_RISCV_ISA_H
#define QH_RISCV_ISA_H

#include "abi/cpu.h"

/* Values of an extension's member; any nonzero value means that the hart has it. */
#define RV_EXT_OFF     0u
#define RV_EXT_ON      1u /* the user asked for it */
#define RV_EXT_DEFAULT 2u /* the model has it; given up when what it needs is turned off */

typedef struct RvConfig {
#define RV_EXT(id, kind, models, description) uint8_t id;
#include "modules/riscv/ext.def"
#undef RV_EXT
    uint8_t mmu; /* properties of the same name; */
    uint8_t pmp;
    uint8_t n_pmp;   /* num-pmp-regions: 0 .. 64 */
    uint8_t xlen;    /* 32 or 64, from the target */
    uint8_t n_hpm;   /* pmu-num: hpmcounters from 3 on that count something (0 .. 29) */
    uint16_t cbom_bytes, cbop_bytes, cboz_bytes; /* cache-block sizes, powers of two */
    uint32_t mvendorid;
    uint64_t marchid, mimpid;
    uint64_t timebase_hz; /* timebase-frequency: of `time` */
} RvConfig;

/* Check and complete @config after the user's properties. FALSE with @error set on a combination
 * that the manual rules out. [main] */
gboolean rv_config_finish(RvConfig *config, GError **error);

/* misa's extension bits (Priv. 3.1.1). [any] */
uint64_t rv_config_misa(const RvConfig *config);

/* "rv64imafdc_zicbom_..." as `riscv,isa` wants it; the caller g_frees it. [any] */
char *rv_isa_string(QhCpu *cpu);

/* The names of `riscv,isa-extensions` in order, NULL-terminated; the caller g_strfreevs it. The
 * base for `riscv,isa-base` is "rv32i" or "rv64i". [any] */
char **rv_isa_extensions(QhCpu *cpu);
const char *rv_isa_base(QhCpu *cpu);

/* "riscv,sv57" and so on: the widest mode, for `mmu-type`; "riscv,none" without an MMU. [any] */
const char *rv_mmu_type(QhCpu *cpu);

/* The configuration of @cpu. [any] */
const RvConfig *rv_config(QhCpu *cpu);

#endif
