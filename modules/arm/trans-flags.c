/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition flags. What set them last in this block is remembered with its operands, so that a
 * condition becomes one comparison of these; only what crosses the border of a block is read from
 * the lazy slots. A conditional compare is remembered as a choice: then its condition is the
 * comparison if the choice is true, and otherwise what its four bits say.
 *
 * Conditions: Arm C1.2.4. The upper three bits pick one, the lowest inverts it.
 */
#include "modules/arm/translate.h"

static QhValue bool_const(ArmDis *d, gboolean value)
{
    return qh_ir_const(d->block, QH_TYPE_B1, value ? 1 : 0);
}

static QhValue bool_not(ArmDis *d, QhValue value)
{
    return qh_ir_1(d->block, QH_IR_not, QH_TYPE_B1, value);
}

static QhValue compare(ArmDis *d, const ArmFlags *f, uint32_t condition)
{
    return qh_ir_cmp(d->block, condition, f->type, f->a, f->b);
}

/* The result against zero. */
static QhValue compare_result(ArmDis *d, const ArmFlags *f, uint32_t condition)
{
    QhValue zero = f->type == QH_TYPE_I64 ? arm_const(d, 0) : arm_const32(d, 0);

    return qh_ir_cmp(d->block, condition, f->type, f->result, zero);
}

static QhValue flag(ArmDis *d, uint32_t which)
{
    return qh_ir(d->block, QH_IR_flag, QH_TYPE_NONE, which, 0, 0, 0);
}

/* From the lazy slots; @cond is any. */
static QhValue from_flags(ArmDis *d, uint32_t cond)
{
    static const uint8_t flags[] = {QH_FLAG_Z,  QH_FLAG_C,  QH_FLAG_N, QH_FLAG_V,
                                    QH_FLAG_HI, QH_FLAG_GE, QH_FLAG_GT};

    return flag(d, flags[cond >> 1] | (cond & 1 ? QH_FLAG_NOT : 0));
}

/* Of a subtraction; @cond is any. */
static QhValue from_sub(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    static const uint8_t conditions[16] = {
        QH_COND_EQ,  QH_COND_NE,  QH_COND_GEU, QH_COND_LTU, QH_COND_LT, QH_COND_GE, 0, 0,
        QH_COND_GTU, QH_COND_LEU, QH_COND_GE,  QH_COND_LT,  QH_COND_GT, QH_COND_LE, 0, 0,
    };

    if (cond >> 1 == 3) {
        return from_flags(d, cond);
    }
    return cond >> 1 == 2 ? compare_result(d, f, conditions[cond])
                          : compare(d, f, conditions[cond]);
}

/* Of a logical operation: C and V are 0. */
static QhValue from_logic(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    static const uint8_t conditions[16] = {
        QH_COND_EQ, QH_COND_NE, 0,          0,          QH_COND_LT, QH_COND_GE, 0, 0,
        0,          0,          QH_COND_GE, QH_COND_LT, QH_COND_GT, QH_COND_LE, 0, 0,
    };

    if (cond >> 1 == 1 || cond >> 1 == 3 || cond >> 1 == 4) {
        return bool_const(d, cond & 1);
    }
    return compare_result(d, f, conditions[cond]);
}

/* Of an addition. */
static QhValue from_add(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    switch (cond >> 1) {
    case 0:
        return compare_result(d, f, cond & 1 ? QH_COND_NE : QH_COND_EQ);
    case 2:
        return compare_result(d, f, cond & 1 ? QH_COND_GE : QH_COND_LT);
    case 1:
        if (f->kind == QH_CC_ADD) { /* the sum has wrapped */
            return qh_ir_cmp(d->block, cond & 1 ? QH_COND_GEU : QH_COND_LTU, f->type, f->result,
                             f->a);
        }
        if (f->chosen != 0) {
            return cond & 1 ? bool_not(d, f->chosen) : f->chosen;
        }
        break;
    default:
        break;
    }
    return from_flags(d, cond);
}

/* Bit @bit of the NZCV that f->a holds. */
static QhValue one_bit(ArmDis *d, const ArmFlags *f, uint32_t bit)
{
    QhValue value = qh_ir_2(d->block, QH_IR_and, QH_TYPE_I64, f->a, arm_const(d, 1ull << bit));

    return qh_ir_1(d->block, QH_IR_int2bool, QH_TYPE_I64, value);
}

