/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparisons: as the condition of a branch or a select they leave their outcome in the flags of
 * the host, else it becomes 0 or 1 in a register.
 */
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/lower-int.h"

/* Operands are fetched first and compared later, because what comes between may change flags. */
typedef struct Compare {
    QhRm rm;
    int32_t imm;
    QhReg reg;    /* QH_NO_REG: rm is compared with imm */
    uint8_t cond; /* QH_COND_... */
    uint16_t pad;
    uint32_t wide;
} Compare;

/* a COND b is b SWAPPED(COND) a. */
static uint8_t swapped(uint32_t cond)
{
    static const uint8_t map[] = {QH_COND_EQ, QH_COND_NE,  QH_COND_GT,  QH_COND_LE,  QH_COND_GE,
                                  QH_COND_LT, QH_COND_GTU, QH_COND_LEU, QH_COND_GEU, QH_COND_LTU};

    return map[cond];
}

static uint32_t host_condition(uint32_t cond)
{
    static const uint8_t map[] = {QH_IF_E, QH_IF_NE, QH_IF_L,  QH_IF_GE, QH_IF_LE,
                                  QH_IF_G, QH_IF_B,  QH_IF_AE, QH_IF_BE, QH_IF_A};

    return map[cond];
}

/* With 1 to with 0, which needs no immediate. */
static void simplify_imm(Compare *compare)
{
    static const struct {
        int32_t imm;
        uint8_t from, to;
    } rules[] = {
        {1,  QH_COND_LTU, QH_COND_EQ},
        {1,  QH_COND_GEU, QH_COND_NE},
        {0,  QH_COND_LEU, QH_COND_EQ},
        {0,  QH_COND_GTU, QH_COND_NE},
        {1,  QH_COND_LT,  QH_COND_LE},
        {1,  QH_COND_GE,  QH_COND_GT},
        {-1, QH_COND_GT,  QH_COND_GE},
        {-1, QH_COND_LE,  QH_COND_LT},
    };

    for (uint32_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (compare->imm == rules[i].imm && compare->cond == rules[i].from) {
            compare->cond = rules[i].to;
            compare->imm = 0;
            return;
        }
    }
}

static Compare fetch_with(QhT1 *t, uint32_t wide, uint32_t cond, uint32_t a, int32_t imm)
{
    Compare compare = {.imm = imm, .reg = QH_NO_REG, .cond = (uint8_t)cond, .wide = wide};

    compare.rm = qh_t1_rm_gpr(t, a);
    simplify_imm(&compare);
    return compare;
}

static Compare fetch(QhT1 *t, const QhIrRecord *record)
{
    uint32_t a = record->a, b = record->b, cond = record->flags, wide = qh_t1_wide(record);
    Compare compare = {.wide = wide};
    uint64_t bits;
    int32_t imm;

    if (record->op == QH_IR_int2bool) {
        return fetch_with(t, wide, QH_COND_NE, a, 0);
    }
    if (qh_t1_const(t, a, &bits)) {
        a = record->b;
        b = record->a;
        cond = swapped(cond);
    }
    if (qh_t1_imm(t, b, &imm)) {
        return fetch_with(t, wide, cond, a, imm);
    }
    compare.rm = qh_t1_rm_gpr(t, b);
    compare.reg = qh_t1_use_gpr(t, a);
    compare.cond = (uint8_t)cond;
    return compare;
}

/* Returns QH_IF_... */
static uint32_t emit(QhT1 *t, const Compare *compare)
{
    if (compare->reg != QH_NO_REG) {
        qh_x(&t->a, QH_X_CMP | compare->wide, compare->reg, compare->rm);
    } else if (compare->imm == 0 && compare->rm.is_reg) {
        qh_x(&t->a, QH_X_TEST | compare->wide, compare->rm.base, compare->rm);
    } else {
        qh_x_alu_i(&t->a, QH_X_CMP | compare->wide, compare->rm, compare->imm);
    }
    return host_condition(compare->cond);
}

uint32_t qh_t1_condition(QhT1 *t, uint32_t compare)
{
    const QhIrRecord *record = &t->records[compare];
    Compare test;

    if (!qh_t1_fused(t, compare)) {
        test = fetch_with(t, 0, QH_COND_NE, compare, 0);
    } else if (record->op == QH_IR_fcmp) {
        return qh_t1_fp_condition(t, compare);
    } else if (record->op == QH_IR_flag) {
        return qh_t1_flag_condition(t, compare);
    } else {
        test = fetch(t, record);
    }
    return emit(t, &test);
}

