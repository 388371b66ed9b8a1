/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Randomness of the host system. */
#ifndef QH_CORE_OS_RANDOM_H
#define QH_CORE_OS_RANDOM_H

#include <stdint.h>

/* Fill the buffer; never fails, waits for the system's pool on the first boot of the host. [any] */
void qh_os_random(void *ret_buffer, uint64_t bytes);

#endif