static QhValue from_bits(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    QhBlock *block = d->block;
    QhValue value, same;

    switch (cond >> 1) {
    case 0:
        value = one_bit(d, f, 2);
        break;
    case 1:
        value = one_bit(d, f, 1);
        break;
    case 2:
        value = one_bit(d, f, 3);
        break;
    case 3:
        value = one_bit(d, f, 0);
        break;
    case 4:
        value = qh_ir_2(block, QH_IR_andn, QH_TYPE_B1, one_bit(d, f, 1), one_bit(d, f, 2));
        break;
    default:
        same = qh_ir_2(block, QH_IR_xnor, QH_TYPE_B1, one_bit(d, f, 3), one_bit(d, f, 0));
        value =
            cond >> 1 == 5 ? same : qh_ir_2(block, QH_IR_andn, QH_TYPE_B1, same, one_bit(d, f, 2));
        break;
    }
    return cond & 1 ? bool_not(d, value) : value;
}

/* A quiet comparison once more: it raises nothing that has not been raised. */
static QhValue fcompare(ArmDis *d, const ArmFlags *f, uint32_t condition, gboolean turned)
{
    return qh_ir(d->block, QH_IR_fcmp, f->type, condition, turned ? f->b : f->a,
                 turned ? f->a : f->b, 0);
}

/* Arm C1.2.4, the meaning of conditions after FCMP; @cond is even. */
static QhValue from_fcmp(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    switch (cond >> 1) {
    case 0:
        return fcompare(d, f, QH_FCOND_EQ, FALSE);
    case 1: /* greater, equal or unordered */
        return bool_not(d, fcompare(d, f, QH_FCOND_LT, FALSE));
    case 2:
        return fcompare(d, f, QH_FCOND_LT, FALSE);
    case 3:
        return fcompare(d, f, QH_FCOND_UNORDERED, FALSE);
    case 4: /* greater or unordered */
        return bool_not(d, fcompare(d, f, QH_FCOND_LE, FALSE));
    case 5:
        return fcompare(d, f, QH_FCOND_LE, TRUE);
    default:
        return fcompare(d, f, QH_FCOND_LT, TRUE);
    }
}

/* Whether @cond holds for constant flags. */
static gboolean holds(uint32_t cond, uint32_t nzcv)
{
    gboolean n = nzcv >> 3 & 1, z = nzcv >> 2 & 1, c = nzcv >> 1 & 1, v = nzcv & 1, yes;

    switch (cond >> 1) {
    case 0:
        yes = z;
        break;
    case 1:
        yes = c;
        break;
    case 2:
        yes = n;
        break;
    case 3:
        yes = v;
        break;
    case 4:
        yes = c && !z;
        break;
    case 5:
        yes = n == v;
        break;
    default:
        yes = n == v && !z;
        break;
    }
    return yes != (gboolean)(cond & 1);
}

static QhValue evaluate(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    QhValue value;

    switch (f->kind) {
    case QH_CC_SUB_NB:
        return from_sub(d, f, cond);
    case QH_CC_LOGIC:
        return from_logic(d, f, cond);
    case QH_CC_ADD:
    case QH_CC_ADC:
        return from_add(d, f, cond);
    case QH_CC_BITS:
        return from_bits(d, f, cond);
    case ARM_FLAGS_FCMP:
        value = from_fcmp(d, f, cond);
        return cond & 1 ? bool_not(d, value) : value;
    default:
        return from_flags(d, cond);
    }
}

/* Overflow of a chosen comparison cannot be asked of the lazy slots: they may hold the other
 * choice. */
static QhValue overflow_of(ArmDis *d, const ArmFlags *f)
{
    QhBlock *block = d->block;
    QhValue x = qh_ir_2(block, QH_IR_xor, f->type, f->a, f->b);
    QhValue y = qh_ir_2(block, QH_IR_xor, f->type, f->a, f->result);
    QhValue both = qh_ir_2(block, f->kind == QH_CC_ADD ? QH_IR_andn : QH_IR_and, f->type, y, x);
    QhValue zero = f->type == QH_TYPE_I64 ? arm_const(d, 0) : arm_const32(d, 0);

    return qh_ir_cmp(block, QH_COND_LT, f->type, both, zero);
}

/* One flag, by number of its even condition, of a comparison that may not be what the slots hold.
 */
