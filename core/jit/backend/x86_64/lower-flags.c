/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes are written. setflags stores its operands in the lazy slots, unless pending.c
 * knows a better place; what a flag is then follows from them (read-flags.c). pass-flags.c has made
 * comparisons of most flags before and dropped what nobody reads.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/lower-int.h"

/* An operand of setflags: a register, or what fits a store of 8 bytes. */
typedef struct Operand {
    QhReg reg; /* QH_NO_REG: imm */
    int32_t imm;
} Operand;

static Operand fetch(QhT1 *t, uint32_t value, gboolean wide)
{
    Operand operand = {.reg = QH_NO_REG};

    if (!qh_t1_imm(t, value, &operand.imm) || (!wide && operand.imm < 0)) {
        operand.reg = qh_t1_use_gpr(t, value);
    }
    return operand;
}

static void lower_setflags(QhT1 *t, const QhIrRecord *record)
{
    const uint32_t values[] = {record->a, record->b, record->c};
    uint32_t wide = qh_t1_wide(record);
    Operand operands[3];

    /* an operand may be what a lazy slot holds: it is read before these are written */
    qh_t1_settle_flags(t, FALSE);
    for (uint32_t i = 0; i < 3; i++) {
        operands[i] = fetch(t, values[i], wide != 0);
    }
    qh_t1_settle_flags(t, TRUE);
    qh_x_st_i(&t->a, 4, qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 0)), record->flags | record->type << 8);
    for (uint32_t i = 0; i < 3; i++) {
        QhRm to = qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 1 + i));
        if (operands[i].reg == QH_NO_REG) {
            qh_x_st_i(&t->a, 8, to, operands[i].imm);
            continue;
        }
        if (!wide) { /* zero-extended */
            qh_x_mov(&t->a, FALSE, QH_RAX, operands[i].reg);
            operands[i].reg = QH_RAX;
        }
        qh_x(&t->a, QH_X_MOV_ST | QH_X_W, operands[i].reg, to);
    }
}

/* What waits goes on waiting if the kind's slot stays as it is; then that of a is free. */
static void lower_unless(QhT1 *t, const QhIrRecord *record)
{
    const QhT1Recipe *recipe = qh_t1_pending_now(t);
    gboolean waits =
        recipe != NULL && qh_t1_pending_is_of(t, t->i - 1); /* C cannot have followed it */
    QhRm kind = qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 0)), a = qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 1));
    QhReg condition;

    qh_t1_settle_flags(t, FALSE);
    condition = qh_t1_use_gpr(t, record->a);
    qh_t1_settle_flags(t, TRUE);
    qh_x(&t->a, QH_X_TEST, condition, qh_rm_reg(condition));
    qh_x_mov_i(&t->a, QH_RAX, QH_CC_BITS | QH_TYPE_I64 << 8 | QH_T1_DERIVED);
    qh_x(&t->a, QH_X_CMOV + QH_IF_NE, QH_RAX, kind);
    qh_x(&t->a, QH_X_MOV_ST, QH_RAX, kind);
    if (waits && recipe->from[0] != QH_T1_FROM_SLOT) {
        qh_x_st_i(&t->a, 8, a, (int32_t)record->b);
        return;
    }
    qh_x_mov_i(&t->a, QH_RAX, record->b);
    qh_x(&t->a, (QH_X_CMOV + QH_IF_NE) | QH_X_W, QH_RAX, a);
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, QH_RAX, a);
}

void qh_t1_lower_flags(QhT1 *t, const QhIrRecord *record)
{
    if (record->op == QH_IR_flags_unless) {
        lower_unless(t, record);
        if (t->alloc->pending_flags.named) {
            qh_t1_emit_complete(t);
        }
    } else if (record->op != QH_IR_setflags) {
        qh_t1_read_flags(t, record);
    } else if (!qh_t1_pending_set(t)) {
        lower_setflags(t, record);
    }
}
