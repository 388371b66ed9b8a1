/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access to operands for the functions behind QH_T0_FN. 128-bit cells are aligned to 4 bytes. */
#ifndef QH_CORE_JIT_BACKEND_INTERP_CELLS_H
#define QH_CORE_JIT_BACKEND_INTERP_CELLS_H

#include "core/jit/backend/interp/t0.h"

#include <string.h>

typedef unsigned __int128 QhCell128;

static inline void *qh_cell(QhCpu *cpu, int16_t at)
{
    return (char *)cpu + (ptrdiff_t)at * 4;
}

static inline uint32_t qh_get32(QhCpu *cpu, int16_t at)
{
    uint32_t value;

    memcpy(&value, qh_cell(cpu, at), sizeof(value));
    return value;
}

static inline uint64_t qh_get64(QhCpu *cpu, int16_t at)
{
    uint64_t value;

    memcpy(&value, qh_cell(cpu, at), sizeof(value));
    return value;
}

static inline QhCell128 qh_get128(QhCpu *cpu, int16_t at)
{
    QhCell128 value;

    memcpy(&value, qh_cell(cpu, at), sizeof(value));
    return value;
}

static inline void qh_put32(QhCpu *cpu, int16_t at, uint32_t value)
{
    memcpy(qh_cell(cpu, at), &value, sizeof(value));
}

static inline void qh_put64(QhCpu *cpu, int16_t at, uint64_t value)
{
    memcpy(qh_cell(cpu, at), &value, sizeof(value));
}

static inline void qh_put128(QhCpu *cpu, int16_t at, QhCell128 value)
{
    memcpy(qh_cell(cpu, at), &value, sizeof(value));
}

#endif
