/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which variables get homes: the ones used most, weighted by loop depth.
 *
 * Where that leaves some out, each loop has its own choice. A variable has one home at most, but a
 * register may be that of several variables, each of which owns it in the loops that use it more
 * than the others; a loop is what no smaller one in it has taken. In a loop that it does not own a
 * variable stays in memory, unless it is in its home already. So no two of them ever compete inside
 * a loop, and what is moved is moved where loops are entered and left.
 */
#include "core/jit/backend/x86_64/homes.h"

#include <string.h>

/* In the order in which they are given out: first those that calls preserve. */
static const uint8_t gpr_homes[] = {QH_RBX, 12, 13, 14, 15, QH_RSI, QH_RDI, 8};
static const uint8_t xmm_homes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
#define N_GPR (uint32_t) G_N_ELEMENTS(gpr_homes)
#define N_XMM (uint32_t) G_N_ELEMENTS(xmm_homes)

/*
 * Off: with several variables to a register a load went to a wrong address in sequence 100 of
 * `tests/riscv/sequences/sequences.py --xlen 64 --number 5000 --backends jit`, which says with 1
 * when that is mended.
 */
#define SHARES 0

/* A loop that has registers of its own; number 0 is all that is in none. */
typedef struct Loop {
    uint32_t first, last;
    uint32_t depth;
} Loop;

typedef struct Sharing {
    QhT1 *t;
    Loop loops[QH_T1_MAX_LOOPS];
    uint32_t n_loops;
    uint32_t weights[QH_T1_MAX_VARS]; /* in the loop that is looked at */
    uint32_t users[QH_T1_N_REGS];     /* by register: weight of all whose home it is */
} Sharing;

static gboolean sets(const QhIrRecord *record)
{
    return record->op == QH_IR_set_slot || record->op == QH_IR_set_local;
}

static gboolean may_have(const QhT1Var *var, gboolean xmm)
{
    return var->home == QH_NO_REG && !var->pinned && var->is_xmm == xmm && var->weight >= 2;
}

static void give(QhT1Alloc *alloc, QhT1Var *var, QhReg reg)
{
    var->home = (uint8_t)alloc->n_homes;
    alloc->home_vars[alloc->n_homes] = (uint16_t)(var - alloc->vars);
    alloc->homes[alloc->n_homes++] = (QhT1Home){.reg = reg, .bytes = var->bytes, .at = var->at};
}

/* --- One variable for each register --- */

static QhT1Var *heaviest(QhT1Alloc *alloc, gboolean xmm)
{
    QhT1Var *best = NULL;

    for (uint32_t i = 0; i < alloc->n_vars; i++) {
        QhT1Var *var = &alloc->vars[i];
        if (may_have(var, xmm) && (best == NULL || var->weight > best->weight)) {
            best = var;
        }
    }
    return best;
}

static void give_homes(QhT1Alloc *alloc, gboolean xmm, const uint8_t *regs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        QhT1Var *var = heaviest(alloc, xmm);
        if (var == NULL) {
            return;
        }
        give(alloc, var, xmm ? QH_XMM(regs[i]) : regs[i]);
    }
}

/* --- Several --- */

static uint32_t span(const Loop *loop)
{
    return loop->last - loop->first;
}

/* Those with most turns first, of such the small ones. */
static gboolean comes_before(const Loop *a, const Loop *b)
{
    return a->depth != b->depth ? a->depth > b->depth : span(a) < span(b);
}

/* Sorted. More than there is room for are left to the code around them. */
static void find_loops(Sharing *sharing)
{
    const QhT1 *t = sharing->t;

    sharing->n_loops = 1;
    sharing->loops[0] = (Loop){.last = t->source->n_records - 1};
    for (uint32_t i = 0; i < t->alloc->n_loops && sharing->n_loops < QH_T1_MAX_LOOPS; i++) {
        uint32_t head = t->alloc->loops[i], at = sharing->n_loops;
        Loop loop = {head, t->alloc->targets[head].loop_end, t->alloc->depth[head]};
        for (; at > 1 && comes_before(&loop, &sharing->loops[at - 1]); at--) {
            sharing->loops[at] = sharing->loops[at - 1];
        }
        sharing->loops[at] = loop;
        sharing->n_loops++;
    }
}

