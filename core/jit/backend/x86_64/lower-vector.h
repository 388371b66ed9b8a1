/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sources of vector operations tell each other. xmm15 is free in both. */
#ifndef QH_CORE_JIT_X86_64_LOWER_VECTOR_H
#define QH_CORE_JIT_X86_64_LOWER_VECTOR_H

#include "core/jit/backend/x86_64/t1.h"

/* The record is done by the interpreter's function. */
void qh_t1_vector_in_c(QhT1 *t, const QhIrRecord *record);
/* The cold stub that does the record by that function; d is to be set. */
QhT1Cold *qh_t1_vector_cold(QhT1 *t, const QhIrRecord *record);
/* lower-vfp.c: vectors of numbers, from vfadd on. */
void qh_t1_lower_vfp(QhT1 *t, const QhIrRecord *record);
/* d = left OP right, all registers; d may be left, but not right unless AVX. */
void qh_t1_vector_op3(QhT1 *t, uint32_t op, QhReg d, QhReg left, QhReg right);

/* lower-lanes.c: operations from vlow on; shifts and products that the host has not. */
void qh_t1_lower_lanes(QhT1 *t, const QhIrRecord *record);
void qh_t1_shift_bytes(QhT1 *t, const QhIrRecord *record);
void qh_t1_sar_64(QhT1 *t, const QhIrRecord *record);
void qh_t1_mul_bytes(QhT1 *t, const QhIrRecord *record);

#endif
