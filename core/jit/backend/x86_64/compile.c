/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A region from front to back: control flow between its parts, entries, and the code behind it.
 *
 * The first edge that reaches a place decides which homes hold their variables there; later edges
 * bring theirs into line. Heads of loops were decided before (analyse.c). What is seldom needed
 * (exits off a branch, polls that found something, entries, cold stubs) is put behind the region.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/behind.h"
#include "core/jit/backend/x86_64/carried.h"
#include "core/jit/backend/x86_64/homes.h"
#include "core/jit/code.h"
#include "core/jit/engine-priv.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

struct QhT1Compiler {
    QhT1 t;
    QhT1Alloc alloc;
};

QhT1Compiler *qh_t1_compiler_new(void)
{
    QhT1Compiler *compiler = g_try_new0(QhT1Compiler, 1);

    if (compiler != NULL) {
        compiler->t.alloc = &compiler->alloc;
        compiler->alloc.t = &compiler->t;
        compiler->t.features = qh_t1_features();
    }
    return compiler;
}

void qh_t1_compiler_free(QhT1Compiler *compiler)
{
    g_free(compiler);
}

const QhT1Stubs *qh_t1_stubs(const QhT1 *t)
{
    return t->alloc->stubs;
}

static const QhT1Block *block_of(const QhT1 *t)
{
    return &t->source->blocks[t->block];
}

static uint64_t pc_of(const QhIrRecord *record)
{
    return record->b | (uint64_t)record->c << 32;
}

static gboolean counts(const QhT1 *t)
{
    return (t->source->flags & QH_CODE_ICOUNT) != 0;
}

static void emit_entry(QhT1 *t, uint64_t word)
{
    const QhT1Block *block = &t->source->blocks[word];
    QhT1Target *target = &t->alloc->targets[block->first];

    qh_t1_emit_entry(t, block->pc);
    t->alloc->state = (QhT1State){0};
    qh_t1_fix_state(t, target->state);
    qh_x_jmp(&t->a, &target->label);
}

/* --- Edges --- */

static QhT1State without_locals(const QhT1Alloc *alloc, QhT1State state)
{
    for (uint32_t i = 0; i < alloc->n_homes; i++) {
        if (alloc->vars[alloc->home_vars[i]].is_local) {
            state.in &= ~(1u << i);
            state.dirty &= ~(1u << i);
        }
    }
    return state;
}

static void count_insns(QhT1 *t, int32_t n)
{
    if (counts(t) && n != 0) {
        qh_x_alu_i(&t->a, QH_X_ADD | QH_X_W, qh_rm_mem(QH_RBP, (int32_t)offsetof(QhCpu, icount)),
                   n);
    }
}

/* How many instructions of the block come before record @at. */
static int32_t insns_before(const QhT1 *t, uint32_t at)
{
    int32_t n = 0;

    for (uint32_t i = block_of(t)->first; i < at; i++) {
        n += t->records[i].op == QH_IR_insn_start;
    }
    return n;
}

/* What a branch to label @to of the same block adds to the instructions counted at the block's
 * end: those it goes back over, less those it skips. */
static int32_t branch_count(const QhT1 *t, uint32_t to)
{
    uint32_t i = to;

    if (!counts(t)) {
        return 0;
    }
    while (t->records[i].op == QH_IR_label || t->records[i].op == QH_IR_nop) {
        i++;
    }
    return t->records[i].op == QH_IR_insn_start
               ? (int32_t)t->alloc->ordinal + 1 - insns_before(t, to)
               : 0;
}

/* Leave at the pc of the instruction that record @word belongs to. */
static void emit_poll_exit(QhT1 *t, uint64_t word)
{
    uint64_t pc = block_of(t)->pc;

    for (uint32_t i = (uint32_t)word; i < block_of(t)->first + block_of(t)->n_records; i++) {
        if (t->records[i].op == QH_IR_insn_start) {
            pc += t->records[i].a;
            break;
        }
    }
    qh_t1_write_back(t, QH_T1_ALL_SLOTS);
    count_insns(t, insns_before(t, (uint32_t)word));
    qh_t1_emit_leave(t, QH_LEFT_POLL, pc);
}

