/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own code at the start of code memory. Compiled code runs in one frame that `enter`
 * makes: callee-saved registers, rsp aligned to 16, rbp the CPU state. MXCSR is the guest's inside
 * and C's outside; the other one lies in the CPU's block.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/runtime.h"
#include "core/jit/jit-cpu.h"

#define X_MXCSR  (0xaeu | QH_X_0F) /* 2 ldmxcsr, 3 stmxcsr (SDM volume 2) */
#define LD_MXCSR 2u
#define ST_MXCSR 3u
/* Room for guest calls; those at the bottom that a return may look at in vain. */
#define CALLS_BYTES (16u * 512u)
#define NO_CALLS    3u
#define X_JMP       QH_X_GRP_FF, 4u

/* Registers that C keeps (System V ABI, 3.2.1), and 8 bytes so that rsp is aligned. */
static const uint8_t saved[] = {QH_RBP, QH_RBX, 12, 13, 14, QH_R15};

static QhRm state(int32_t at)
{
    return qh_rm_mem(QH_RBP, at);
}

static QhRm stack(uint32_t at)
{
    return qh_rm_mem(QH_RSP, (int32_t)at);
}

static QhRm stack_at(int32_t at)
{
    return qh_rm_mem(QH_RSP, at);
}

static const void *here(const QhAsm *a)
{
    return a->at + a->delta;
}

static void push_pop(QhAsm *a, uint32_t opcode, uint32_t reg)
{
    if (reg >= 8) {
        qh_x_byte(a, 0x41);
    }
    qh_x_byte(a, opcode | (reg & 7));
}

static void add_rsp(QhAsm *a, int32_t bytes)
{
    qh_x_alu_i(a, QH_X_ADD | QH_X_W, qh_rm_reg(QH_RSP), bytes);
}

/* MXCSR of the one side away, that of the other in. */
static void to_c(QhAsm *a)
{
    qh_x(a, X_MXCSR, ST_MXCSR, state(QH_JIT_CPU_AT(hot.mxcsr)));
    qh_x(a, X_MXCSR, LD_MXCSR, state(QH_JIT_CPU_AT(hot.mxcsr_c)));
}

/* Below what it saves lie guest calls that nobody made, so that a return may always look at the
 * three newest. */
static void make_enter(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->enter = here(a);
    for (uint32_t i = 0; i < G_N_ELEMENTS(saved); i++) {
        push_pop(a, 0x50, saved[i]);
    }
    add_rsp(a, -8);
    qh_x_mov(a, TRUE, QH_RBP, QH_RDI);
    qh_x_lea_to(a, QH_RAX, stubs->bottom);
    for (uint32_t i = 0; i < NO_CALLS; i++) {
        push_pop(a, 0x50, QH_RAX); /* for a pc: no matter what */
        push_pop(a, 0x50, QH_RAX);
    }
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(QH_JIT_CPU_AT(hot.calls_gone)));
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RSP, state(QH_JIT_CPU_AT(hot.calls_base)));
    qh_x(a, QH_X_LEA | QH_X_W, QH_RAX, stack_at(-(int32_t)CALLS_BYTES));
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(QH_JIT_CPU_AT(hot.calls_limit)));
    qh_x(a, X_MXCSR, ST_MXCSR, state(QH_JIT_CPU_AT(hot.mxcsr_c)));
    qh_x(a, X_MXCSR, LD_MXCSR, state(QH_JIT_CPU_AT(hot.mxcsr)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RAX, state(offsetof(QhCpu, pc)));
    qh_x(a, X_JMP, qh_rm_reg(QH_RSI));
}

static void make_leave(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->leave = here(a);
    to_c(a);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RSP, state(QH_JIT_CPU_AT(hot.calls_base)));
    add_rsp(a, 16 * NO_CALLS + 8);
    for (uint32_t i = G_N_ELEMENTS(saved); i-- > 0;) {
        push_pop(a, 0x58, saved[i]);
    }
    qh_x_byte(a, 0xc3);
}

