/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host does with IR records besides running them: check and print. */
#ifndef QH_CORE_JIT_IR_H
#define QH_CORE_JIT_IR_H

#include "abi/translator.h"

/* The longest block that the host takes. */
#define QH_IR_MAX_RECORDS 4096u
#define QH_IR_MAX_LOCALS  64u

/* What records may refer to. */
typedef struct QhIrContext {
    const QhStateTable *state;
    uint32_t state_size;
    const QhTranslatorOps *translator; /* helpers, lazy flag slots */
    uint32_t address_bits;
    uint32_t n_mmu_indices;
} QhIrContext;

typedef struct QhIrOpInfo {
    const char *name;
    const char *types; /* the column words of ir-ops.def */
    const char *a, *b, *c;
    uint32_t attrs; /* QH_IR_A_... */
} QhIrOpInfo;
/* NULL for a number that is no operation. For messages and tests; passes read qh_ir_ops. */
const QhIrOpInfo *qh_ir_op_info(uint32_t op);
#define QH_IR_OP_LIMIT 0x100u /* above all operation numbers */

/* The kinds of operands, a letter each in ir-ops.def. */
enum {
    QH_IR_KIND__,
    QH_IR_KIND_V, /* V to Y: values */
    QH_IR_KIND_B,
    QH_IR_KIND_W,
    QH_IR_KIND_N,
    QH_IR_KIND_Y,
    QH_IR_KIND_L,
    QH_IR_KIND_S,
    QH_IR_KIND_T,
    QH_IR_KIND_O,
    QH_IR_KIND_X,
    QH_IR_KIND_H,
};

/* An operation in eight bytes. Bit i of @values and @names stands for operand i of a, b, c. */
typedef struct QhIrOp {
    uint16_t types;   /* 1 << QH_TYPE_...: those that its records may have; 0: no operation */
    uint8_t attrs;    /* QH_IR_A_... */
    uint8_t values;   /* operands that are values, as the table has them */
    uint8_t names;    /* operands that name a record: values and labels */
    uint8_t kinds[3]; /* QH_IR_KIND_... */
} QhIrOp;
/* By operation, of records that are valid. */
extern const QhIrOp qh_ir_ops[QH_IR_OP_LIMIT];
/* In QhIrOp.values: which words are values is not said by the table alone (ext cas call). */
#define QH_IR_VALUES_ELSEWHERE 8u
#define QH_IR_A_ANY_VALUE      (QH_IR_A_VALUE | QH_IR_A_BOOL)

const char *qh_ir_type_name(uint32_t type); /* "i64" */
extern const uint8_t qh_ir_type_sizes[16];
/* In memory; 0 for none and b1. */
static inline uint32_t qh_ir_type_bytes(uint32_t type)
{
    return type < 16 ? qh_ir_type_sizes[type] : 0;
}

/* Field @slot of the state table, NULL beyond its end; honours the table's stride. */
static inline const QhStateField *qh_ir_slot(const QhStateTable *table, uint32_t slot)
{
    return slot < table->n_fields
               ? (const void *)((const char *)table->fields + (size_t)slot * table->field_size)
               : NULL;
}

/* Helper @index of the translator, NULL beyond its end. */
static inline const QhHelper *qh_ir_helper(const QhTranslatorOps *ops, uint32_t index)
{
    return index < ops->n_helpers
               ? (const void *)((const char *)ops->helpers + (size_t)index * ops->helper_size)
               : NULL;
}

/* How many ext records come before a record of this kind: operands beyond its own three. */
uint32_t qh_ir_n_ext(const QhTranslatorOps *ops, const QhIrRecord *record);
/* qh_ir_uses of ext, cas and call. */
uint32_t qh_ir_uses_elsewhere(const QhTranslatorOps *ops,
                              const QhIrRecord *records,
                              uint32_t i,
                              uint32_t *ret_values);
/*
 * The values that record @i uses, in order (a, b, c, then those of its ext records), into
 * @ret_values (room for 8); returns how many. The records must be valid.
 */
static inline uint32_t
qh_ir_uses(const QhTranslatorOps *ops, const QhIrRecord *records, uint32_t i, uint32_t *ret_values)
{
    const QhIrRecord *record = &records[i];
    uint32_t values = qh_ir_ops[record->op].values, n = values & 1;

    if (values & QH_IR_VALUES_ELSEWHERE) {
        return qh_ir_uses_elsewhere(ops, records, i, ret_values);
    }
    ret_values[0] = record->a;
    ret_values[n] = record->b;
    n += values >> 1 & 1;
    ret_values[n] = record->c;
    return n + (values >> 2 & 1);
}

/*
 * Check @n records from a translator against every rule of abi/ir.h; FALSE with an @error that
 * names the record and the rule. What passes can be run without a further check. [any]
 */
gboolean
qh_ir_validate(const QhIrContext *context, const QhIrRecord *records, uint32_t n, GError **error);
/* Text of `-d ir`, a line a record; the caller g_frees it. [any] */
char *qh_ir_dump(const QhIrContext *context, const QhIrRecord *records, uint32_t n);

#endif
