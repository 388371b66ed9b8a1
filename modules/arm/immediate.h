/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Immediates that the translator and the disassembler both read. */
#ifndef ARM_IMMEDIATE_H
#define ARM_IMMEDIATE_H

#include <glib.h>
#include <stdint.h>

/*
 * The pattern of a logical instruction (Arm J1.1 "DecodeBitMasks"): a run of ones in an element of
 * 2 to 64 bits, rotated, and repeated over the register. FALSE: reserved.
 */
static inline gboolean
arm_bitmask(uint32_t sf, uint32_t n, uint32_t immr, uint32_t imms, uint64_t *ret_mask)
{
    uint32_t size_bits = n << 6 | (~imms & 0x3fu);
    uint32_t size = 1;

    while (size_bits >> 1 >= size) {
        size <<= 1;
    }
    uint32_t ones = (imms & (size - 1)) + 1, turn = immr & (size - 1);
    if (size < 2 || ones == size || (!sf && n)) {
        return FALSE;
    }
    uint64_t all = size == 64 ? ~0ull : (1ull << size) - 1;
    uint64_t mask = (1ull << ones) - 1;
    if (turn != 0) {
        mask = (mask >> turn | mask << (size - turn)) & all;
    }
    for (; size < 64; size *= 2) {
        mask |= mask << size;
    }
    *ret_mask = sf ? mask : (uint32_t)mask;
    return TRUE;
}

#endif