/* rcx: the state key. Its id becomes that of the CPU; or to @leave. */
static void take_key(QhAsm *a, const void *leave)
{
    const uint32_t entry_bits = 5;
    QhRm key = qh_rm_sib(QH_RBP, QH_RDX, 0, QH_JIT_CPU_AT(jump_keys[0].state_key));
    QhRm id = qh_rm_sib(QH_RBP, QH_RDX, 0, QH_JIT_CPU_AT(jump_keys[0].id));
    QhRm set = qh_rm_sib(QH_RBP, QH_RDX, 0, QH_JIT_CPU_AT(jump_keys[0].set));

    _Static_assert(sizeof(QhJumpKey) == 32, "entry_bits");
    qh_x_mov_i(a, QH_RDX, QH_JUMP_KEY_FACTOR);
    qh_x(a, QH_X_IMUL, QH_RDX, qh_rm_reg(QH_RCX));
    qh_x_i8(a, QH_X_SHIFT_I, 5, qh_rm_reg(QH_RDX), QH_JUMP_KEY_SHIFT);
    qh_x_i8(a, QH_X_SHIFT_I, 4, qh_rm_reg(QH_RDX), (int32_t)entry_bits);
    qh_x(a, QH_X_CMP | QH_X_W, QH_RCX, key);
    qh_x_jcc_to(a, QH_IF_NE, leave);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RCX, state(QH_JIT_CPU_AT(jump_key)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RCX, id);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RCX, state(QH_JIT_CPU_AT(hot.jump_id)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RCX, set);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RCX, state(QH_JIT_CPU_AT(jump_set)));
}

/* Whatever the dispatcher would look at before the next block (nothing_new in engine.c), then the
 * state key. Guest calls that wait are of the old key, so they are dropped with it. */
static void make_state(QhAsm *a, QhT1Stubs *stubs, const void *leave)
{
    uint32_t same;

    stubs->state = here(a);
    qh_x_alu_i(a, QH_X_CMP | QH_X_W, state(offsetof(QhCpu, irq_lines)), 0);
    qh_x_jcc_to(a, QH_IF_NE, leave);
    _Static_assert(offsetof(QhCpu, halted) == offsetof(QhCpu, exit_request) + 4, "both at once");
    qh_x_alu_i(a, QH_X_CMP | QH_X_W, state(offsetof(QhCpu, exit_request)), 0);
    qh_x_jcc_to(a, QH_IF_NE, leave);
    qh_x(a, QH_X_MOV, QH_RCX, state(QH_JIT_CPU_AT(retry)));
    qh_x(a, QH_X_OR, QH_RCX, state(QH_JIT_CPU_AT(broken)));
    qh_x(a, QH_X_OR, QH_RCX, state(QH_JIT_CPU_AT(flush_wanted)));
    qh_x(a, QH_X_OR, QH_RCX, state(QH_JIT_CPU_AT(stop.kind)));
    qh_x_jcc_to(a, QH_IF_NE, leave);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RCX, state(offsetof(QhCpu, state_key)));
    qh_x(a, QH_X_CMP | QH_X_W, QH_RCX, state(QH_JIT_CPU_AT(jump_key)));
    same = qh_x_jcc8(a, QH_IF_E);
    take_key(a, leave);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RSP, state(QH_JIT_CPU_AT(hot.calls_base)));
    qh_x_here8(a, same);
    qh_t1_make_probe(a, stubs);
}

static void make_unwind(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->unwind = here(a);
    qh_x_st_i(a, 4, state(offsetof(QhCpu, unwind)), 0);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RAX, state(offsetof(QhCpu, pc)));
    qh_x_jmp_to(a, stubs->state);
}

static const void *make_leave_here(QhAsm *a, const QhT1Stubs *stubs, uint32_t left)
{
    const void *at = here(a);

    qh_x_mov_i(a, QH_RAX, left);
    qh_x_jmp_to(a, stubs->leave);
    return at;
}

static const void *make_leave_as(QhAsm *a, const QhT1Stubs *stubs, uint32_t left)
{
    const void *at = here(a);

    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(offsetof(QhCpu, pc)));
    qh_x_mov_i(a, QH_RAX, left);
    qh_x_jmp_to(a, stubs->leave);
    return at;
}

