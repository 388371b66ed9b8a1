/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ends of paths: to the next region without going through the dispatcher.
 *
 * Same page: a link. Elsewhere, or to an address that is only known now: the jump cache, whose
 * entry for a known pc is at a known place. Returns: the ring of latest calls, then the jump cache.
 * All but links forward look at exit_request, so every cycle does.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/runtime.h"
#include "core/jit/jit-cpu.h"

#define RING_MASK ((QH_RETURNS - 1) * (uint32_t)sizeof(QhReturn))
_Static_assert(sizeof(QhReturn) == 32, "return_top counts in them");
_Static_assert(sizeof(QhJumpEntry) == 2u << QH_T1_JUMP_SHIFT, "the shift depends on it");

static QhRm state(int32_t at)
{
    return qh_rm_mem(QH_RBP, at);
}

/* rbp + rcx + @at */
static QhRm indexed(int32_t at)
{
    return qh_rm_sib(QH_RBP, QH_RCX, 0, at);
}

void qh_t1_emit_poll(QhT1 *t)
{
    qh_x_alu_i(&t->a, QH_X_CMP, state(offsetof(QhCpu, exit_request)), 0);
}

/* rax: pc. The entry at @at holds, or not; rcx may be part of the address. */
static void probe_entry(QhAsm *a, const QhT1Stubs *stubs, gboolean fixed, int32_t at)
{
    QhRm pc = fixed ? state(at) : indexed(at), id = pc, host = pc;

    id.disp += (int32_t)offsetof(QhJumpEntry, id);
    host.disp += (int32_t)offsetof(QhJumpEntry, host);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RDX, state(QH_JIT_CPU_AT(hot.jump_id)));
    qh_x(a, QH_X_CMP | QH_X_W, QH_RAX, pc);
    qh_x_jcc_to(a, QH_IF_NE, stubs->leave_pc);
    qh_x(a, QH_X_CMP | QH_X_W, QH_RDX, id);
    qh_x_jcc_to(a, QH_IF_NE, stubs->leave_pc);
    qh_x(a, QH_X_GRP_FF, 4, host);
}

void qh_t1_make_probe(QhAsm *a, const QhT1Stubs *stubs)
{
    qh_x_mov(a, FALSE, QH_RCX, QH_RAX);
    qh_x_alu_i(a, QH_X_AND, qh_rm_reg(QH_RCX), QH_T1_JUMP_MASK);
    qh_x_i8(a, QH_X_SHIFT_I, 4, qh_rm_reg(QH_RCX), QH_T1_JUMP_SHIFT);
    probe_entry(a, stubs, FALSE, QH_T1_JUMPS_AT);
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
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_link);
}

static void emit_poll_stub(QhT1 *t, uint64_t pc)
{
    qh_x_mov_i(&t->a, QH_RAX, pc);
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_poll);
}

/* Such that the distance, which is patched while other CPUs run here, is one aligned word. */
static void emit_link(QhT1 *t, uint64_t pc)
{
    QhT1Link *link = qh_t1_new_link(t, pc);
    QhXLabel *stub;

    if (link == NULL) {
        t->failed = TRUE;
        return;
    }
    while (((uintptr_t)t->a.at + 1) % 4 != 0) {
        qh_x_byte(&t->a, 0x90);
        if (t->a.full) {
            return;
        }
    }
    link->patch = qh_x_offset(&t->a) + 1;
    stub = qh_t1_later_here(t, emit_link_stub, (uintptr_t)link);
    qh_x_jmp(&t->a, stub);
}

static void emit_far(QhT1 *t, uint64_t pc)
{
    const QhT1Stubs *stubs = qh_t1_stubs(t);
    uint32_t at = ((uint32_t)pc & QH_T1_JUMP_MASK) << QH_T1_JUMP_SHIFT;

    qh_x_mov_i(&t->a, QH_RAX, pc);
    qh_t1_emit_poll(t);
    qh_x_jcc_to(&t->a, QH_IF_NE, stubs->leave_poll);
    probe_entry(&t->a, stubs, TRUE, QH_T1_JUMPS_AT + (int32_t)at);
}

