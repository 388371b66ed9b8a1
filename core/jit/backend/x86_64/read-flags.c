/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes are read. Where the setflags is known, or a recipe (pending.h) is what this path
 * may carry, its operation is done once more on the operands, and the host's flags are the answer.
 * That may be wrong about where the path comes from, which a look at the kind's slot tells; then,
 * and when nothing is known, the code behind the region tries what subtractions leave in the slots,
 * and C works out the rest as T0 does.
 *
 * Whatever the operation was, the host's flags are brought into the form that a subtraction has, so
 * that all ways come together with one condition; its carry is a borrow, the opposite of the
 * flag C.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/behind.h"
#include "core/jit/backend/x86_64/lower-int.h"

#include <string.h>

#define NO_CONDITION 0xffu

/* a, b or result of a setflags. */
typedef struct Side {
    gboolean have, is_const;
    uint64_t imm;
    QhRm rm;
} Side;

int32_t qh_t1_lazy_at(const QhT1 *t, uint32_t i)
{
    const QhIrContext *context = t->source->context;

    return (int32_t)qh_ir_slot(context->state, context->translator->lazy_slots[i])->offset;
}

void qh_t1_settle_flags(QhT1 *t, gboolean forget)
{
    for (uint32_t i = 0; i < 4; i++) {
        qh_t1_range(t, qh_t1_lazy_at(t, i), i == 0 ? 4 : 8, forget);
    }
}

/* What flag @flags (QH_FLAG_...) is after a subtraction. */
static uint32_t host_condition(uint32_t flags)
{
    static const uint8_t map[] = {
        [QH_FLAG_Z] = QH_IF_E,        [QH_FLAG_N] = QH_IF_S,
        [QH_FLAG_C] = QH_IF_AE,       [QH_FLAG_V] = QH_IF_O,
        [QH_FLAG_P] = NO_CONDITION,   [QH_FLAG_A] = NO_CONDITION,
        [QH_FLAG_CC2] = NO_CONDITION, [QH_FLAG_CC2 + 1] = NO_CONDITION,
        [QH_FLAG_HI] = QH_IF_A,       [QH_FLAG_GE] = QH_IF_GE,
        [QH_FLAG_GT] = QH_IF_G,
    };
    uint32_t condition = map[flags & ~QH_FLAG_NOT];

    return condition == NO_CONDITION || !(flags & QH_FLAG_NOT) ? condition : condition ^ 1;
}

gboolean qh_t1_flag_is_condition(const QhIrRecord *record)
{
    return host_condition(record->flags) != NO_CONDITION;
}

/* Whether operation @kind can be done once more for flag @which. */
static gboolean can_repeat(uint32_t kind, uint32_t which)
{
    switch (kind) {
    case QH_CC_SUB_NB:
    case QH_CC_ADD:
    case QH_CC_LOGIC:
        return TRUE;
    case QH_CC_ADC:
        return which == QH_FLAG_Z || which == QH_FLAG_N || which == QH_FLAG_C;
    default:
        return FALSE;
    }
}

/* --- The operation once more --- */

static QhReg to_reg(QhT1 *t, const Side *side, uint32_t wide, QhReg scratch)
{
    if (side->is_const) {
        qh_x_mov_i(&t->a, scratch, side->imm);
        return scratch;
    }
    if (side->rm.is_reg) {
        return side->rm.base;
    }
    qh_x(&t->a, QH_X_MOV | wide, scratch, side->rm);
    return scratch;
}

static gboolean is_imm(const Side *side, uint32_t wide, int32_t *ret_imm)
{
    *ret_imm = (int32_t)(uint32_t)side->imm;
    return side->is_const && (wide == 0 || (uint64_t)(int64_t)*ret_imm == side->imm);
}

/* @op: QH_X_CMP, QH_X_ADD (to rax) or QH_X_TEST */
static void operate(QhT1 *t, uint32_t op, uint32_t wide, const Side *a, const Side *b)
{
    QhReg left = to_reg(t, a, wide, QH_RAX);
    int32_t imm;

    if (op == QH_X_ADD && left != QH_RAX) {
        qh_x_mov(&t->a, wide != 0, QH_RAX, left);
        left = QH_RAX;
    }
    if (op == QH_X_TEST) {
        qh_x(&t->a, op | wide, to_reg(t, b, wide, QH_RCX), qh_rm_reg(left));
    } else if (is_imm(b, wide, &imm)) {
        qh_x_alu_i(&t->a, op | wide, qh_rm_reg(left), imm);
    } else if (b->is_const) {
        qh_x(&t->a, op | wide, left, qh_rm_reg(to_reg(t, b, wide, QH_RCX)));
    } else {
        qh_x(&t->a, op | wide, left, b->rm);
    }
}

