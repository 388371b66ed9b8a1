/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PEs without a host: services that remember what they were asked, and a little RAM. */
#ifndef ARM_FAKE_H
#define ARM_FAKE_H

#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

#define FAKE_RAM       UINT64_C(0x40000000)
#define FAKE_RAM_BYTES (1u << 20)
#define FAKE_CPUS      2u

/* What one PE was asked to forget. */
typedef struct ArmFakeTlb {
    uint32_t flushes, page_flushes, context_flushes; /* calls so far */
    uint32_t mask;                                   /* of the last of them */
    uint64_t page, flushed_context;
    uint64_t context;             /* the one that was set last */
    uint64_t contexts[ARM_N_MMU]; /* by MMU index */
    uint32_t n_set;               /* times that any was set */
} ArmFakeTlb;

typedef struct ArmFake {
    ArmTarget target;     /* first: QhCpu.ctx leads here */
    ArmCpu *cpu, *second; /* second: NULL unless asked for */
    ArmFakeTlb tlb[FAKE_CPUS];
    uint8_t *ram;
    gboolean unsettled;    /* what is_settled denies */
    uint32_t cas_failures; /* so many table_cas calls find another value */
} ArmFake;

/* @n realized PEs of @model after reset, with EL2 if @el2. */
ArmFake *arm_fake_new(const char *model, gboolean el2, uint32_t n);
void arm_fake_free(ArmFake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArmFake, arm_fake_free)

void arm_fake_poke(ArmFake *fake, uint64_t address, uint64_t value);
uint64_t arm_fake_peek(ArmFake *fake, uint64_t address);

/* Be at @el, with its own stack pointer. */
void arm_fake_at(ArmCpu *cpu, uint32_t el);

/* The instruction MSR (or SYS) of @encoding, MRS with @read; x1 is its register. */
uint32_t arm_fake_insn(uint32_t encoding, gboolean read);
/* Accesses that must not raise. */
uint64_t arm_fake_mrs(ArmCpu *cpu, uint32_t encoding);
void arm_fake_msr(ArmCpu *cpu, uint32_t encoding, uint64_t value);
/* An access that must: the level it went to, with base.unwind cleared. */
uint32_t arm_fake_trapped(ArmCpu *cpu, uint32_t encoding, gboolean read);

#endif