/* The same for a label inside an instruction: that instruction starts again. */
static void emit_poll_inside(QhT1 *t, uint64_t word)
{
    qh_t1_write_back(t, QH_T1_ALL_SLOTS);
    count_insns(t, (int32_t)t->alloc->ordinal);
    qh_t1_emit_leave(t, QH_LEFT_POLL, t->source->page + t->alloc->insns[word]);
}

static void emit_poll(QhT1 *t, uint32_t to)
{
    const QhT1Target *target = &t->alloc->targets[to];
    QhT1Later *later;

    if (target->loop_end != 0 && !target->at_start) {
        qh_t1_emit_poll(t);
        later = qh_t1_new_later(t, emit_poll_inside, t->insn);
        qh_x_jcc(&t->a, QH_IF_NE, later->label);
    }
}

static void emit_edge(QhT1 *t, uint64_t word)
{
    QhT1Target *target = &t->alloc->targets[word];

    count_insns(t, branch_count(t, (uint32_t)word));
    emit_poll(t, (uint32_t)word);
    qh_t1_pending_join(t, (uint32_t)word);
    qh_t1_fix_state(t, target->state);
    qh_x_jmp(&t->a, &target->label);
}

/* Whether record @to is of the block being compiled. */
static gboolean is_here(const QhT1 *t, uint32_t to)
{
    return to - block_of(t)->first < block_of(t)->n_records;
}

/* Bring the homes into the state that record @to wants, if that is decided. */
static void bring(QhT1 *t, uint32_t to)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Target *target = &alloc->targets[to];

    qh_t1_pending_join(t, to);
    qh_t1_close_state(t, to, &alloc->state);
    if (target->known) {
        qh_t1_fix_state(t, target->state);
    } else {
        target->state = qh_t1_choose_state(t, to, alloc->state);
        target->state.turns = is_here(t, to) ? target->state.turns : 0;
        target->known = 1;
        qh_t1_fix_state(t, target->state);
    }
}

/* To record @to from here, always. */
static void go_to(QhT1 *t, uint32_t to, gboolean other_block)
{
    QhT1Alloc *alloc = t->alloc;

    if (other_block) {
        alloc->state = without_locals(alloc, alloc->state);
    } else {
        count_insns(t, branch_count(t, to));
    }
    emit_poll(t, to);
    bring(t, to);
    alloc->pending = to + 1;
    alloc->live = FALSE;
}

/* To record @to if @cc. */
static void branch_to(QhT1 *t, uint32_t cc, uint32_t to, gboolean other_block)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Target *target = &alloc->targets[to];
    QhT1State state = other_block ? without_locals(alloc, alloc->state) : alloc->state;
    QhT1State kept = alloc->state;
    QhT1Later *later;

    qh_t1_close_state(t, to, &state);
    if (!target->known) {
        target->state = qh_t1_choose_state(t, to, state);
        target->state.turns = is_here(t, to) ? state.turns : 0;
        target->state.flags = qh_t1_pending_at(t, to);
        target->known = 1;
    }
    if (qh_t1_pending_fits(t, to) && (state.dirty & ~target->state.dirty) == 0 &&
        (target->state.in & ~state.in) == 0 &&
        (target->state.turns == 0 || target->state.turns == state.turns) &&
        (target->loop_end == 0 || target->at_start) && branch_count(t, to) == 0) {
        qh_x_jcc(&t->a, cc, &target->label);
        return;
    }
    alloc->state = state;
    later = qh_t1_new_later(t, emit_edge, to);
    alloc->state = kept;
    qh_x_jcc(&t->a, cc, later->label);
}

/* --- Exits --- */

static uint64_t end_of(const QhT1Block *block)
{
    return block->pc + block->guest_bytes;
}

/* Behind a call: on with the block that it returns to. */
static void come_back(QhT1 *t)
{
    uint64_t pc = end_of(block_of(t));
    uint32_t block = qh_t1_block_at(t->source, pc);

    t->alloc->state = (QhT1State){0};
    if (block < t->source->n_blocks) {
        go_to(t, t->source->blocks[block].first, TRUE);
    } else {
        if (!t->source->anywhere || !qh_t1_is_far(t, pc)) { /* else it is there */
            qh_t1_emit_pc(t, QH_RAX, pc);
        }
        qh_x_jmp_to(&t->a, t->alloc->stubs->jump);
    }
}

