/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One check for many turns. In a loop that is one block, pointers and indices mostly move by a
 * constant each turn; so when the tables are asked at the loop's head, it is also known for how
 * many turns the answer holds: until one of the accesses reaches into another page. That number is
 * counted down in a register, and as long as it lasts the addends of all such bases stay in theirs
 * (in memory, when there are too few). Accesses find them as kept.c's groups, and test for 0 like
 * those.
 *
 * Why the answer still holds in later turns: the tables of a CPU are changed by itself alone. It
 * does that outside of compiled code, which is entered with no turns left; in calls, which these
 * loops do not have; or in a cold stub, which sets addends and turns to 0 when it did more than to
 * fill a table. What others want of it (flushes, a map of memory that has changed, pages that have
 * become code and are no longer stored to directly) they ask by exit_request, and that is looked at
 * in each turn. So nothing lasts longer than it did without: to the poll.
 */
#include "core/jit/backend/x86_64/carried.h"

#include "core/jit/backend/x86_64/behind.h"
#include "core/jit/backend/x86_64/kept.h"
#include "core/jit/backend/x86_64/look.h"
#include "core/jit/jit-cpu.h"

/* Turns between two checks, at most. */
#define TURNS_MAX 4096u
/* Registers that a record may need for itself. */
#define SPARE 3u

/* A block that is a loop: records up to @end are run in each turn, from first to last; @back: the
 * first that may lead to the next turn. */
typedef struct Turn {
    const QhT1Block *block;
    uint32_t end, back;
} Turn;

static uint64_t pc_of(const QhIrRecord *record)
{
    return record->b | (uint64_t)record->c << 32;
}

static gboolean leads_back(const QhT1 *t, const QhT1Block *block, uint32_t i)
{
    while (t->records[i].op == QH_IR_label || t->records[i].op == QH_IR_nop) {
        i++;
    }
    return t->records[i].op == QH_IR_exit_pc && pc_of(&t->records[i]) == block->pc;
}

