/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ends of paths: to the next region without going through the dispatcher.
 *
 * Same page: a link. Elsewhere, or to an address that is only known now: the jump cache, whose
 * entry for a known pc is at a known place. Calls and returns: calls.c. All but links forward and
 * calls look at exit_request, so every cycle does, since calls alone run out of room.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/runtime.h"
#include "core/jit/jit-cpu.h"

/* Where the jump cache has the entry of pc: (pc & mask) << shift bytes. */
#define ENTRY_BITS 5u
_Static_assert(sizeof(QhJumpEntry) == 1u << ENTRY_BITS, "the shift depends on it");

static int32_t jump_mask(const QhT1Stubs *stubs)
{
    return (int32_t)((QH_JUMP_ENTRIES - 1) << stubs->jump_shift);
}

static uint32_t jump_shift(const QhT1Stubs *stubs)
{
    return ENTRY_BITS - stubs->jump_shift;
}

#define INDEX_SCALE 3u /* what the address itself multiplies the index by: 8 */

static QhRm state(int32_t at)
{
    return qh_rm_mem(QH_RBP, at);
}

/* rbp + rcx * 8 + @at */
static QhRm indexed(int32_t at)
{
    return qh_rm_sib(QH_RBP, QH_RCX, INDEX_SCALE, at);
}

void qh_t1_emit_pc(QhT1 *t, QhReg reg, uint64_t pc)
{
    uint64_t distance = pc - t->source->page;
    QhAsm *a = &t->a;

    if (!t->source->anywhere) {
        qh_x_mov_i(a, reg, pc);
        return;
    }
    if ((int64_t)distance != (int32_t)distance) {
        qh_x_mov_i(a, reg, distance);
        qh_x(a, QH_X_ADD | QH_X_W, reg, state(QH_JIT_CPU_AT(hot.page)));
        return;
    }
    qh_x(a, QH_X_MOV | QH_X_W, reg, state(QH_JIT_CPU_AT(hot.page)));
    if (distance != 0) {
        qh_x(a, QH_X_LEA | QH_X_W, reg, qh_rm_mem(reg, (int32_t)distance));
    }
}

gboolean qh_t1_is_far(const QhT1 *t, uint64_t pc)
{
    return pc >> t->source->granule_bits != t->source->page >> t->source->granule_bits;
}

void qh_t1_emit_page(QhT1 *t, uint64_t pc)
{
    if (t->source->anywhere && !qh_t1_is_far(t, pc)) {
        qh_x_alu_i(&t->a, QH_X_AND | QH_X_W, qh_rm_reg(QH_RAX),
                   -(int32_t)(1u << t->source->granule_bits));
        qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(QH_JIT_CPU_AT(hot.page)));
    }
}

void qh_t1_emit_poll(QhT1 *t)
{
    qh_x_alu_i(&t->a, QH_X_CMP, state(offsetof(QhCpu, exit_request)), 0);
}

/* rax: pc. Whether the entry at @entry holds, or leave; rcx may be part of the address. Where it
 * leads. */
static QhRm probe_entry(QhAsm *a, const QhT1Stubs *stubs, QhRm entry)
{
    QhRm id = entry, host = entry;

    id.disp += (int32_t)offsetof(QhJumpEntry, id);
    host.disp += (int32_t)offsetof(QhJumpEntry, host);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RDX, state(QH_JIT_CPU_AT(hot.jump_id)));
    qh_x(a, QH_X_CMP | QH_X_W, QH_RAX, entry);
    qh_x_jcc_to(a, QH_IF_NE, stubs->leave_pc);
    qh_x(a, QH_X_CMP | QH_X_W, QH_RDX, id);
    qh_x_jcc_to(a, QH_IF_NE, stubs->leave_pc);
    return host;
}

static QhRm probe_value(QhAsm *a, const QhT1Stubs *stubs)
{
    qh_x_mov(a, FALSE, QH_RCX, QH_RAX);
    qh_x_alu_i(a, QH_X_AND, qh_rm_reg(QH_RCX), jump_mask(stubs));
    if (jump_shift(stubs) > INDEX_SCALE) {
        qh_x_i8(a, QH_X_SHIFT_I, 4, qh_rm_reg(QH_RCX), (int32_t)(jump_shift(stubs) - INDEX_SCALE));
    }
    return probe_entry(a, stubs, indexed(QH_T1_JUMPS_AT));
}

void qh_t1_make_probe(QhAsm *a, const QhT1Stubs *stubs)
{
    qh_x(a, QH_X_GRP_FF, 4, probe_value(a, stubs));
}

static void emit_link_stub(QhT1 *t, uint64_t word)
{
    QhT1Link *link = (QhT1Link *)(uintptr_t)word;
    static const uint8_t mov_rax[] = {0x48, 0xb8};
    const uint64_t later = 0;

    link->stub = qh_x_offset(&t->a);
    qh_x_bytes(&t->a, mov_rax, sizeof(mov_rax));
    qh_t1_fix_link(t, link, qh_x_offset(&t->a));
    qh_x_bytes(&t->a, &later, sizeof(later));
    if (t->source->anywhere) {
        qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(QH_JIT_CPU_AT(hot.link)));
        qh_t1_emit_pc(t, QH_RAX, link->pc);
        qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_pc);
        return;
    }
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_link);
}

