/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums of a finite number need no check. When one operand is finite the sum is a NaN only if the
 * other operand is one, and then the host's result is the one of Arm's rule, too: that operand,
 * quiet (Arm J1.3, FPProcessNaNs).
 *
 * A product that has passed its check is finite (fp-result.c). The others are made by C; where the
 * next code is a sum with that product, which is what sums of products and polynomials look like, C
 * comes back to another sum, behind the region, which has a check. So on the straight way the sum
 * is one instruction, and may overwrite its operand.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"

#include "abi/target.h"

static QhT1ColdSite *site_of(QhT1Cold *cold)
{
    return (QhT1ColdSite *)cold; /* its first member */
}

void qh_t1_fp_product_done(QhT1 *t, QhT1Cold *cold)
{
    if ((t->features & QH_T1_HAS_AVX) && t->source->nan_rule == QH_NAN_ARM) {
        t->alloc->nans.product = site_of(cold);
        t->alloc->nans.product_value = t->i;
        t->alloc->nans.product_end = qh_x_offset(&t->a);
    }
}

/* Behind the region: where C comes back to that has made the product. @word: the sum's site; its
 * word is the product's site, its record the sum. */
static void emit_checked_sum(QhT1 *t, uint64_t word)
{
    QhT1ColdSite *sum = (QhT1ColdSite *)(uintptr_t)word;
    QhT1ColdSite *product = (QhT1ColdSite *)(uintptr_t)sum->cold.word;
    const QhIrRecord *record = &t->records[sum->record];
    uint32_t op = record->op == QH_IR_fadd ? QH_X_FADD : QH_X_FSUB;

    product->cold.resume = qh_x_offset(&t->a);
    qh_x_vex(&t->a, op | qh_t1_scalar(record->type), QH_XMM(15), sum->cold.a,
             qh_rm_reg(sum->cold.b));
    qh_t1_fp_check_nan(t, &sum->cold, record->type, QH_XMM(15));
    qh_t1_fp_clean(t, record->type, sum->cold.d, QH_XMM(15));
    sum->cold.again = sum->cold.resume = qh_x_offset(&t->a);
    qh_x_jmp(&t->a, &sum->back);
}

gboolean qh_t1_fp_is_sum_of_product(QhT1 *t, const QhIrRecord *record, QhT1Cold *cold)
{
    QhT1ColdSite *product = t->alloc->nans.product, *site = site_of(cold);
    uint32_t value = t->alloc->nans.product_value;

    if (product == NULL || t->alloc->nans.product_end != qh_x_offset(&t->a) ||
        (record->op != QH_IR_fadd && record->op != QH_IR_fsub) ||
        (qh_t1_root(t, record->a) != value && qh_t1_root(t, record->b) != value)) {
        return FALSE;
    }
    t->alloc->nans.product = NULL;
    site->record = t->i;
    site->cold.word = (uintptr_t)product;
    qh_t1_later_here(t, emit_checked_sum, (uintptr_t)site);
    return TRUE;
}

void qh_t1_fp_sum_done(QhT1 *t, QhT1Cold *cold)
{
    qh_t1_cold_resume(t, cold); /* what is kept by now */
    qh_x_bind(&t->a, &site_of(cold)->back);
}
