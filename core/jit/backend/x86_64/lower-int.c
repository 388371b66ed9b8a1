/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic, logic and shifts. An x86 instruction overwrites its first operand; where the result
 * goes to another register, lea and the BMI forms save the copy. The result's register is asked for
 * last: it may then be that of either operand, and the code below looks which.
 */
#include "core/jit/backend/x86_64/lower-int.h"
#include "core/jit/backend/x86_64/alloc.h"

/* d = a + imm */
static void add_imm(QhT1 *t, uint32_t wide, uint32_t a, int32_t imm)
{
    QhRm from = qh_t1_rm_gpr(t, a);
    QhReg d = qh_t1_def_late(t);

    if (from.is_reg && from.base != d) {
        qh_x(&t->a, QH_X_LEA | wide, d, qh_rm_mem(from.base, imm));
        return;
    }
    qh_t1_load(t, wide, d, from);
    qh_x_alu_i(&t->a, QH_X_ADD | wide, qh_rm_reg(d), imm);
}

/* and with a mask: the extensions, and 32 bits where the upper half of the mask is 0 */
static void and_imm(QhT1 *t, uint32_t wide, uint32_t a, int32_t imm)
{
    if (imm == 0xff || imm == 0xffff) {
        QhRm from = qh_t1_rm_gpr(t, a);
        qh_x(&t->a, imm == 0xff ? QH_X_MOVZX8 : QH_X_MOVZX16, qh_t1_def_late(t), from);
        return;
    }
    QhReg d = qh_t1_def_copy(t, a);
    qh_x_alu_i(&t->a, QH_X_AND | (imm < 0 ? wide : 0), qh_rm_reg(d), imm);
}

static gboolean low_word_mask(const QhT1 *t, uint32_t value)
{
    uint64_t bits;

    return qh_t1_const(t, value, &bits) && bits == UINT32_MAX;
}

static void binary_imm(QhT1 *t, const QhIrRecord *record, uint32_t op, uint32_t a, int32_t imm)
{
    uint32_t wide = qh_t1_wide(record);

    if (op == QH_X_SUB && imm != INT32_MIN) {
        op = QH_X_ADD;
        imm = -imm;
    }
    if (op == QH_X_ADD) {
        add_imm(t, wide, a, imm);
    } else if (op == QH_X_AND) {
        and_imm(t, wide, a, imm);
    } else {
        QhReg d = qh_t1_def_copy(t, a);
        if (op == QH_X_XOR && imm == -1) {
            qh_x(&t->a, QH_X_GRP_F7 | wide, 2, qh_rm_reg(d));
        } else {
            qh_x_alu_i(&t->a, op | wide, qh_rm_reg(d), imm);
        }
    }
}

static gboolean is_scaled(const QhT1 *t, uint32_t value)
{
    return t->alloc->values[value].make == QH_T1_SCALED;
}

/* The number of places that a value which is_scaled is shifted by. */
static uint32_t scale_of(const QhT1 *t, uint32_t value)
{
    uint64_t count = 0;

    qh_t1_const(t, t->records[value].b, &count);
    return (uint32_t)count;
}

/* A sum with the shift that is left to it. */
static gboolean add_scaled(QhT1 *t, const QhIrRecord *record)
{
    uint32_t scaled = is_scaled(t, record->b) ? record->b : record->a;
    uint32_t other = scaled == record->b ? record->a : record->b;
    QhReg base = QH_RAX, index;

    if (!is_scaled(t, scaled)) {
        return FALSE;
    }
    if (is_scaled(t, other)) {
        qh_t1_move_to(t, base, t->records[other].a);
        qh_t1_shift_i(t, QH_X_W, QH_T1_SHL, base, scale_of(t, other));
    } else {
        base = qh_t1_use_gpr(t, other);
    }
    index = qh_t1_use_gpr(t, t->records[scaled].a);
    qh_x(&t->a, QH_X_LEA | QH_X_W, qh_t1_def_late(t),
         qh_rm_sib(base, index, scale_of(t, scaled), 0));
    return TRUE;
}

