/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results that are looked at for NaN later than they are made; see nan.c. */
#ifndef QH_CORE_JIT_X86_64_NAN_H
#define QH_CORE_JIT_X86_64_NAN_H

#include "core/jit/backend/x86_64/t1.h"

typedef struct QhT1Nans {
    uint32_t unchecked;                  /* homes whose result may be a NaN */
    uint8_t checked_by[QH_T1_MAX_HOMES]; /* a home whose result is a NaN if that one is; 0xff */
    gboolean result_unchecked;           /* the record's result is not checked */
    uint32_t result_of;                  /* unchecked homes it was made from */
    /* fp-finite.c: the stub of the newest checked product, its value, where its code ends */
    struct QhT1ColdSite *product;
    uint32_t product_value, product_end;
} QhT1Nans;

void qh_t1_nan_before(QhT1 *t, const QhIrRecord *record); /* the record is about to be compiled */
void qh_t1_nan_set(QhT1 *t, uint32_t home);               /* the home has the record's value */
void qh_t1_nan_settle(QhT1 *t);                           /* now nobody may see the wrong NaN */
/* Whether the result of the record, which has its register, need not be checked now; and that it
 * has been checked, so that its operands are no NaNs, either. */
gboolean qh_t1_nan_later(QhT1 *t, const QhIrRecord *record);
void qh_t1_nan_checked(QhT1 *t);
/* xmm registers, a bit each, that hold unchecked results. */
uint32_t qh_t1_nan_registers(const QhT1 *t);

#endif
