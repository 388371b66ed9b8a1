/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a CPU, rows of its cpu-state.def, as fields of a state table. */
#ifndef SUPPORT_CPU_STATE_H
#define SUPPORT_CPU_STATE_H

#include "abi/state.h"

#define CPU_STATE_FIELD(struct_, name_, member_, count_, type_, klass_, flags_, hot_)              \
    {.name = (name_),                                                                              \
     .offset = offsetof(struct_, member_),                                                         \
     .count = (count_),                                                                            \
     .type = QH_TYPE_##type_,                                                                      \
     .klass = QH_CLASS_##klass_,                                                                   \
     .flags = (flags_),                                                                            \
     .hot = (hot_)},

/* Append the low @bytes of @value, the first one lowest. */
static inline uint8_t *cpu_state_put(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(value >> 8 * i);
    }
    return at;
}

#endif
