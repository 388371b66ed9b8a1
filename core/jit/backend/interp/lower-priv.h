/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the two passes of lowering. Analysis finds which records matter, where each value is used
 * last, and which operations are better done by their user. Emission then walks forward and gives
 * each value a place.
 */
#ifndef QH_CORE_JIT_BACKEND_INTERP_LOWER_PRIV_H
#define QH_CORE_JIT_BACKEND_INTERP_LOWER_PRIV_H

#include "core/jit/backend/interp/t0.h"

/* How a value comes about. */
typedef enum {
    QH_MAKE_DEAD,  /* nobody needs it */
    QH_MAKE_NOW,   /* an operation at its place */
    QH_MAKE_CONST, /* by its users, as an immediate if that fits */
    QH_MAKE_SLOT,  /* is what a state slot or a local holds */
    QH_MAKE_CMP,   /* a comparison made by the branch that uses it */
    QH_MAKE_ADDR,  /* base + constant, made by the loads and stores that use it */
    QH_MAKE_WRAP,  /* 32-bit arithmetic, made by the sign extension that uses it */
    QH_MAKE_FLAGS, /* a difference, made by the setflags that uses it */
    QH_MAKE_COPY,  /* the same bits as another value */
} QhMake;

/* Where it is. */
typedef enum {
    QH_PLACE_NONE,
    QH_PLACE_CELL,  /* a cell of the frame, its own */
    QH_PLACE_STATE, /* in the state or a local; moves out before that is overwritten */
} QhPlace;

typedef struct QhLowerValue {
    uint8_t make;
    uint8_t place;
    uint8_t klass; /* QH_PLACE_STATE: class of the slot; QH_CLASS_LOCAL */
    uint8_t bytes; /* of the value; 8 for b1 */
    int16_t at;    /* the place, in units of 4 bytes from the state */
    int16_t delta; /* QH_MAKE_COPY: added to the place of root */
    uint16_t root; /* itself, or what it is a copy of */
    uint16_t uses;
    uint16_t last;        /* record that uses it last */
    uint16_t set;         /* first set_slot of it; 0: none */
    uint16_t expire_next; /* next value with a cell and the same last, +1 */
    uint8_t users;        /* QH_USER_... */
    uint8_t fused;        /* set_slot: done by the value's own operation */
} QhLowerValue;

#define QH_CLASS_LOCAL 31u

#define QH_USER_BRANCH  1u /* condition of a brc */
#define QH_USER_ADDRESS 2u /* address of a load or store */
#define QH_USER_EXTEND  4u /* sign extension from 32 bits */
#define QH_USER_OTHER   8u
#define QH_USER_RESULT  16u /* result of a setflags */

typedef struct QhLowerLabel {
    uint32_t op;      /* unit where it is */
    uint16_t insn;    /* number of the instruction there */
    uint8_t at_start; /* of that instruction */
    uint8_t placed;
} QhLowerLabel;

#define QH_LOWER_MAX_OPS   (6u * QH_IR_MAX_RECORDS)
#define QH_LOWER_MAX_INSNS QH_IR_MAX_RECORDS

struct QhT0Lower {
    const QhT0Source *source;
    QhLowerValue values[QH_IR_MAX_RECORDS];
    QhLowerLabel labels[QH_IR_MAX_RECORDS]; /* by record */
    uint16_t expire[QH_IR_MAX_RECORDS];     /* by record: first value whose cell is freed, +1 */
    uint16_t cells[QH_IR_MAX_RECORDS];      /* free cells, a stack */
    uint32_t n_cells, next_cell;
    uint16_t aliases[QH_IR_MAX_RECORDS]; /* values in QH_PLACE_STATE */
    uint32_t n_aliases;
    struct {
        uint32_t op, label;
    } fixups[QH_IR_MAX_RECORDS];
    uint32_t n_fixups;
    uint16_t insns[QH_LOWER_MAX_INSNS];
    uint32_t n_insns;
    uint8_t local_types[QH_IR_MAX_LOCALS];
    gboolean has_locals;
    QhT0Op ops[QH_LOWER_MAX_OPS + QH_T0_MAX_UNITS];
    uint32_t n_ops;
    uint32_t i;      /* record being lowered */
    uint32_t insn;   /* instruction it belongs to */
    uint32_t n_seen; /* instructions begun */
    gboolean full;
};

/* Fills values[], labels[], insns[]. */
void qh_t0_analyse(QhT0Lower *lower);
/* The constant that value @value is; FALSE if it is none. */
gboolean qh_t0_const(const QhT0Lower *lower, uint32_t value, uint64_t *ret_bits);

/* Whether @value is a constant that fits an immediate; 32-bit ones always do. */
gboolean qh_t0_immediate(const QhT0Lower *lower, uint32_t value, uint64_t *ret_bits);

/* Places in units of 4 bytes from the state. */
int16_t qh_t0_cell_at(uint32_t cell);
int16_t qh_t0_local_at(uint32_t local);
extern const int16_t qh_t0_zero_at; /* 16 bytes that are always zero */

/* Emission, shared by its files. */
QhT0Op *qh_t0_emit(QhT0Lower *lower, uint32_t op);     /* with all its units, zeroed */
int16_t qh_t0_place(QhT0Lower *lower, uint32_t value); /* where value is, put there if need be */
int16_t qh_t0_dest(QhT0Lower *lower); /* a place for the value of the record being lowered */
void qh_t0_clobber(QhT0Lower *lower, int32_t at, uint32_t bytes);
void qh_t0_clobber_classes(QhT0Lower *lower, uint32_t classes);
void qh_t0_lower_int(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_memory(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_call(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_flow(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_setflags(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_flags_unless(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_flag(QhT0Lower *lower, const QhIrRecord *record);
void qh_t0_lower_fn(QhT0Lower *lower, const QhIrRecord *record, QhT0Fn fn);

#endif