static void exit_out(QhT1 *t, uint64_t word)
{
    const QhIrRecord *record = &t->records[word];

    qh_t1_write_back(t, QH_T1_ALL_SLOTS);
    count_insns(t, (int32_t)t->alloc->ordinal + 1);
    if (record->flags == QH_EXIT_CALL) {
        qh_t1_emit_call_pc(t, pc_of(record), end_of(block_of(t)));
        come_back(t);
    } else {
        qh_t1_emit_exit_pc(t, pc_of(record));
    }
}

/* To a block of the region that returns to this one. */
static void call_inside(QhT1 *t, uint32_t block)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t to = t->source->blocks[block].first;

    alloc->state = without_locals(alloc, alloc->state);
    qh_t1_pending_flush(t);
    bring(t, to);
    qh_t1_emit_call_room(t, t->source->blocks[block].pc);
    qh_t1_emit_call_label(t, &alloc->targets[to].label, end_of(block_of(t)));
    come_back(t);
}

/* In counting mode every way from block to block goes through the check at its head. */
static uint32_t inner_block(const QhT1 *t, const QhIrRecord *record)
{
    return qh_t1_block_at(t->source, pc_of(record));
}

static void compile_exit_pc(QhT1 *t, const QhIrRecord *record)
{
    uint32_t block = inner_block(t, record);

    if (block == t->source->n_blocks) {
        exit_out(t, t->i);
        t->alloc->live = FALSE;
        return;
    }
    count_insns(t, (int32_t)t->alloc->ordinal + 1);
    if (record->flags == QH_EXIT_CALL) {
        call_inside(t, block);
        t->alloc->live = FALSE;
    } else {
        go_to(t, t->source->blocks[block].first, TRUE);
    }
}

/* The record behind label @label, if it is an exit and the label does nothing else. */
static uint32_t only_exit(const QhT1 *t, uint32_t label)
{
    uint32_t i = label;

    while (t->records[i].op == QH_IR_label || t->records[i].op == QH_IR_nop) {
        i++;
    }
    return t->records[i].op == QH_IR_exit_pc && t->records[i].flags != QH_EXIT_CALL ? i : 0;
}

static void branch_out(QhT1 *t, uint32_t cc, uint32_t exit)
{
    QhT1Later *later = qh_t1_new_later(t, exit_out, exit);

    qh_x_jcc(&t->a, cc, later->label);
}

static void compile_branch(QhT1 *t, const QhIrRecord *record)
{
    uint32_t exit = only_exit(t, record->b), block, cc;
    gboolean invert = (record->flags & 1) != 0;
    uint64_t known;

    if (qh_t1_const(t, record->a, &known)) {
        if ((known != 0) != invert) {
            go_to(t, record->b, FALSE);
        }
        return;
    }
    cc = qh_t1_condition(t, record->a) ^ (invert ? 1u : 0u);
    if (exit == 0 || counts(t)) {
        branch_to(t, cc, record->b, FALSE);
        return;
    }
    block = inner_block(t, &t->records[exit]);
    if (block < t->source->n_blocks) {
        branch_to(t, cc, t->source->blocks[block].first, TRUE);
    } else {
        branch_out(t, cc, exit);
    }
}

static uint32_t raise_cold(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    qh_t1_sync(cpu, cold, regs);
    qh_jit_of(cpu)->cpu_ops->raise(cpu, cold->x,
                                   cold->a == QH_NO_REG ? cold->word : regs->gpr[cold->a]);
    cpu->unwind = 1;
    return QH_T1_LEAVE;
}

static void compile_raise(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold;
    uint64_t payload = 0;
    QhReg reg = QH_NO_REG;

    if (!qh_t1_const(t, record->b, &payload)) {
        reg = qh_t1_use_gpr(t, record->b);
    }
    cold = qh_t1_cold(t, raise_cold);
    cold->x = record->a;
    cold->word = payload;
    cold->a = reg;
    qh_t1_cold_jmp(t, cold);
    t->alloc->live = FALSE;
}

