/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory as one CPU sees it. Two levels: small direct-mapped tables, one per MMU index, at a
 * constant distance before the CPU state, which translated code searches itself; and a larger one
 * that remembers what was pushed out, also across address spaces (contexts).
 *
 * A granule is the smallest unit that is cached: the target's page, at most 4 KiB.
 *
 * The first level belongs to the CPU's thread, but for one thing: whoever makes a page a code page
 * sets QH_TLB_SLOW in the write tags that lead there, without a lock. Whoever fills an entry writes
 * the tag, then looks at the page's flags; whoever marks sets the flag, then looks at the tags; so
 * one of them sees the other.
 */
#ifndef QH_CORE_JIT_SOFTMMU_H
#define QH_CORE_JIT_SOFTMMU_H

#include "abi/cpu.h"
#include "core/jit/debug.h"
#include "core/machine/machine.h"

typedef struct QhJitCpu QhJitCpu;

#define QH_TLB_BITS    12u
#define QH_TLB_ENTRIES (1u << QH_TLB_BITS)

/*
 * tag[access] is the address of the granule when the access may go straight to address + addend.
 * Any of the low flag bits (above those of alignment) makes the comparison fail.
 */
typedef struct QhTlbEntry {
    uint64_t tag[3]; /* by QH_ACCESS_...; another thread may set QH_TLB_SLOW */
    uint64_t addend; /* host address minus guest address */
} QhTlbEntry;

#define QH_TLB_INVALID (1u << 7)
#define QH_TLB_IO      (1u << 6) /* no RAM, or not for this access: look at QhTlbPage */
#define QH_TLB_SLOW    (1u << 5) /* a store must look for translated code; a watchpoint is near */

/* What a granule is. */
typedef struct QhTlbPage {
    uint64_t phys;   /* physical address of the granule */
    QhRam *ram;      /* NULL: a window, or nothing */
    uint64_t offset; /* of the granule in ram or io */
    QhIoWindow *io;
    uint32_t attrs; /* of bus accesses */
    uint8_t prot;   /* QH_PROT_... that may be cached */
    uint8_t readonly;
    uint8_t range_bits; /* log2 of the range that the answer holds for: less than the granule's
                           when it is good for one access only */
    uint8_t cached;     /* QH_TLB_CACHED ... */
} QhTlbPage;

#define QH_TLB_CACHED 1u /* the whole granule is alike, so it is in the tables */
#define QH_TLB_SHARED 2u /* in all contexts */

#define QH_TLB_SETS 4096u
#define QH_TLB_WAYS 4u
/* What an entry of the second level stands for: the tags of one set fill a cache line. */
typedef struct QhTlbTag {
    uint64_t name;          /* address of the granule | index */
    uint32_t context_stamp; /* QH_TLB_ANY_CONTEXT: the same in all */
    uint32_t index_stamp;
} QhTlbTag;
#define QH_TLB_ANY_CONTEXT UINT32_MAX

/* A large page of which something was cached, so that flush_page forgets all of it. Two that fall
 * on one entry make it stand for any. */
#define QH_TLB_LARGE 2048u
typedef struct QhTlbLarge {
    uint64_t name;    /* address | log2 of its size; 0: none; QH_TLB_ANY_LARGE */
    uint32_t indices; /* bit per index */
    uint32_t pad;
} QhTlbLarge;
#define QH_TLB_ANY_LARGE UINT64_MAX

/* Pages that page tables were read from: physical address and where that is in the host. */
#define QH_TABLE_PAGES 64u
typedef struct QhTablePage {
    uint64_t phys; /* UINT64_MAX: none */
    QhRam *ram;
    uint64_t offset; /* in ram */
} QhTablePage;

#define QH_TLB_CONTEXTS 32u /* more than indices: those that are set stay */
#define QH_TLB_INDICES  16u
#define QH_TLB_WORDS    (QH_TLB_ENTRIES / 64u)
typedef struct QhSoftmmu {
    QhTlbEntry *entries; /* n_indices * QH_TLB_ENTRIES */
    QhTlbPage *pages;    /* the same numbers */
    QhTlbTag *second;    /* QH_TLB_SETS * QH_TLB_WAYS */
    QhTlbPage *second_pages;
    QhTlbLarge *large;      /* QH_TLB_LARGE */
    uint64_t large_bits;    /* bit N: pages of 2^N bytes are in there */
    uint32_t large_indices; /* bit per index that has any */
    uint32_t n_indices;
    uint32_t granule_bits;
    uint64_t granule_mask; /* low bits */
    uint32_t used;         /* bit per index: the first level is not empty */
    uint32_t next_stamp;
    uint32_t next_way;
    uint32_t space_version;
    uint32_t n_switches;                    /* times that the context of an index changed; wraps */
    uint32_t context_stamp[QH_TLB_INDICES]; /* of the current context of each */
    uint32_t index_stamp[QH_TLB_INDICES];
    /* Bit per entry of the first level: it may hold something (read by all threads); the same thing
     * in all contexts. */
    uint64_t filled[QH_TLB_INDICES][QH_TLB_WORDS], shared[QH_TLB_INDICES][QH_TLB_WORDS];
    struct {
        uint64_t context;
        uint32_t stamp; /* 0: free */
        uint32_t used;
    } contexts[QH_TLB_CONTEXTS];
    uint32_t context_clock;
    const QhWatchpoint *watchpoints; /* of the engine; tables are flushed when they change */
    uint32_t n_watchpoints;
    uint32_t table_version; /* of the space, when table was filled */
    QhTablePage table[QH_TABLE_PAGES];
} QhSoftmmu;

