/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparisons whose flags are taken back. Compilers have no quiet "less than" on many machines and
 * write: read the flags, compare, write the flags as they were. Of ordered numbers a comparison
 * raises nothing, so only an unordered pair has something to take back, in C; the write is no code.
 * That saves loading MXCSR, which waits for all that the processor is computing.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/jit-cpu.h"

#define NOT_FOUND UINT32_MAX
#define REACH     24u /* records between the read and the write */

static uint64_t constant(const QhIrRecord *record)
{
    return record->b | (uint64_t)record->c << 32;
}

/* What a variable was set to last before record @i, not before @first. */
static uint32_t last_set(const QhT1 *t, uint32_t first, uint32_t i, uint16_t var)
{
    while (i-- > first) {
        const QhIrRecord *record = &t->records[i];
        if ((record->op == QH_IR_set_slot || record->op == QH_IR_set_local) &&
            t->alloc->values[i].var == var) {
            return record->b;
        }
    }
    return NOT_FOUND;
}

/* Whether @value is what fp_flags_get record @get gave. */
static gboolean is_flags_of(const QhT1 *t, uint32_t value, uint32_t get)
{
    while (value != NOT_FOUND && value > get) {
        const QhIrRecord *record = &t->records[value];
        switch (record->op) {
        case QH_IR_zext:
        case QH_IR_trunc:
        case QH_IR_mov:
            value = record->a;
            break;
        case QH_IR_and:
            if (t->records[record->b].op != QH_IR_const ||
                (constant(&t->records[record->b]) & 0x1f) != 0x1f) {
                return FALSE;
            }
            value = record->a;
            break;
        case QH_IR_get_slot:
        case QH_IR_get_local:
            value = last_set(t, get, value, t->alloc->values[value].var);
            break;
        default:
            return FALSE;
        }
    }
    return value == get;
}

static gboolean may_stand_between(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_nop:
    case QH_IR_insn_start:
    case QH_IR_const:
    case QH_IR_get_slot:
    case QH_IR_set_slot:
    case QH_IR_get_local:
    case QH_IR_set_local:
    case QH_IR_mov:
    case QH_IR_zext:
    case QH_IR_trunc:
    case QH_IR_and:
    case QH_IR_bits2f:
    case QH_IR_f2bits:
    case QH_IR_bool2int:
        return TRUE;
    case QH_IR_fcmp:
        return (record->flags & 7) != QH_FCOND_UNORDERED;
    default:
        return FALSE;
    }
}

gboolean qh_t1_flags_unchanged(const QhT1 *t, uint32_t set)
{
    uint32_t first = t->source->blocks[t->block].first;

    for (uint32_t i = set; i-- > first && set - i < REACH;) {
        if (t->records[i].op == QH_IR_fp_flags_get) {
            return is_flags_of(t, t->records[set].a, i);
        }
        if (!may_stand_between(&t->records[i])) {
            break;
        }
    }
    return FALSE;
}

/* Whether the comparison t->i stands in such a place. */
static gboolean is_taken_back(const QhT1 *t)
{
    const QhT1Block *block = &t->source->blocks[t->block];
    uint32_t end = MIN(block->first + block->n_records, t->i + REACH);

    for (uint32_t i = t->i; i < end; i++) {
        if (t->records[i].op == QH_IR_fp_flags_set) {
            return qh_t1_flags_unchanged(t, i);
        }
        if (!may_stand_between(&t->records[i])) {
            break;
        }
    }
    return FALSE;
}

static uint32_t take_back(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    cpu->fp_flags = qh_jit_of(cpu)->hot.kept_flags;
    regs->gpr[cold->d] = 0;
    return QH_T1_RESUME;
}

gboolean qh_t1_quiet_compare(QhT1 *t, const QhIrRecord *record)
{
    uint32_t condition = record->flags & 7, cc;
    QhReg left, right, d;
    QhT1Cold *cold;

    if (!is_taken_back(t)) {
        return FALSE;
    }
    left = qh_t1_use_xmm(t, record->b);
    right = qh_t1_use_xmm(t, record->a);
    cold = qh_t1_cold(t, take_back);
    d = qh_t1_def(t);
    cold->d = d;
    qh_x(&t->a, QH_X_UCOMIS | qh_t1_packed(record->type), left, qh_rm_reg(right));
    qh_t1_cold_jcc(t, cold, QH_IF_PE);
    cc = condition == QH_FCOND_EQ ? QH_IF_E : condition == QH_FCOND_LT ? QH_IF_A : QH_IF_AE;
    qh_x_setcc(&t->a, cc, QH_RAX);
    qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_reg(QH_RAX));
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
    return TRUE;
}
