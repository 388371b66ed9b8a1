/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileged half of a hart: what its sources tell each other. All calls are [vcpu]. */
#ifndef RV_SYSTEM_H
#define RV_SYSTEM_H

#include "modules/riscv/csr.h"

#define RV_PMP_MAX 64u

/* A run of physical addresses that one PMP entry decides. It starts behind its predecessor. */
typedef struct RvPmpSpan {
    uint64_t last;  /* inclusive */
    uint32_t entry; /* RV_PMP_MAX: no entry matches */
    uint32_t reserved;
} RvPmpSpan;

/* Derived from the registers, so it is no part of a snapshot. */
typedef struct RvSystem {
    RvPmpSpan spans[2 * RV_PMP_MAX + 1];
    uint32_t n_spans;        /* 0: pmpcfg or pmpaddr changed since */
    uint32_t last_span;      /* where the last look-up ended */
    uint32_t stimer_expired; /* whether stimecmp had passed when last looked */
    uint32_t stimer_fired;   /* atomic: the timer has called since */
    QhTimer *stimer;         /* stimecmp; NULL without Sstc */
} RvSystem;

static inline const TargetServices *rv_services(const RvCpu *cpu)
{
    return &rv_target(&cpu->base)->services;
}

/* models.c: the models of each width; set what @model has; check and complete the configuration
 * after the user's properties, FALSE with @error set; misa of the result. [main] */
#define RV32_N_MODELS 2u
#define RV64_N_MODELS 4u
extern const QhCpuModel rv32_cpu_models[RV32_N_MODELS];
extern const QhCpuModel rv64_cpu_models[RV64_N_MODELS];
extern const QhPropertyTable rv_cpu_properties;
void rv_config_defaults(RvCpu *cpu, const char *model);
gboolean rv_config_finish(RvCpu *cpu, const char *model, GError **error);
uint64_t rv_config_misa(const RvCpu *cpu);

/* pmp.c: the rights QH_PROT_... that @priv has at @address. */
uint32_t rv_pmp_rights(RvCpu *cpu, uint64_t address, uint32_t priv);
/* The same, and log2 of the aligned range around it that has them, at most @most. */
uint32_t
rv_pmp_check(RvCpu *cpu, uint64_t address, uint32_t priv, uint32_t most, uint32_t *ret_bits);
void rv_pmp_write_cfg(RvCpu *cpu, uint32_t number, uint64_t value);
uint64_t rv_pmp_read_cfg(const RvCpu *cpu, uint32_t number);
void rv_pmp_write_addr(RvCpu *cpu, uint32_t entry, uint64_t value);

/* mmu.c */
gboolean rv_mmu_translate(RvCpu *cpu,
                          uint64_t address,
                          uint32_t access,
                          uint32_t mmu_index,
                          QhTranslation *ret,
                          QhMemFault *fault);
gboolean rv_mmu_debug_translate(RvCpu *cpu, uint64_t address, uint64_t *ret_phys);
void rv_mmu_write_satp(RvCpu *cpu, uint64_t value);
/* satp was written behind the CPU's back; the host forgets translations itself. */
void rv_mmu_satp_written(RvCpu *cpu);
void rv_mmu_flush_all(RvCpu *cpu);

/* trap.c: bits of mip, of those that are enabled in mie, and what may be taken now. */
uint64_t rv_mip(RvCpu *cpu);
gboolean rv_take_interrupt(RvCpu *cpu);
/* Something that decides about interrupts changed: look again soon. */
void rv_irq_update(RvCpu *cpu);

/* counters.c */
uint64_t rv_counter_read(const RvCpu *cpu, uint64_t base, uint32_t inhibit_bit);
void rv_counter_write(RvCpu *cpu, uint64_t *base, uint32_t inhibit_bit, uint64_t value);
void rv_counter_inhibit(RvCpu *cpu, uint64_t value);
/* Whether stimecmp has passed; FALSE while menvcfg.STCE is 0. */
gboolean rv_stimer_expired(const RvCpu *cpu);
/* stimecmp, STCE or the time offset changed: set the timer anew. */
void rv_stimer_update(RvCpu *cpu);
/* The same, if the timer has called since. */
void rv_stimer_look(RvCpu *cpu);
void rv_stimer_fire(void *opaque);

/* describe.c: text of `info registers`; the caller g_frees it. */
char *rv_cpu_describe(RvCpu *cpu);

#endif
