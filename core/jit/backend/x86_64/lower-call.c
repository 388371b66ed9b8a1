/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of helpers, by the System V calling convention (psABI 3.2.3), and state that is no slot.
 *
 * What the helper reads or writes is in memory when it runs; other slots stay in the registers that
 * a call preserves. A helper that may raise enters the exception itself, and that may read and
 * change any slot: all are in memory then.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/code.h"
#include "core/jit/jit-cpu.h"

static const uint8_t int_args[] = {QH_RSI, QH_RDX, QH_RCX, QH_R8, 9};

static int32_t cpu_at(size_t offset)
{
    return (int32_t)offset;
}

static void emit_unwind(QhT1 *t, uint64_t word)
{
    (void)word;
    qh_x_jmp_to(&t->a, qh_t1_stubs(t)->unwind);
}

/* pc and icount as they are before this instruction. */
static void sync_pc(QhT1 *t)
{
    uint64_t pc = t->source->page + t->alloc->insns[t->insn];
    QhRm at = qh_rm_mem(QH_RBP, cpu_at(offsetof(QhCpu, pc)));

    if (!t->source->anywhere && (int64_t)pc == (int32_t)pc) {
        qh_x_st_i(&t->a, 8, at, (int32_t)pc);
    } else {
        qh_t1_emit_pc(t, QH_RAX, pc);
        qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, at);
    }
}

static void add_count(QhT1 *t, int32_t n)
{
    if ((t->source->flags & QH_CODE_ICOUNT) && n != 0) {
        qh_x_alu_i(&t->a, QH_X_ADD | QH_X_W, qh_rm_mem(QH_RBP, cpu_at(offsetof(QhCpu, icount))), n);
    }
}

/* What the engine may ask for while the helper runs: where guest calls have been pushed, which code
 * runs. */
static void note_call(QhT1 *t)
{
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RSP, qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.calls)));
    qh_x_st_i(&t->a, 4, qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.region)),
              (int32_t)(uint32_t)(uintptr_t)(t->a.base + t->a.delta));
}

/* Everything that lives beyond the call is in memory or in a preserved register by now, so the
 * argument registers are free. */
static void load_args(QhT1 *t, const QhHelper *helper)
{
    uint32_t used[8], n, n_int = 0, n_xmm = 0;

    n = qh_ir_uses(t->source->context->translator, t->records, t->i, used);
    if (n != helper->n_args) {
        t->failed = TRUE;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t type = helper->args[i];
        if (type == QH_TYPE_F32 || type == QH_TYPE_F64) {
            qh_t1_move_to(t, QH_XMM(n_xmm++), used[i]);
        } else if (type == QH_TYPE_I128 || type == QH_TYPE_V128) {
            if (n_int + 2 > G_N_ELEMENTS(int_args)) {
                t->failed = TRUE;
                return;
            }
            qh_t1_move_to(t, QH_XMM(15), used[i]);
            qh_x(&t->a, QH_X_MOVD_ST | QH_X_W, 15, qh_rm_reg(int_args[n_int]));
            qh_x_i8(&t->a, 0x70u | QH_X_0F | QH_X_66, 15, qh_rm_reg(15), 0xee); /* pshufd */
            qh_x(&t->a, QH_X_MOVD_ST | QH_X_W, 15, qh_rm_reg(int_args[n_int + 1]));
            n_int += 2;
        } else if (n_int == G_N_ELEMENTS(int_args)) {
            t->failed = TRUE;
            return;
        } else {
            qh_t1_move_to(t, int_args[n_int++], used[i]);
        }
    }
}

static void take_result(QhT1 *t, const QhIrRecord *record)
{
    switch (record->type) {
    case QH_TYPE_NONE:
        return;
    case QH_TYPE_F32:
    case QH_TYPE_F64:
        qh_x(&t->a, QH_X_MOVAPS, 15, qh_rm_reg(0));
        qh_t1_def_from(t, QH_XMM(15));
        return;
    case QH_TYPE_I128:
    case QH_TYPE_V128:
        qh_x(&t->a, QH_X_MOVD | QH_X_W, 15, qh_rm_reg(QH_RAX));
        qh_x(&t->a, QH_X_MOVD | QH_X_W, 14, qh_rm_reg(QH_RDX));
        qh_x(&t->a, 0x6cu | QH_X_0F | QH_X_66, 15, qh_rm_reg(14)); /* punpcklqdq */
        qh_t1_def_from(t, QH_XMM(15));
        return;
    case QH_TYPE_B1:
        qh_x(&t->a, QH_X_MOV, QH_RAX, qh_rm_reg(QH_RAX)); /* the upper half is anything */
        break;
    default:
        break;
    }
    qh_t1_def_from(t, QH_RAX);
}

