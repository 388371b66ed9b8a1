/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point operations on the host's unit, where it is certain what comes of them. */
#ifndef RV_VECTOR_HOST_H
#define RV_VECTOR_HOST_H

#include "modules/riscv/vector.h"

/* Whether rv_v_host_... may be asked at all now: rounding, flags and width are right. */
static inline gboolean rv_v_host_usable(const RvVec *v, uint32_t width)
{
    return width >= 2 && v->fp.rounding == QH_ROUND_NEAREST_EVEN &&
           (v->fp.flags | v->cpu->base.fp_flags) & QH_FP_INEXACT;
}

/* @op: QH_FP_ADD .. QH_FP_DIV. FALSE: ask the service. */
gboolean rv_v_host_op2(uint32_t width, uint32_t op, uint64_t a, uint64_t b, uint64_t *ret);
gboolean
rv_v_host_fma(uint32_t width, uint32_t negate, uint64_t a, uint64_t b, uint64_t c, uint64_t *ret);

#endif