/* Behind what is run in each turn there are only exits. */
static gboolean only_exits(const QhT1 *t, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++) {
        const QhIrRecord *record = &t->records[i];
        if (record->op != QH_IR_label && record->op != QH_IR_nop &&
            (record->op != QH_IR_exit_pc || record->flags == QH_EXIT_CALL)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean find_turn(const QhT1 *t, const QhT1Block *block, Turn *turn)
{
    const QhT1Target *head = &t->alloc->targets[block->first];
    uint32_t end = block->first + block->n_records, i;

    if (head->loop_end == 0 || head->loop_end >= end || !head->at_start || !head->polls) {
        return FALSE;
    }
    *turn = (Turn){.block = block, .back = end};
    for (i = block->first; i < end && t->records[i].op != QH_IR_label; i++) {
        const QhIrRecord *record = &t->records[i];
        switch (record->op) {
        case QH_IR_call:
        case QH_IR_st_state:
        case QH_IR_br:
            return FALSE;
        case QH_IR_brc:
            turn->back = leads_back(t, block, record->b) ? MIN(turn->back, i) : turn->back;
            break;
        case QH_IR_exit_pc:
            turn->back = leads_back(t, block, i) ? MIN(turn->back, i) : turn->back;
            break;
        default:
            break;
        }
    }
    turn->end = i;
    return turn->back < end && only_exits(t, i, end);
}

static gboolean is_word(const QhT1 *t, uint16_t var)
{
    const QhT1Var *v = &t->alloc->vars[var];

    return !v->is_local && !v->is_xmm && !v->pinned && v->bytes == 8 &&
           !qh_t1_is_lazy(t->source, v->id);
}

/* All accesses of a turn that are off @kept's base, and by how much that moves in a turn; how many
 * there are, 0: it does not always move so. */
static uint32_t follow_base(const QhT1 *t, const Turn *turn, QhT1Kept *kept, int64_t *ret_step)
{
    QhT1Look look = {.base = kept->base};
    uint32_t n = 0;

    for (uint32_t i = turn->block->first; i < turn->end; i++) {
        const QhIrRecord *record = &t->records[i];
        int64_t moved = look.moved;
        if (record->op == QH_IR_exit_pc) {
            break;
        }
        if (qh_t1_look_ends(t, i, &look) || (look.moved != moved && i > turn->back)) {
            return 0;
        }
        if ((record->op == QH_IR_ld || record->op == QH_IR_st) &&
            qh_t1_is_off(t, record->a, &look) &&
            qh_t1_kept_join(t, kept, record, look.moved, TRUE)) {
            n++;
        }
    }
    *ret_step = look.moved;
    return look.moved > QH_T1_STEP_MAX || look.moved < -QH_T1_STEP_MAX ? 0 : n;
}

static gboolean is_known(const QhT1Carried *carried, const QhT1Kept *kept)
{
    for (uint32_t i = 0; i < carried->n; i++) {
        if (qh_t1_same_base(&carried->kept[i].base, &kept->base) &&
            carried->kept[i].mmu == kept->mmu) {
            return TRUE;
        }
    }
    return FALSE;
}

static void find_bases(const QhT1 *t, const Turn *turn, QhT1Carried *carried)
{
    for (uint32_t i = turn->block->first; i < turn->end && carried->n < QH_T1_MAX_CARRIED; i++) {
        const QhIrRecord *record = &t->records[i];
        QhT1Kept *kept = &carried->kept[carried->n];
        int64_t step;
        if (record->op != QH_IR_ld && record->op != QH_IR_st) {
            continue;
        }
        *kept = (QhT1Kept){.base = qh_t1_base_form(t, record->a),
                           .mmu = (uint8_t)QH_MEM_INDEX_OF(record->b),
                           .carried = TRUE,
                           .lo = INT32_MAX,
                           .hi = INT32_MIN,
                           .last = UINT32_MAX};
        if (kept->base.var == QH_T1_NO_VAR || !is_word(t, kept->base.var) ||
            (kept->base.index != QH_T1_NO_VAR && !is_word(t, kept->base.index)) ||
            is_known(carried, kept) || follow_base(t, turn, kept, &step) == 0) {
            continue;
        }
        carried->step[carried->n++] = (int32_t)step;
    }
}

/* Homes that nobody enters in the loop at @head, as a mask of registers; @ret_all: all homes. */
static uint32_t idle_homes(const QhT1 *t, const QhT1Target *head, uint32_t *ret_all)
{
    const QhT1Alloc *alloc = t->alloc;
    const uint8_t *owners = alloc->owners[alloc->loop_of[head - alloc->targets]];
    uint32_t all = 0, busy = 0;

    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        QhReg reg = alloc->homes[i].reg;
        if (QH_IS_XMM(reg)) {
            continue;
        }
        all |= qh_t1_bit(reg);
        if ((head->state.in & qh_t1_bit(i)) || alloc->vars[alloc->home_vars[i]].is_local ||
            (alloc->shares && owners[reg] != QH_NO_REG)) {
            busy |= qh_t1_bit(reg);
        }
    }
    *ret_all = all;
    return all & ~busy;
}

/* Registers for the turns and the addends: homes of variables that the loop does not touch, then
 * those of nobody, but for SPARE. When they do not suffice, addends are in memory, then the turns.
 */
static void give_registers(const QhT1 *t, const QhT1Target *head, QhT1Carried *carried)
{
    uint32_t homes, idle = idle_homes(t, head, &homes), mask = QH_T1_GPR_TEMPS & ~homes, spare;
    QhReg regs[16], n = 0;

    for (; idle != 0; idle &= idle - 1) {
        regs[n++] = (QhReg)__builtin_ctz(idle);
    }
    for (spare = (uint32_t)__builtin_popcount(mask); spare > SPARE; spare--) {
        regs[n++] = (QhReg)__builtin_ctz(mask);
        mask &= mask - 1;
    }
    for (uint32_t i = 0; i < carried->n; i++) {
        QhReg reg = i + 1 < n ? regs[i + 1] : QH_NO_REG;
        carried->kept[i].reg = reg;
        carried->kept[i].cell = (uint8_t)i;
        carried->regs |= reg != QH_NO_REG ? qh_t1_bit(reg) : 0;
    }
    carried->turns = n > 0 ? regs[0] : QH_NO_REG;
    carried->regs |= n > 0 ? qh_t1_bit(regs[0]) : 0;
}

void qh_t1_carried_plan(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t i = 0; i < t->source->n_blocks; i++) {
        const QhT1Block *block = &t->source->blocks[i];
        QhT1Target *head = &alloc->targets[block->first];
        Turn turn;
        alloc->carried[i].n = 0;
        if (!find_turn(t, block, &turn)) {
            continue;
        }
        alloc->carried[i] = (QhT1Carried){0};
        t->i = block->first;
        find_bases(t, &turn, &alloc->carried[i]);
        if (alloc->carried[i].n > 0) {
            give_registers(t, head, &alloc->carried[i]);
            head->state.turns = alloc->carried[i].turns;
        }
    }
    t->i = 0;
}

/* --- Code --- */

static QhRm turns_at(QhReg reg)
{
    return reg != QH_NO_REG ? qh_rm_reg(reg) : qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.turns));
}

static void set_turns(QhT1 *t, QhReg reg, uint32_t n)
{
    if (reg != QH_NO_REG) {
        qh_x_mov_i(&t->a, reg, n);
    } else {
        qh_x_st_i(&t->a, 4, turns_at(reg), (int32_t)n);
    }
}

static void set_addend(QhT1 *t, const QhT1Kept *kept, QhReg from)
{
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, from,
         kept->reg != QH_NO_REG
             ? qh_rm_reg(kept->reg)
             : qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.addends) + 8 * (int32_t)kept->cell));
}

