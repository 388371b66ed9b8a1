/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UI_SDL_KEYS_H
#define UI_SDL_KEYS_H

#include <stdint.h>

#define SD_KEYS 768u /* numbers of keys are below it */

/* The number in input-event-codes.h of the key that SDL calls @scancode, whatever it is; 0: a guest
 * has no such key. [any] */
uint16_t sd_key(int32_t scancode);

#endif
