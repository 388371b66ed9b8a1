/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NaNs are looked for late. A sum, product, quotient or root whose operand is a NaN is a NaN, so
 * when the last of a chain is a number all of it were. For targets whose operations all give the
 * default NaN, an f64 result that is made in a home is left unchecked until somebody may see its
 * bits; then those results are checked that no later one depends on. Whatever goes to C meanwhile
 * finds its NaNs replaced (cold.c): what the homes in question hold are results, never operands as
 * the guest gave them.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"

#define NOBODY 0xffu

/* The home that holds operand @value, QH_NO_REG if none does. */
static uint32_t home_of(const QhT1 *t, uint32_t value)
{
    const QhT1Value *root = &t->alloc->values[qh_t1_root(t, value)];

    return root->place == QH_T1_IN_VAR ? t->alloc->vars[root->var].home : QH_NO_REG;
}

/* Which unchecked homes the record reads. */
static uint32_t unchecked_operands(const QhT1 *t)
{
    uint32_t used[8], mask = 0;
    uint32_t n = qh_ir_uses(t->source->context->translator, t->records, t->i, used);

    for (uint32_t k = 0; k < n; k++) {
        uint32_t home = home_of(t, used[k]);
        mask |= home != QH_NO_REG ? qh_t1_bit(home) : 0;
    }
    return mask & t->alloc->nans.unchecked;
}

static uint32_t no_nan(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    (void)cpu;
    (void)cold;
    (void)regs;
    return QH_T1_RESUME;
}

void qh_t1_nan_settle(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t left = alloc->nans.unchecked; left != 0; left &= left - 1) {
        uint32_t home = (uint32_t)__builtin_ctz(left);
        QhT1Cold *cold;
        if (alloc->nans.checked_by[home] != NOBODY) {
            continue;
        }
        cold = qh_t1_cold(t, no_nan);
        qh_t1_fp_check_nan(t, cold, QH_TYPE_F64, alloc->homes[home].reg);
        qh_t1_cold_again(t, cold);
        qh_t1_cold_resume(t, cold);
    }
    alloc->nans.unchecked = 0;
}

gboolean qh_t1_nan_later(QhT1 *t, const QhIrRecord *record)
{
    QhT1Alloc *alloc = t->alloc;

    alloc->nans.result_unchecked = record->type == QH_TYPE_F64 && alloc->fuse_var != QH_T1_NO_VAR;
    alloc->nans.result_of = unchecked_operands(t);
    return alloc->nans.result_unchecked;
}

/* What depends on a number only is one. */
void qh_t1_nan_checked(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t before;

    alloc->nans.unchecked &= ~unchecked_operands(t);
    do {
        before = alloc->nans.unchecked;
        for (uint32_t left = before; left != 0; left &= left - 1) {
            uint32_t home = (uint32_t)__builtin_ctz(left), by = alloc->nans.checked_by[home];
            if (by != NOBODY && !(alloc->nans.unchecked & qh_t1_bit(by))) {
                alloc->nans.unchecked &= ~qh_t1_bit(home);
            }
        }
    } while (alloc->nans.unchecked != before);
}

void qh_t1_nan_set(QhT1 *t, uint32_t home)
{
    QhT1Alloc *alloc = t->alloc;
    gboolean later = alloc->nans.result_unchecked;
    gboolean goes_on = later && (alloc->nans.result_of & qh_t1_bit(home));

    for (uint32_t left = alloc->nans.unchecked; left != 0; left &= left - 1) {
        uint32_t other = (uint32_t)__builtin_ctz(left);
        if (later && (alloc->nans.result_of & qh_t1_bit(other))) {
            alloc->nans.checked_by[other] = (uint8_t)home;
        } else if (alloc->nans.checked_by[other] == home && !goes_on) {
            alloc->nans.checked_by[other] = NOBODY;
        }
    }
    alloc->nans.unchecked &= ~qh_t1_bit(home);
    if (later) {
        alloc->nans.unchecked |= qh_t1_bit(home);
        alloc->nans.checked_by[home] = NOBODY;
    }
    alloc->nans.result_unchecked = FALSE;
    alloc->nans.result_of = 0;
}

/* Records between an unchecked result and its check: arithmetic, which knows what to do; what
 * neither reads such a result nor shows it to anybody. */
void qh_t1_nan_before(QhT1 *t, const QhIrRecord *record)
{
    const QhIrOp *info = &qh_ir_ops[record->op];
    const QhT1Value *value = &t->alloc->values[t->i];

    if (t->alloc->nans.unchecked == 0) {
        return;
    }
    switch (record->op) {
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fsqrt:
        if (record->type == QH_TYPE_F64) {
            return;
        }
        break;
    case QH_IR_nop:
    case QH_IR_ext:
    case QH_IR_get_slot:
    case QH_IR_get_local:
        return;
    case QH_IR_set_slot:
        if (value->fused) {
            return;
        }
        break;
    case QH_IR_ld:
    case QH_IR_st:
        break;
    default:
        if (!(info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) || value->is_xmm ||
            record->op == QH_IR_call || record->op == QH_IR_ld_state ||
            (info->attrs & QH_IR_A_FAULT)) {
            qh_t1_nan_settle(t);
            return;
        }
        break;
    }
    if (unchecked_operands(t) != 0) {
        qh_t1_nan_settle(t);
    }
}

uint32_t qh_t1_nan_registers(const QhT1 *t)
{
    uint32_t regs = 0;

    for (uint32_t left = t->alloc->nans.unchecked; left != 0; left &= left - 1) {
        regs |= 1u << (t->alloc->homes[__builtin_ctz(left)].reg & 15);
    }
    return regs;
}
