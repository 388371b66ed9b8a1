/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and numbers of keys. */
#ifndef QH_CORE_INPUT_KEYS_H
#define QH_CORE_INPUT_KEYS_H

#include <glib.h>
#include <stdint.h>

/* Linux' number (KEY_...) of the key that QMP's QKeyCode calls @name; 0: none. [any] */
uint16_t qh_key_of_name(const char *name);
/* Of the key with scan code @number of set 1, 0x80 added to those that follow 0xe0; 0: none. [any]
 */
uint16_t qh_key_of_number(int64_t number);

#endif