static QhValue pure(ArmDis *d, const ArmFlags *f, uint32_t cond)
{
    QhBlock *block = d->block;
    QhValue v, n, same;

    if (cond >> 1 == 3 || (f->kind == QH_CC_ADD && cond >> 1 >= 4)) {
        switch (cond >> 1) {
        case 3:
            v = overflow_of(d, f);
            break;
        case 4:
            v = qh_ir_2(block, QH_IR_and, QH_TYPE_B1, from_add(d, f, 2),
                        compare_result(d, f, QH_COND_NE));
            break;
        default:
            n = compare_result(d, f, QH_COND_LT);
            same = qh_ir_2(block, QH_IR_xnor, QH_TYPE_B1, n, overflow_of(d, f));
            v = cond >> 1 == 5
                    ? same
                    : qh_ir_2(block, QH_IR_and, QH_TYPE_B1, same, compare_result(d, f, QH_COND_NE));
            break;
        }
        return cond & 1 ? bool_not(d, v) : v;
    }
    return evaluate(d, f, cond);
}

QhValue arm_condition(ArmDis *d, uint32_t cond)
{
    ArmFlags *f = &d->flags;

    if (cond >= 14) {
        return bool_const(d, TRUE);
    }
    if (f->kind != ARM_FLAGS_SELECT) {
        return evaluate(d, f, cond);
    }
    ArmFlags compared = *f;
    compared.kind = f->kind_if;
    QhValue yes = pure(d, &compared, cond);
    return holds(cond, f->nzcv) ? qh_ir_2(d->block, QH_IR_orn, QH_TYPE_B1, yes, f->chosen)
                                : qh_ir_2(d->block, QH_IR_and, QH_TYPE_B1, yes, f->chosen);
}

void arm_set_flags(ArmDis *d, uint32_t kind, uint32_t type, QhValue a, QhValue b, QhValue result)
{
    qh_ir(d->block, QH_IR_setflags, type, kind, a, b, result);
    d->flags = (ArmFlags){.kind = kind, .type = type, .a = a, .b = b, .result = result};
}

void arm_set_fp_flags(ArmDis *d, uint32_t type, QhValue a, QhValue b, gboolean signaling)
{
    QhValue nzcv =
        qh_ir(d->block, QH_IR_fcmp_bits, QH_TYPE_I64, signaling ? QH_FCMP_SIGNALING : 0, a, b, 0);

    arm_put_nzcv(d, nzcv);
    d->flags = (ArmFlags){.kind = ARM_FLAGS_FCMP, .type = type, .a = a, .b = b, .result = nzcv};
}

/* @bit of @nzcv, or what the flags are now. */
static QhValue shifted_flag(ArmDis *d, uint32_t cond, uint32_t bit)
{
    QhValue value = qh_ir_1(d->block, QH_IR_bool2int, QH_TYPE_I64, arm_condition(d, cond));

    return bit == 0 ? value : qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, value, arm_const(d, bit));
}

QhValue arm_get_nzcv(ArmDis *d)
{
    QhBlock *block = d->block;

    if (d->flags.kind == QH_CC_BITS) {
        return d->flags.a;
    }
    if (d->flags.kind == ARM_FLAGS_FCMP) {
        return d->flags.result;
    }
    QhValue n = shifted_flag(d, 4, 3), z = shifted_flag(d, 0, 2), c = shifted_flag(d, 2, 1);
    QhValue nz = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, n, z);
    QhValue cv = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, c, shifted_flag(d, 6, 0));
    return qh_ir_2(block, QH_IR_or, QH_TYPE_I64, nz, cv);
}

void arm_put_nzcv(ArmDis *d, QhValue nzcv)
{
    arm_set_flags(d, QH_CC_BITS, QH_TYPE_I64, nzcv, nzcv, nzcv);
}

void arm_choose_flags(ArmDis *d, QhValue chosen, const ArmFlags *compared, uint32_t nzcv)
{
    qh_ir(d->block, QH_IR_setflags, compared->type, compared->kind, compared->a, compared->b,
          compared->result);
    qh_ir(d->block, QH_IR_flags_unless, QH_TYPE_NONE, 0, chosen, nzcv, 0);
    d->flags = *compared;
    d->flags.kind = ARM_FLAGS_SELECT;
    d->flags.kind_if = compared->kind;
    d->flags.chosen = chosen;
    d->flags.nzcv = nzcv;
}
