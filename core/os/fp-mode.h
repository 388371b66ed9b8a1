/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control bits of the host's floating-point unit. */
#ifndef QH_CORE_OS_FP_MODE_H
#define QH_CORE_OS_FP_MODE_H

#include <stdint.h>

/*
 * Rounding, masks and flush-to-zero of the calling thread as one number to compare; the sticky
 * exception flags, which arithmetic changes, are left out. [any]
 */
uint64_t qh_fp_mode(void);

#endif