static void test_result(QhT1 *t, uint32_t wide, const Side *result)
{
    static const Side zero = {.have = TRUE, .is_const = TRUE};

    if (!result->is_const && !result->rm.is_reg) {
        qh_x_alu_i(&t->a, QH_X_CMP | wide, result->rm, 0);
    } else {
        operate(t, QH_X_CMP, wide, result, &zero);
    }
}

/* The carry out of a sum whose carry in is not known: the top bit of a & b | (a | b) & ~result. */
static void repeat_carry(QhT1 *t, uint32_t wide, const Side *sides)
{
    qh_x(&t->a, QH_X_MOV | wide, QH_RDX, qh_rm_reg(to_reg(t, &sides[2], wide, QH_RDX)));
    qh_x(&t->a, QH_X_GRP_F7 | wide, 2, qh_rm_reg(QH_RDX)); /* not */
    qh_x(&t->a, QH_X_MOV | wide, QH_RAX, qh_rm_reg(to_reg(t, &sides[0], wide, QH_RAX)));
    qh_x(&t->a, QH_X_MOV | wide, QH_RCX, qh_rm_reg(to_reg(t, &sides[1], wide, QH_RCX)));
    qh_x(&t->a, QH_X_OR | wide, QH_RCX, qh_rm_reg(QH_RAX)); /* a | b */
    qh_x(&t->a, QH_X_AND | wide, QH_RDX, qh_rm_reg(QH_RCX));
    qh_x(&t->a, QH_X_MOV | wide, QH_RCX, qh_rm_reg(to_reg(t, &sides[1], wide, QH_RCX)));
    qh_x(&t->a, QH_X_AND | wide, QH_RAX, qh_rm_reg(QH_RCX));
    qh_x(&t->a, QH_X_OR | wide, QH_RAX, qh_rm_reg(QH_RDX));
    qh_x(&t->a, QH_X_ADD | wide, QH_RAX, qh_rm_reg(QH_RAX)); /* carry: what the top bit was */
    qh_x_byte(&t->a, 0xf5);                                  /* cmc */
}

/* Flags as a subtraction has them, as far as flag @which is concerned. */
static void repeat(QhT1 *t, uint32_t kind, uint32_t wide, uint32_t which, const Side *sides)
{
    gboolean simple = which == QH_FLAG_Z || which == QH_FLAG_N;

    if (simple && sides[2].have && !sides[2].is_const) {
        test_result(t, wide, &sides[2]);
        return;
    }
    switch (kind) {
    case QH_CC_SUB_NB:
        operate(t, QH_X_CMP, wide, &sides[0], &sides[1]);
        return;
    case QH_CC_ADD:
        operate(t, QH_X_ADD, wide, &sides[0], &sides[1]);
        qh_x_byte(&t->a, 0xf5); /* cmc */
        return;
    case QH_CC_LOGIC:
        if (sides[2].have) {
            test_result(t, wide, &sides[2]);
        } else {
            operate(t, QH_X_TEST, wide, &sides[0], &sides[1]);
        }
        if (which == QH_FLAG_C || which == QH_FLAG_HI) {
            qh_x_byte(&t->a, 0xf9); /* stc */
        }
        return;
    default:
        if (which == QH_FLAG_C) {
            repeat_carry(t, wide, sides);
        } else {
            test_result(t, wide, &sides[2]);
        }
        return;
    }
}

/* --- From a recipe --- */

static uint32_t host_op(uint32_t op)
{
    return op == QH_IR_add ? QH_X_ADD : op == QH_IR_sub ? QH_X_SUB : QH_X_AND;
}

/* The operand that is missing, into rdx. */
static void find_missing(QhT1 *t, const QhT1Recipe *recipe, uint32_t k, uint32_t wide, Side *sides)
{
    uint32_t first, second, op = qh_t1_pending_formula(recipe, k, &first, &second);
    int32_t imm;

    if (op == QH_IR_andn) {
        qh_x(&t->a, QH_X_MOV | wide, QH_RCX, qh_rm_reg(to_reg(t, &sides[second], wide, QH_RCX)));
        qh_x(&t->a, QH_X_GRP_F7 | wide, 2, qh_rm_reg(QH_RCX)); /* not */
        sides[second] = (Side){.have = TRUE, .rm = qh_rm_reg(QH_RCX)};
    }
    qh_x(&t->a, QH_X_MOV | wide, QH_RDX, qh_rm_reg(to_reg(t, &sides[first], wide, QH_RDX)));
    if (is_imm(&sides[second], wide, &imm)) {
        qh_x_alu_i(&t->a, host_op(op) | wide, qh_rm_reg(QH_RDX), imm);
    } else {
        QhReg right = to_reg(t, &sides[second], wide, QH_RCX);
        qh_x(&t->a, host_op(op) | wide, QH_RDX, qh_rm_reg(right));
    }
    sides[k] = (Side){.have = TRUE, .rm = qh_rm_reg(QH_RDX)};
}