void qh_t1_emit_exit_pc(QhT1 *t, uint64_t pc, uint32_t hint)
{
    const QhT1Source *source = t->source;
    const QhT1Block *block = &source->blocks[t->block];

    (void)hint;
    if (pc >> source->granule_bits != source->page >> source->granule_bits) {
        emit_far(t, pc);
        return;
    }
    if (pc < block->pc + block->guest_bytes) {
        qh_t1_emit_poll(t);
        qh_x_jcc(&t->a, QH_IF_NE, qh_t1_later_here(t, emit_poll_stub, pc));
    }
    emit_link(t, pc);
}

/* The newest call is the one that returns, nearly always. */
static void emit_return(QhT1 *t)
{
    const QhT1Stubs *stubs = qh_t1_stubs(t);
    QhAsm *a = &t->a;

    qh_x(a, QH_X_MOV, QH_RCX, state(QH_JIT_CPU_AT(hot.return_top)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RDX, state(QH_JIT_CPU_AT(hot.jump_id)));
    qh_x(a, QH_X_CMP | QH_X_W, QH_RAX, indexed(QH_JIT_CPU_AT(hot.returns[0].pc)));
    qh_x_jcc_to(a, QH_IF_NE, stubs->returned);
    qh_x(a, QH_X_CMP | QH_X_W, QH_RDX, indexed(QH_JIT_CPU_AT(hot.returns[0].id)));
    qh_x_jcc_to(a, QH_IF_NE, stubs->returned);
    qh_x(a, QH_X_LEA, QH_RDX, qh_rm_mem(QH_RCX, -(int32_t)sizeof(QhReturn)));
    qh_x_alu_i(a, QH_X_AND, qh_rm_reg(QH_RDX), (int32_t)RING_MASK);
    qh_x(a, QH_X_MOV_ST, QH_RDX, state(QH_JIT_CPU_AT(hot.return_top)));
    qh_x(a, QH_X_GRP_FF, 4, indexed(QH_JIT_CPU_AT(hot.returns[0].host)));
}

void qh_t1_emit_exit_value(QhT1 *t, uint32_t hint)
{
    const QhT1Stubs *stubs = qh_t1_stubs(t);

    qh_t1_emit_poll(t);
    qh_x_jcc_to(&t->a, QH_IF_NE, stubs->leave_poll);
    if (hint == QH_EXIT_RET) {
        emit_return(t);
    } else {
        qh_t1_make_probe(&t->a, stubs);
    }
}

void qh_t1_emit_call(QhT1 *t, uint64_t return_pc)
{
    QhXLabel *entry = qh_t1_entry_label(t, return_pc);
    QhAsm *a = &t->a;

    qh_x(a, QH_X_MOV, QH_RCX, state(QH_JIT_CPU_AT(hot.return_top)));
    qh_x_alu_i(a, QH_X_ADD, qh_rm_reg(QH_RCX), sizeof(QhReturn));
    qh_x_alu_i(a, QH_X_AND, qh_rm_reg(QH_RCX), (int32_t)RING_MASK);
    qh_x(a, QH_X_MOV_ST, QH_RCX, state(QH_JIT_CPU_AT(hot.return_top)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RDX, state(QH_JIT_CPU_AT(hot.jump_id)));
    qh_x_mov_i(a, QH_RAX, return_pc);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, indexed(QH_JIT_CPU_AT(hot.returns[0].pc)));
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RDX, indexed(QH_JIT_CPU_AT(hot.returns[0].id)));
    if (entry != NULL) {
        qh_x_lea_label(a, QH_RAX, entry);
    } else {
        qh_x_lea_to(a, QH_RAX, qh_t1_stubs(t)->jump);
    }
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, indexed(QH_JIT_CPU_AT(hot.returns[0].host)));
}

void qh_t1_emit_leave(QhT1 *t, uint32_t left, uint64_t pc)
{
    qh_x_mov_i(&t->a, QH_RAX, pc);
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
    qh_x_mov_i(&t->a, QH_RAX, entry->pc);
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->leave_pc);
}

/* The five-byte nop that becomes a jump (SDM volume 2, NOP), then the note of what runs. */
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
    qh_x_st_i(&t->a, 4, state(QH_JIT_CPU_AT(hot.region)),
              (int32_t)(uint32_t)(uintptr_t)(t->a.base + t->a.delta));
    qh_t1_later_here(t, emit_stale, (uintptr_t)entry);
}
