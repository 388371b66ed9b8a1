/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block cipher of pointer authentication (Arm J1.1, "ComputePAC"): QARMA-64 of five rounds. A
 * block is 16 cells of 4 bits, cell 0 lowest. Key and tweak go in forward rounds to a reflector in
 * the middle and out through the inverse of the rounds.
 */
#include "modules/arm/pauth.h"

#define ROUNDS 5u

/* Cell N of the result is cell order[N] of @block. */
static uint64_t permute(uint64_t block, const uint8_t order[16])
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < 16; i++) {
        out |= (block >> 4 * order[i] & 15) << 4 * i;
    }
    return out;
}

static uint64_t substitute(uint64_t block, const uint8_t box[16])
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < 16; i++) {
        out |= (uint64_t)box[block >> 4 * i & 15] << 4 * i;
    }
    return out;
}

static const uint8_t shuffle_order[16] = {13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15};
static const uint8_t unshuffle_order[16] = {3, 6, 12, 9, 14, 11, 1, 4, 8, 13, 7, 2, 5, 0, 10, 15};
static const uint8_t tweak_order[16] = {4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9};
static const uint8_t untweak_order[16] = {12, 13, 5, 6, 0, 1, 2, 3, 7, 15, 14, 4, 8, 9, 10, 11};
static const uint8_t box[16] = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};
static const uint8_t unbox[16] = {5, 14, 13, 8, 10, 11, 1, 9, 2, 6, 15, 0, 4, 12, 7, 3};

/* Every cell of @block turned left by @by. */
static uint64_t turn(uint64_t block, uint32_t by)
{
    const uint64_t low = UINT64_C(0x1111111111111111) * ((1u << by) - 1);

    return (block << by & ~low) | (block >> (4 - by) & low);
}

/* Each column of four cells times the circulant matrix (0, 1, 2, 1) of turns: its own inverse. */
static uint64_t multiply(uint64_t block)
{
    uint64_t once = turn(block, 1), twice = turn(block, 2);

#define UP(x, rows) ((x) << 16 * (rows) | (x) >> (64 - 16 * (rows)))
    return UP(once, 1) ^ UP(twice, 2) ^ UP(once, 3);
#undef UP
}

/* Cells of the tweak that a linear feedback turns as well, as a mask of their low bits. */
#define FEEDBACK UINT64_C(0x1101100010010100)

/* Bits b3 b2 b1 b0 become b0^b1 b3 b2 b1. */
static uint64_t feed(uint64_t cells)
{
    uint64_t low = UINT64_C(0x1111111111111111);
    uint64_t top = (cells ^ cells >> 1) & low;

    return (cells >> 1 & (low * 7)) | top << 3;
}

static uint64_t unfeed(uint64_t cells)
{
    uint64_t low = UINT64_C(0x1111111111111111);
    uint64_t bottom = (cells ^ cells >> 3) & low;

    return (cells << 1 & (low * 14)) | bottom;
}

static uint64_t next_tweak(uint64_t tweak)
{
    tweak = permute(tweak, tweak_order);
    return (tweak & ~(FEEDBACK * 15)) | (feed(tweak) & (FEEDBACK * 15));
}

static uint64_t previous_tweak(uint64_t tweak)
{
    tweak = (tweak & ~(FEEDBACK * 15)) | (unfeed(tweak) & (FEEDBACK * 15));
    return permute(tweak, untweak_order);
}

uint64_t arm_qarma5(uint64_t data, uint64_t modifier, uint64_t key_high, uint64_t key_low)
{
    static const uint64_t constants[ROUNDS] = {
        0,
        UINT64_C(0x13198a2e03707344),
        UINT64_C(0xa4093822299f31d0),
        UINT64_C(0x082efa98ec4e6c89),
        UINT64_C(0x452821e638d01377),
    };
    const uint64_t alpha = UINT64_C(0xc0ac29b7c97c50dd);
    uint64_t whitening = (key_high >> 1 | key_high << 63) ^ key_high >> 63;
    uint64_t block = data ^ key_high, tweak = modifier;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        block ^= key_low ^ tweak ^ constants[i];
        if (i > 0) {
            block = multiply(permute(block, shuffle_order));
        }
        block = substitute(block, box);
        tweak = next_tweak(tweak);
    }
    block = substitute(multiply(permute(block ^ whitening ^ tweak, shuffle_order)), box);
    block = multiply(permute(block, shuffle_order)) ^ key_low;
    block = multiply(substitute(permute(block, unshuffle_order), unbox));
    block = permute(block, unshuffle_order) ^ key_high ^ tweak;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        block = substitute(block, unbox);
        if (i < ROUNDS - 1) {
            block = permute(multiply(block), unshuffle_order);
        }
        tweak = previous_tweak(tweak);
        block ^= constants[ROUNDS - 1 - i] ^ key_low ^ tweak ^ alpha;
    }
    return block ^ whitening;
}