/* br brc and the terminals */
static void compile_flow(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_br:
        go_to(t, record->a, FALSE);
        return;
    case QH_IR_brc:
        compile_branch(t, record);
        return;
    case QH_IR_exit_pc:
        compile_exit_pc(t, record);
        return;
    case QH_IR_raise:
        compile_raise(t, record);
        return;
    default:
        break;
    }
    qh_t1_write_back(t, QH_T1_ALL_SLOTS);
    count_insns(t, (int32_t)t->alloc->ordinal + 1);
    switch (record->op) {
    case QH_IR_exit_value:
        qh_t1_move_to(t, QH_RAX, record->a);
        if (record->flags == QH_EXIT_CALL) {
            qh_t1_emit_call_value(t, end_of(block_of(t)));
            come_back(t);
        } else {
            qh_t1_emit_exit_value(t, record->flags);
        }
        break;
    case QH_IR_exit_state:
        qh_t1_emit_pc(t, QH_RAX, pc_of(record));
        qh_x_jmp_to(&t->a, qh_t1_stubs(t)->state);
        break;
    case QH_IR_exit_vstate:
        qh_t1_move_to(t, QH_RAX, record->a);
        qh_x_jmp_to(&t->a, qh_t1_stubs(t)->state);
        break;
    default: /* exit_cpu */
        qh_x(&t->a, QH_X_MOV | QH_X_W, QH_RAX, qh_rm_mem(QH_RBP, (int32_t)offsetof(QhCpu, pc)));
        qh_x_jmp_to(&t->a, qh_t1_stubs(t)->state);
        break;
    }
    t->alloc->live = FALSE;
}

/* --- Records --- */

/* Groups by number, as ir-ops.def has them. */
static void compile_record(QhT1 *t, const QhIrRecord *record)
{
    qh_t1_nan_before(t, record);
    switch (record->op) {
    case QH_IR_nop:
    case QH_IR_ext:
    case QH_IR_label:
    case QH_IR_get_slot:
    case QH_IR_get_local:
        return;
    case QH_IR_set_slot:
    case QH_IR_set_local:
        qh_t1_alloc_set(t);
        return;
    case QH_IR_const_pc:
        qh_t1_emit_pc(t, qh_t1_def(t), block_of(t)->pc + pc_of(record));
        return;
    case QH_IR_ld_state:
    case QH_IR_st_state:
        qh_t1_lower_state(t, record);
        return;
    case QH_IR_setflags:
    case QH_IR_flag:
    case QH_IR_cc2:
    case QH_IR_flags_unless:
        qh_t1_lower_flags(t, record);
        return;
    case QH_IR_br:
    case QH_IR_brc:
        compile_flow(t, record);
        return;
    case QH_IR_call:
        qh_t1_lower_call(t, record);
        return;
    default:
        break;
    }
    if (record->op >= QH_IR_vand) {
        qh_t1_lower_vector(t, record);
    } else if (record->op >= QH_IR_fadd) {
        qh_t1_lower_fp(t, record);
    } else if (record->op >= QH_IR_exit_pc) {
        compile_flow(t, record);
    } else if (record->op >= QH_IR_ld) {
        qh_t1_lower_memory(t, record);
    } else {
        qh_t1_lower_int(t, record);
    }
}

static void flush_pending(QhT1 *t, uint32_t here)
{
    uint32_t pending = t->alloc->pending;

    t->alloc->pending = 0;
    if (pending != 0 && pending - 1 != here) {
        qh_x_jmp(&t->a, &t->alloc->targets[pending - 1].label);
    }
}

/* Counting: go no further than the budget allows; the rest is done one by one. */
static void emit_budget(QhT1 *t)
{
    const QhT1Block *block = block_of(t);
    QhT1Later *later;

    qh_x(&t->a, QH_X_MOV | QH_X_W, QH_RAX, qh_rm_mem(QH_RBP, (int32_t)offsetof(QhCpu, icount)));
    qh_x_alu_i(&t->a, QH_X_ADD | QH_X_W, qh_rm_reg(QH_RAX), (int32_t)block->n_insns);
    qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RAX, qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.icount_limit)));
    later = qh_t1_new_later(t, emit_poll_exit, block->first);
    qh_x_jcc(&t->a, QH_IF_A, later->label);
}

/* Locals are zero at the start of a guest block. */
static void clear_locals(QhT1 *t)
{
    const QhT1Block *block = block_of(t);
    uint64_t done = 0;

    for (uint32_t i = block->first; i < block->first + block->n_records; i++) {
        const QhIrRecord *record = &t->records[i];
        QhT1Var *var = &t->alloc->vars[t->alloc->values[i].var];
        if ((record->op != QH_IR_get_local && record->op != QH_IR_set_local) ||
            (done >> record->a & 1)) {
            continue;
        }
        done |= G_GUINT64_CONSTANT(1) << record->a;
        for (uint32_t half = 0; half < var->bytes; half += 8) {
            qh_x_st_i(&t->a, MIN(var->bytes, 8), qh_rm_mem(QH_RBP, var->at + (int32_t)half), 0);
        }
    }
}

