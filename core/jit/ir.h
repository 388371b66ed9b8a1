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
/* NULL for a number that is no operation. */
const QhIrOpInfo *qh_ir_op_info(uint32_t op);
#define QH_IR_OP_LIMIT 0x100u /* above all operation numbers */

const char *qh_ir_type_name(uint32_t type); /* "i64" */
uint32_t qh_ir_type_bytes(uint32_t type);   /* in memory; 0 for none and b1 */
/* Field @slot of the state table, NULL beyond its end; honours the table's stride. */
const QhStateField *qh_ir_slot(const QhStateTable *table, uint32_t slot);
/* Helper @index of the translator, NULL beyond its end. */
const QhHelper *qh_ir_helper(const QhTranslatorOps *ops, uint32_t index);
/* How many ext records come before a record of this kind: operands beyond its own three. */
uint32_t qh_ir_n_ext(const QhTranslatorOps *ops, const QhIrRecord *record);
/*
 * The values that record @i uses, in order (a, b, c, then those of its ext records), into
 * @ret_values (room for 8); returns how many. The records must be valid.
 */
uint32_t
qh_ir_uses(const QhTranslatorOps *ops, const QhIrRecord *records, uint32_t i, uint32_t *ret_values);

/*
 * Check @n records from a translator against every rule of abi/ir.h; FALSE with an @error that
 * names the record and the rule. What passes can be run without a further check. [any]
 */
gboolean
qh_ir_validate(const QhIrContext *context, const QhIrRecord *records, uint32_t n, GError **error);
/* Text of `-d ir`, a line a record; the caller g_frees it. [any] */
char *qh_ir_dump(const QhIrContext *context, const QhIrRecord *records, uint32_t n);

#endif
