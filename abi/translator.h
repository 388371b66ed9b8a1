/* SPDX-License-Identifier: MIT */
/*
 * Slot "translator/TARGET", interface "qh.translator": turns guest code into IR, one basic block a
 * call. The host decides how blocks form regions, what is interpreted and what is compiled.
 */
#ifndef QH_ABI_TRANSLATOR_H
#define QH_ABI_TRANSLATOR_H

#include "abi/cpu.h"
#include "abi/ir.h"

#define QH_TRANSLATOR_INTERFACE "qh.translator"

/* QhHelper.attrs */
#define QH_HELPER_SYNC      (1u << 0) /* pc and icount are exact when it runs */
#define QH_HELPER_MAY_RAISE (1u << 1) /* may set cpu->unwind; implies SYNC */
#define QH_HELPER_PURE      (1u << 2) /* result depends on the arguments only; may be dropped */
#define QH_HELPER_FP        (1u << 3) /* touches fp_flags */
#define QH_HELPER_COLD      (1u << 4) /* rarely runs */

/*
 * A C function that IR can call. Its first parameter is the QhCpu *; then come the arguments by
 * their types (B1 I8 I16 I32: uint32_t, I64: uint64_t, F32: float, F64: double, I128 and V128:
 * unsigned __int128). It runs on the CPU's thread and must not block.
 */
typedef struct QhHelper {
    const char *name;
    void (*fn)(void); /* cast; the signature below is what counts */
    uint8_t ret;      /* QH_TYPE_... */
    uint8_t n_args;   /* 0 .. 8, besides the QhCpu * */
    uint8_t args[8];
    uint8_t pad[6];
    uint32_t attrs;
    uint32_t reads;  /* bits 1u << QH_CLASS_...: state it reads */
    uint32_t writes; /* state it changes; a class outside both masks may stay in host registers */
    uint32_t reserved;
} QhHelper;

/* QhBlock.flags, in */
#define QH_BLOCK_SINGLE_STEP (1u << 0) /* max_insns is 1 */
/* QhBlock.status, out */
#define QH_BLOCK_OVERFLOW                                                                          \
    (1u << 0) /* set by the emitters: the host tries again with fewer insns                        \
               */
#define QH_BLOCK_FETCH_FAULT (1u << 1) /* set by qh_block_fetch: nothing was translated */
/*
 * Set by the translator: the same bytes at any other address with the same offset in the page would
 * give the same records, but for the targets of exit_pc and exit_state, which would be moved as far
 * as the block. Such a block is translated once for all addresses that its page is mapped at.
 */
#define QH_BLOCK_RELATIVE (1u << 2)

/* One block under translation. The host fills the first part, the translator the second. */
typedef struct QhBlock {
    uint32_t size;
    uint32_t flags;
    uint64_t pc;         /* virtual address of the first instruction */
    uint64_t state_key;  /* cpu->state_key at that time; take the mode from here, not from cpu */
    const uint8_t *code; /* the guest's bytes from pc to the end of its page */
    uint32_t code_bytes; /* how many those are */
    uint32_t max_insns;  /* stop after so many, 1 .. 512 */
    QhCpu *cpu;          /* for configuration that never changes; not for state */
    /*
     * The @length bytes at @offset from pc, which lie on the page after the first (host-private
     * buffer, valid for this call). NULL: the fetch faults, status has QH_BLOCK_FETCH_FAULT, and
     * translate returns at once. Only the first instruction of a block may reach into the next
     * page; a later one that would ends the block before it. [vcpu]
     */
    const uint8_t *(*fetch)(struct QhBlock *block, uint32_t offset, uint32_t length);

    QhIrRecord *records;
    uint32_t capacity;
    uint32_t n_records;   /* appended by the emitters */
    uint32_t status;      /* QH_BLOCK_OVERFLOW ... */
    uint32_t n_insns;     /* instructions translated, 1 .. max_insns */
    uint32_t guest_bytes; /* bytes of guest code covered, from pc */
    uint32_t reserved;
    void *host; /* the host's own */
} QhBlock;

typedef struct QhTranslatorOps {
    uint32_t size;
    uint32_t n_helpers;
    const QhHelper *helpers;
    uint32_t helper_size; /* sizeof(QhHelper) */
    uint32_t lazy_flags;  /* 1: lazy_slots below are valid */
    /* Slots (i32 kind, i64 a, b, result) that hold the operands of setflags between blocks. */
    uint32_t lazy_slots[4];

    /*
     * Mandatory: translate one basic block into block->records, ending with a terminal. Must not
     * change CPU state. An instruction that does not exist is a raise record or a helper call, not
     * an error. FALSE only with QH_BLOCK_FETCH_FAULT or QH_BLOCK_OVERFLOW. [vcpu]
     */
    gboolean (*translate)(void *ctx, QhBlock *block);

    /*
     * Optional: the instruction at @code (@bytes of them, at least one) as text, g_malloc'ed;
     * *@ret_bytes its length. For `-d in_asm`, `x/i`. [any]
     */
    char *(*disassemble)(void *ctx,
                         uint64_t pc,
                         uint64_t state_key,
                         const uint8_t *code,
                         uint32_t bytes,
                         uint32_t *ret_bytes);
} QhTranslatorOps;

#endif
