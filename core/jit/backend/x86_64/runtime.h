/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Around compiled code: the memory it lives in, how it is entered and left, how regions are linked,
 * and what happens when the guest code under them changes.
 *
 * Code memory is one memfd mapped twice, writable here and executable there; no page is ever both.
 * A region's code, its cold stubs and its QhT1Cold records lie together in it.
 *
 * Entries. Each begins with a 5-byte nop at an address that is a multiple of 8. Invalidation writes
 * a jump over it (one aligned 8-byte store), to a stub that leaves with the entry's pc; so links,
 * jump cache and pending calls may go on pointing at it until they are forgotten.
 *
 * Who jumps or returns to an entry has its pc in rax, but for links: those to a region for any
 * address go past the instructions that make hot.page of it.
 *
 * Links. A direct exit to the same page is `jmp rel32`, with rel32 4-byte aligned, first to a stub
 * that leaves and tells which link it was, then patched to the entry that it leads to.
 */
#ifndef QH_CORE_JIT_X86_64_RUNTIME_H
#define QH_CORE_JIT_X86_64_RUNTIME_H

#include "core/jit/backend/x86_64/t1.h"

typedef struct QhT1Memory QhT1Memory;

/* Code of the host's own at the start of the code memory. */
typedef struct QhT1Stubs {
    const void *enter;      /* uint32_t enter(QhCpu *cpu, const void *entry) */
    const void *cold;       /* `call cold; .long distance to the QhT1Cold` */
    const void *leave;      /* eax: QH_LEFT_...; pc is in the state */
    const void *state;      /* rax: pc; goes on there under what may be another state key */
    const void *unwind;     /* the same with the pc in the state, after cpu->unwind was set */
    const void *leave_link; /* rax: QhT1Link *; leaves QH_LEFT_NEXT with its pc */
    const void *leave_pc;   /* rax: pc; leaves QH_LEFT_NEXT */
    const void *jump;       /* rax: pc; through the jump cache, else leave_pc */
    const void *leave_poll; /* rax: pc; leaves QH_LEFT_POLL */
    const void *returned;   /* rax: pc; a return to something else than the newest call */
    const void *bottom;     /* rax: pc; a return to a call that was forgotten */
    uint32_t jump_shift;    /* QhJitCpu.jump_shift of the CPUs that run it */
} QhT1Stubs;

/* Write them at a->at. @stays: compiled code goes on by itself where the state key is one that the
 * CPU has had in this context; otherwise it leaves. (stubs.c) */
void qh_t1_make_stubs(QhAsm *a, QhT1Stubs *ret, uint32_t jump_shift, gboolean stays);
/* From the pc in rax through the jump cache; leave_pc when it is not there. (exits.c) */
void qh_t1_make_probe(QhAsm *a, const QhT1Stubs *stubs);
/* C behind `cold`: where to go on, NULL: leave with QH_LEFT_UNWIND. @at: behind the call. (cold.c)
 */
const void *qh_t1_cold_main(QhCpu *cpu, const uint8_t *at, QhT1Regs *regs);
/* Exceptions that compiled code has raised in MXCSR go to cpu->fp_flags. (cold.c) */
void qh_t1_take_fp_flags(QhCpu *cpu);

/* Where the jump cache is, from the CPU state. */
#define QH_T1_JUMPS_AT                                                                             \
    (-(int32_t)sizeof(QhJitCpu) - (int32_t)(QH_JUMP_ENTRIES * sizeof(QhJumpEntry)))

/* A direct exit. */
typedef struct QhT1Link {
    uint64_t pc;
    struct QhT1Region *from, *to; /* to: NULL while it is not linked */
    struct QhT1Link *next;        /* among the links that lead to the same region */
    uint32_t patch;               /* offset of the rel32 in from's code */
    uint32_t stub;                /* offset of the stub that leaves */
} QhT1Link;

/* Where the code has the address of a link, which is known when the region is made. */
typedef struct QhT1LinkFix {
    uint32_t link, offset;
} QhT1LinkFix;

typedef struct QhT1Entry {
    uint64_t pc;
    uint32_t at;        /* offset of the entry in the region's code */
    uint32_t link;      /* where links lead */
    uint32_t stale;     /* offset of the stub that leaves with its pc */
    gboolean is_return; /* it is where a call comes back to, and nothing else */
} QhT1Entry;

struct QhT1Region {
    uint32_t invalid;  /* atomic */
    uint32_t flags;    /* QH_CODE_... */
    gboolean anywhere; /* page is one of several; hot.page has the one that runs */
    gboolean relative; /* made of relative blocks */
    uint64_t ram_page, page, state_key;
    const uint8_t *code; /* executable mapping */
    uint32_t code_bytes, n_entries, n_links, n_homes, n_insns, n_blocks;
    QhT1Entry *entries;
    QhT1Link *links; /* out of it */
    QhT1Link *into;  /* list by next */
    QhT1Home homes[QH_T1_MAX_HOMES];
    const struct QhT1Recipe *recipes; /* of condition codes; QhT1Cold.flags - 1 */
    int32_t lazy[4];                  /* their slots, from the CPU state */
    uint16_t *insns;                  /* offset in the page of each instruction */
    uint16_t *blocks;        /* first byte and end of each guest block in the page, in pairs */
    void *next, *page_next;  /* the store's */
    struct QhT1Chunk *chunk; /* likewise */
};