/* The register is cleared before the comparison, when it is not compared itself: setcc writes but
 * one byte. */
static void lower_cmp(QhT1 *t, const QhIrRecord *record)
{
    Compare compare = fetch(t, record);
    QhReg d = qh_t1_def_late(t);
    gboolean busy = compare.reg == d || qh_t1_rm_is(compare.rm, d);
    uint32_t condition;

    if (!busy) {
        qh_t1_zero(t, d);
    }
    condition = emit(t, &compare);
    if (busy) {
        qh_x_setcc(&t->a, condition, QH_RAX);
        qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_reg(QH_RAX));
    } else {
        qh_x_setcc(&t->a, condition, d);
    }
}

static gboolean is_general(uint32_t type)
{
    return type == QH_TYPE_I32 || type == QH_TYPE_I64 || type == QH_TYPE_B1;
}

/* xmm registers have no conditional move: the copy is jumped over. */
static void select_xmm(QhT1 *t, const QhIrRecord *record)
{
    uint32_t bytes = qh_ir_type_bytes(record->type);
    uint32_t load = bytes == 16 ? QH_X_MOVUPS : bytes == 8 ? QH_X_MOVSD : QH_X_MOVSS;
    uint32_t condition = qh_t1_condition(t, record->a);
    QhRm yes = qh_t1_rm_xmm(t, record->b);
    QhReg d = qh_t1_def_copy(t, record->c);
    uint32_t skip = qh_x_jcc8(&t->a, condition ^ 1);

    qh_x(&t->a, yes.is_reg ? QH_X_MOVAPS : load, d, yes);
    qh_x_here8(&t->a, skip);
    qh_t1_fp_place(t, record->type, d, d,
                   qh_t1_fp_is_clean(t, record->b, record->type) &&
                       qh_t1_fp_is_clean(t, record->c, record->type));
}

static void lower_select(QhT1 *t, const QhIrRecord *record)
{
    uint32_t yes = record->b, no = record->c, inverse = 0, condition;
    uint64_t bits;

    if (!is_general(record->type)) {
        select_xmm(t, record);
        return;
    }
    if (qh_t1_const(t, yes, &bits) && !qh_t1_const(t, no, &bits)) {
        yes = record->c;
        no = record->b;
        inverse = 1;
    }
    /* it may bring an operand of both into a register, and then no memory holds that any more */
    condition = qh_t1_condition(t, record->a) ^ inverse;
    QhRm from = qh_t1_rm_gpr(t, yes);
    QhReg d = qh_t1_def_copy(t, no);
    if (!qh_t1_rm_is(from, d)) {
        qh_x(&t->a, (QH_X_CMOV + condition) | qh_t1_wide(record), d, from);
    }
}

/* d = a unless the comparison of a with b has @condition, then b */
static void lower_min_max(QhT1 *t, const QhIrRecord *record, uint32_t condition)
{
    uint32_t wide = qh_t1_wide(record);
    QhRm b = qh_t1_rm_gpr(t, record->b);
    QhReg d = qh_t1_def_copy(t, record->a);

    if (!qh_t1_rm_is(b, d)) {
        qh_x(&t->a, QH_X_CMP | wide, d, b);
        qh_x(&t->a, (QH_X_CMOV + condition) | wide, d, b);
    }
}

gboolean qh_t1_lower_compare(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_cmp:
    case QH_IR_int2bool:
        if (!qh_t1_fused(t, t->i)) {
            lower_cmp(t, record);
        }
        return TRUE;
    case QH_IR_select:
        lower_select(t, record);
        return TRUE;
    case QH_IR_mins:
        lower_min_max(t, record, QH_IF_G);
        return TRUE;
    case QH_IR_maxs:
        lower_min_max(t, record, QH_IF_L);
        return TRUE;
    case QH_IR_minu:
        lower_min_max(t, record, QH_IF_A);
        return TRUE;
    case QH_IR_maxu:
        lower_min_max(t, record, QH_IF_B);
        return TRUE;
    default:
        return FALSE;
    }
}
