/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer operations on constants, as abi/ir-ops.def defines them. */
#include "core/jit/backend/x86_64/fold.h"

/* One operation: operands zero-extended, and the first two sign-extended as well. */
typedef struct Work {
    uint64_t a, b, mask;
    int64_t sa, sb;
    uint32_t width;
    gboolean saturate;
} Work;

static int64_t sign_extend(uint64_t value, uint32_t width)
{
    return (int64_t)(value << (64 - width)) >> (64 - width);
}

static gboolean arithmetic(uint32_t op, const Work *w, uint64_t *ret)
{
    switch (op) {
    case QH_IR_add:
        *ret = w->a + w->b;
        return TRUE;
    case QH_IR_sub:
        *ret = w->a - w->b;
        return TRUE;
    case QH_IR_neg:
        *ret = 0 - w->a;
        return TRUE;
    case QH_IR_mul:
        *ret = w->a * w->b;
        return TRUE;
    case QH_IR_minu:
        *ret = MIN(w->a, w->b);
        return TRUE;
    case QH_IR_maxu:
        *ret = MAX(w->a, w->b);
        return TRUE;
    case QH_IR_mins:
        *ret = (uint64_t)MIN(w->sa, w->sb);
        return TRUE;
    case QH_IR_maxs:
        *ret = (uint64_t)MAX(w->sa, w->sb);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean logic(uint32_t op, const Work *w, uint64_t *ret)
{
    switch (op) {
    case QH_IR_and:
        *ret = w->a & w->b;
        return TRUE;
    case QH_IR_or:
        *ret = w->a | w->b;
        return TRUE;
    case QH_IR_xor:
        *ret = w->a ^ w->b;
        return TRUE;
    case QH_IR_not:
        *ret = ~w->a;
        return TRUE;
    case QH_IR_andn:
        *ret = w->a & ~w->b;
        return TRUE;
    case QH_IR_orn:
        *ret = w->a | ~w->b;
        return TRUE;
    case QH_IR_xnor:
        *ret = ~(w->a ^ w->b);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean shift(uint32_t op, const Work *w, uint64_t *ret)
{
    uint64_t count = w->b & (w->width - 1);
    gboolean beyond = w->saturate && w->b >= w->width;

    switch (op) {
    case QH_IR_shl:
        *ret = beyond ? 0 : w->a << count;
        return TRUE;
    case QH_IR_shr:
        *ret = beyond ? 0 : w->a >> count;
        return TRUE;
    case QH_IR_sar:
        *ret = (uint64_t)(w->sa >> (beyond ? w->width - 1 : count));
        return TRUE;
    case QH_IR_rol:
        *ret = w->a << count | w->a >> ((w->width - count) & (w->width - 1));
        return TRUE;
    case QH_IR_ror:
        *ret = w->a >> count | w->a << ((w->width - count) & (w->width - 1));
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean compare(uint32_t cond, const Work *w)
{
    switch (cond) {
    case QH_COND_EQ:
        return w->a == w->b;
    case QH_COND_NE:
        return w->a != w->b;
    case QH_COND_LT:
        return w->sa < w->sb;
    case QH_COND_GE:
        return w->sa >= w->sb;
    case QH_COND_LE:
        return w->sa <= w->sb;
    case QH_COND_GT:
        return w->sa > w->sb;
    case QH_COND_LTU:
        return w->a < w->b;
    case QH_COND_GEU:
        return w->a >= w->b;
    case QH_COND_LEU:
        return w->a <= w->b;
    default:
        return w->a > w->b;
    }
}

static gboolean part(const QhIrRecord *record, const Work *w, uint64_t *ret)
{
    uint64_t field;

    switch (record->op) {
    case QH_IR_ext8s:
    case QH_IR_ext16s:
    case QH_IR_ext32s:
        *ret = (uint64_t)sign_extend(w->a, 8u << (record->op - QH_IR_ext8s));
        return TRUE;
    case QH_IR_sext:
        *ret = (uint64_t)sign_extend(w->a, 32);
        return TRUE;
    case QH_IR_ext8u:
        *ret = (uint8_t)w->a;
        return TRUE;
    case QH_IR_ext16u:
        *ret = (uint16_t)w->a;
        return TRUE;
    case QH_IR_ext32u:
    case QH_IR_zext:
    case QH_IR_trunc:
        *ret = (uint32_t)w->a;
        return TRUE;
    case QH_IR_bool2int:
        *ret = w->a;
        return TRUE;
    case QH_IR_extractu:
    case QH_IR_extracts:
        field = w->a >> record->b << (64 - record->c);
        *ret = record->op == QH_IR_extracts ? (uint64_t)((int64_t)field >> (64 - record->c))
                                            : field >> (64 - record->c);
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean
qh_t1_fold_evaluate(const QhIrRecord *record, const uint64_t values[3], uint64_t *ret_result)
{
    uint32_t width = record->type == QH_TYPE_I64 ? 64 : record->type == QH_TYPE_I32 ? 32 : 1;
    Work w = {.a = values[0],
              .b = values[1],
              .mask = UINT64_MAX >> (64 - width),
              .width = width,
              .saturate = record->flags == QH_SHIFT_SATURATE};

    w.sa = sign_extend(w.a, width);
    w.sb = sign_extend(w.b, width);
    if (record->op == QH_IR_cmp) {
        *ret_result = compare(record->flags, &w) ? 1 : 0;
        return TRUE;
    }
    if (record->op == QH_IR_int2bool) {
        *ret_result = w.a != 0;
        return TRUE;
    }
    if (!arithmetic(record->op, &w, ret_result) && !logic(record->op, &w, ret_result) &&
        !shift(record->op, &w, ret_result) && !part(record, &w, ret_result)) {
        return FALSE;
    }
    *ret_result &= w.mask;
    return TRUE;
}