static void repeat_recipe(QhT1 *t, const QhT1Recipe *recipe, uint32_t which)
{
    uint32_t kind = recipe->word & 0xff, missing = 3;
    uint32_t wide = recipe->word >> 8 == QH_TYPE_I64 ? QH_X_W : 0;
    Side sides[3];

    for (uint32_t k = 0; k < 3; k++) {
        sides[k] = (Side){.have = recipe->from[k] != QH_T1_FROM_NONE,
                          .is_const = recipe->from[k] == QH_T1_FROM_CONST,
                          .imm = recipe->imm[k]};
        if (recipe->from[k] == QH_T1_FROM_VAR || recipe->from[k] == QH_T1_FROM_SLOT) {
            sides[k].rm = qh_t1_pending_rm(t, recipe, k);
        }
        missing = sides[k].have ? missing : k;
    }
    gboolean by_result = (which == QH_FLAG_Z || which == QH_FLAG_N) && sides[2].have &&
                         !sides[2].is_const && sides[2].rm.is_reg;
    if ((missing < 2 && !by_result && kind != QH_CC_LOGIC) ||
        (missing == 2 && (kind == QH_CC_ADC || (kind == QH_CC_LOGIC && recipe->op != QH_IR_and)))) {
        find_missing(t, recipe, missing, wide, sides);
    }
    repeat(t, kind, wide, which, sides);
}

/* --- From the slots --- */

static void
repeat_slots(QhT1 *t, uint32_t kind, uint32_t type, uint32_t which, gboolean with_result)
{
    Side sides[3];

    for (uint32_t k = 0; k < 3; k++) {
        sides[k] =
            (Side){.have = k < 2 || with_result, .rm = qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 1 + k))};
    }
    repeat(t, kind, type == QH_TYPE_I64 ? QH_X_W : 0, which, sides);
}

/* T0's functions take their operands from a state; this is one. */
typedef struct Lazy {
    uint32_t kind, pad;
    uint64_t operands[3], result;
} Lazy;

static uint32_t cold_flag(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    QhIrRecord record = {.op = (uint16_t)cold->x, .flags = (uint8_t)cold->y};
    QhT0Op ops[2] = {
        {.d = 8,  .a = 0, .b = 2, .c = 4},
        {.flags = record.flags, .extra = 6      }
    };
    Lazy lazy = {0};

    for (uint32_t i = 0; i < 4; i++) {
        const char *from = (const char *)cpu + (cold->word >> 16 * i & 0xffff) * 4;
        memcpy(i == 0 ? (void *)&lazy.kind : &lazy.operands[i - 1], from, i == 0 ? 4 : 8);
    }
    lazy.kind = qh_t1_derive(lazy.kind, lazy.operands);
    qh_t0_flag_fn (&record)((QhCpu *)(void *)&lazy, ops);
    regs->gpr[cold->d] = (uint32_t)lazy.result;
    return QH_T1_RESUME;
}

static QhT1Cold *new_cold(QhT1 *t, uint32_t op, uint32_t flags, QhReg d)
{
    QhT1Cold *cold = qh_t1_cold(t, cold_flag);

    cold->d = d;
    cold->x = op;
    cold->y = flags;
    for (uint32_t i = 0; i < 4; i++) {
        cold->word |= (uint64_t)(uint32_t)(qh_t1_lazy_at(t, i) / 4) << 16 * i;
    }
    return cold;
}

/* The value in d, from C. */
static void lower_by_c(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold = new_cold(t, record->op, record->flags, qh_t1_def(t));

    qh_t1_cold_jmp(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* Flags from 0 or 1 in eax, such that the condition for @which holds for 1. */
static void flags_of_truth(QhT1 *t, uint32_t which)
{
    switch (which) {
    case QH_FLAG_N:
        qh_x(&t->a, QH_X_GRP_F7, 3, qh_rm_reg(QH_RAX)); /* neg */
        return;
    case QH_FLAG_V:
        qh_x_alu_i(&t->a, QH_X_ADD, qh_rm_reg(QH_RAX), INT32_MAX);
        return;
    case QH_FLAG_HI:
    case QH_FLAG_GT:
        qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_reg(QH_RAX), 0);
        return;
    default:
        qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_reg(QH_RAX), 1);
        return;
    }
}

static void compare_kind(QhT1 *t, uint32_t word)
{
    qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 0)), (int32_t)word);
}