/* The smallest loop around each record: what no smaller one has. */
static void paint(const Sharing *sharing)
{
    uint8_t *loop_of = sharing->t->alloc->loop_of;
    uint64_t left =
        sharing->n_loops < 64 ? (G_GUINT64_CONSTANT(1) << sharing->n_loops) - 2 : UINT64_MAX - 1;

    memset(loop_of, 0, sharing->t->source->n_records);
    while (left != 0) {
        uint32_t largest = (uint32_t)__builtin_ctzll(left);
        for (uint64_t rest = left; rest != 0; rest &= rest - 1) {
            uint32_t i = (uint32_t)__builtin_ctzll(rest);
            largest = span(&sharing->loops[i]) > span(&sharing->loops[largest]) ? i : largest;
        }
        memset(loop_of + sharing->loops[largest].first, (int)largest,
               span(&sharing->loops[largest]) + 1);
        left &= ~(G_GUINT64_CONSTANT(1) << largest);
    }
}

static void weigh(Sharing *sharing, uint32_t number)
{
    const QhT1 *t = sharing->t;
    const Loop *loop = &sharing->loops[number];

    memset(sharing->weights, 0, sizeof(sharing->weights[0]) * t->alloc->n_vars);
    for (uint32_t i = loop->first; i <= loop->last; i++) {
        const QhT1Value *value = &t->alloc->values[i];
        if (t->alloc->loop_of[i] != number) {
            continue;
        }
        if (value->make == QH_T1_VAR) {
            sharing->weights[value->var] += MAX(value->uses, 1);
        } else if (sets(&t->records[i])) {
            sharing->weights[value->var]++;
        }
    }
}

static uint32_t weight_of_owner(const Sharing *sharing, uint32_t number, QhReg reg)
{
    const QhT1Alloc *alloc = sharing->t->alloc;
    uint8_t home = alloc->owners[number][reg];

    return home == QH_NO_REG ? 0 : sharing->weights[alloc->home_vars[home]];
}

/* Those that have homes already own them here, if they are used here. */
static void keep_owners(Sharing *sharing, uint32_t number)
{
    QhT1Alloc *alloc = sharing->t->alloc;

    memset(alloc->owners[number], QH_NO_REG, sizeof(alloc->owners[number]));
    for (uint32_t home = 0; home < alloc->n_homes; home++) {
        uint32_t weight = sharing->weights[alloc->home_vars[home]];
        QhReg reg = alloc->homes[home].reg;
        if (weight > weight_of_owner(sharing, number, reg)) {
            alloc->owners[number][reg] = (uint8_t)home;
        }
    }
}

/* The register whose owner here loses least; of such the one that is used least elsewhere. */
static QhReg cheapest(const Sharing *sharing, uint32_t number)
{
    QhReg best = gpr_homes[0];

    for (uint32_t i = 1; i < N_GPR; i++) {
        uint32_t weight = weight_of_owner(sharing, number, gpr_homes[i]);
        uint32_t least = weight_of_owner(sharing, number, best);
        if (weight < least ||
            (weight == least && sharing->users[gpr_homes[i]] < sharing->users[best])) {
            best = gpr_homes[i];
        }
    }
    return best;
}

static QhT1Var *heaviest_here(const Sharing *sharing)
{
    QhT1Alloc *alloc = sharing->t->alloc;
    uint32_t best = 0;
    QhT1Var *found = NULL;

    for (uint32_t i = 0; i < alloc->n_vars; i++) {
        if (sharing->weights[i] > best && may_have(&alloc->vars[i], FALSE)) {
            best = sharing->weights[i];
            found = &alloc->vars[i];
        }
    }
    return found;
}

/* Homes for those that the loop uses and that have none yet. */
static void give_in_loop(Sharing *sharing, uint32_t number)
{
    QhT1Alloc *alloc = sharing->t->alloc;

    weigh(sharing, number);
    keep_owners(sharing, number);
    while (alloc->n_homes < QH_T1_MAX_HOMES - N_XMM) {
        QhT1Var *var = heaviest_here(sharing);
        QhReg reg = cheapest(sharing, number);
        uint32_t weight = var == NULL ? 0 : sharing->weights[var - alloc->vars];
        /* outside of loops the move must pay, too */
        uint32_t least = number == 0 && sharing->users[reg] != 0 ? 2 : 0;
        if (weight <= least || weight <= weight_of_owner(sharing, number, reg)) {
            return;
        }
        alloc->owners[number][reg] = (uint8_t)alloc->n_homes;
        sharing->users[reg] += var->weight;
        give(alloc, var, reg);
    }
}

static void share_homes(Sharing *sharing)
{
    for (uint32_t i = 1; i < sharing->n_loops; i++) {
        give_in_loop(sharing, i);
    }
    give_in_loop(sharing, 0);
    /* now that all have homes: who has a claim */
    for (uint32_t i = 0; i < sharing->n_loops; i++) {
        weigh(sharing, i);
        keep_owners(sharing, i);
    }
}

/* Whether some would be left out. */
static gboolean is_crowded(const QhT1Alloc *alloc)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < alloc->n_vars; i++) {
        n += may_have(&alloc->vars[i], FALSE);
    }
    return n > N_GPR;
}

