/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_TRANSLATOR_H
#define QH_ABI_TRANSLATOR_H

#include "abi/cpu.h"
#include "abi/ir.h"

#define QH_TRANSLATOR_INTERFACE "qh.translator"

#define QH_HELPER_SYNC      (1u << 0)
#define QH_HELPER_MAY_RAISE (1u << 1)
#define QH_HELPER_PURE      (1u << 2)
#define QH_HELPER_FP        (1u << 3)
#define QH_HELPER_COLD      (1u << 4)

typedef struct QhHelper {
    const char *name;
    void (*fn)(void);
    uint8_t ret;
    uint8_t n_args;
    uint8_t args[8];
    uint8_t pad[6];
    uint32_t attrs;
    uint32_t reads;
    uint32_t writes;
    uint32_t reserved;
} QhHelper;

#define QH_BLOCK_SINGLE_STEP (1u << 0)

#define QH_BLOCK_OVERFLOW                                                                          \
    (1u << 0)
#define QH_BLOCK_FETCH_FAULT (1u << 1)

#define QH_BLOCK_RELATIVE (1u << 2)

typedef struct QhBlock {
    uint32_t size;
    uint32_t flags;
    uint64_t pc;
    uint64_t state_key;
    const uint8_t *code;
    uint32_t code_bytes;
    uint32_t max_insns;
    QhCpu *cpu;

    const uint8_t *(*fetch)(struct QhBlock *block, uint32_t offset, uint32_t length);

    QhIrRecord *records;
    uint32_t capacity;
    uint32_t n_records;
    uint32_t status;
    uint32_t n_insns;
    uint32_t guest_bytes;
    uint32_t reserved;
    void *host;
} QhBlock;

typedef struct QhTranslatorOps {
    uint32_t size;
    uint32_t n_helpers;
    const QhHelper *helpers;
    uint32_t helper_size;
    uint32_t lazy_flags;

    uint32_t lazy_slots[4];

    gboolean (*translate)(void *ctx, QhBlock *block);

    char *(*disassemble)(void *ctx,
                         uint64_t pc,
                         uint64_t state_key,
                         const uint8_t *code,
                         uint32_t bytes,
                         uint32_t *ret_bytes);
} QhTranslatorOps;

#endif
