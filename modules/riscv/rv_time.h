/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one formula of guest time: mtime = virtual_ns * frequency / 1e9 + offset. ACLINT and the
 * `time` CSR both use it, so they agree to the tick (Priv. 3.2.1).
 */
#ifndef RV_TIME_H
#define RV_TIME_H

#include "abi/cpu.h"

#define RV_NS_PER_S 1000000000u

/* Ticks at @ns of QH_CLOCK_VIRTUAL. */
static inline uint64_t rv_time_at(int64_t ns, uint64_t hz, uint64_t offset)
{
    if (hz != 0 && RV_NS_PER_S % hz == 0) { /* as boards have it; 128 bits divide slowly */
        return (uint64_t)ns / (RV_NS_PER_S / (uint32_t)hz) + offset;
    }
    return (uint64_t)((unsigned __int128)(uint64_t)ns * hz / RV_NS_PER_S) + offset;
}

/* The first nanosecond of QH_CLOCK_VIRTUAL at which the time is @ticks or more; INT64_MAX when
 * that is beyond what the clock can hold. */
static inline int64_t rv_time_when(uint64_t ticks, uint64_t hz, uint64_t offset)
{
    /* an offset is negative after a reset or a write has turned mtime back */
    __int128 elapsed = (__int128)ticks - (int64_t)offset;
    unsigned __int128 ns;

    if (elapsed <= 0) {
        return 0;
    }
    ns = ((unsigned __int128)elapsed * RV_NS_PER_S + hz - 1) / hz;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* mtime was written: `time` of @cpu is offset by @offset ticks from now on. [any] */
void rv_cpu_set_time_offset(QhCpu *cpu, uint64_t offset);

/* `time` of @cpu. [any] */
uint64_t rv_cpu_time(QhCpu *cpu);

#endif
