/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For compile.c: the code that is put behind a region. */
#ifndef QH_CORE_JIT_X86_64_BEHIND_H
#define QH_CORE_JIT_X86_64_BEHIND_H

#include "core/jit/backend/x86_64/alloc.h"

/* emit(t, word) will be called behind the region, with the state as it is now; jump to ->label. */
QhT1Later *qh_t1_new_later(QhT1 *t, void (*emit)(QhT1 *, uint64_t), uint64_t word);
/* All that waits, and what that adds. */
void qh_t1_emit_later(QhT1 *t);
/* The stubs; then, when the region is known, the records that they point at. */
void qh_t1_emit_colds(QhT1 *t);
void qh_t1_emit_cold_records(QhT1 *t, const QhT1Region *region);

#endif
