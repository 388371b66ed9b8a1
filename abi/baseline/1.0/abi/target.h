/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_TARGET_H
#define QH_ABI_TARGET_H

#include "abi/base.h"

#define QH_TARGET_INTERFACE "qh.target"

#define QH_TARGET_BIG_ENDIAN    (1u << 0)
#define QH_TARGET_STRONG_ORDER  (1u << 1)
#define QH_TARGET_SEPARATE_CODE (1u << 2)

#define QH_NAN_DEFAULT 0u
#define QH_NAN_ARM     1u
#define QH_NAN_X86     2u
#define QH_NAN_S390    3u

typedef struct QhTargetOps {
    uint32_t size;
    uint32_t flags;
    const char *name;
    const char *description;
    const char *default_machine;
    const char *default_cpu;
    uint32_t address_bits;
    uint32_t page_bits;
    uint32_t n_mmu_indices;
    uint32_t insn_alignment;
    uint32_t nan_rule;
    uint32_t tininess_before_rounding;
    uint32_t elf_machine;
    uint32_t reserved;
} QhTargetOps;

#endif
