/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Condition codes that wait (pending.h): the code that notes them and follows their recipes. */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/pending.h"

#include <string.h>

/* Operands that are kept in their slots, zero-extended. */
static void put_slots(QhT1 *t, const QhT1Recipe *recipe)
{
    const QhIrRecord *set = &t->records[t->i];
    const uint32_t values[] = {set->a, set->b, set->c};
    gboolean wide = set->type == QH_TYPE_I64;
    int32_t imm;

    for (uint32_t k = 0; k < 3; k++) {
        QhRm slot = qh_rm_mem(QH_RBP, recipe->lazy[1 + k]);
        if (recipe->from[k] != QH_T1_FROM_SLOT) {
            continue;
        }
        if (qh_t1_imm(t, values[k], &imm) && (wide || imm >= 0)) {
            qh_x_st_i(&t->a, 8, slot, imm);
            continue;
        }
        QhReg reg = qh_t1_use_gpr(t, values[k]);
        if (!wide) {
            qh_x_mov(&t->a, FALSE, QH_RAX, reg);
            reg = QH_RAX;
        }
        qh_x(&t->a, QH_X_MOV_ST | QH_X_W, reg, slot);
    }
}

/* The kind's slot when the operands are in theirs. */
static uint32_t final_word(const QhT1 *t, const QhT1Recipe *recipe)
{
    return recipe->word | (qh_t1_derives(t, &t->records[recipe->record]) ? QH_T1_DERIVED : 0);
}

uint32_t qh_t1_pending_word(const QhT1 *t, const QhT1Recipe *recipe)
{
    return recipe->written
               ? final_word(t, recipe)
               : QH_T1_PENDING((uint32_t)(recipe - t->alloc->pending_flags.recipes) + 1);
}

gboolean qh_t1_pending_set(QhT1 *t)
{
    uint32_t n = t->alloc->pending_flags.recipe_of[t->i];

    t->alloc->state.flags = (uint16_t)n;
    if (n == 0) {
        return FALSE;
    }
    const QhT1Recipe *recipe = &t->alloc->pending_flags.recipes[n - 1];
    put_slots(t, recipe);
    qh_x_st_i(&t->a, 4, qh_rm_mem(QH_RBP, recipe->lazy[0]), (int32_t)qh_t1_pending_word(t, recipe));
    return TRUE;
}

gboolean qh_t1_pending_is_of(const QhT1 *t, uint32_t i)
{
    uint32_t n = t->alloc->state.flags;

    return n != 0 && t->alloc->pending_flags.recipe_of[i] == n;
}

const QhT1Recipe *qh_t1_pending_now(const QhT1 *t)
{
    uint32_t n = t->alloc->state.flags;

    return n == 0 ? NULL : &t->alloc->pending_flags.recipes[n - 1];
}

QhRm qh_t1_pending_rm(const QhT1 *t, const QhT1Recipe *recipe, uint32_t k)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Var *var = &alloc->vars[recipe->var[k]];

    if (recipe->from[k] == QH_T1_FROM_SLOT) {
        return qh_rm_mem(QH_RBP, recipe->lazy[1 + k]);
    }
    return var->home != QH_NO_REG && (alloc->state.in & qh_t1_bit(var->home))
               ? qh_rm_reg(alloc->homes[var->home].reg)
               : qh_rm_mem(QH_RBP, var->at);
}

static QhRm slot_of(const QhT1Recipe *recipe, uint32_t k)
{
    return qh_rm_mem(QH_RBP, recipe->lazy[1 + k]);
}

static gboolean is_short(const QhT1Recipe *recipe, uint32_t k)
{
    return recipe->from[k] == QH_T1_FROM_CONST &&
           (int64_t)recipe->imm[k] == (int32_t)recipe->imm[k];
}

/* Operand @k, which is not NONE, into rax. */
static void fetch(QhT1 *t, const QhT1Recipe *recipe, uint32_t k, uint32_t wide)
{
    if (recipe->from[k] == QH_T1_FROM_CONST) {
        qh_x_mov_i(&t->a, QH_RAX, recipe->imm[k]);
    } else {
        qh_x(&t->a, QH_X_MOV | wide, QH_RAX, qh_t1_pending_rm(t, recipe, k));
    }
}

/* Into its slot, zero-extended. */
static void put(QhT1 *t, const QhT1Recipe *recipe, uint32_t k, uint32_t wide)
{
    QhReg reg = QH_RAX;

    if (is_short(recipe, k)) {
        qh_x_st_i(&t->a, 8, slot_of(recipe, k), (int32_t)recipe->imm[k]);
        return;
    }
    if (recipe->from[k] == QH_T1_FROM_VAR && wide != 0 && qh_t1_pending_rm(t, recipe, k).is_reg) {
        reg = qh_t1_pending_rm(t, recipe, k).base;
    } else {
        fetch(t, recipe, k, wide);
    }
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, reg, slot_of(recipe, k));
}

