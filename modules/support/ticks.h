/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that run with guest time: ticks = virtual_ns * frequency / 1e9. [any] */
#ifndef SUPPORT_TICKS_H
#define SUPPORT_TICKS_H

#include "abi/base.h"

#define SUPPORT_NS_PER_S 1000000000u

/* Ticks at @ns of QH_CLOCK_VIRTUAL; @hz is not 0. */
static inline uint64_t support_ticks_at(int64_t ns, uint64_t hz)
{
    if (SUPPORT_NS_PER_S % hz == 0) { /* as boards have it; 128 bits divide slowly */
        return (uint64_t)ns / (SUPPORT_NS_PER_S / (uint32_t)hz);
    }
    return (uint64_t)((unsigned __int128)(uint64_t)ns * hz / SUPPORT_NS_PER_S);
}

/* The first nanosecond of QH_CLOCK_VIRTUAL at which @ticks have passed; INT64_MAX when that is
 * beyond what the clock can hold. */
static inline int64_t support_ticks_when(unsigned __int128 ticks, uint64_t hz)
{
    unsigned __int128 ns = (ticks * SUPPORT_NS_PER_S + hz - 1) / hz;

    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

#endif
