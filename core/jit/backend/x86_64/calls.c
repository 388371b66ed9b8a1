/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest calls and returns as host calls and returns, so that the host predicts them.
 *
 * A call pushes the pc that it returns to and calls. A return compares its pc with the newest one
 * pushed and returns; when it is another one it goes through the jump cache. So a wrong guess is
 * only slow. What has been pushed is forgotten whenever compiled code is left, and with it all that
 * a change of code, address space or state key could make wrong; C code that makes such a change
 * while compiled code waits for it forgets the calls itself (jit-cpu.h).
 *
 * Behind the host's call is the return point. It begins with the five bytes that drop the pc, at a
 * multiple of eight: as an entry it becomes a jump when the region is taken out.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/runtime.h"
#include "core/jit/jit-cpu.h"

#define PUSH_I 0x68u
#define PUSH   0x50u
#define CALL   QH_X_GRP_FF, 2u

static void emit_full(QhT1 *t, uint64_t pc)
{
    qh_t1_write_back(t, UINT32_MAX);
    qh_t1_emit_leave(t, QH_LEFT_POLL, pc);
}

static void compare_limit(QhT1 *t)
{
    qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RSP, qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.calls_limit)));
}

void qh_t1_emit_call_room(QhT1 *t, uint64_t pc)
{
    compare_limit(t);
    qh_x_jcc(&t->a, QH_IF_BE, qh_t1_later_here(t, emit_full, pc));
}

void qh_t1_emit_call_room_value(QhT1 *t)
{
    compare_limit(t);
    qh_x_jcc_to(&t->a, QH_IF_BE, qh_t1_stubs(t)->leave_poll);
}

static void push_pc(QhT1 *t, uint64_t pc)
{
    if (!t->source->anywhere && (int64_t)pc == (int32_t)pc) {
        qh_x_byte(&t->a, PUSH_I);
        qh_x_u32(&t->a, (uint32_t)pc);
    } else {
        qh_t1_emit_pc(t, QH_RDX, pc);
        qh_x_byte(&t->a, PUSH | QH_RDX);
    }
}

static void return_point(QhT1 *t, uint64_t pc)
{
    static const uint8_t drop[] = {0x48, 0x8d, 0x64, 0x24, 0x08}; /* lea rsp, [rsp + 8] */
    QhT1Entry *entry = qh_t1_new_entry(t, pc);

    if (entry == NULL) {
        t->failed = TRUE;
        return;
    }
    entry->is_return = TRUE;
    entry->at = qh_x_offset(&t->a);
    qh_x_bytes(&t->a, drop, sizeof(drop));
    qh_t1_emit_page(t, pc);
    qh_t1_later_stale(t, entry);
}

void qh_t1_emit_call_label(QhT1 *t, QhXLabel *label, uint64_t return_pc)
{
    push_pc(t, return_pc);
    qh_x_align_end(&t->a, 8, 5);
    qh_x_call(&t->a, label);
    return_point(t, return_pc);
}

/* The call's distance is the four bytes before a multiple of eight: it can be patched. */
void qh_t1_emit_call_link(QhT1 *t, uint64_t pc, uint64_t return_pc)
{
    QhXLabel *stub;
    QhT1Link *link;

    push_pc(t, return_pc);
    qh_x_align_end(&t->a, 8, 5);
    link = qh_t1_new_link(t, pc);
    if (link == NULL) {
        return;
    }
    link->patch = qh_x_offset(&t->a) + 1;
    stub = qh_t1_later_link(t, link);
    qh_x_call(&t->a, stub);
    return_point(t, return_pc);
}

void qh_t1_emit_call_at(QhT1 *t, QhRm host, uint64_t return_pc)
{
    push_pc(t, return_pc);
    qh_x_align_end(&t->a, 8, host.index == QH_NO_INDEX ? 6 : 7);
    qh_x(&t->a, CALL, host);
    return_point(t, return_pc);
}

void qh_t1_emit_return(QhT1 *t)
{
    const QhT1Stubs *stubs = qh_t1_stubs(t);

    qh_x(&t->a, QH_X_CMP | QH_X_W, QH_RAX, qh_rm_mem(QH_RSP, 8));
    qh_x_jcc_to(&t->a, QH_IF_NE, stubs->returned);
    qh_x_byte(&t->a, 0xc3);
}