uint32_t qh_t1_pending_formula(const QhT1Recipe *recipe,
                               uint32_t missing,
                               uint32_t *ret_first,
                               uint32_t *ret_second)
{
    gboolean adds = recipe->op == QH_IR_add;

    switch (missing) {
    case 0: /* a = result +- b */
        *ret_first = 2;
        *ret_second = 1;
        return adds ? QH_IR_sub : QH_IR_add;
    case 1: /* b = result - a, a - result */
        *ret_first = adds ? 2 : 0;
        *ret_second = adds ? 0 : 2;
        return QH_IR_sub;
    default:
        *ret_first = 0;
        *ret_second = 1;
        return recipe->op;
    }
}

/* rax = what is missing; constants among the other two are in their slots. */
static void work_out(QhT1 *t, const QhT1Recipe *recipe, uint32_t missing, uint32_t wide)
{
    uint32_t first, second, op = qh_t1_pending_formula(recipe, missing, &first, &second);

    if (op == QH_IR_andn) {
        uint32_t swap = first;
        first = second;
        second = swap;
    }
    fetch(t, recipe, first, wide);
    if (op == QH_IR_andn) {
        qh_x(&t->a, QH_X_GRP_F7 | wide, 2, qh_rm_reg(QH_RAX)); /* not */
    }
    qh_x(&t->a,
         (op == QH_IR_add   ? QH_X_ADD
          : op == QH_IR_sub ? QH_X_SUB
                            : QH_X_AND) |
             wide,
         QH_RAX,
         recipe->from[second] == QH_T1_FROM_CONST ? slot_of(recipe, second)
                                                  : qh_t1_pending_rm(t, recipe, second));
}

/* How many of a, b and result have to be in their slots. */
static uint32_t n_stored(const QhT1 *t, const QhT1Recipe *recipe)
{
    const QhIrRecord *set = &t->records[recipe->record];

    return !qh_t1_derives(t, set) ? 3 : set->flags == QH_CC_BITS ? 1 : 2;
}

static void follow_code(QhT1 *t, const QhT1Recipe *recipe)
{
    uint32_t wide = recipe->word >> 8 == QH_TYPE_I64 ? QH_X_W : 0, n = n_stored(t, recipe);

    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_CONST || (recipe->from[k] == QH_T1_FROM_VAR && k < n)) {
            put(t, recipe, k, wide);
        }
    }
    for (uint32_t k = 0; k < n; k++) {
        if (recipe->from[k] == QH_T1_FROM_NONE) {
            work_out(t, recipe, k, wide);
            qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, slot_of(recipe, k));
        }
    }
    qh_x_st_i(&t->a, 4, qh_rm_mem(QH_RBP, recipe->lazy[0]), (int32_t)final_word(t, recipe));
}

void qh_t1_pending_flush(QhT1 *t)
{
    uint32_t n = t->alloc->state.flags;
    QhXLabel done = {0};

    if (n == 0) {
        return;
    }
    t->alloc->state.flags = 0;
    const QhT1Recipe *recipe = &t->alloc->pending_flags.recipes[n - 1];
    if (recipe->written) {
        return;
    }
    qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_mem(QH_RBP, recipe->lazy[0]), (int32_t)QH_T1_PENDING(n));
    qh_x_jcc(&t->a, QH_IF_NE, &done);
    follow_code(t, recipe);
    qh_x_bind(&t->a, &done);
}

void qh_t1_pending_join(QhT1 *t, uint32_t to)
{
    if (!qh_t1_pending_fits(t, to)) {
        qh_t1_pending_flush(t);
    }
    t->alloc->state.flags = qh_t1_pending_at(t, to);
}

static uint64_t read_operand(const QhCpu *cpu, const QhT1Recipe *recipe, uint32_t k)
{
    uint64_t value = 0;

    if (recipe->from[k] == QH_T1_FROM_CONST) {
        return recipe->imm[k];
    }
    if (recipe->from[k] == QH_T1_FROM_SLOT) {
        memcpy(&value, (const char *)cpu + recipe->lazy[1 + k], sizeof(value));
        return value;
    }
    memcpy(&value, (const char *)cpu + recipe->at[k], recipe->word >> 8 == QH_TYPE_I64 ? 8 : 4);
    return value;
}

static uint64_t combine(uint32_t op, uint64_t first, uint64_t second)
{
    switch (op) {
    case QH_IR_add:
        return first + second;
    case QH_IR_sub:
        return first - second;
    case QH_IR_and:
        return first & second;
    default:
        return first & ~second;
    }
}

void qh_t1_follow(QhCpu *cpu, const QhT1Recipe *recipe, uint32_t number)
{
    uint64_t operands[3];
    uint32_t kind, first, second, op;

    memcpy(&kind, (char *)cpu + recipe->lazy[0], sizeof(kind));
    if (kind != QH_T1_PENDING(number)) {
        return;
    }
    for (uint32_t k = 0; k < 3; k++) {
        operands[k] = recipe->from[k] == QH_T1_FROM_NONE ? 0 : read_operand(cpu, recipe, k);
    }
    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_NONE) {
            op = qh_t1_pending_formula(recipe, k, &first, &second);
            operands[k] = combine(op, operands[first], operands[second]);
            if (recipe->word >> 8 == QH_TYPE_I32) {
                operands[k] = (uint32_t)operands[k];
            }
        }
        memcpy((char *)cpu + recipe->lazy[1 + k], &operands[k], sizeof(operands[k]));
    }
    memcpy((char *)cpu + recipe->lazy[0], &recipe->word, sizeof(recipe->word));
}
