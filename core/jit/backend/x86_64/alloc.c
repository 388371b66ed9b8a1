/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers for values and variables, while code is made from front to back.
 *
 * A value that a variable's home holds stays there until the variable is about to change. A value
 * that is put into a variable soon after it was made is made in the variable's home. When no temp
 * is free, the value that is needed last moves to the frame.
 */
#include "core/jit/backend/x86_64/alloc.h"

#include "core/jit/backend/x86_64/carried.h"
#include "core/jit/backend/x86_64/homes.h"
#include "core/jit/backend/x86_64/kept.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

#define XMM_TEMPS    0x7fff0000u
#define CALLER_SAVED (1u << QH_RSI | 1u << QH_RDI | 0x0f00u | 0xffff0000u)

static uint32_t class_mask(gboolean xmm)
{
    return xmm ? 0xffff0000u : 0xffffu;
}

/* From the end of the frame; locals are at its start. */
static int32_t cell_at(uint32_t cell)
{
    return QH_JIT_CPU_AT(frame) + 16 * (int32_t)(QH_FRAME_CELLS - 1 - cell);
}

void qh_t1_alloc_begin(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    alloc->temps = QH_T1_GPR_TEMPS | XMM_TEMPS;
    alloc->reserved = 0;
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        alloc->temps &= ~qh_t1_bit(alloc->homes[i].reg);
    }
    memset(alloc->expire, 0, sizeof(alloc->expire[0]) * t->source->n_records);
    alloc->state = (QhT1State){0};
    alloc->live = FALSE;
    alloc->pending = 0;
    alloc->locked = alloc->scratch = 0;
    alloc->nans.unchecked = alloc->nans.result_of = 0;
    alloc->nans.result_unchecked = FALSE;
    alloc->nans.product = NULL;
    qh_t1_alloc_label(t);
}

void qh_t1_alloc_label(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    alloc->n_kept = 0;
    alloc->free = alloc->temps;
    memset(alloc->held, 0, sizeof(alloc->held));
    alloc->n_cells = alloc->next_cell = 0;
    for (uint32_t i = 0; i < alloc->n_vars; i++) {
        alloc->vars[i].aliases = 0;
    }
}

/* --- Moves --- */

static void load(QhT1 *t, QhReg reg, QhRm mem, uint32_t bytes)
{
    if (!QH_IS_XMM(reg)) {
        qh_x(&t->a, QH_X_MOV | (bytes >= 8 ? QH_X_W : 0), reg, mem);
    } else {
        qh_x(&t->a, bytes == 16 ? QH_X_MOVUPS : bytes == 8 ? QH_X_MOVQ : QH_X_MOVSS, reg, mem);
    }
}

static void store(QhT1 *t, QhRm mem, QhReg reg, uint32_t bytes)
{
    if (!QH_IS_XMM(reg)) {
        qh_x(&t->a, QH_X_MOV_ST | (bytes >= 8 ? QH_X_W : 0), reg, mem);
    } else {
        qh_x(&t->a,
             bytes == 16  ? QH_X_MOVUPS_ST
             : bytes == 8 ? QH_X_MOVQ_ST
                          : QH_X_MOVSS_ST,
             reg, mem);
    }
}

void qh_t1_move(QhT1 *t, QhReg to, QhReg from, uint32_t bytes)
{
    uint32_t wide = bytes >= 8 ? QH_X_W : 0;

    if (to == from) {
        return;
    }
    if (!QH_IS_XMM(to) && !QH_IS_XMM(from)) {
        qh_x(&t->a, QH_X_MOV | wide, to, qh_rm_reg(from));
    } else if (!QH_IS_XMM(to)) {
        qh_x(&t->a, QH_X_MOVD_ST | wide, from, qh_rm_reg(to));
    } else if (!QH_IS_XMM(from)) {
        qh_x(&t->a, QH_X_MOVD | wide, to, qh_rm_reg(from));
    } else {
        qh_x(&t->a, QH_X_MOVAPS, to, qh_rm_reg(from));
    }
}

/* --- Temps --- */

static void expire_later(QhT1 *t, uint32_t value)
{
    QhT1Value *v = &t->alloc->values[value];
    uint32_t last = MAX(v->last, t->i);

    if (!v->listed) {
        v->listed = 1;
        v->expire = t->alloc->expire[last];
        t->alloc->expire[last] = value + 1;
    }
}