/* Control may come to record t->i from elsewhere. */
static void arrive(QhT1 *t, gboolean block_start)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Target *target = &alloc->targets[t->i];
    gboolean entry = block_start && block_of(t)->entry;

    if (alloc->live) {
        qh_t1_nan_settle(t);
        go_to(t, t->i, FALSE);
    }
    if (!target->known && !entry) {
        return; /* nobody comes here */
    }
    target->known = 1;
    target->open = 0;
    flush_pending(t, t->i);
    if (target->loop_end != 0) {
        qh_x_align(&t->a, 16);
    }
    qh_x_bind(&t->a, &target->label);
    qh_t1_memory_forget(t);
    alloc->state = target->state;
    qh_t1_fp_forget(t);
    qh_t1_alloc_label(t);
    alloc->live = TRUE;
    if (target->polls && target->at_start) {
        QhT1Later *later;
        qh_t1_emit_poll(t);
        later = qh_t1_new_later(t, emit_poll_exit, t->i);
        qh_x_jcc(&t->a, QH_IF_NE, later->label);
    }
    if (block_start) {
        if (alloc->pending_flags.named) {
            qh_t1_emit_complete(t);
        }
        if (counts(t)) {
            emit_budget(t);
        }
        qh_t1_carried_begin(t);
        clear_locals(t);
    }
}

static void begin_insn(QhT1 *t, const QhIrRecord *record, uint32_t *seen)
{
    QhT1Alloc *alloc = t->alloc;

    if (alloc->n_insns == QH_T1_MAX_INSNS) {
        t->failed = TRUE;
        return;
    }
    alloc->ordinal = (*seen)++;
    t->insn = alloc->n_insns;
    alloc->insns[alloc->n_insns++] = (uint16_t)(block_of(t)->pc - t->source->page + record->a);
}

static void compile_block(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    const QhT1Block *block = block_of(t);
    uint32_t end = block->first + block->n_records, seen = 0;

    alloc->ordinal = 0;
    alloc->live = FALSE;
    for (t->i = block->first; t->i < end && !t->failed && !t->a.full; t->i++) {
        const QhIrRecord *record = &t->records[t->i];
        const QhT1Value *value = &alloc->values[t->i];
        if (t->i == block->first || record->op == QH_IR_label) {
            arrive(t, t->i == block->first);
        }
        if (record->op == QH_IR_insn_start) {
            begin_insn(t, record, &seen);
        }
        if (!alloc->live || record->op == QH_IR_insn_start) {
            continue;
        }
        if (value->make == QH_T1_NOW || value->make == QH_T1_VAR) {
            compile_record(t, record);
        }
        qh_t1_alloc_done(t);
    }
    qh_t1_carried_end(t);
}

/* --- The region --- */

static QhT1Region *new_region(const QhT1 *t)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Source *source = t->source;
    size_t entries = alloc->n_entries * sizeof(QhT1Entry),
           links = alloc->n_links * sizeof(QhT1Link);
    size_t recipes = alloc->pending_flags.n_recipes * sizeof(QhT1Recipe);
    size_t insns = alloc->n_insns * sizeof(uint16_t), blocks = source->n_blocks * 4u;
    QhT1Region *region =
        g_try_malloc0(sizeof(*region) + entries + links + recipes + insns + blocks);
    char *at = (char *)(region + 1);

    if (region == NULL) {
        return NULL;
    }
    region->entries = memcpy(at, alloc->entries, entries);
    region->links = memcpy(at + entries, alloc->links, links);
    at += entries + links;
    region->recipes = memcpy(at, alloc->pending_flags.recipes, recipes);
    region->insns = memcpy(at + recipes, alloc->insns, insns);
    region->blocks = (uint16_t *)(void *)(at + recipes + insns);
    region->n_entries = alloc->n_entries;
    region->n_links = alloc->n_links;
    region->n_insns = alloc->n_insns;
    region->n_blocks = source->n_blocks;
    region->n_homes = alloc->n_homes;
    memcpy(region->homes, alloc->homes, sizeof(region->homes));
    for (uint32_t i = 0; i < source->n_blocks; i++) {
        region->blocks[2 * i] = (uint16_t)(source->blocks[i].pc - source->page);
        region->blocks[2 * i + 1] =
            (uint16_t)(region->blocks[2 * i] + source->blocks[i].guest_bytes);
    }
    for (uint32_t i = 0; i < region->n_links; i++) {
        region->links[i].from = region;
    }
    region->page = source->page;
    region->state_key = source->state_key;
    region->flags = source->flags;
    qh_t1_lazy_slots(source->context, region->lazy);
    region->anywhere = source->anywhere;
    return region;
}

