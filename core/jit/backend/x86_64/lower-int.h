/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that compile integer operations. */
#ifndef QH_CORE_JIT_X86_64_LOWER_INT_H
#define QH_CORE_JIT_X86_64_LOWER_INT_H

#include "core/jit/backend/x86_64/t1.h"

/* Each compiles the records of its group; FALSE: not one of them. */
gboolean qh_t1_lower_compare(QhT1 *t, const QhIrRecord *record); /* cmp int2bool select min max */
gboolean qh_t1_lower_bits(QhT1 *t, const QhIrRecord *record);  /* clz .. bitrev, clmul, 128 bits */
gboolean qh_t1_lower_field(QhT1 *t, const QhIrRecord *record); /* extensions, extract, deposit */
gboolean qh_t1_lower_muldiv(QhT1 *t, const QhIrRecord *record);

/* read-flags.c: flag and cc2; the host condition of a flag, QH_IF_..., which its record
 * qh_t1_flag_is_condition can be; and memory is made to hold the lazy slots, with @forget it
 * alone. */
void qh_t1_read_flags(QhT1 *t, const QhIrRecord *record);
uint32_t qh_t1_flag_condition(QhT1 *t, uint32_t flag);
gboolean qh_t1_flag_is_condition(const QhIrRecord *record);
void qh_t1_settle_flags(QhT1 *t, gboolean forget);
int32_t qh_t1_lazy_at(const QhT1 *t, uint32_t i); /* slot i of the four, from the CPU state */

/* QH_X_W for an i64. */
static inline uint32_t qh_t1_wide(const QhIrRecord *record)
{
    return record->type == QH_TYPE_I64 ? QH_X_W : 0;
}

static inline uint32_t qh_t1_width(const QhIrRecord *record)
{
    return record->type == QH_TYPE_I64 ? 64 : 32;
}

static inline gboolean qh_t1_rm_is(QhRm rm, QhReg reg)
{
    return rm.is_reg && rm.base == reg;
}

/* d = rm, unless it is there. */
static inline void qh_t1_load(QhT1 *t, uint32_t wide, QhReg d, QhRm rm)
{
    if (!qh_t1_rm_is(rm, d)) {
        qh_x(&t->a, QH_X_MOV | wide, d, rm);
    }
}

/* d = 0; changes the flags. */
static inline void qh_t1_zero(QhT1 *t, QhReg d)
{
    qh_x(&t->a, QH_X_XOR, d, qh_rm_reg(d));
}

/* Shift of register @d by an immediate; @number as in QH_X_SHIFT_I. */
static inline void qh_t1_shift_i(QhT1 *t, uint32_t wide, uint32_t number, QhReg d, uint32_t count)
{
    if (count != 0) {
        qh_x_i8(&t->a, QH_X_SHIFT_I | wide, number, qh_rm_reg(d), count);
    }
}
#define QH_T1_ROL 0u
#define QH_T1_ROR 1u
#define QH_T1_SHL 4u
#define QH_T1_SHR 5u
#define QH_T1_SAR 7u

#endif