void qh_t1_hold(QhT1 *t, uint32_t value, QhReg reg)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Value *v = &alloc->values[value];

    v->place = QH_T1_IN_REG;
    v->reg = reg;
    alloc->held[reg] = value + 1;
    alloc->free &= ~qh_t1_bit(reg);
    expire_later(t, value);
}

static void release(QhT1 *t, QhReg reg)
{
    t->alloc->held[reg] = 0;
    t->alloc->free |= qh_t1_bit(reg) & t->alloc->temps;
}

static void to_cell(QhT1 *t, uint32_t value)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Value *v = &alloc->values[value];
    QhReg reg = v->reg;

    release(t, reg);
    if (v->make == QH_T1_CONST) {
        v->place = QH_T1_NOWHERE;
        return;
    }
    v->cell = alloc->n_cells > 0 ? alloc->cells[--alloc->n_cells] : (uint16_t)alloc->next_cell++;
    if (v->cell >= QH_IR_MAX_RECORDS) {
        t->failed = TRUE;
        v->cell = 0;
    }
    store(t, qh_rm_mem(QH_RBP, cell_at(v->cell)), reg, v->bytes);
    v->place = QH_T1_IN_CELL;
}

/* The temp whose value is needed last. */
static QhReg furthest(const QhT1Alloc *alloc, uint32_t candidates)
{
    QhReg best = QH_NO_REG;
    uint32_t last = 0;

    for (QhReg reg = 0; reg < QH_T1_N_REGS; reg++) {
        uint32_t held = alloc->held[reg];
        if ((candidates & qh_t1_bit(reg)) && held != 0 &&
            (best == QH_NO_REG || alloc->values[held - 1].last > last)) {
            best = reg;
            last = alloc->values[held - 1].last;
        }
    }
    return best;
}

QhReg qh_t1_take(QhT1 *t, gboolean xmm)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t mask = alloc->temps & class_mask(xmm) & ~alloc->locked & ~alloc->scratch;
    uint32_t ready = mask & alloc->free;
    QhReg reg;

    if (ready == 0) {
        ready = qh_t1_kept_yield(t, mask);
    }
    if (ready != 0) {
        return (QhReg)__builtin_ctz(ready);
    }
    reg = furthest(alloc, mask);
    if (reg == QH_NO_REG) {
        t->failed = TRUE;
        return xmm ? QH_XMM(15) : QH_RAX;
    }
    to_cell(t, alloc->held[reg] - 1);
    return reg;
}

QhReg qh_t1_temp_gpr(QhT1 *t)
{
    QhReg reg = qh_t1_take(t, FALSE);

    t->alloc->scratch |= qh_t1_bit(reg);
    t->alloc->free &= ~qh_t1_bit(reg);
    return reg;
}

QhReg qh_t1_temp_xmm(QhT1 *t)
{
    QhReg reg = qh_t1_take(t, TRUE);

    t->alloc->scratch |= qh_t1_bit(reg);
    t->alloc->free &= ~qh_t1_bit(reg);
    return reg;
}

/* --- Homes --- */

/* Who is in the register of @home instead; QH_NO_REG: nobody. */
static uint32_t lodger(const QhT1Alloc *alloc, uint32_t home)
{
    for (uint32_t left = alloc->state.in & ~qh_t1_bit(home); left != 0; left &= left - 1) {
        uint32_t other = (uint32_t)__builtin_ctz(left);
        if (alloc->homes[other].reg == alloc->homes[home].reg) {
            return other;
        }
    }
    return QH_NO_REG;
}

/* Not while the record uses what is there, and not behind a cold stub, which would still store it.
 */
uint32_t qh_t1_home_now(const QhT1 *t, uint32_t var)
{
    const QhT1Alloc *alloc = t->alloc;
    uint32_t home = alloc->vars[var].home, other;
    uint8_t owner;

    if (home == QH_NO_REG || (alloc->state.in & qh_t1_bit(home))) {
        return home;
    }
    if (alloc->reserved & qh_t1_bit(alloc->homes[home].reg)) {
        return QH_NO_REG;
    }
    if (!alloc->shares || QH_IS_XMM(alloc->homes[home].reg)) {
        return home;
    }
    owner = alloc->owners[alloc->loop_of[t->i]][alloc->homes[home].reg];
    other = lodger(alloc, home);
    if ((owner != QH_NO_REG && owner != home) ||
        (alloc->locked & qh_t1_bit(alloc->homes[home].reg)) ||
        (other != QH_NO_REG && (alloc->state.dirty & qh_t1_bit(other)) &&
         alloc->n_colds != alloc->colds_before)) {
        return QH_NO_REG;
    }
    return home;
}

