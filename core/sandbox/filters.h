/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters, generated with the host (gen-filters.c): programs for the kernel, ready to be
 * installed, and what its calls are named. */
#ifndef QH_CORE_SANDBOX_FILTERS_H
#define QH_CORE_SANDBOX_FILTERS_H

#include "core/sandbox/sandbox.h"

#include <linux/filter.h>
#include <stdint.h>

/* What makes a filter differ from that of its role: bits of an index. */
#define QH_SANDBOX_WITH_OBSOLETE  (1u << 0)
#define QH_SANDBOX_WITH_ELEVATE   (1u << 1)
#define QH_SANDBOX_WITH_SPAWN     (1u << 2)
#define QH_SANDBOX_WITH_RESOURCES (1u << 3)
#define QH_SANDBOX_WITH_RINGS     (1u << 4)
#define QH_SANDBOX_VARIANTS       (1u << 5)

/* Part of qh_sandbox_code. */
typedef struct QhSandboxFilter {
    uint32_t start;
    uint16_t length;
} QhSandboxFilter;

extern const struct sock_filter qh_sandbox_code[];
extern const QhSandboxFilter qh_sandbox_filters[QH_SANDBOX_ROLES][QH_SANDBOX_VARIANTS];
extern const uint16_t qh_sandbox_list_lengths[QH_SANDBOX_ROLES];

/* Names of calls by number, as offsets into one text; 0: the number is no call. */
#define QH_SANDBOX_NAMES 512u
extern const uint16_t qh_sandbox_name_offsets[QH_SANDBOX_NAMES];
extern const char qh_sandbox_name_text[];

#endif