static void binary(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    uint32_t wide = qh_t1_wide(record), a = record->a, b = record->b;
    gboolean commutes = op != QH_X_SUB;
    uint64_t bits;
    int32_t imm;

    if (commutes && qh_t1_const(t, a, &bits)) {
        a = record->b;
        b = record->a;
    }
    if (qh_t1_imm(t, b, &imm)) {
        binary_imm(t, record, op, a, imm);
        return;
    }
    if (op == QH_X_AND && low_word_mask(t, b)) {
        QhRm from = qh_t1_rm_gpr(t, a);
        qh_x(&t->a, QH_X_MOV, qh_t1_def_late(t), from);
        return;
    }
    QhRm x = qh_t1_rm_gpr(t, a), y = qh_t1_rm_gpr(t, b);
    QhReg d = qh_t1_def_late(t);
    if (qh_t1_rm_is(y, d) && !qh_t1_rm_is(x, d)) {
        if (!commutes) { /* a - d = -d + a */
            qh_x(&t->a, QH_X_GRP_F7 | wide, 3, qh_rm_reg(d));
            op = QH_X_ADD;
        }
        qh_x(&t->a, op | wide, d, x);
    } else if (op == QH_X_ADD && x.is_reg && y.is_reg && x.base != d) {
        qh_x(&t->a, QH_X_LEA | wide, d, qh_rm_sib(x.base, y.base, 0, 0));
    } else {
        qh_t1_load(t, wide, d, x);
        qh_x(&t->a, op | wide, d, y);
    }
}

/* ~d, of a truth value: 1 - d */
static void invert(QhT1 *t, const QhIrRecord *record, QhReg d)
{
    if (record->type == QH_TYPE_B1) {
        qh_x_alu_i(&t->a, QH_X_XOR, qh_rm_reg(d), 1);
    } else {
        qh_x(&t->a, QH_X_GRP_F7 | qh_t1_wide(record), 2, qh_rm_reg(d));
    }
}

static void unary(QhT1 *t, const QhIrRecord *record)
{
    QhReg d = qh_t1_def_copy(t, record->a);

    if (record->op == QH_IR_neg) {
        qh_x(&t->a, QH_X_GRP_F7 | qh_t1_wide(record), 3, qh_rm_reg(d));
    } else {
        invert(t, record, d);
    }
}

/* a op ~b, by the op itself when b is a constant. */
static gboolean inverted_imm(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    int32_t imm;

    if (record->type == QH_TYPE_B1 || !qh_t1_imm(t, record->b, &imm)) {
        return FALSE;
    }
    binary_imm(t, record, op, record->a, ~imm);
    return TRUE;
}

static void andn(QhT1 *t, const QhIrRecord *record)
{
    uint32_t wide = qh_t1_wide(record);

    if (inverted_imm(t, record, QH_X_AND)) {
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a);
    if (t->features & QH_T1_HAS_BMI1) {
        QhReg b = qh_t1_use_gpr(t, record->b);
        qh_x_vex(&t->a, QH_X_ANDN | wide, qh_t1_def_late(t), b, a);
        return;
    }
    QhReg d = qh_t1_def_copy(t, record->b);
    if (qh_t1_rm_is(a, d)) {
        qh_t1_zero(t, d);
        return;
    }
    invert(t, record, d);
    qh_x(&t->a, QH_X_AND | wide, d, a);
}

static void orn(QhT1 *t, const QhIrRecord *record)
{
    if (inverted_imm(t, record, QH_X_OR)) {
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a);
    QhReg d = qh_t1_def_copy(t, record->b);
    if (qh_t1_rm_is(a, d)) {
        qh_x_mov_i(&t->a, d, record->type == QH_TYPE_B1 ? 1 : UINT64_MAX);
        return;
    }
    invert(t, record, d);
    qh_x(&t->a, QH_X_OR | qh_t1_wide(record), d, a);
}

static void xnor(QhT1 *t, const QhIrRecord *record)
{
    if (inverted_imm(t, record, QH_X_XOR)) {
        return;
    }
    QhRm b = qh_t1_rm_gpr(t, record->b);
    QhReg d = qh_t1_def_copy(t, record->a);
    qh_x(&t->a, QH_X_XOR | qh_t1_wide(record), d, b);
    invert(t, record, d);
}