void qh_t1_enter_home(QhT1 *t, uint32_t home)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t other = alloc->shares ? lodger(alloc, home) : QH_NO_REG;

    if (other == QH_NO_REG) {
        return;
    }
    if (alloc->state.dirty & qh_t1_bit(other)) {
        qh_t1_store_home(t, other);
    }
    alloc->state.in &= ~qh_t1_bit(other);
}

void qh_t1_load_home(QhT1 *t, uint32_t home)
{
    const QhT1Home *h = &t->alloc->homes[home];

    if (t->alloc->reserved & qh_t1_bit(h->reg)) {
        qh_t1_kept_forget(t);
        qh_t1_carried_lose(t);
    }
    load(t, h->reg, qh_rm_mem(QH_RBP, h->at), h->bytes);
    t->alloc->state.in |= qh_t1_bit(home);
}

void qh_t1_store_home(QhT1 *t, uint32_t home)
{
    const QhT1Home *h = &t->alloc->homes[home];

    store(t, qh_rm_mem(QH_RBP, h->at), h->reg, h->bytes);
    t->alloc->state.dirty &= ~qh_t1_bit(home);
}

void qh_t1_fix_state(QhT1 *t, QhT1State to)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if ((alloc->state.dirty & ~to.dirty) & qh_t1_bit(i)) {
            qh_t1_store_home(t, i);
        }
    }
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if ((to.in & ~alloc->state.in) & qh_t1_bit(i)) {
            qh_t1_load_home(t, i);
        }
    }
    qh_t1_carried_edge(t, to.turns);
    alloc->state = to;
}

void qh_t1_write_back(QhT1 *t, uint32_t classes)
{
    QhT1Alloc *alloc = t->alloc;

    if (classes >> QH_CLASS_FLAG & 1) {
        qh_t1_pending_flush(t);
    }
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if ((alloc->state.dirty & qh_t1_bit(i)) &&
            (classes >> alloc->vars[alloc->home_vars[i]].klass & 1)) {
            qh_t1_store_home(t, i);
        }
    }
}

void qh_t1_forget(QhT1 *t, uint32_t classes)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if (classes >> alloc->vars[alloc->home_vars[i]].klass & 1) {
            alloc->state.in &= ~qh_t1_bit(i);
            alloc->state.dirty &= ~qh_t1_bit(i);
        }
    }
}

void qh_t1_clobber_caller_saved(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    qh_t1_kept_forget(t);
    for (QhReg reg = 0; reg < QH_T1_N_REGS; reg++) {
        if (!(CALLER_SAVED & qh_t1_bit(reg)) || alloc->held[reg] == 0) {
            continue;
        }
        to_cell(t, alloc->held[reg] - 1);
    }
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if ((alloc->state.in & qh_t1_bit(i)) && (CALLER_SAVED & qh_t1_bit(alloc->homes[i].reg))) {
            if (alloc->state.dirty & qh_t1_bit(i)) {
                qh_t1_store_home(t, i);
            }
            alloc->state.in &= ~qh_t1_bit(i);
        }
    }
}

/* --- Values that are what a variable holds --- */

static void become_alias(QhT1 *t, uint32_t value, uint32_t var)
{
    QhT1Value *v = &t->alloc->values[value];

    v->place = QH_T1_IN_VAR;
    v->var = (uint16_t)var;
    v->alias = t->alloc->vars[var].aliases;
    t->alloc->vars[var].aliases = value + 1;
}

void qh_t1_clobber_var(QhT1 *t, uint32_t var)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Var *w = &alloc->vars[var];

    qh_t1_kept_drop_var(t, var);
    for (uint32_t next = w->aliases; next != 0;) {
        QhT1Value *v = &alloc->values[next - 1];
        if (v->place == QH_T1_IN_VAR && v->var == var && v->last > t->i) {
            QhReg reg = qh_t1_take(t, w->is_xmm);
            if (w->home != QH_NO_REG && (alloc->nans.unchecked & qh_t1_bit(w->home))) {
                qh_t1_nan_settle(t);
            }
            if (w->home != QH_NO_REG && (alloc->state.in & qh_t1_bit(w->home))) {
                qh_t1_move(t, reg, alloc->homes[w->home].reg, w->bytes);
            } else {
                load(t, reg, qh_rm_mem(QH_RBP, w->at), w->bytes);
            }
            qh_t1_hold(t, next - 1, reg);
        }
        next = v->alias;
    }
    w->aliases = 0;
}