/*
 * Compile @source at a->at (at least 64 KiB of room). Returns a region (malloc'ed with all its
 * tables in one piece, g_free) that is not yet known to anyone, or NULL when it cannot be done: no
 * room (a->full), or something that T1 does not compile. [vcpu]
 */
typedef struct QhT1Compiler QhT1Compiler;
QhT1Compiler *qh_t1_compiler_new(void);
void qh_t1_compiler_free(QhT1Compiler *compiler);
QhT1Region *
qh_t1_compile(QhT1Compiler *compiler, const QhT1Source *source, const QhT1Stubs *stubs, QhAsm *a);

/* --- exits.c: what compile.c calls at the end of paths. All dirty homes have been written back.
 * --- */

/* To @pc on the same page, by a link; to another page, through the jump cache. */
void qh_t1_emit_exit_pc(QhT1 *t, uint64_t pc);
/* To the pc in rax. For QH_EXIT_RET it is compared with the newest call. */
void qh_t1_emit_exit_value(QhT1 *t, uint32_t hint);
/* The same two for a call, which comes back to the code that follows: no home is in its register
 * there. */
void qh_t1_emit_call_pc(QhT1 *t, uint64_t pc, uint64_t return_pc);
void qh_t1_emit_call_value(QhT1 *t, uint64_t return_pc);
/* Leave with QH_LEFT_@left; pc is @pc (or already in the state). */
void qh_t1_emit_leave(QhT1 *t, uint32_t left, uint64_t pc);
void qh_t1_emit_leave_value(QhT1 *t, uint32_t left); /* pc is in rax */
void qh_t1_emit_leave_here(QhT1 *t, uint32_t left);
/* @pc, known when the region is made but for the page's address, into @reg. */
void qh_t1_emit_pc(QhT1 *t, QhReg reg, uint64_t pc);
/* Whether @pc is on another page. */
gboolean qh_t1_is_far(const QhT1 *t, uint64_t pc);
/* In a region for any address: hot.page from @pc, which is in rax and lost there. Nothing when it
 * is far, as where a call in the page's last instruction returns to. */
void qh_t1_emit_page(QhT1 *t, uint64_t pc);
/* cmp of exit_request with 0: the caller adds the jne. */
void qh_t1_emit_poll(QhT1 *t);
/* The nop of an entry, aligned; @pc its guest address. Code that gets the homes into their
 * registers follows. */
void qh_t1_emit_entry(QhT1 *t, uint64_t pc);

/* --- calls.c --- */

/* Leaves with @pc (rax) when too many calls have been pushed. */
void qh_t1_emit_call_room(QhT1 *t, uint64_t pc);
void qh_t1_emit_call_room_value(QhT1 *t);
/* Call, and come back behind it: a place in the region, a link, an address in memory. May change
 * rdx. */
void qh_t1_emit_call_label(QhT1 *t, QhXLabel *label, uint64_t return_pc);
void qh_t1_emit_call_link(QhT1 *t, uint64_t pc, uint64_t return_pc);
void qh_t1_emit_call_at(QhT1 *t, QhRm host, uint64_t return_pc);
/* Return to the pc in rax. */
void qh_t1_emit_return(QhT1 *t);

/* The stub of @link, behind the region. (exits.c) */
QhXLabel *qh_t1_later_link(QhT1 *t, QhT1Link *link);
/* The stub of @entry, likewise: it leaves with its pc. (exits.c) */
void qh_t1_later_stale(QhT1 *t, QhT1Entry *entry);

/* --- compile.c, for exits.c --- */
const QhT1Stubs *qh_t1_stubs(const QhT1 *t);
/* A new entry of the region, to be filled by the caller. Its number is its position. NULL: too
 * many. */
QhT1Entry *qh_t1_new_entry(QhT1 *t, uint64_t pc);
/* A new link; its patch and stub are filled by the caller. NULL: too many. Becomes an element of
 * region->links; its address there is not known yet, so stubs refer to it by index through
 * qh_t1_fix_link, which stores the final address into the imm64 at @offset of the code. */
QhT1Link *qh_t1_new_link(QhT1 *t, uint64_t pc);
void qh_t1_fix_link(QhT1 *t, const QhT1Link *link, uint32_t offset);
/* The same with a label of its own, for one jump from here. */
QhXLabel *qh_t1_later_here(QhT1 *t, void (*emit)(QhT1 *t, uint64_t word), uint64_t word);
/* Code to be placed behind the region: label is bound there, then emit(t, word) called. */
void qh_t1_later(QhT1 *t, QhXLabel *label, void (*emit)(QhT1 *t, uint64_t word), uint64_t word);

#endif