/* @reg = what a variable holds at the head of the loop */
static void get_var(QhT1 *t, QhReg reg, uint16_t var)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Var *v = &alloc->vars[var];
    gboolean in = v->home != QH_NO_REG && (alloc->state.in & qh_t1_bit(v->home));

    qh_x(&t->a, QH_X_MOV | QH_X_W, reg,
         in ? qh_rm_reg(alloc->homes[v->home].reg) : qh_rm_mem(QH_RBP, v->at));
}

/* rdx = where the bytes of the group begin */
static void find_bytes(QhT1 *t, const QhT1Kept *kept)
{
    if (kept->base.index == QH_T1_NO_VAR) {
        get_var(t, QH_RDX, kept->base.var);
    } else {
        get_var(t, QH_RCX, kept->base.var);
        get_var(t, QH_RDX, kept->base.index);
        qh_x_i8(&t->a, QH_X_SHIFT_I | QH_X_W, 4, qh_rm_reg(QH_RDX), kept->base.shift); /* shl */
        qh_x(&t->a, QH_X_ADD | QH_X_W, QH_RDX, qh_rm_reg(QH_RCX));
    }
    qh_x_alu_i(&t->a, QH_X_ADD | QH_X_W, qh_rm_reg(QH_RDX), kept->lo);
}

/* The turns are no more than those until the bytes at rdx leave their page; a step that is no power
 * of two counts as the next one. */
static void limit_turns(QhT1 *t, const QhT1Carried *carried, uint32_t i)
{
    const QhT1Kept *kept = &carried->kept[i];
    int32_t step = carried->step[i], in_page = (1 << t->source->granule_bits) - 1;
    uint32_t size = (uint32_t)(step < 0 ? -step : step), shift = 0, skip;
    QhRm turns = turns_at(carried->turns);

    if (step == 0) {
        return;
    }
    while (1u << shift < size) {
        shift++;
    }
    if (step > 0) {
        qh_x(&t->a, QH_X_LEA, QH_RDX, qh_rm_mem(QH_RDX, kept->hi - kept->lo - 1));
        qh_x(&t->a, QH_X_GRP_F7, 2, qh_rm_reg(QH_RDX)); /* not */
    }
    qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RDX), in_page);
    qh_x_i8(&t->a, QH_X_SHIFT_I, 5, qh_rm_reg(QH_RDX), shift); /* shr */
    qh_x(&t->a, QH_X_CMP, QH_RDX, turns);
    skip = qh_x_jcc8(&t->a, QH_IF_AE);
    qh_x(&t->a, QH_X_MOV_ST, QH_RDX, turns);
    qh_x_here8(&t->a, skip);
}

/* No turns are left: ask the tables about all bases. */
static void emit_look(QhT1 *t, uint64_t word)
{
    QhT1Carried *carried = &t->alloc->carried[word];

    set_turns(t, carried->turns, TURNS_MAX);
    for (uint32_t i = 0; i < carried->n; i++) {
        const QhT1Kept *kept = &carried->kept[i];
        QhXLabel none = {0}, next = {0};
        find_bytes(t, kept);
        qh_t1_find_group(t, kept, QH_RDX, 0, QH_RAX, &none);
        set_addend(t, kept, QH_RAX);
        limit_turns(t, carried, i);
        qh_x_jmp(&t->a, &next);
        qh_x_bind(&t->a, &none);
        qh_x_mov_i(&t->a, QH_RAX, 0);
        set_addend(t, kept, QH_RAX);
        set_turns(t, carried->turns, 0);
        qh_x_bind(&t->a, &next);
    }
    qh_x_jmp(&t->a, &carried->go);
}

void qh_t1_carried_begin(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Carried *carried = &alloc->carried[t->block];
    QhT1Later *later;

    if (carried->n == 0) {
        return;
    }
    qh_x_alu_i(&t->a, QH_X_SUB, turns_at(carried->turns), 1);
    later = qh_t1_new_later(t, emit_look, t->block);
    qh_x_jcc(&t->a, QH_IF_B, later->label);
    qh_x_bind(&t->a, &carried->go);
    alloc->temps &= ~carried->regs;
    alloc->free &= ~carried->regs;
    alloc->reserved = carried->regs;
    for (uint32_t i = 0; i < carried->n; i++) {
        carried->kept[i].serial = alloc->n_serials++;
        alloc->kept[alloc->n_kept++] = carried->kept[i];
    }
}

void qh_t1_carried_end(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    if (alloc->reserved == 0) {
        return;
    }
    alloc->temps |= alloc->reserved;
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        alloc->temps &= ~qh_t1_bit(alloc->homes[i].reg);
    }
    alloc->reserved = 0;
}

void qh_t1_carried_lose(QhT1 *t)
{
    t->alloc->state.turns = 0;
}

void qh_t1_carried_edge(QhT1 *t, QhReg to)
{
    if (to != 0 && t->alloc->state.turns != to) {
        set_turns(t, to, 0);
    }
}