void qh_t1_move_out(QhT1 *t, uint32_t classes)
{
    for (uint32_t i = 0; i < t->alloc->n_vars; i++) {
        if (t->alloc->vars[i].aliases != 0 && (classes >> t->alloc->vars[i].klass & 1)) {
            qh_t1_clobber_var(t, i);
        }
    }
}

void qh_t1_range(QhT1 *t, int32_t at, uint32_t bytes, gboolean forget)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t i = 0; i < alloc->n_vars; i++) {
        QhT1Var *var = &alloc->vars[i];
        if (var->at >= at + (int32_t)bytes || at >= var->at + var->bytes) {
            continue;
        }
        if (forget) {
            qh_t1_clobber_var(t, i);
        }
        if (var->home == QH_NO_REG) {
            continue;
        }
        if (alloc->state.dirty & qh_t1_bit(var->home)) {
            qh_t1_store_home(t, var->home);
        }
        if (forget) {
            alloc->state.in &= ~qh_t1_bit(var->home);
        }
    }
}

/* --- Operands --- */

gboolean qh_t1_const(const QhT1 *t, uint32_t value, uint64_t *ret_bits)
{
    const QhT1Value *v = &t->alloc->values[value], *root = &t->alloc->values[v->root];
    const QhIrRecord *record = &t->records[v->root];

    if (root->make != QH_T1_CONST || root->bytes == 16) {
        return FALSE;
    }
    *ret_bits = record->b | (uint64_t)record->c << 32;
    if (v->bytes == 4) {
        *ret_bits = (uint32_t)*ret_bits;
    }
    return TRUE;
}

gboolean qh_t1_imm(const QhT1 *t, uint32_t value, int32_t *ret_imm)
{
    uint64_t bits;

    if (!qh_t1_const(t, value, &bits)) {
        return FALSE;
    }
    *ret_imm = (int32_t)bits;
    return t->alloc->values[value].bytes == 4 || (int64_t)bits == (int32_t)bits;
}

gboolean qh_t1_fused(const QhT1 *t, uint32_t value)
{
    return t->alloc->values[value].make == QH_T1_CMP;
}

/* A constant into @reg; keeps the flags. */
static void make_const(QhT1 *t, uint32_t root, QhReg reg)
{
    const QhIrRecord *record = &t->records[root];
    uint64_t bits = record->b | (uint64_t)record->c << 32;

    if (t->alloc->values[root].bytes == 4) {
        bits = (uint32_t)bits;
    }
    if (!QH_IS_XMM(reg)) {
        qh_x_mov_i(&t->a, reg, bits);
        return;
    }
    if (bits == 0) {
        qh_x(&t->a, QH_X_XORPS, reg, qh_rm_reg(reg));
        return;
    }
    qh_x_mov_i(&t->a, QH_RAX, bits);
    qh_x(&t->a, QH_X_MOVD | QH_X_W, reg, qh_rm_reg(QH_RAX));
    if (record->type == QH_TYPE_V128) {
        qh_x(&t->a, 0x6cu | QH_X_0F | QH_X_66, reg, qh_rm_reg(reg)); /* punpcklqdq */
    }
}

QhReg qh_t1_into_reg(QhT1 *t, uint32_t root, gboolean xmm)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Value *v = &alloc->values[root];
    const QhT1Var *var;
    QhReg reg;

    xmm = xmm || v->bytes == 16; /* also when only the low half is wanted */
    switch (v->place) {
    case QH_T1_IN_REG:
        return v->reg;
    case QH_T1_IN_VAR:
        var = &alloc->vars[v->var];
        if (qh_t1_home_now(t, v->var) != QH_NO_REG) {
            if (!(alloc->state.in & qh_t1_bit(var->home))) {
                qh_t1_enter_home(t, var->home);
                qh_t1_load_home(t, var->home);
            }
            return alloc->homes[var->home].reg;
        }
        reg = qh_t1_take(t, xmm);
        load(t, reg, qh_rm_mem(QH_RBP, var->at), var->bytes);
        qh_t1_hold(t, root, reg);
        return reg;
    case QH_T1_IN_CELL:
        reg = qh_t1_take(t, xmm);
        load(t, reg, qh_rm_mem(QH_RBP, cell_at(v->cell)), v->bytes);
        alloc->cells[alloc->n_cells++] = v->cell;
        qh_t1_hold(t, root, reg);
        return reg;
    default:
        if (v->make != QH_T1_CONST) {
            t->failed = TRUE; /* a value that was never made */
            return xmm ? QH_XMM(15) : QH_RAX;
        }
        reg = qh_t1_take(t, xmm);
        make_const(t, root, reg);
        qh_t1_hold(t, root, reg);
        return reg;
    }
}

