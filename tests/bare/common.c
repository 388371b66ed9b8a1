/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.h"

uint64_t random64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void put_text(const char *text)
{
    while (*text != 0) {
        put_char(*text++);
    }
}

void put_number(uint64_t value, uint32_t digits)
{
    while (digits-- > 0) {
        put_char("0123456789abcdef"[(value >> (digits * 4)) & 15]);
    }
}

uint64_t random_integer(uint64_t *state)
{
    static const uint64_t special[] = {
        0,          1,          UINT64_MAX,         INT64_MAX,          (uint64_t)INT64_MIN,
        0x7fffffff, 0x80000000, 0xffffffff,         0xffffffff80000000, 0x100000000,
        2,          63,         0xffffffffffffff80,
    };
    uint64_t choice = random64(state);

    switch (choice % 4) {
    case 0:
        return special[(choice >> 8) % (sizeof(special) / sizeof(special[0]))];
    case 1:
        return random64(state) >> (choice >> 8) % 64;
    case 2:
        return (uint64_t)((int64_t)random64(state) >> (choice >> 8) % 64);
    default:
        return random64(state);
    }
}

static uint64_t random_fraction(uint64_t *state, uint32_t bits)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t choice = random64(state), wide = random64(state);

    switch (choice % 8) {
    case 0:
        return wide % 3;
    case 1:
        return mask - wide % 3;
    case 2:
        return (uint64_t)1 << (wide % bits);
    case 3:
        return wide & mask & ~(((uint64_t)1 << (choice >> 8) % bits) - 1);
    default:
        return wide & mask;
    }
}

static uint64_t random_exponent(uint64_t *state, uint32_t ones)
{
    uint64_t choice = random64(state), wide = choice >> 8;

    switch (choice % 8) {
    case 0:
        return wide % 3;
    case 1:
        return ones - wide % 3; /* infinities and NaNs among them */
    case 2:
        return ones / 2 + wide % 8 - 4;
    case 3: /* about the size of integers */
        return (ones / 2 + wide % 70) % ones;
    case 4:
        return (ones / 4 * (1 + wide % 3) + wide / 4 % 8) % ones;
    default:
        return wide % ones;
    }
}

uint64_t random_float(uint64_t *state, char kind)
{
    uint32_t fraction_bits = kind == 'h' ? 10 : kind == 's' ? 23 : 52;
    uint32_t ones = kind == 'h' ? 0x1f : kind == 's' ? 0xff : 0x7ff;
    uint64_t value = random_fraction(state, fraction_bits) | random_exponent(state, ones)
                                                                 << fraction_bits;
    uint64_t choice = random64(state);

    if (choice & 1) {
        value |= ((uint64_t)ones + 1) << fraction_bits;
    }
    if (kind == 'd') {
        return value;
    }
    value |= kind == 'h' ? 0xffffffffffff0000 : 0xffffffff00000000;
    return (choice >> 1) % 32 == 0 ? value ^ random64(state) << 32 : value;
}
