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

static const struct {
    const char *name;
    uint32_t bytes;
} type_infos[] = {
    [QH_TYPE_NONE] = {"none", 0 },
      [QH_TYPE_B1] = {"b1",   0 },
      [QH_TYPE_I8] = {"i8",   1 },
    [QH_TYPE_I16] = {"i16",  2 },
      [QH_TYPE_I32] = {"i32",  4 },
      [QH_TYPE_I64] = {"i64",  8 },
    [QH_TYPE_I128] = {"i128", 16},
      [QH_TYPE_F32] = {"f32",  4 },
      [QH_TYPE_F64] = {"f64",  8 },
    [QH_TYPE_F128] = {"f128", 16},
      [QH_TYPE_V64] = {"v64",  8 },
      [QH_TYPE_V128] = {"v128", 16},
};

const char *qh_ir_type_name(uint32_t type)
{
    return type < G_N_ELEMENTS(type_infos) ? type_infos[type].name : "?";
}

uint32_t qh_ir_type_bytes(uint32_t type)
{
    return type < G_N_ELEMENTS(type_infos) ? type_infos[type].bytes : 0;
}

const QhStateField *qh_ir_slot(const QhStateTable *table, uint32_t slot)
{
    if (slot >= table->n_fields) {
        return NULL;
    }
    return (const void *)((const char *)table->fields + (size_t)slot * table->field_size);
}

const QhHelper *qh_ir_helper(const QhTranslatorOps *ops, uint32_t index)
{
    if (index >= ops->n_helpers) {
        return NULL;
    }
    return (const void *)((const char *)ops->helpers + (size_t)index * ops->helper_size);
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

static gboolean is_value_kind(char kind)
{
    return kind == 'V' || kind == 'B' || kind == 'W' || kind == 'N' || kind == 'Y';
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

uint32_t
qh_ir_uses(const QhTranslatorOps *ops, const QhIrRecord *records, uint32_t i, uint32_t *ret_values)
{
    const QhIrRecord *record = &records[i];
    const QhIrOpInfo *info = &op_infos[record->op];
    uint32_t n = 0;

    if (record->op == QH_IR_ext) {
        return 0;
    }
    if (record->op == QH_IR_call) {
        return call_uses(ops, records, i, ret_values);
    }
    if (is_value_kind(info->a[0])) {
        ret_values[n++] = record->a;
    }
    if (is_value_kind(info->b[0])) {
        ret_values[n++] = record->b;
    }
    if (is_value_kind(info->c[0])) {
        ret_values[n++] = record->c;
    }
    if (record->op == QH_IR_cas) {
        ret_values[n++] = records[i - 1].a;
    }
    return n;
}