static QhReg use_class(QhT1 *t, uint32_t value, gboolean xmm)
{
    uint32_t root = qh_t1_root(t, value);
    QhReg reg = qh_t1_into_reg(t, root, xmm), other;

    t->alloc->locked |= qh_t1_bit(reg);
    if (QH_IS_XMM(reg) == xmm) {
        return reg;
    }
    other = xmm ? qh_t1_temp_xmm(t) : qh_t1_temp_gpr(t);
    qh_t1_move(t, other, reg, MIN(t->alloc->values[root].bytes, 8));
    return other;
}

QhReg qh_t1_use(QhT1 *t, uint32_t value)
{
    return use_class(t, value, t->alloc->values[value].is_xmm);
}

QhReg qh_t1_use_gpr(QhT1 *t, uint32_t value)
{
    return use_class(t, value, FALSE);
}

QhReg qh_t1_use_xmm(QhT1 *t, uint32_t value)
{
    return use_class(t, value, TRUE);
}

QhReg qh_t1_use_any(QhT1 *t, uint32_t value)
{
    uint32_t root = qh_t1_root(t, value);
    QhReg reg = qh_t1_into_reg(t, root, t->alloc->values[value].is_xmm);

    t->alloc->locked |= qh_t1_bit(reg);
    return reg;
}

/* Where a value lies in memory, if it does and may be read there in its full width. */
static gboolean in_memory(const QhT1 *t, uint32_t value, int32_t *ret_at)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Value *root = &alloc->values[qh_t1_root(t, value)];

    if (alloc->values[value].bytes > root->bytes) {
        return FALSE; /* a truth value as an i64 */
    }
    if (root->place == QH_T1_IN_CELL) {
        *ret_at = cell_at(root->cell);
        return TRUE;
    }
    if (root->place == QH_T1_IN_VAR && qh_t1_home_now(t, root->var) == QH_NO_REG) {
        *ret_at = alloc->vars[root->var].at;
        return alloc->values[value].bytes < 16 || *ret_at % 16 == 0;
    }
    return FALSE;
}

static QhRm rm_class(QhT1 *t, uint32_t value, gboolean xmm)
{
    const QhT1Value *root = &t->alloc->values[qh_t1_root(t, value)];
    int32_t at;

    /* what is used again had better be in a register */
    if (in_memory(t, value, &at) && root->last <= t->i) {
        return qh_rm_mem(QH_RBP, at);
    }
    return qh_rm_reg(use_class(t, value, xmm));
}

QhRm qh_t1_rm(QhT1 *t, uint32_t value)
{
    return rm_class(t, value, t->alloc->values[value].is_xmm);
}

QhRm qh_t1_rm_gpr(QhT1 *t, uint32_t value)
{
    return rm_class(t, value, FALSE);
}

QhRm qh_t1_rm_xmm(QhT1 *t, uint32_t value)
{
    return rm_class(t, value, TRUE);
}

QhReg qh_t1_address(QhT1 *t, uint32_t value, int64_t *ret_disp)
{
    const QhIrRecord *record = &t->records[value];
    uint64_t bits;

    *ret_disp = 0;
    if (t->alloc->values[value].make == QH_T1_ADDR) {
        qh_t1_const(t, record->b, &bits);
        *ret_disp = (int64_t)bits;
        value = record->a;
    }
    if (qh_t1_const(t, value, &bits)) {
        *ret_disp = (int64_t)((uint64_t)*ret_disp + bits);
        return QH_NO_REG;
    }
    return qh_t1_use_gpr(t, value);
}