static void make_leave_link(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->leave_link = here(a);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, state(QH_JIT_CPU_AT(hot.link)));
    qh_x(a, QH_X_MOV | QH_X_W, QH_RAX, qh_rm_mem(QH_RAX, offsetof(QhT1Link, pc)));
    qh_x_jmp_to(a, stubs->leave_pc);
}

static void make_jump(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->jump = here(a);
    qh_x_alu_i(a, QH_X_CMP, state(offsetof(QhCpu, exit_request)), 0);
    qh_x_jcc_to(a, QH_IF_NE, stubs->leave_poll);
    qh_t1_make_probe(a, stubs);
}

/* A call that was left by other means, or two, may lie on top of the one that returns. */
static void make_returned(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->returned = here(a);
    for (uint32_t i = 1; i < NO_CALLS; i++) {
        uint32_t other;
        qh_x(a, QH_X_CMP | QH_X_W, QH_RAX, stack(16 * i + 8));
        other = qh_x_jcc8(a, QH_IF_NE);
        add_rsp(a, 16 * (int32_t)i);
        qh_x_byte(a, 0xc3);
        qh_x_here8(a, other);
    }
    qh_t1_make_probe(a, stubs);
}

static void make_bottom(QhAsm *a, QhT1Stubs *stubs)
{
    stubs->bottom = here(a);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RSP, state(QH_JIT_CPU_AT(hot.calls_base)));
    qh_x_jmp_to(a, stubs->jump);
}

/* Entered by a call, so rsp is 8 off; a QhT1Regs and 8 bytes put it right again. */
static void make_cold(QhAsm *a, QhT1Stubs *stubs)
{
    const uint32_t frame = sizeof(QhT1Regs) + 8, xmm = offsetof(QhT1Regs, xmm);
    QhXLabel unwind = {0};

    stubs->cold = here(a);
    add_rsp(a, -(int32_t)frame);
    for (uint32_t i = 0; i < 16; i++) {
        qh_x(a, QH_X_MOV_ST | QH_X_W, i, stack(8 * i));
        qh_x(a, QH_X_MOVUPS_ST, i, stack(xmm + 16 * i));
    }
    to_c(a);
    qh_x_mov(a, TRUE, QH_RDI, QH_RBP);
    qh_x(a, QH_X_MOV | QH_X_W, QH_RSI, stack(frame));
    qh_x_mov(a, TRUE, QH_RDX, QH_RSP);
    qh_x_call_far(a, (void (*)(void))qh_t1_cold_main);
    qh_x(a, X_MXCSR, LD_MXCSR, state(QH_JIT_CPU_AT(hot.mxcsr)));
    qh_x(a, QH_X_TEST | QH_X_W, QH_RAX, qh_rm_reg(QH_RAX));
    qh_x_jcc(a, QH_IF_E, &unwind);
    qh_x(a, QH_X_MOV_ST | QH_X_W, QH_RAX, stack(frame));
    for (uint32_t i = 0; i < 16; i++) {
        if (i != QH_RSP && i != QH_RBP) {
            qh_x(a, QH_X_MOV | QH_X_W, i, stack(8 * i));
        }
        qh_x(a, QH_X_MOVUPS, i, stack(xmm + 16 * i));
    }
    add_rsp(a, (int32_t)frame);
    qh_x_byte(a, 0xc3);
    qh_x_bind(a, &unwind);
    add_rsp(a, (int32_t)frame + 8);
    qh_x_jmp_to(a, stubs->unwind);
}

void qh_t1_make_stubs(QhAsm *a, QhT1Stubs *ret, uint32_t jump_shift, gboolean stays)
{
    ret->jump_shift = jump_shift;
    make_leave(a, ret);
    ret->leave_pc = make_leave_as(a, ret, QH_LEFT_NEXT);
    ret->leave_poll = make_leave_as(a, ret, QH_LEFT_POLL);
    ret->state = make_leave_as(a, ret, QH_LEFT_STATE);
    ret->unwind = make_leave_here(a, ret, QH_LEFT_UNWIND);
    if (stays) {
        make_state(a, ret, ret->state);
        make_unwind(a, ret);
    }
    make_leave_link(a, ret);
    make_jump(a, ret);
    make_returned(a, ret);
    make_bottom(a, ret);
    make_enter(a, ret);
    make_cold(a, ret);
}
