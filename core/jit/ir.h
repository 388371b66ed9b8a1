/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host does with IR records besides running them: check and print. */
#ifndef QH_CORE_JIT_IR_H
#define QH_CORE_JIT_IR_H

#include "abi/translator.h"

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

/*
 * Check @n records from a translator against every rule of abi/ir.h; FALSE with an @error that
 * names the record and the rule. What passes can be run without a further check. [any]
 */
gboolean qh_ir_validate(const QhIrContext *context, const QhIrRecord *records, uint32_t n,
                        GError **error);
/* Text of `-d ir`, a line a record; the caller g_frees it. [any] */
char *qh_ir_dump(const QhIrContext *context, const QhIrRecord *records, uint32_t n);

#endif
