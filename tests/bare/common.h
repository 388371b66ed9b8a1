/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the freestanding programs of tests/riscv and tests/arm share: operands, and what they
 * print. */
#ifndef BARE_COMMON_H
#define BARE_COMMON_H

#include <stdint.h>

/* start-*.S */
void put_char(char c);

void put_text(const char *text);
void put_number(uint64_t value, uint32_t digits);

/* @state moves on with each number. */
uint64_t random64(uint64_t *state);
uint64_t random_integer(uint64_t *state);
/* A number of the format @kind (s d h), boxed; one in 32 is boxed wrongly. */
uint64_t random_float(uint64_t *state, char kind);

#endif
