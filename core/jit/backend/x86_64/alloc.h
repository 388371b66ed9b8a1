/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where values and variables are while a region is compiled; shared by analyse.c, homes.c, alloc.c,
 * compile.c, lower-call.c and lower-flags.c only.
 */
#ifndef QH_CORE_JIT_X86_64_ALLOC_H
#define QH_CORE_JIT_X86_64_ALLOC_H

#include "core/jit/backend/x86_64/access.h"
#include "core/jit/backend/x86_64/nan.h"
#include "core/jit/backend/x86_64/pending.h"
#include "core/jit/backend/x86_64/runtime.h"

/* How a value comes about. */
typedef enum {
    QH_T1_DEAD,   /* nobody needs it */
    QH_T1_NOW,    /* code at its place */
    QH_T1_CONST,  /* made where it is used */
    QH_T1_VAR,    /* is what a variable holds */
    QH_T1_CMP,    /* a comparison, made by the branch that uses it */
    QH_T1_ADDR,   /* value + constant, made by the accesses that use it */
    QH_T1_SCALED, /* value << 1..3, made by the sum that uses it */
    QH_T1_COPY,   /* the bits of another value */
} QhT1Make;

/* Where it is. */
typedef enum {
    QH_T1_NOWHERE,
    QH_T1_IN_REG,
    QH_T1_IN_CELL, /* of the frame */
    QH_T1_IN_VAR,
} QhT1Place;

typedef struct QhT1Value {
    uint8_t make, place, reg, bytes; /* bytes: 4, 8, 16; b1 has 4 */
    uint8_t is_xmm;                  /* by its type */
    uint8_t users;                   /* QH_T1_USER_... */
    uint8_t listed;                  /* in the list of those that expire */
    uint8_t fused;                   /* set_slot, set_local: done where the value was made */
    uint8_t whole; /* a scalar that is made in an xmm register with zeros above it */
    uint16_t var;  /* IN_VAR; set_slot and set_local: which */
    uint16_t cell; /* IN_CELL */
    uint32_t root; /* itself, or what it is a copy of */
    uint32_t uses;
    uint32_t last;   /* record that uses it last */
    uint32_t set;    /* first record that puts it into a variable; 0: none */
    uint32_t expire; /* next value with the same last */
    uint32_t alias;  /* next value that is IN_VAR of the same variable */
} QhT1Value;
#define QH_T1_USER_BRANCH  1u
#define QH_T1_USER_ADDRESS 2u
#define QH_T1_USER_OTHER   4u
#define QH_T1_USER_SUM     8u

/* A state slot or a local. */
typedef struct QhT1Var {
    int32_t at; /* from the CPU state */
    uint8_t bytes, klass, is_xmm, is_local;
    uint8_t home;   /* index, QH_NO_REG: none */
    uint8_t pinned; /* never in a register: shares its memory with others */
    uint16_t id;    /* slot or local number */
    uint32_t weight;
    uint32_t aliases; /* first value that is IN_VAR of it, 0: none */
} QhT1Var;
#define QH_T1_MAX_VARS  256u
#define QH_T1_NO_VAR    0xffffu
#define QH_T1_LOCAL     31u         /* klass of locals */
#define QH_T1_ALL_SLOTS 0x7fffffffu /* every class but theirs */

/* Which homes hold their variable, which of those are newer than memory; and the condition codes
 * that may wait to be written, QhT1Recipe number + 1. */
typedef struct QhT1State {
    uint32_t in, dirty;
    uint16_t flags;
    /* Register with the turns for which kept pages are known (carried.c); 0: none are, QH_NO_REG:
     * it is hot.turns. */
    QhReg turns;
} QhT1State;

/* A place that control flow leads to: a label, the start of a guest block. By record. */
typedef struct QhT1Target {
    QhXLabel label;
    QhT1State state;
    uint32_t loop_end, turn_end; /* last record that branches back here, and not as a call; or 0 */
    uint8_t known, open;         /* state is decided; but for homes that the loop does not touch */
    uint8_t polls, at_start;     /* exit_request is looked at here; it begins an instruction */
} QhT1Target;

typedef struct QhT1Later {
    QhXLabel *label;
    QhXLabel own;
    void (*emit)(QhT1 *t, uint64_t word);
    uint64_t word;
    QhT1State state;
    uint32_t insn, block, ordinal;
} QhT1Later;

#define QH_T1_MAX_LATER 4096u
#define QH_T1_MAX_COLDS 4096u
#define QH_T1_MAX_LINKS 512u
#define QH_T1_N_REGS    32u
#define QH_T1_MAX_LOOPS 64u

struct QhT1Alloc {
    QhT1 *t;
    const QhT1Stubs *stubs;
    QhT1Value values[QH_T1_MAX_RECORDS];
    QhT1Target targets[QH_T1_MAX_RECORDS];
    uint32_t expire[QH_T1_MAX_RECORDS]; /* first value whose last is that record, + 1 */
    uint8_t depth[QH_T1_MAX_RECORDS];   /* of loops */
    uint32_t loops[QH_T1_MAX_RECORDS];  /* targets that loops lead back to */
    uint32_t n_loops;
    uint16_t leads[QH_T1_MAX_RECORDS]; /* of exit_pc: the record it leads to; n_records: outside */
    uint16_t insns[QH_T1_MAX_INSNS];
    uint32_t n_insns, ordinal; /* ordinal: of the instruction in its block */

