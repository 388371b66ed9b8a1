/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic updates: the check of a store, then one locked instruction, or a loop around cmpxchg where
 * there is none that returns the old value. A machine with one vCPU has nobody to lock out. Words
 * that are not aligned, wide ones and the other byte order are left to C.
 */
#include "core/jit/backend/x86_64/access.h"

/* The number of a byte-wide instruction is one below the others. */
static uint32_t sized(uint32_t op, uint32_t size)
{
    return size == QH_MEM_8    ? (op - 1) | QH_X_BYTE
           : size == QH_MEM_16 ? op | QH_X_66
           : size == QH_MEM_64 ? op | QH_X_W
                               : op;
}

static uint32_t lock(const QhT1 *t)
{
    return t->source->alone ? 0 : QH_X_LOCK;
}

/* d = the old value in @from, extended as the memop says */
static void extend_into(QhT1 *t, QhReg d, QhReg from, uint32_t memop, uint32_t type)
{
    uint32_t w = type == QH_TYPE_I64 ? QH_X_W : 0;
    gboolean is_signed = (memop & QH_MEM_SIGNED) != 0;

    switch (memop & QH_MEM_SIZE_MASK) {
    case QH_MEM_8:
        qh_x(&t->a, is_signed ? QH_X_MOVSX8 | w : QH_X_MOVZX8, d, qh_rm_reg(from));
        break;
    case QH_MEM_16:
        qh_x(&t->a, is_signed ? QH_X_MOVSX16 | w : QH_X_MOVZX16, d, qh_rm_reg(from));
        break;
    case QH_MEM_32:
        qh_x(&t->a, is_signed && w ? QH_X_MOVSXD : QH_X_MOV, d, qh_rm_reg(from));
        break;
    default:
        qh_x_mov(&t->a, 1, d, from);
        break;
    }
}

/* rcx = what @kind makes of the old value in rax and @value */
static void compute(QhT1 *t, uint32_t kind, QhReg value, uint32_t w)
{
    static const uint32_t ops[] = {
        [QH_RMW_AND] = QH_X_AND, [QH_RMW_OR] = QH_X_OR, [QH_RMW_XOR] = QH_X_XOR};
    static const uint8_t keep[] = {QH_IF_L, QH_IF_G, QH_IF_B, QH_IF_A};

    if (kind <= QH_RMW_XOR) {
        qh_x_mov(&t->a, 1, QH_RCX, QH_RAX);
        qh_x(&t->a, ops[kind] | w, QH_RCX, qh_rm_reg(value));
        return;
    }
    qh_x_mov(&t->a, 1, QH_RCX, value);
    qh_x(&t->a, QH_X_CMP | w, QH_RAX, qh_rm_reg(value));
    qh_x(&t->a, (QH_X_CMOV + keep[kind - QH_RMW_MIN]) | w, QH_RCX, qh_rm_reg(QH_RAX));
}

static void load_old(QhT1 *t, uint32_t size)
{
    static const uint32_t ops[] = {QH_X_MOVZX8, QH_X_MOVZX16, QH_X_MOV, QH_X_MOV | QH_X_W};

    qh_x(&t->a, ops[size], QH_RAX, qh_rm_mem(QH_RDX, 0));
}

static void update_loop(QhT1 *t, uint32_t kind, QhReg value, uint32_t size)
{
    QhXLabel again = {0};

    load_old(t, size);
    qh_x_bind(&t->a, &again);
    compute(t, kind, value, size == QH_MEM_64 ? QH_X_W : 0);
    qh_x(&t->a, sized(QH_X_CMPXCHG, size) | lock(t), QH_RCX, qh_rm_mem(QH_RDX, 0));
    qh_x_jcc(&t->a, QH_IF_NE, &again);
}

/* Bytes and halves have no cmov of their own, so they are not compared here. */
static gboolean rmw_is_cold(const QhIrRecord *record)
{
    uint32_t size = record->b & QH_MEM_SIZE_MASK;

    return qh_t1_swaps(record->b) || size > QH_MEM_64 ||
           (record->flags >= QH_RMW_MIN && size < QH_MEM_32);
}

void qh_t1_lower_rmw(QhT1 *t, const QhIrRecord *record)
{
    uint32_t memop = record->b, size = memop & QH_MEM_SIZE_MASK, kind = record->flags;
    QhT1Access access = qh_t1_access(t, record->a, memop, QH_ACCESS_WRITE, qh_t1_cold_rmw);
    QhReg value = qh_t1_use_gpr(t, record->c), d = qh_t1_def_late(t), old = QH_RCX;

    access.cold->b = value;
    access.cold->d = d;
    access.cold->y = record->type | kind << 8;
    qh_t1_cold_again(t, access.cold);
    if (rmw_is_cold(record)) {
        qh_t1_cold_jmp(t, access.cold);
        qh_t1_cold_resume(t, access.cold);
        return;
    }
    QhRm mem = qh_t1_check(t, &access, TRUE);
    if (kind == QH_RMW_ADD || kind == QH_RMW_SWAP) {
        qh_x_mov(&t->a, 1, QH_RCX, value);
        qh_x(&t->a, kind == QH_RMW_ADD ? sized(QH_X_XADD, size) | lock(t) : sized(QH_X_XCHG, size),
             QH_RCX, mem);
    } else {
        qh_x(&t->a, QH_X_LEA | QH_X_W, QH_RDX, mem);
        update_loop(t, kind, value, size);
        old = QH_RAX;
    }
    extend_into(t, d, old, memop, record->type);
    qh_t1_cold_resume(t, access.cold);
}

void qh_t1_lower_cas(QhT1 *t, const QhIrRecord *record)
{
    uint32_t memop = record->b, size = memop & QH_MEM_SIZE_MASK;
    QhT1Access access = qh_t1_access(t, record->a, memop, QH_ACCESS_WRITE, qh_t1_cold_cas);
    QhReg value = qh_t1_use(t, record->c), expected = qh_t1_use(t, record[-1].a);
    QhReg d = qh_t1_def_late(t);

    access.cold->b = value;
    access.cold->c = expected;
    access.cold->d = d;
    access.cold->y = record->type;
    qh_t1_cold_again(t, access.cold);
    if (qh_t1_swaps(memop) || size > QH_MEM_64) {
        qh_t1_cold_jmp(t, access.cold);
        qh_t1_cold_resume(t, access.cold);
        return;
    }
    qh_x(&t->a, QH_X_LEA | QH_X_W, QH_RDX, qh_t1_check(t, &access, TRUE));
    qh_x_mov(&t->a, 1, QH_RAX, expected);
    qh_x(&t->a, sized(QH_X_CMPXCHG, size) | lock(t), value, qh_rm_mem(QH_RDX, 0));
    extend_into(t, d, QH_RAX, memop, record->type);
    qh_t1_cold_resume(t, access.cold);
}
