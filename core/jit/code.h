/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code store of one cluster: what blocks of guest code have become, found by physical address
 * and state key, so that they survive changes of the guest's page tables. Blocks that are not
 * relative (QH_BLOCK_RELATIVE) are found by their pc, too.
 *
 * A block depends on one page of RAM, or on two when a single instruction reaches into the next.
 * When its bytes change it is taken out of the store and marked invalid; its memory goes back only
 * when all is dropped, at a point where no CPU runs translated code.
 */
#ifndef QH_CORE_JIT_CODE_H
#define QH_CORE_JIT_CODE_H

#include "core/jit/backend/interp/t0.h"

#define QH_CODE_SINGLE (1u << 0) /* one instruction, for stepping */
#define QH_CODE_ICOUNT (1u << 1) /* compiled code counts instructions */
/* A block of at most @n instructions, 1 to 255, that is made like the beginning of the whole one.
 */
#define QH_CODE_LIMIT(n)         ((uint32_t)(n) << 8)
#define QH_CODE_LIMIT_GET(flags) ((flags) >> 8 & 0xffu)

typedef struct QhCodeKey {
    uint64_t ram_address; /* ram->base + offset of the first byte */
    uint64_t pc;          /* of a relative block: one of those it is used at */
    uint64_t state_key;
    uint32_t flags; /* QH_CODE_... */
} QhCodeKey;

typedef struct QhCode {
    /* What a search looks at, one cache line. */
    QhCodeKey key;
    uint64_t second_page; /* RAM address of the page that the last bytes are on; 0: none */
    uint32_t place;       /* in the store's memory, in its own measure; 0: nowhere */
    uint32_t bytes;       /* of guest code */
    uint32_t first_bytes; /* of them on the first page */
    uint32_t n_insns;
    uint16_t links; /* qh_t0_link */
    uint8_t dull;   /* it will not be compiled */
    uint8_t relative;
    uint8_t moved; /* the store's: qh_code_moved is known to hold */
    uint8_t pad[3];
    /* What running it touches ends here, next to the code. */
    struct QhCode *page_next[2]; /* same page: first, second */
    const uint16_t *insns;       /* offset of each instruction */
    const void *native;          /* atomic; where compiled code for it is entered, or NULL */
    uint32_t invalid;            /* atomic; checked on every transfer to it */
    /* How many more transfers to it before the dispatcher shall compile it, or run what was
     * compiled. Not exact with several CPUs. */
    int32_t heat;
    QhT0Op ops[];
} QhCode;
_Static_assert(offsetof(QhCode, page_next) == 64, "a search touches one cache line a block");

/* A block that is never compiled: asked for rarely. */
#define QH_HEAT_DULL INT32_MAX
static inline gboolean qh_code_is_hot(QhCode *code)
{
    int32_t heat = __atomic_load_n(&code->heat, __ATOMIC_RELAXED) - 1;

    __atomic_store_n(&code->heat, heat, __ATOMIC_RELAXED);
    return heat <= 0;
}

typedef struct QhCodeStore QhCodeStore;

QhCodeStore *qh_code_store_new(uint32_t page_bits, uint64_t max_bytes);
void qh_code_store_free(QhCodeStore *store);

/* Memory for a block; NULL when the store is full. The caller holds the engine's lock. */
QhCode *qh_code_alloc(QhCodeStore *store, uint32_t n_ops, uint32_t n_insns);
/* A block whose memory the caller owns and g_frees; not in any store. NULL: no memory. */
QhCode *qh_code_new_loose(uint32_t n_ops, uint32_t n_insns);

QhCode *qh_code_find(QhCodeStore *store, const QhCodeKey *key);
/* The one that is relative, or is not. */
QhCode *qh_code_find_kind(QhCodeStore *store, const QhCodeKey *key, gboolean relative);
/* TRUE: as with qh_code_use_at. */
gboolean qh_code_insert(QhCodeStore *store, QhCode *code);

/*
 * The relative block @code is used at @pc. TRUE: it is the first time that its page is seen at a
 * second address, so that what was compiled for the first one alone has to go.
 */
gboolean qh_code_use_at(QhCodeStore *store, QhCode *code, uint64_t pc);
/* Whether the page has been seen at two addresses, by relative blocks. */
gboolean qh_code_moved(const QhCodeStore *store, uint64_t ram_address);

/*
 * Before the bytes of a page are read for translation: the page's count of changes, and from now on
 * its blocks are told of writes. FALSE: no memory.
 */
gboolean qh_code_watch(QhCodeStore *store, uint64_t ram_address, uint64_t *ret_changes);
void qh_code_unwatch(QhCodeStore *store, uint64_t ram_address);
/* Whether the page is as it was. */
gboolean qh_code_unchanged(QhCodeStore *store, uint64_t ram_address, uint64_t changes);

/* The list of what was compiled from a page; NULL when the page was never watched. */
void **qh_code_regions(QhCodeStore *store, uint64_t ram_address);

/* Take out the blocks made from these bytes of one page. */
void qh_code_invalidate(QhCodeStore *store, uint64_t ram_address, uint64_t bytes);
/* Append to @ret_pages (uint64_t) the RAM addresses of the pages with blocks that begin at these
 * virtual addresses, or may do so, as relative ones; each once. All blocks are looked at. */
void qh_code_find_virtual(const QhCodeStore *store, uint64_t pc, uint64_t bytes, GArray *ret_pages);
/* Whether there are blocks from this page, or somebody is reading it. */
gboolean qh_code_has(QhCodeStore *store, uint64_t ram_address);
/* Whether @code was made from one of these bytes. */
gboolean qh_code_covers(const QhCode *code, uint64_t ram_address, uint64_t bytes);

void qh_code_drop_all(QhCodeStore *store);

/* Whether so much was added since the last time that it may be worth to trim. */
gboolean qh_code_is_plump(const QhCodeStore *store);
/*
 * Free the blocks that were entered less than @least times, are not compiled and not among the
 * newest; @threshold: what the heat of new blocks began with. Those that stay move, and their exits
 * forget where they lead. Nobody has a pointer to a block: as with qh_code_drop_all.
 */
void qh_code_trim(QhCodeStore *store, int32_t threshold, int32_t least);

typedef struct QhCodeStats {
    uint64_t n_blocks, n_invalidated, n_drops, bytes;
    uint64_t n_trims, n_trimmed; /* times, and blocks */
    uint64_t n_kept;             /* blocks, now */
    uint64_t chunk_bytes;        /* memory, now */
} QhCodeStats;
void qh_code_stats(const QhCodeStore *store, QhCodeStats *ret);

#endif