static void emit_poll_stub(QhT1 *t, uint64_t pc)
{
    qh_t1_emit_pc(t, QH_RAX, pc);
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_poll);
}

QhXLabel *qh_t1_later_link(QhT1 *t, QhT1Link *link)
{
    return qh_t1_later_here(t, emit_link_stub, (uintptr_t)link);
}

/* Such that the distance, which is patched while other CPUs run here, is one aligned word. */
static void emit_link(QhT1 *t, uint64_t pc)
{
    QhT1Link *link = qh_t1_new_link(t, pc);
    QhXLabel *stub;

    if (link == NULL) {
        return;
    }
    qh_x_align_end(&t->a, 4, 1);
    link->patch = qh_x_offset(&t->a) + 1;
    stub = qh_t1_later_link(t, link);
    qh_x_jmp(&t->a, stub);
}

/* To another page; its entry in the jump cache. */
static QhRm probe_far(QhT1 *t, uint64_t pc)
{
    const QhT1Stubs *stubs = qh_t1_stubs(t);
    int32_t at = ((int32_t)pc & jump_mask(stubs)) << jump_shift(stubs);

    qh_t1_emit_pc(t, QH_RAX, pc);
    qh_t1_emit_poll(t);
    qh_x_jcc_to(&t->a, QH_IF_NE, stubs->leave_poll);
    if (t->source->anywhere) {
        return probe_value(&t->a, stubs);
    }
    return probe_entry(&t->a, stubs, state(QH_T1_JUMPS_AT + at));
}

/* An exit that goes back may close a loop. */
static void poll_backward(QhT1 *t, uint64_t pc)
{
    const QhT1Block *block = &t->source->blocks[t->block];

    if (pc < block->pc + block->guest_bytes) {
        qh_t1_emit_poll(t);
        qh_x_jcc(&t->a, QH_IF_NE, qh_t1_later_here(t, emit_poll_stub, pc));
    }
}

void qh_t1_emit_exit_pc(QhT1 *t, uint64_t pc)
{
    if (qh_t1_is_far(t, pc)) {
        qh_x(&t->a, QH_X_GRP_FF, 4, probe_far(t, pc));
        return;
    }
    poll_backward(t, pc);
    emit_link(t, pc);
}

void qh_t1_emit_call_pc(QhT1 *t, uint64_t pc, uint64_t return_pc)
{
    qh_t1_emit_call_room(t, pc);
    if (qh_t1_is_far(t, pc)) {
        qh_t1_emit_call_at(t, probe_far(t, pc), return_pc);
        return;
    }
    qh_t1_emit_call_link(t, pc, return_pc);
}

static void poll_value(QhT1 *t)
{
    qh_t1_emit_poll(t);
    qh_x_jcc_to(&t->a, QH_IF_NE, qh_t1_stubs(t)->leave_poll);
}

void qh_t1_emit_exit_value(QhT1 *t, uint32_t hint)
{
    poll_value(t);
    if (hint == QH_EXIT_RET) {
        qh_t1_emit_return(t);
    } else {
        qh_t1_make_probe(&t->a, qh_t1_stubs(t));
    }
}

void qh_t1_emit_call_value(QhT1 *t, uint64_t return_pc)
{
    poll_value(t);
    qh_t1_emit_call_room_value(t);
    qh_t1_emit_call_at(t, probe_value(&t->a, qh_t1_stubs(t)), return_pc);
}

void qh_t1_emit_leave(QhT1 *t, uint32_t left, uint64_t pc)
{
    qh_t1_emit_pc(t, QH_RAX, pc);
    qh_t1_emit_leave_value(t, left);
}

void qh_t1_emit_leave_value(QhT1 *t, uint32_t left)
{
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(offsetof(QhCpu, pc)));
    qh_t1_emit_leave_here(t, left);
}

void qh_t1_emit_leave_here(QhT1 *t, uint32_t left)
{
    qh_x_mov_i(&t->a, QH_RAX, left);
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave);
}

static void emit_stale(QhT1 *t, uint64_t word)
{
    QhT1Entry *entry = (QhT1Entry *)(uintptr_t)word;

    entry->stale = qh_x_offset(&t->a);
    if (!t->source->anywhere) { /* else it is there */
        qh_x_mov_i(&t->a, QH_RAX, entry->pc);
    }
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_pc);
}

void qh_t1_later_stale(QhT1 *t, QhT1Entry *entry)
{
    qh_t1_later_here(t, emit_stale, (uintptr_t)entry);
}

/* The five-byte nop that becomes a jump (SDM volume 2, NOP). */
void qh_t1_emit_entry(QhT1 *t, uint64_t pc)
{
    static const uint8_t nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    QhT1Entry *entry = qh_t1_new_entry(t, pc);

    if (entry == NULL) {
        t->failed = TRUE;
        return;
    }
    qh_x_align(&t->a, 8);
    entry->at = qh_x_offset(&t->a);
    qh_x_bytes(&t->a, nop, sizeof(nop));
    qh_t1_emit_page(t, pc);
    entry->link = t->source->anywhere ? qh_x_offset(&t->a) : entry->at;
    qh_t1_later_stale(t, entry);
}
