/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the value of a record goes: the home of the variable that will take it, an operand's
 * register, or a free one. */
#include "core/jit/backend/x86_64/alloc.h"

#include "core/jit/backend/x86_64/homes.h"

/* Whether a record between a value and the set_slot that takes it neither sees nor changes the
 * variable, and cannot leave. */
static gboolean is_quiet(const QhT1 *t, uint32_t i, const QhT1Var *var)
{
    const QhIrRecord *record = &t->records[i];
    const QhIrOp *info = &qh_ir_ops[record->op];
    const QhT1Alloc *alloc = t->alloc;

    switch (record->op) {
    case QH_IR_insn_start:
    case QH_IR_nop:
    case QH_IR_flags_unless:
        return TRUE;
    case QH_IR_get_slot:
    case QH_IR_set_slot:
    case QH_IR_get_local:
    case QH_IR_set_local:
        return &alloc->vars[alloc->values[i].var] != var;
    case QH_IR_setflags:
        return qh_t1_pending_allows(t, i, (uint32_t)(var - alloc->vars));
    case QH_IR_ld_state:
    case QH_IR_st_state:
    case QH_IR_label:
    case QH_IR_flag:
    case QH_IR_cc2:
    case QH_IR_call:
    case QH_IR_fp_flags_get:
        return FALSE;
    default:
        return (info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) != 0 &&
               !(info->attrs & (QH_IR_A_FAULT | QH_IR_A_TERMINAL));
    }
}

/* The variable whose home the value of record i may be made in. */
static const QhT1Var *fusable(const QhT1 *t)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Value *v = &alloc->values[t->i];
    const QhT1Var *var;

    if (v->set == 0 || v->set <= t->i || v->set - t->i > 16) {
        return NULL;
    }
    var = &alloc->vars[alloc->values[v->set].var];
    if (qh_t1_home_now(t, alloc->values[v->set].var) == QH_NO_REG || var->bytes != v->bytes ||
        qh_t1_root(t, t->records[v->set].b) != t->i) {
        return NULL;
    }
    for (uint32_t i = t->i + 1; i < v->set; i++) {
        if (!is_quiet(t, i, var)) {
            return NULL;
        }
    }
    return var;
}

static QhReg define(QhT1 *t, QhReg reg)
{
    t->alloc->defined = TRUE;
    qh_t1_hold(t, t->i, reg);
    t->alloc->locked |= qh_t1_bit(reg);
    return reg;
}

/* @any: an xmm register for an integer is welcome, too; @apart: registers that it must not be. */
static QhReg define_in(QhT1 *t, gboolean any, uint32_t apart)
{
    QhT1Alloc *alloc = t->alloc;
    gboolean xmm = alloc->values[t->i].is_xmm;
    const QhT1Var *var = fusable(t);

    if (var != NULL) {
        QhReg reg = alloc->homes[var->home].reg;
        if ((QH_IS_XMM(reg) == xmm || any) && !(apart & qh_t1_bit(reg))) {
            qh_t1_enter_home(t, var->home);
            qh_t1_clobber_var(t, (uint32_t)(var - alloc->vars));
            alloc->fuse_var = (uint16_t)(var - alloc->vars);
            alloc->defined = TRUE;
            alloc->locked |= qh_t1_bit(reg);
            return reg;
        }
    }
    return define(t, qh_t1_take(t, xmm));
}

QhReg qh_t1_def(QhT1 *t)
{
    return define_in(t, FALSE, t->alloc->locked);
}

QhReg qh_t1_def_any(QhT1 *t)
{
    return define_in(t, TRUE, t->alloc->locked);
}

QhReg qh_t1_def_late(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    gboolean xmm = alloc->values[t->i].is_xmm;
    const QhT1Var *var = fusable(t);
    uint32_t used[8], n;

    if (var != NULL && QH_IS_XMM(alloc->homes[var->home].reg) == xmm) {
        return define_in(t, FALSE, 0);
    }
    /* an operand that dies leaves its register behind */
    n = qh_ir_uses(t->source->context->translator, t->records, t->i, used);
    for (uint32_t k = 0; k < n; k++) {
        QhT1Value *v = &alloc->values[qh_t1_root(t, used[k])];
        if (v->place == QH_T1_IN_REG && v->last <= t->i && QH_IS_XMM(v->reg) == xmm &&
            alloc->held[v->reg] == qh_t1_root(t, used[k]) + 1) {
            v->place = QH_T1_NOWHERE;
            return define(t, v->reg);
        }
    }
    return define_in(t, FALSE, 0);
}

/* Whether another operand than @root is in @reg. */
static gboolean other_uses(const QhT1 *t, uint32_t root, QhReg reg)
{
    const QhT1Alloc *alloc = t->alloc;
    uint32_t used[8], n = qh_ir_uses(t->source->context->translator, t->records, t->i, used);

    if (!(alloc->locked & qh_t1_bit(reg))) {
        return FALSE;
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t other = qh_t1_root(t, used[k]);
        const QhT1Value *v = &alloc->values[other];
        QhReg in = v->place == QH_T1_IN_REG ? v->reg
                   : v->place == QH_T1_IN_VAR && alloc->vars[v->var].home != QH_NO_REG
                       ? alloc->homes[alloc->vars[v->var].home].reg
                       : QH_NO_REG;
        if (other != root && in == reg) {
            return TRUE;
        }
    }
    return FALSE;
}

QhReg qh_t1_def_copy(QhT1 *t, uint32_t value)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t root = qh_t1_root(t, value);
    QhT1Value *v = &alloc->values[root];
    gboolean xmm = alloc->values[t->i].is_xmm;
    const QhT1Var *var = fusable(t);
    QhReg reg;

    if (var != NULL) {
        reg = alloc->homes[var->home].reg;
        if (QH_IS_XMM(reg) == xmm && !other_uses(t, root, reg)) {
            if (v->place == QH_T1_IN_VAR && &alloc->vars[v->var] == var) {
                qh_t1_into_reg(t, root, xmm); /* it is there already */
                qh_t1_clobber_var(t, (uint32_t)(var - alloc->vars));
            } else {
                qh_t1_enter_home(t, var->home);
                qh_t1_clobber_var(t, (uint32_t)(var - alloc->vars));
                qh_t1_move_to(t, reg, value);
            }
            alloc->fuse_var = (uint16_t)(var - alloc->vars);
            alloc->defined = TRUE;
            alloc->locked |= qh_t1_bit(reg);
            return reg;
        }
    }
    if (v->place == QH_T1_IN_REG && v->last <= t->i && QH_IS_XMM(v->reg) == xmm &&
        alloc->held[v->reg] == root + 1 && !other_uses(t, root, v->reg)) {
        v->place = QH_T1_NOWHERE;
        return define(t, v->reg);
    }
    reg = qh_t1_take(t, xmm);
    alloc->locked |= qh_t1_bit(reg);
    qh_t1_move_to(t, reg, value);
    return define(t, reg);
}

void qh_t1_def_same(QhT1 *t, uint32_t value)
{
    qh_t1_def_copy(t, value);
}

void qh_t1_def_from(QhT1 *t, QhReg reg)
{
    QhReg to = define_in(t, TRUE, 0);

    qh_t1_move(t, to, reg, t->alloc->values[t->i].bytes);
}