/* All [vcpu] unless told otherwise. */
gboolean qh_softmmu_init(
    QhJitCpu *jit, QhTlbEntry *entries, uint32_t n_indices, uint32_t page_bits, GError **error);
void qh_softmmu_clear(QhJitCpu *jit);

void qh_softmmu_flush(QhJitCpu *jit, uint32_t mmu_mask);
void qh_softmmu_flush_page(QhJitCpu *jit, uint64_t address, uint32_t mmu_mask);
/* Of the indices in @mmu_mask; the others keep theirs. */
void qh_softmmu_set_context(QhJitCpu *jit, uint32_t mmu_mask, uint64_t context);
void qh_softmmu_flush_context(QhJitCpu *jit, uint64_t context);
/* Forget everything if the map of physical memory has changed. */
void qh_softmmu_check_space(QhJitCpu *jit);

/* Make stores to the granules of @host_page (4 KiB) look for code from now on. [any] */
void qh_softmmu_mark_code(QhJitCpu *jit, const uint8_t *host_page);

/* Where the granule at @address leads for fetches, if the second level knows. */
gboolean qh_softmmu_known_code(QhJitCpu *jit, uint64_t address, uint32_t index, uint64_t *ret_phys);
/* What code at @address was just fetched from. */
gboolean qh_softmmu_fetched(QhJitCpu *jit, uint64_t address, uint32_t index, QhTlbPage *ret);

/*
 * What is behind @address. FALSE: the fault was entered and cpu->unwind is set. The answer holds
 * for 1 << ret->range_bits bytes around @address (for its granule when range_bits is larger).
 */
gboolean
qh_softmmu_find(QhJitCpu *jit, uint64_t address, uint32_t access, uint32_t index, QhTlbPage *ret);

/*
 * After a miss: if the second level knows RAM behind @bytes at @address, the first one does from
 * now on. FALSE: the access needs more than that.
 */
gboolean
qh_softmmu_refill(QhJitCpu *jit, uint64_t address, uint32_t bytes, uint32_t access, uint32_t index);

/* After a store to RAM page @page at @address: if that may go directly now, the first level says
 * so. */
void qh_softmmu_refresh(QhJitCpu *jit, uint64_t address, uint32_t index, const QhTlbPage *page);

/*
 * Guest accesses, any size and alignment. pc and icount are exact. FALSE: cpu->unwind is set;
 * either a fault has been entered, or the instruction must be run again alone (jit->retry).
 * Values have 16 bytes for QH_MEM_128, 8 otherwise; loads are extended to 64 bits.
 */
gboolean qh_softmmu_load(QhJitCpu *jit, uint64_t address, uint32_t memop, uint64_t *ret_value);
gboolean qh_softmmu_store(QhJitCpu *jit, uint64_t address, uint32_t memop, const uint64_t *value);
/* Atomic: *@ret_old is what was there. @kind: QH_RMW_... */
gboolean qh_softmmu_rmw(QhJitCpu *jit,
                        uint64_t address,
                        uint32_t memop,
                        uint32_t kind,
                        uint64_t value,
                        uint64_t *ret_old);
gboolean qh_softmmu_cas(QhJitCpu *jit,
                        uint64_t address,
                        uint32_t memop,
                        const uint64_t *expected,
                        const uint64_t *desired,
                        uint64_t *ret_old);
/* qh.cpu probe. */
void *
qh_softmmu_probe(QhJitCpu *jit, uint64_t address, uint32_t length, uint32_t access, uint32_t index);

/* The first watchpoint on any of these bytes for any of these QH_WATCH_..., NULL if there is none.
 */
const QhWatchpoint *
qh_softmmu_watchpoint(const QhSoftmmu *mmu, uint64_t address, uint64_t bytes, uint32_t watch);

/* qh.cpu table_read and table_cas. */
uint32_t
qh_softmmu_table_read(QhJitCpu *jit, uint64_t address, uint32_t width, uint64_t *ret_value);
uint32_t qh_softmmu_table_cas(
    QhJitCpu *jit, uint64_t address, uint32_t width, uint64_t *expected, uint64_t desired);

/* Enter the exception for @fault and set cpu->unwind. */
void qh_softmmu_fault(QhJitCpu *jit, const QhMemFault *fault);

#endif
