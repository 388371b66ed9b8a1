/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of constant folding. */
#ifndef QH_CORE_JIT_X86_64_FOLD_H
#define QH_CORE_JIT_X86_64_FOLD_H

#include "core/jit/backend/x86_64/t1.h"

/* What an integer operation of i32, i64 or b1 gives for operands @values (a, b, c, zero-extended);
 * FALSE: not among those that are worked out here. */
gboolean
qh_t1_fold_evaluate(const QhIrRecord *record, const uint64_t values[3], uint64_t *ret_result);

#endif
