/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one formula of guest time: mtime = virtual_ns * frequency / 1e9 + offset. ACLINT and the
 * `time` CSR both use it, so they agree to the tick (Priv. 3.2.1).
 */
#ifndef RV_TIME_H
#define RV_TIME_H

#include "abi/cpu.h"
#include "modules/support/ticks.h"

/* Ticks at @ns of QH_CLOCK_VIRTUAL. */
static inline uint64_t rv_time_at(int64_t ns, uint64_t hz, uint64_t offset)
{
    return support_ticks_at(ns, hz) + offset;
}

/* The first nanosecond of QH_CLOCK_VIRTUAL at which the time is @ticks or more; INT64_MAX when
 * that is beyond what the clock can hold. */
static inline int64_t rv_time_when(uint64_t ticks, uint64_t hz, uint64_t offset)
{
    /* an offset is negative after a reset or a write has turned mtime back */
    __int128 elapsed = (__int128)ticks - (int64_t)offset;

    return elapsed <= 0 ? 0 : support_ticks_when((unsigned __int128)elapsed, hz);
}

/* mtime was written: `time` of @cpu is offset by @offset ticks from now on. [any] */
void rv_cpu_set_time_offset(QhCpu *cpu, uint64_t offset);

/* `time` of @cpu. [any] */
uint64_t rv_cpu_time(QhCpu *cpu);

#endif