/* What could not be known before: addresses in the region's tables. */
static void finish(QhT1 *t, QhT1Region *region)
{
    const QhT1Alloc *alloc = t->alloc;

    qh_t1_emit_cold_records(t, region);
    for (uint32_t i = 0; i < alloc->n_link_fixes; i++) {
        uint64_t address = (uintptr_t)&region->links[alloc->link_fixes[i].link];
        memcpy(t->a.base + alloc->link_fixes[i].offset, &address, sizeof(address));
    }
    region->code = t->a.base + t->a.delta;
    region->code_bytes = qh_x_offset(&t->a);
}

static void emit_region(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    qh_t1_alloc_begin(t);
    alloc->n_insns = alloc->n_later = alloc->done_later = alloc->n_colds = 0;
    alloc->colds_before = 0;
    alloc->n_links = alloc->n_link_fixes = alloc->n_entries = 0;
    alloc->fuse_var = QH_T1_NO_VAR;
    alloc->carry_at = 0;
    alloc->tested.site = NULL;
    memset(alloc->entry_labels, 0, sizeof(alloc->entry_labels));
    for (t->block = 0; t->block < t->source->n_blocks && !t->failed; t->block++) {
        compile_block(t);
    }
    flush_pending(t, UINT32_MAX);
    for (uint32_t i = 0; i < t->source->n_blocks && !t->failed; i++) {
        if (t->source->blocks[i].entry) {
            qh_t1_new_later(t, emit_entry, i)->label = &alloc->entry_labels[i];
        }
    }
    qh_t1_emit_later(t);
    qh_t1_emit_colds(t);
}

/* In code for one address only it is as good as any constant. */
static void fix_pcs(QhT1Source *source)
{
    for (uint32_t i = 0; i < source->n_blocks; i++) {
        const QhT1Block *block = &source->blocks[i];
        for (uint32_t k = block->first; k < block->first + block->n_records; k++) {
            QhIrRecord *record = &source->records[k];
            uint64_t pc = block->pc + pc_of(record);
            if (record->op == QH_IR_const_pc) {
                record->op = QH_IR_const;
                record->b = (uint32_t)pc;
                record->c = (uint32_t)(pc >> 32);
            }
        }
    }
}

QhT1Region *
qh_t1_compile(QhT1Compiler *compiler, const QhT1Source *source, const QhT1Stubs *stubs, QhAsm *a)
{
    QhT1 *t = &compiler->t;
    QhT1Source *passes = (QhT1Source *)source; /* its records are ours to change */
    QhT1Region *region = NULL;

    if (source->n_records > QH_T1_MAX_RECORDS || source->n_blocks > QH_T1_MAX_BLOCKS) {
        return NULL;
    }
    if (!source->anywhere) {
        fix_pcs(passes);
    }
    qh_t1_fold(passes);
    if (source->context->translator->lazy_flags) {
        qh_t1_dead_flags(passes);
    }
    t->a = *a;
    t->a.base = t->a.at;
    t->a.full = FALSE;
    t->source = source;
    t->records = source->records;
    t->i = 0;
    t->failed = FALSE;
    t->alloc->stubs = stubs;
    if (!qh_t1_analyse(t)) {
        return NULL;
    }
    qh_t1_carried_plan(t);
    emit_region(t);
    if (!t->failed && !t->a.full &&
        (size_t)(t->a.end - t->a.at) > t->alloc->n_colds * sizeof(QhT1Cold)) {
        region = new_region(t);
    } else {
        a->full = t->a.full || (!t->failed && region == NULL);
    }
    if (region != NULL) {
        finish(t, region);
        a->at = t->a.at;
    }
    return region;
}