/* Subtractions of compiled code, for the carry sums of many words, then C. */
static void emit_unknown(QhT1 *t, uint64_t word)
{
    static const struct {
        uint32_t kind, type, bits;
    } tries[] = {
        {QH_CC_SUB_NB, QH_TYPE_I64, QH_T1_DERIVED},
        {QH_CC_SUB_NB, QH_TYPE_I32, QH_T1_DERIVED},
        {QH_CC_ADC,    QH_TYPE_I64, 0            }
    };
    QhT1ColdSite *site = (QhT1ColdSite *)(uintptr_t)word;
    uint32_t which = site->cold.y, n = which == QH_FLAG_C ? 3 : 2;

    for (uint32_t i = 0; i < n; i++) {
        QhXLabel other = {0};
        compare_kind(t, tries[i].kind | tries[i].type << 8 | tries[i].bits);
        qh_x_jcc(&t->a, QH_IF_NE, &other);
        repeat_slots(t, tries[i].kind, tries[i].type, which, tries[i].bits == 0);
        qh_x_jmp(&t->a, &site->back);
        qh_x_bind(&t->a, &other);
    }
    qh_t1_cold_jmp(t, &site->cold);
    site->cold.resume = qh_x_offset(&t->a);
    flags_of_truth(t, which);
    qh_x_jmp(&t->a, &site->back);
}

/* --- Which of them --- */

/* The setflags that the condition codes are from, if that is certain. */
static const QhIrRecord *setter(const QhT1 *t, uint32_t at)
{
    for (uint32_t i = at; i-- > t->source->blocks[t->block].first;) {
        const QhIrRecord *record = &t->records[i];
        switch (record->op) {
        case QH_IR_setflags:
            return record;
        case QH_IR_label:
        case QH_IR_call:
        case QH_IR_st_state:
        case QH_IR_flags_unless:
            return NULL;
        case QH_IR_set_slot:
            if (qh_t1_is_lazy(t->source, record->a)) {
                return NULL;
            }
            break;
        default:
            break;
        }
    }
    return NULL;
}

/* What is not known is found out behind the region. */
static QhT1ColdSite *unknown(QhT1 *t, uint32_t which)
{
    return (QhT1ColdSite *)(void *)new_cold(t, QH_IR_flag, which, QH_RAX);
}

uint32_t qh_t1_flag_condition(QhT1 *t, uint32_t flag)
{
    uint32_t flags = t->records[flag].flags, which = flags & ~QH_FLAG_NOT;
    const QhIrRecord *from = setter(t, flag);
    const QhT1Recipe *recipe = qh_t1_pending_now(t);
    QhT1ColdSite *site;

    qh_t1_settle_flags(t, FALSE);
    if (recipe != NULL && !can_repeat(recipe->word & 0xff, which)) {
        qh_t1_pending_flush(t);
        recipe = NULL;
    }
    if (from != NULL && recipe != NULL && qh_t1_pending_is_of(t, (uint32_t)(from - t->records))) {
        repeat_recipe(t, recipe, which);
        return host_condition(flags);
    }
    if (from != NULL && recipe == NULL && can_repeat(from->flags, which)) {
        repeat_slots(t, from->flags, from->type, which, !qh_t1_derives(t, from));
        return host_condition(flags);
    }
    site = unknown(t, which);
    compare_kind(t, recipe != NULL ? qh_t1_pending_word(t, recipe)
                                   : QH_CC_SUB_NB | (uint32_t)QH_TYPE_I64 << 8 | QH_T1_DERIVED);
    qh_x_jcc(&t->a, QH_IF_NE, qh_t1_later_here(t, emit_unknown, (uintptr_t)site));
    if (recipe != NULL) {
        repeat_recipe(t, recipe, which);
    } else {
        repeat_slots(t, QH_CC_SUB_NB, QH_TYPE_I64, which, FALSE);
    }
    qh_x_bind(&t->a, &site->back);
    return host_condition(flags);
}

void qh_t1_read_flags(QhT1 *t, const QhIrRecord *record)
{
    const QhIrRecord *from = setter(t, t->i);

    if (record->op == QH_IR_flag && from != NULL && from->flags == QH_CC_BITS &&
        record->flags <= QH_FLAG_A) {
        qh_t1_pending_flush(t);
        qh_t1_settle_flags(t, FALSE);
        QhReg d = qh_t1_def(t);
        qh_t1_zero(t, d);
        qh_x(&t->a, QH_X_MOV, QH_RAX, qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 1)));
        qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), (int32_t)qh_t0_flag_bit(record->flags));
        qh_x_setcc(&t->a, QH_IF_NE, d);
        return;
    }
    if (record->op == QH_IR_flag && qh_t1_flag_is_condition(record)) {
        if (!qh_t1_fused(t, t->i)) { /* its register may be an operand's: the condition first */
            uint32_t condition = qh_t1_flag_condition(t, t->i);
            QhReg d = qh_t1_def_late(t);
            qh_x_setcc(&t->a, condition, QH_RAX);
            qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_reg(QH_RAX));
        }
        return;
    }
    qh_t1_pending_flush(t);
    qh_t1_settle_flags(t, FALSE);
    lower_by_c(t, record);
}