void qh_t1_move_to(QhT1 *t, QhReg reg, uint32_t value)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t root = qh_t1_root(t, value);
    const QhT1Value *v = &alloc->values[root];
    const QhT1Var *var = v->place == QH_T1_IN_VAR ? &alloc->vars[v->var] : NULL;
    int32_t at;

    if (var != NULL && var->home != QH_NO_REG && !(alloc->state.in & qh_t1_bit(var->home))) {
        load(t, reg, qh_rm_mem(QH_RBP, var->at), var->bytes);
    } else if (v->place == QH_T1_NOWHERE && v->make == QH_T1_CONST) {
        make_const(t, root, reg);
    } else if (in_memory(t, value, &at)) {
        load(t, reg, qh_rm_mem(QH_RBP, at), alloc->values[value].bytes);
    } else if (!QH_IS_XMM(reg) && v->place == QH_T1_IN_CELL) { /* a truth value as an i64 */
        load(t, reg, qh_rm_mem(QH_RBP, cell_at(v->cell)), v->bytes);
    } else {
        qh_t1_move(t, reg, qh_t1_into_reg(t, root, QH_IS_XMM(reg)), alloc->values[value].bytes);
    }
}

/* --- Records --- */

static void set_home(QhT1 *t, uint32_t var)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t home = alloc->vars[var].home;

    alloc->state.in |= qh_t1_bit(home);
    alloc->state.dirty |= qh_t1_bit(home);
    qh_t1_nan_set(t, home);
}

void qh_t1_alloc_set(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    const QhIrRecord *record = &t->records[t->i];
    uint32_t var = alloc->values[t->i].var, root = qh_t1_root(t, record->b);
    QhT1Var *w = &alloc->vars[var];
    QhT1Value *v = &alloc->values[root];
    int32_t imm;

    if (alloc->values[t->i].fused || (v->place == QH_T1_IN_VAR && v->var == var)) {
        return;
    }
    qh_t1_clobber_var(t, var);
    if (qh_t1_home_now(t, var) != QH_NO_REG) {
        QhReg home = alloc->homes[w->home].reg;
        qh_t1_enter_home(t, w->home);
        qh_t1_move_to(t, home, record->b);
        set_home(t, var);
        if (v->place == QH_T1_IN_REG && v->last > t->i && v->bytes == w->bytes &&
            QH_IS_XMM(v->reg) == w->is_xmm && v->make == QH_T1_NOW) {
            release(t, v->reg);
            become_alias(t, root, var);
        }
    } else if (!w->is_xmm && qh_t1_imm(t, record->b, &imm) && w->bytes <= 8) {
        qh_x_st_i(&t->a, w->bytes, qh_rm_mem(QH_RBP, w->at), imm);
    } else {
        store(t, qh_rm_mem(QH_RBP, w->at), qh_t1_use_any(t, record->b), w->bytes);
    }
}

static void expire(QhT1 *t, uint32_t i)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t next = alloc->expire[i]; next != 0;) {
        QhT1Value *v = &alloc->values[next - 1];
        if (v->place == QH_T1_IN_REG && alloc->held[v->reg] == next) {
            release(t, v->reg);
        } else if (v->place == QH_T1_IN_CELL) {
            alloc->cells[alloc->n_cells++] = v->cell;
        }
        v->place = QH_T1_NOWHERE;
        v->listed = 0;
        next = v->expire;
    }
    alloc->expire[i] = 0;
}

void qh_t1_alloc_done(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Value *v = &alloc->values[t->i];

    if (v->make == QH_T1_VAR && v->uses > 0) {
        become_alias(t, t->i, v->var);
    }
    if (alloc->fuse_var != QH_T1_NO_VAR) {
        set_home(t, alloc->fuse_var);
        alloc->values[v->set].fused = 1;
        become_alias(t, t->i, alloc->fuse_var);
        alloc->fuse_var = QH_T1_NO_VAR;
    }
    for (QhReg reg = 0; alloc->scratch != 0; reg++) {
        if (alloc->scratch & qh_t1_bit(reg)) {
            alloc->scratch &= ~qh_t1_bit(reg);
            if (alloc->held[reg] == 0) {
                alloc->free |= qh_t1_bit(reg) & alloc->temps;
            }
        }
    }
    alloc->locked = 0;
    alloc->colds_before = alloc->n_colds;
    alloc->defined = FALSE;
    expire(t, t->i);
    qh_t1_kept_expire(t);
}
