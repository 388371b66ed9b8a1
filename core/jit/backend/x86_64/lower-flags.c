/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes. setflags stores its operands in the lazy slots; what a flag is then follows from
 * them. pass-flags.c has made comparisons of most flags before and dropped what nobody reads; here
 * zero and sign are read off the stored result, and C works out the rest as T0 does.
 */
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/lower-int.h"

#include <string.h>

static int32_t lazy_at(const QhT1 *t, uint32_t i)
{
    const QhIrContext *context = t->source->context;

    return (int32_t)qh_ir_slot(context->state, context->translator->lazy_slots[i])->offset;
}

/* Memory holds the lazy slots; with @forget it alone. */
static void settle(QhT1 *t, gboolean forget)
{
    for (uint32_t i = 0; i < 4; i++) {
        qh_t1_range(t, lazy_at(t, i), i == 0 ? 4 : 8, forget);
    }
}

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
    settle(t, FALSE);
    for (uint32_t i = 0; i < 3; i++) {
        operands[i] = fetch(t, values[i], wide != 0);
    }
    settle(t, TRUE);
    qh_x_st_i(&t->a, 4, qh_rm_mem(QH_RBP, lazy_at(t, 0)), record->flags | record->type << 8);
    for (uint32_t i = 0; i < 3; i++) {
        QhRm to = qh_rm_mem(QH_RBP, lazy_at(t, 1 + i));
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

/* The setflags that the lazy slots are from, if that is certain. */
static const QhIrRecord *setter(const QhT1 *t)
{
    for (uint32_t i = t->i; i-- > t->source->blocks[t->block].first;) {
        const QhIrRecord *record = &t->records[i];
        switch (record->op) {
        case QH_IR_setflags:
            return record;
        case QH_IR_label:
        case QH_IR_call:
        case QH_IR_set_slot:
        case QH_IR_st_state:
            return NULL;
        default:
            break;
        }
    }
    return NULL;
}

/* T0's functions take their operands from a state; this is one. */
typedef struct Lazy {
    uint32_t kind, pad;
    uint64_t operands[3], result;
} Lazy;

static uint32_t cold_flag(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    QhIrRecord record = {.op = (uint16_t)cold->x, .flags = (uint8_t)cold->y};
    QhT0Op ops[2] = {
        {.d = 8,  .a = 0, .b = 2, .c = 4},
        {.flags = record.flags, .extra = 6      }
    };
    Lazy lazy = {0};

    for (uint32_t i = 0; i < 4; i++) {
        const char *from = (const char *)cpu + (cold->word >> 16 * i & 0xffff) * 4;
        memcpy(i == 0 ? (void *)&lazy.kind : &lazy.operands[i - 1], from, i == 0 ? 4 : 8);
    }
    qh_t0_flag_fn (&record)((QhCpu *)(void *)&lazy, ops);
    regs->gpr[cold->d] = (uint32_t)lazy.result;
    return QH_T1_RESUME;
}

static void lower_by_c(QhT1 *t, const QhIrRecord *record)
{
    QhReg d = qh_t1_def(t);
    QhT1Cold *cold = qh_t1_cold(t, cold_flag);

    cold->d = d;
    cold->x = record->op;
    cold->y = record->flags;
    for (uint32_t i = 0; i < 4; i++) {
        cold->word |= (uint64_t)(uint32_t)(lazy_at(t, i) / 4) << 16 * i;
    }
    qh_t1_cold_jmp(t, cold);
    qh_t1_cold_resume(t, cold);
}

void qh_t1_lower_flags(QhT1 *t, const QhIrRecord *record)
{
    const QhIrRecord *from = record->op == QH_IR_flag ? setter(t) : NULL;

    if (record->op == QH_IR_setflags) {
        if (!qh_t1_pending_set(t)) {
            lower_setflags(t, record);
        }
        return;
    }
    qh_t1_pending_flush(t);
    settle(t, FALSE);
    gboolean bits = from != NULL && from->flags == QH_CC_BITS;
    if (from == NULL || (record->flags > QH_FLAG_N && !bits)) {
        lower_by_c(t, record);
        return;
    }
    QhReg d = qh_t1_def(t);
    qh_t1_zero(t, d);
    if (bits) {
        qh_x(&t->a, QH_X_MOV, QH_RAX, qh_rm_mem(QH_RBP, lazy_at(t, 1)));
        qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), (int32_t)qh_t0_flag_bit(record->flags));
        qh_x_setcc(&t->a, QH_IF_NE, d);
        return;
    }
    qh_x_alu_i(&t->a, QH_X_CMP | qh_t1_wide(from), qh_rm_mem(QH_RBP, lazy_at(t, 3)), 0);
    qh_x_setcc(&t->a, record->flags == QH_FLAG_Z ? QH_IF_E : QH_IF_S, d);
}
