/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about operations, all from abi/ir-ops.def. */
#include "core/jit/ir.h"

/* The attribute words of ir-ops.def. */
enum {
    ATTRS__ = 0,
    ATTRS_V = QH_IR_A_VALUE,
    ATTRS_B = QH_IR_A_BOOL,
    ATTRS_T = QH_IR_A_TERMINAL,
    ATTRS_F = QH_IR_A_FAULT,
    ATTRS_VF = QH_IR_A_VALUE | QH_IR_A_FAULT,
    ATTRS_VR = QH_IR_A_VALUE | QH_IR_A_FLAGS,
    ATTRS_BR = QH_IR_A_BOOL | QH_IR_A_FLAGS,
};

#define QH_OP(name, number, types, a, b, c, attrs)                                                 \
    [number] = {#name, #types, #a, #b, #c, ATTRS_##attrs},
static const QhIrOpInfo op_infos[QH_IR_OP_LIMIT] = {
#include "abi/ir-ops.def"
};
#undef QH_OP

const QhIrOpInfo *qh_ir_op_info(uint32_t op)
{
    return op < QH_IR_OP_LIMIT && op_infos[op].name != NULL ? &op_infos[op] : NULL;
}

/* The type words: which types they allow. S is compared with the slot, the local or the helper. */
#define BIT(type) (1u << QH_TYPE_##type)
enum {
    TYPES_N = BIT(NONE),
    TYPES_I = BIT(I32) | BIT(I64),
    TYPES_B = TYPES_I | BIT(B1),
    TYPES_F = BIT(F32) | BIT(F64),
    TYPES_V = BIT(V64) | BIT(V128),
    TYPES_M = TYPES_I | TYPES_F | TYPES_V | BIT(I128) | BIT(F128),
    TYPES_A = TYPES_M | BIT(B1),
    TYPES_S = TYPES_A | BIT(NONE) | BIT(I8) | BIT(I16),
};
#undef BIT

#define VALUE(kind) ((kind) >= QH_IR_KIND_V && (kind) <= QH_IR_KIND_Y)
#define NAMES(kind) (VALUE(kind) || (kind) == QH_IR_KIND_L)
#define IN_WORD(is, a, b, c)                                                                       \
    (is(QH_IR_KIND_##a) | is(QH_IR_KIND_##b) << 1 | is(QH_IR_KIND_##c) << 2)
#define ELSEWHERE(op)                                                                              \
    ((op) == QH_IR_ext || (op) == QH_IR_cas || (op) == QH_IR_call ? QH_IR_VALUES_ELSEWHERE : 0)
#define KINDS(a, b, c)                                                                             \
    {                                                                                              \
        QH_IR_KIND_##a, QH_IR_KIND_##b, QH_IR_KIND_##c                                             \
    }
#define QH_OP(name, number, types, a, b, c, attrs)                                                 \
    [number] = {TYPES_##types, ATTRS_##attrs, IN_WORD(VALUE, a, b, c) | ELSEWHERE(number),         \
                IN_WORD(NAMES, a, b, c), KINDS(a, b, c)},
const QhIrOp qh_ir_ops[QH_IR_OP_LIMIT] = {
#include "abi/ir-ops.def"
};
#undef QH_OP
#undef VALUE
#undef NAMES
#undef IN_WORD
#undef ELSEWHERE
#undef KINDS

const uint8_t qh_ir_type_sizes[16] = {
    [QH_TYPE_I8] = 1,    [QH_TYPE_I16] = 2,   [QH_TYPE_I32] = 4, [QH_TYPE_I64] = 8,
    [QH_TYPE_I128] = 16, [QH_TYPE_F32] = 4,   [QH_TYPE_F64] = 8, [QH_TYPE_F128] = 16,
    [QH_TYPE_V64] = 8,   [QH_TYPE_V128] = 16,
};

const char *qh_ir_type_name(uint32_t type)
{
    static const char *const names[] = {"none", "b1",  "i8",  "i16",  "i32", "i64",
                                        "i128", "f32", "f64", "f128", "v64", "v128"};

    return type < G_N_ELEMENTS(names) ? names[type] : "?";
}

uint32_t qh_ir_n_ext(const QhTranslatorOps *ops, const QhIrRecord *record)
{
    if (record->op == QH_IR_cas) {
        return 1;
    }
    if (record->op == QH_IR_call) {
        const QhHelper *helper = qh_ir_helper(ops, record->a);
        return helper->n_args > 2 ? (helper->n_args - 2u + 2u) / 3u : 0;
    }
    return 0;
}

static uint32_t
call_uses(const QhTranslatorOps *ops, const QhIrRecord *records, uint32_t i, uint32_t *ret_values)
{
    const QhHelper *helper = qh_ir_helper(ops, records[i].a);
    uint32_t n_ext = qh_ir_n_ext(ops, &records[i]);

    for (uint32_t n = 0; n < helper->n_args; n++) {
        const QhIrRecord *from = n < 2 ? &records[i] : &records[i - n_ext + (n - 2) / 3];
        const uint32_t words[] = {from->a, from->b, from->c};
        ret_values[n] = words[n < 2 ? n + 1 : (n - 2) % 3];
    }
    return helper->n_args;
}

uint32_t qh_ir_uses_elsewhere(const QhTranslatorOps *ops,
                              const QhIrRecord *records,
                              uint32_t i,
                              uint32_t *ret_values)
{
    const QhIrRecord *record = &records[i];

    if (record->op == QH_IR_call) {
        return call_uses(ops, records, i, ret_values);
    }
    if (record->op != QH_IR_cas) {
        return 0;
    }
    ret_values[0] = record->a;
    ret_values[1] = record->c;
    ret_values[2] = records[i - 1].a;
    return 3;
}