    QhT1Var vars[QH_T1_MAX_VARS];
    uint32_t n_vars, n_homes;
    uint16_t slot_vars[1024]; /* by slot number, + 1 */
    uint16_t local_vars[QH_IR_MAX_LOCALS];
    QhT1Home homes[QH_T1_MAX_HOMES];
    uint16_t home_vars[QH_T1_MAX_HOMES];
    uint8_t loop_of[QH_T1_MAX_RECORDS + 1]; /* by record: number of its loop (homes.c) */
    uint32_t heads[QH_T1_MAX_LOOPS];        /* by that: record */
    gboolean shares;                        /* registers are homes of several variables; then: */
    uint8_t owners[QH_T1_MAX_LOOPS][16];    /* by loop and register: home; QH_NO_REG: any */

    QhT1State state;
    uint32_t pending;            /* target that a jump is owed to, + 1 */
    uint32_t held[QH_T1_N_REGS]; /* value in each temp, + 1 */
    uint32_t free;               /* temps that are free */
    uint32_t temps;              /* all temps */
    uint32_t locked;             /* used by the record being compiled */
    uint32_t scratch;            /* given out by qh_t1_temp_... */
    uint32_t colds_before;       /* how many cold stubs there were before the record */
    QhT1Kept kept[QH_T1_MAX_KEPT];
    QhT1Carried carried[QH_T1_MAX_BLOCKS];
    uint32_t reserved; /* registers of the loop being compiled: neither temps nor homes */
    uint32_t n_serials;
    QhT1Tested tested;
    gboolean live, defined; /* code falls through to here; the record's value has its place */
    uint32_t carry_at;      /* where an addition with carry has just left its carry in the host's */
    uint16_t fuse_var;      /* variable whose home got the value, QH_T1_NO_VAR: none */
    QhT1Nans nans;
    uint16_t cells[QH_T1_MAX_RECORDS];
    uint32_t n_cells, next_cell, n_kept;

    QhT1Later later[QH_T1_MAX_LATER];
    uint32_t n_later, done_later;
    QhT1ColdSite colds[QH_T1_MAX_COLDS];
    uint32_t n_colds;
    QhT1Link links[QH_T1_MAX_LINKS];
    QhT1LinkFix link_fixes[QH_T1_MAX_LINKS];
    uint32_t n_links, n_link_fixes;
    QhT1Entry entries[QH_T1_MAX_ENTRIES];
    QhXLabel entry_labels[QH_T1_MAX_BLOCKS];
    uint32_t n_entries;
    QhT1Pending pending_flags;
};

/* analyse.c: fills values, variables, homes, targets, loops. FALSE: more than T1 handles. */
gboolean qh_t1_analyse(QhT1 *t);
/* The block at @pc: its index, n_blocks if there is none. */
uint32_t qh_t1_block_at(const QhT1Source *source, uint64_t pc);

/* alloc.c */
void qh_t1_alloc_begin(QhT1 *t); /* of a region */
void qh_t1_alloc_label(QhT1 *t); /* all values are dead */
void qh_t1_alloc_done(QhT1 *t);  /* the record is compiled */
void qh_t1_alloc_set(QhT1 *t);   /* compile set_slot, set_local */
/* Values that are what a variable of these classes holds move out: it is about to change. */
void qh_t1_move_out(QhT1 *t, uint32_t classes);
/* Variables that overlap these bytes of the state are written to memory; with @forget they are no
 * longer in registers, and values that were theirs have moved out. */
void qh_t1_range(QhT1 *t, int32_t at, uint32_t bytes, gboolean forget);
static inline uint32_t qh_t1_bit(uint32_t n)
{
    return 1u << n;
}
/* A free temp; what is needed last makes room. */
QhReg qh_t1_take(QhT1 *t, gboolean xmm);
/* @value is in temp @reg from now on. */
void qh_t1_hold(QhT1 *t, uint32_t value, QhReg reg);
/* @from to @to, of either class. */
void qh_t1_move(QhT1 *t, QhReg to, QhReg from, uint32_t bytes);
/* @var is about to change: values that are needed after this record leave it. */
void qh_t1_clobber_var(QhT1 *t, uint32_t var);
/* Bring value @root into a register, of class @xmm if it is in memory. */
QhReg qh_t1_into_reg(QhT1 *t, uint32_t root, gboolean xmm);
/* Move @value into @reg, which is rax, rcx, rdx, xmm15 or an argument register. */
void qh_t1_move_to(QhT1 *t, QhReg reg, uint32_t value);
/* The result of the record is in @reg (rax, xmm0 ...): put it where it belongs. */
void qh_t1_def_from(QhT1 *t, QhReg reg);

static inline uint32_t qh_t1_root(const QhT1 *t, uint32_t value)
{
    return t->alloc->values[value].root;
}

#endif
