/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stand-ins for the parts of T1 that are not there yet: a region that needs them is given up. */
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/runtime.h"

#define WEAK __attribute__((weak))

WEAK void qh_t1_lower_vector(QhT1 *t, const QhIrRecord *record)
{
    (void)record;
    t->failed = TRUE;
}