static void shift_const(QhT1 *t, const QhIrRecord *record, uint32_t number, uint64_t count)
{
    uint32_t width = qh_t1_width(record), wide = qh_t1_wide(record);

    if (count >= width && record->flags == QH_SHIFT_SATURATE) {
        if (number != QH_T1_SAR) {
            qh_x_mov_i(&t->a, qh_t1_def(t), 0);
            return;
        }
        count = width - 1;
    }
    count &= width - 1;
    if (count == 0) {
        qh_t1_def_same(t, record->a);
        return;
    }
    if (number == QH_T1_SHL && count == 1) {
        QhRm a = qh_t1_rm_gpr(t, record->a);
        QhReg d = qh_t1_def_late(t);
        if (a.is_reg && a.base != d) {
            qh_x(&t->a, QH_X_LEA | wide, d, qh_rm_sib(a.base, a.base, 0, 0));
            return;
        }
        qh_t1_load(t, wide, d, a);
        qh_x(&t->a, QH_X_ADD | wide, d, qh_rm_reg(d));
        return;
    }
    qh_t1_shift_i(t, wide, number, qh_t1_def_copy(t, record->a), (uint32_t)count);
}

/* d = a shifted by register @count, modulo the width; nothing else is changed. */
static void shift_reg(QhT1 *t, uint32_t wide, uint32_t number, QhReg d, QhRm a, QhReg count)
{
    uint32_t op = number == QH_T1_SHL ? QH_X_SHLX : number == QH_T1_SHR ? QH_X_SHRX : QH_X_SARX;

    if (t->features & QH_T1_HAS_BMI2) {
        qh_x_vex(&t->a, op | wide, d, count, a);
        return;
    }
    if (count != QH_RCX) {
        qh_x_mov(&t->a, 0, QH_RCX, count);
    }
    qh_t1_load(t, wide, d, a);
    qh_x(&t->a, QH_X_SHIFT_CL | wide, number, qh_rm_reg(d));
}

/* Counts beyond the width: sar by the width less 1, others give 0. */
static void shift_saturate(QhT1 *t, const QhIrRecord *record, uint32_t number, QhRm a, QhReg count)
{
    uint32_t width = qh_t1_width(record), wide = qh_t1_wide(record);
    QhReg d = qh_t1_def(t);

    if (number == QH_T1_SAR) {
        qh_x_mov_i(&t->a, QH_RCX, width - 1);
        qh_x_alu_i(&t->a, QH_X_CMP | wide, qh_rm_reg(count), (int32_t)width);
        qh_x(&t->a, (QH_X_CMOV + QH_IF_B) | wide, QH_RCX, qh_rm_reg(count));
        shift_reg(t, wide, number, d, a, QH_RCX);
        return;
    }
    shift_reg(t, wide, number, d, a, count);
    qh_t1_zero(t, QH_RCX);
    qh_x_alu_i(&t->a, QH_X_CMP | wide, qh_rm_reg(count), (int32_t)width);
    qh_x(&t->a, (QH_X_CMOV + QH_IF_AE) | wide, d, qh_rm_reg(QH_RCX));
}

static void shift(QhT1 *t, const QhIrRecord *record, uint32_t number)
{
    uint64_t bits;

    if (qh_t1_const(t, record->b, &bits)) {
        shift_const(t, record, number, bits);
        return;
    }
    QhReg count = qh_t1_use_gpr(t, record->b);
    QhRm a = qh_t1_rm_gpr(t, record->a);
    if (record->flags == QH_SHIFT_SATURATE) {
        shift_saturate(t, record, number, a, count);
    } else {
        /* the count is read before the result is written, or has been moved to rcx */
        shift_reg(t, qh_t1_wide(record), number, qh_t1_def_late(t), a, count);
    }
}

static void rotate(QhT1 *t, const QhIrRecord *record, uint32_t number)
{
    uint32_t width = qh_t1_width(record), wide = qh_t1_wide(record);
    uint64_t bits;

    if (!qh_t1_const(t, record->b, &bits)) {
        QhRm count = qh_t1_rm_gpr(t, record->b);
        qh_x(&t->a, QH_X_MOV, QH_RCX, count);
        QhReg d = qh_t1_def_copy(t, record->a);
        qh_x(&t->a, QH_X_SHIFT_CL | wide, number, qh_rm_reg(d));
        return;
    }
    uint32_t count = (uint32_t)bits & (width - 1);
    uint32_t right = number == QH_T1_ROR ? count : (0u - count) & (width - 1);
    if (count == 0) {
        qh_t1_def_same(t, record->a);
    } else if (t->features & QH_T1_HAS_BMI2) {
        QhRm a = qh_t1_rm_gpr(t, record->a);
        qh_x_vex_i8(&t->a, QH_X_RORX | wide, qh_t1_def_late(t), 0, a, right);
    } else {
        qh_t1_shift_i(t, wide, QH_T1_ROR, qh_t1_def_copy(t, record->a), right);
    }
}

