/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/os/random.h"

#include <glib.h>
#include <sys/random.h>

void qh_os_random(void *ret_buffer, uint64_t bytes)
{
    uint8_t *at = ret_buffer;

    while (bytes > 0) {
        ssize_t done = getrandom(at, MIN(bytes, 256), 0); /* whole below 256 bytes */
        if (done > 0) {
            at += done;
            bytes -= (uint64_t)done;
        }
    }
}
