/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiled code beside the interpreter (-accel tcg,lockstep=N).
 *
 * A unit is one entry into compiled code, of at most N * 64 instructions. It runs for real;
 * meanwhile every page of RAM is kept as it was before its first store, and what came from outside
 * is logged: device registers, and what helpers returned and changed. Then RAM and CPU are put
 * back, the interpreter runs as many instructions over the log, and both must have come to the
 * same. When they have not, the interpreter tries again with blocks that begin elsewhere, because
 * what a translator emits may depend on that. The first difference that stays stops the machine and
 * leaves a file that says everything about the unit.
 *
 * Compiled code knows nothing of this: stores take the slow way because no page may be written
 * directly until it is kept, and helpers are called through closures. A unit that changed
 * address spaces, forgot translations or set bits in page tables is not compared. Other CPUs stand
 * still during a unit.
 */
#ifndef QH_CORE_JIT_LOCKSTEP_H
#define QH_CORE_JIT_LOCKSTEP_H

#include "core/jit/code.h"
#include "core/jit/jit-cpu.h"

typedef struct QhLockstep QhLockstep;

/* NULL: no memory. */
QhLockstep *qh_lockstep_new(QhJitCpu *jit);
void qh_lockstep_free(QhLockstep *lockstep);

/* A copy of @ops whose helpers tell the CPU's lockstep of each call; freed with
 * qh_lockstep_ops_free. NULL with @error: the system has no closures. */
typedef struct QhLockstepOps QhLockstepOps;
QhLockstepOps *qh_lockstep_ops_new(const QhTranslatorOps *ops, GError **error);
const QhTranslatorOps *qh_lockstep_ops(const QhLockstepOps *ops);
void qh_lockstep_ops_free(QhLockstepOps *ops);

/* Run a unit that starts with @code, compiled as @native; QH_LEFT_... On a difference the CPU is
 * given up. No other CPU runs. [vcpu] */
uint32_t qh_lockstep_unit(QhJitCpu *jit, QhCode *code, const void *native);

typedef struct QhLockstepStats {
    uint64_t n_units, n_insns, n_skipped, n_split;
} QhLockstepStats;
void qh_lockstep_stats(const QhLockstep *lockstep, QhLockstepStats *ret);

/* --- What the softmmu tells; jit->lockstep is not NULL. [vcpu] --- */

/* Before these bytes of one page change. */
void qh_lockstep_before_write(QhJitCpu *jit, QhRam *ram, uint64_t offset, uint32_t bytes);
/* Before a walk through page tables changes these: the unit is not compared, because the
 * interpreter would find the translation and not walk. */
void qh_lockstep_before_walk(QhJitCpu *jit, QhRam *ram, uint64_t offset, uint32_t bytes);
/* A translation is forgotten: what was seen through it cannot be seen again. */
void qh_lockstep_skip(QhJitCpu *jit);
/* Whether stores to the page may go directly; then @entry is remembered until the unit's end. */
gboolean qh_lockstep_direct(QhJitCpu *jit, const QhTlbPage *page, QhTlbEntry *entry);
/* As qh_io_read and qh_io_write. */
uint32_t qh_lockstep_io_read(QhJitCpu *jit,
                             QhIoWindow *io,
                             uint64_t offset,
                             uint32_t width,
                             gboolean be,
                             uint32_t attrs,
                             uint64_t *ret_value);
uint32_t qh_lockstep_io_write(QhJitCpu *jit,
                              QhIoWindow *io,
                              uint64_t offset,
                              uint32_t width,
                              gboolean be,
                              uint32_t attrs,
                              uint64_t value);

#endif