/* Carry and borrow: CF from the truth value c, then adc or sbb. */
/* Whether the host's carry is that of the record before, which was the same sum. */
static gboolean has_carry(const QhT1 *t, const QhIrRecord *record, uint32_t sum)
{
    const QhIrRecord *before = record - 1;

    return t->i > t->source->blocks[t->block].first && before->op == sum &&
           before->type == record->type && before->a == record->a && before->b == record->b &&
           before->c == record->c && t->alloc->values[t->i - 1].make == QH_T1_NOW &&
           t->alloc->carry_at == qh_x_offset(&t->a);
}

static void with_carry(QhT1 *t, const QhIrRecord *record, uint32_t op, gboolean want_carry)
{
    uint32_t wide = qh_t1_wide(record);

    if (want_carry && has_carry(t, record, op == QH_X_ADC ? QH_IR_addc : QH_IR_subb)) {
        qh_x_setcc(&t->a, QH_IF_B, QH_RAX);
        qh_x(&t->a, QH_X_MOVZX8, qh_t1_def_late(t), qh_rm_reg(QH_RAX));
        return;
    }
    QhRm b = qh_t1_rm_gpr(t, record->b);
    QhReg c = qh_t1_use_gpr(t, record->c);

    if (want_carry) {
        qh_t1_move_to(t, QH_RAX, record->a);
        qh_x_i8(&t->a, QH_X_BT_I, 4, qh_rm_reg(c), 0);
        qh_x(&t->a, op | wide, QH_RAX, b);
        qh_x_setcc(&t->a, QH_IF_B, QH_RAX);
        qh_x(&t->a, QH_X_MOVZX8, qh_t1_def_late(t), qh_rm_reg(QH_RAX));
        return;
    }
    QhReg d = qh_t1_def_copy(t, record->a);
    qh_x_i8(&t->a, QH_X_BT_I, 4, qh_rm_reg(c), 0);
    qh_x(&t->a, op | wide, d, b);
    t->alloc->carry_at = qh_x_offset(&t->a);
}

static gboolean lower_logic(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_and:
        binary(t, record, QH_X_AND);
        return TRUE;
    case QH_IR_or:
        binary(t, record, QH_X_OR);
        return TRUE;
    case QH_IR_xor:
        binary(t, record, QH_X_XOR);
        return TRUE;
    case QH_IR_andn:
        andn(t, record);
        return TRUE;
    case QH_IR_orn:
        orn(t, record);
        return TRUE;
    case QH_IR_xnor:
        xnor(t, record);
        return TRUE;
    case QH_IR_not:
    case QH_IR_neg:
        unary(t, record);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean lower_arith(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_add:
        if (!add_scaled(t, record)) {
            binary(t, record, QH_X_ADD);
        }
        return TRUE;
    case QH_IR_sub:
        binary(t, record, QH_X_SUB);
        return TRUE;
    case QH_IR_shl:
        shift(t, record, QH_T1_SHL);
        return TRUE;
    case QH_IR_shr:
        shift(t, record, QH_T1_SHR);
        return TRUE;
    case QH_IR_sar:
        shift(t, record, QH_T1_SAR);
        return TRUE;
    case QH_IR_rol:
        rotate(t, record, QH_T1_ROL);
        return TRUE;
    case QH_IR_ror:
        rotate(t, record, QH_T1_ROR);
        return TRUE;
    case QH_IR_addc:
    case QH_IR_addc_carry:
        with_carry(t, record, QH_X_ADC, record->op == QH_IR_addc_carry);
        return TRUE;
    case QH_IR_subb:
    case QH_IR_subb_borrow:
        with_carry(t, record, QH_X_SBB, record->op == QH_IR_subb_borrow);
        return TRUE;
    default:
        return FALSE;
    }
}

void qh_t1_lower_int(QhT1 *t, const QhIrRecord *record)
{
    if (record->op == QH_IR_mov) {
        qh_t1_def_same(t, record->a);
    } else if (!lower_logic(t, record) && !lower_arith(t, record) &&
               !qh_t1_lower_compare(t, record) && !qh_t1_lower_field(t, record) &&
               !qh_t1_lower_bits(t, record) && !qh_t1_lower_muldiv(t, record)) {
        t->failed = TRUE;
    }
}
