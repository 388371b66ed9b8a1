/* SPDX-License-Identifier: MIT */
/* Slot "target/NAME", interface "qh.target": the constants of one architecture. Data only. */
#ifndef QH_ABI_TARGET_H
#define QH_ABI_TARGET_H

#include "abi/base.h"

#define QH_TARGET_INTERFACE "qh.target"

/* QhTargetOps.flags */
#define QH_TARGET_BIG_ENDIAN    (1u << 0) /* how data is shown and the gdb stub's byte order */
#define QH_TARGET_STRONG_ORDER  (1u << 1) /* memory order as strong as x86-TSO */
#define QH_TARGET_SEPARATE_CODE (1u << 2) /* code is fetched from an address space of its own */

/* QhTargetOps.nan_rule: what an operation on NaNs returns */
#define QH_NAN_DEFAULT 0u /* always the default NaN, sign 0 (RISC-V F, 11.3) */
#define QH_NAN_ARM     1u /* first signalling, then first quiet operand, made quiet */
#define QH_NAN_X86     2u /* SSE: the first operand if NaN, else the second */
#define QH_NAN_S390    3u /* first signalling, then first quiet */

typedef struct QhTargetOps {
    uint32_t size;
    uint32_t flags;
    const char *name; /* "riscv64"; also the answer of query-target */
    const char *description;
    const char *default_machine; /* unqualified: "virt" */
    const char *default_cpu;     /* CPU model */
    uint32_t address_bits;       /* 32 or 64: width of a virtual address */
    uint32_t page_bits;          /* log2 of the smallest page: 8 .. 16 */
    uint32_t n_mmu_indices;      /* translation regimes in use at once: 1 .. 16 */
    uint32_t insn_alignment;     /* bytes */
    uint32_t nan_rule;
    uint32_t tininess_before_rounding; /* 1: underflow is judged before rounding (Arm, s390x) */
    uint32_t elf_machine;              /* e_machine of ELF files; 0: not said */
    uint32_t reserved;
} QhTargetOps;

#endif