void qh_t1_lower_call(QhT1 *t, const QhIrRecord *record)
{
    const QhHelper *helper = qh_ir_helper(t->source->context->translator, record->a);
    gboolean may_raise = (helper->attrs & QH_HELPER_MAY_RAISE) != 0;
    gboolean sync = may_raise || (helper->attrs & QH_HELPER_SYNC);

    qh_t1_emit_fp_before_call(t, helper->attrs);
    qh_t1_move_out(t, helper->writes);
    qh_t1_write_back(t, may_raise ? QH_T1_ALL_SLOTS : helper->reads | helper->writes);
    if (qh_t1_call_looks(t, record)) {
        qh_t1_emit_complete(t);
    }
    qh_t1_clobber_caller_saved(t);
    if (sync) {
        sync_pc(t);
        add_count(t, (int32_t)t->alloc->ordinal);
    }
    load_args(t, helper);
    if (!(helper->attrs & QH_HELPER_PURE)) {
        note_call(t);
    }
    qh_x_mov(&t->a, 1, QH_RDI, QH_RBP);
    qh_x_call_far(&t->a, helper->fn);
    if (may_raise) {
        QhXLabel *label = qh_t1_later_here(t, emit_unwind, 0);
        qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_mem(QH_RBP, cpu_at(offsetof(QhCpu, unwind))), 0);
        qh_x_jcc(&t->a, QH_IF_NE, label);
    }
    if (sync) {
        add_count(t, -(int32_t)t->alloc->ordinal);
    }
    qh_t1_emit_fp_after_call(t);
    qh_t1_forget(t, helper->writes);
    qh_t1_memory_forget(t);
    take_result(t, record);
}

/* --- State that is no slot --- */

static void load_state(QhT1 *t, const QhIrRecord *record)
{
    static const uint32_t narrow[] = {QH_X_MOVZX8, QH_X_MOVZX16, QH_X_MOV, QH_X_MOV | QH_X_W};
    static const uint32_t extend[] = {QH_X_MOVSX8, QH_X_MOVSX16, QH_X_MOVSXD, QH_X_MOV | QH_X_W};
    uint32_t size = record->b & QH_MEM_SIZE_MASK;
    gboolean is_signed = (record->b & QH_MEM_SIGNED) != 0, wide = record->type == QH_TYPE_I64;
    QhRm at = qh_rm_mem(QH_RBP, (int32_t)record->a);
    QhReg d = qh_t1_def_any(t);

    if (QH_IS_XMM(d)) {
        qh_x(&t->a,
             size == QH_MEM_128  ? QH_X_MOVUPS
             : size == QH_MEM_64 ? QH_X_MOVQ
                                 : QH_X_MOVSS,
             d, at);
        t->failed = t->failed || size < QH_MEM_32 || (is_signed && size < QH_MEM_64);
    } else if (is_signed && !(size == QH_MEM_32 && !wide)) {
        qh_x(&t->a, extend[size] | (wide ? QH_X_W : 0), d, at);
    } else {
        qh_x(&t->a, narrow[size], d, at);
    }
}

static void store_state(QhT1 *t, const QhIrRecord *record)
{
    uint32_t size = record->b & QH_MEM_SIZE_MASK;
    QhRm at = qh_rm_mem(QH_RBP, (int32_t)record->a);
    QhReg from = size >= QH_MEM_32 ? qh_t1_use_any(t, record->c) : qh_t1_use_gpr(t, record->c);

    if (QH_IS_XMM(from)) {
        qh_x(&t->a,
             size == QH_MEM_128  ? QH_X_MOVUPS_ST
             : size == QH_MEM_64 ? QH_X_MOVQ_ST
                                 : QH_X_MOVSS_ST,
             from, at);
        return;
    }
    qh_x(&t->a,
         size == QH_MEM_8    ? QH_X_MOV_ST8
         : size == QH_MEM_16 ? QH_X_MOV_ST16
         : size == QH_MEM_32 ? QH_X_MOV_ST
                             : QH_X_MOV_ST | QH_X_W,
         from, at);
}

void qh_t1_lower_state(QhT1 *t, const QhIrRecord *record)
{
    uint32_t bytes = 1u << (record->b & QH_MEM_SIZE_MASK);
    gboolean stores = record->op == QH_IR_st_state;

    if ((record->b & QH_MEM_BE) && bytes > 1) {
        t->failed = TRUE;
        return;
    }
    qh_t1_pending_flush(t);
    if (qh_t1_is_lazy_at(t->source, record->a, bytes)) {
        qh_t1_emit_complete(t);
    }
    qh_t1_range(t, (int32_t)record->a, bytes, stores);
    if (stores) {
        store_state(t, record);
    } else {
        load_state(t, record);
    }
}