void qh_t1_give_homes(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    Sharing sharing = {.t = t};

    find_loops(&sharing);
    paint(&sharing);
    for (uint32_t i = 0; i < sharing.n_loops; i++) {
        alloc->heads[i] = sharing.loops[i].first;
    }
    alloc->n_homes = 0;
    alloc->shares = SHARES && sharing.n_loops > 1 && is_crowded(alloc);
    if (alloc->shares) {
        share_homes(&sharing);
    } else {
        give_homes(alloc, FALSE, gpr_homes, N_GPR);
    }
    give_homes(alloc, TRUE, xmm_homes, N_XMM);
}

/* --- Heads of loops --- */

/* Of @homes those that are to be in registers in the loop that begins at record @head: its own, and
 * others that stand in nobody's way. */
static uint32_t choose(const QhT1Alloc *alloc, uint32_t head, uint32_t homes)
{
    const uint8_t *owners = alloc->owners[alloc->loop_of[head]];
    uint32_t taken = 0, chosen = 0;

    for (uint32_t own = 0; own < 2; own++) {
        for (uint32_t left = homes & ~chosen; left != 0; left &= left - 1) {
            uint32_t home = (uint32_t)__builtin_ctz(left);
            QhReg reg = alloc->homes[home].reg;
            if (!(taken & qh_t1_bit(reg)) && (own == 1 || owners[reg & 15] == home)) {
                taken |= qh_t1_bit(reg);
                chosen |= qh_t1_bit(home);
            }
        }
    }
    return chosen;
}

static gboolean calls(const QhIrRecord *record)
{
    return record->op == QH_IR_call ||
           ((record->op == QH_IR_exit_pc || record->op == QH_IR_exit_value) &&
            record->flags == QH_EXIT_CALL);
}

void qh_t1_decide_loops(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t n = 0; n < alloc->n_loops; n++) {
        uint32_t i = alloc->loops[n], in = 0, dirty = 0;
        QhT1Target *target = &alloc->targets[i];
        target->open = 1;
        for (uint32_t k = i; k <= target->loop_end; k++) {
            gboolean written = sets(&t->records[k]);
            target->open &= !calls(&t->records[k]);
            const QhT1Var *var = &alloc->vars[alloc->values[k].var];
            if ((alloc->values[k].make == QH_T1_VAR || written) && var->home != QH_NO_REG &&
                !var->is_local) {
                in |= 1u << var->home;
                dirty |= written ? 1u << var->home : 0;
            }
        }
        in = alloc->shares ? choose(alloc, i, in) : in;
        target->state.in = in;
        target->state.dirty = dirty & in;
        target->state.flags = qh_t1_pending_at(t, i);
        target->known = 1;
    }
}

/* Registers that checks of the block at record @head are kept in. */
static uint32_t carried_regs(const QhT1 *t, uint32_t head)
{
    for (uint32_t i = 0; i < t->source->n_blocks; i++) {
        if (t->source->blocks[i].first == head) {
            return t->alloc->carried[i].n > 0 ? t->alloc->carried[i].regs : 0;
        }
    }
    return 0;
}

void qh_t1_close_state(QhT1 *t, uint32_t to, const QhT1State *state)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Target *target = &alloc->targets[to];
    uint32_t busy;

    if (!target->open) {
        return;
    }
    target->open = 0;
    busy = carried_regs(t, to);
    for (uint32_t left = target->state.in; left != 0; left &= left - 1) {
        busy |= qh_t1_bit(alloc->homes[__builtin_ctz(left)].reg);
    }
    for (uint32_t left = state->in & ~target->state.in; left != 0; left &= left - 1) {
        uint32_t home = (uint32_t)__builtin_ctz(left);
        if (!(busy & qh_t1_bit(alloc->homes[home].reg)) &&
            !alloc->vars[alloc->home_vars[home]].is_local) {
            target->state.in |= qh_t1_bit(home);
            target->state.dirty |= state->dirty & qh_t1_bit(home);
        }
    }
}

/* Who enters a loop elsewhere than at its head enters it as if it came from there: it is entered
 * once, and its turns shall move nothing. */
QhT1State qh_t1_choose_state(QhT1 *t, uint32_t to, QhT1State state)
{
    const QhT1Alloc *alloc = t->alloc;
    uint32_t loop = alloc->loop_of[to], head = alloc->heads[loop];
    const QhT1Target *target = &alloc->targets[head];

    if (loop != 0 && (t->i < head || t->i > target->loop_end)) {
        qh_t1_close_state(t, head, &state);
        state.in = target->state.in;
        state.dirty = target->state.dirty;
    }
    return state;
}
