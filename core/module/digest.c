/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four words of state, each stepped by every fourth word of the text. A step can be undone when the
 * word is known, so two texts of the same length that differ in one word always differ here; the
 * end lets each bit reach all four.
 */
#include "core/module/digest.h"

#include <string.h>

#define LANES       4u
#define BLOCK_BYTES (LANES * sizeof(uint64_t))
/* Odd, so that multiplying by them loses nothing: 2^64 over the golden ratio, and over pi. */
#define BY_GOLDEN G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define BY_PI     G_GUINT64_CONSTANT(0x517cc1b727220a95)

static uint64_t rotate(uint64_t word, unsigned int by)
{
    return word << by | word >> (64 - by);
}

static void add_block(QhDigest *digest, const uint8_t *block)
{
    for (unsigned int i = 0; i < LANES; i++) {
        uint64_t word;

        memcpy(&word, block + i * sizeof(word), sizeof(word));
        digest->lanes[i] = rotate(digest->lanes[i] ^ word * BY_PI, 29) * BY_GOLDEN;
    }
}

void qh_digest_init(QhDigest *digest)
{
    for (unsigned int i = 0; i < LANES; i++) {
        digest->lanes[i] = (i + 1) * BY_GOLDEN;
    }
}

void qh_digest_add(QhDigest *digest, const void *text, size_t bytes)
{
    uint8_t last[BLOCK_BYTES] = {0};
    const uint8_t *at = text;
    uint64_t length = bytes;

    for (; bytes >= BLOCK_BYTES; bytes -= BLOCK_BYTES, at += BLOCK_BYTES) {
        add_block(digest, at);
    }
    if (bytes > 0) {
        memcpy(last, at, bytes);
        add_block(digest, last);
    }
    for (unsigned int i = 0; i < LANES; i++) {
        memcpy(last + i * sizeof(length), &length, sizeof(length));
    }
    add_block(digest, last);
}

char *qh_digest_text(const QhDigest *digest)
{
    uint64_t end[LANES];

    memcpy(end, digest->lanes, sizeof(end));
    for (unsigned int round = 0; round < 2 * LANES; round++) {
        uint64_t *to = &end[round % LANES];

        *to += rotate(end[(round + 1) % LANES], 17);
        *to = (*to ^ *to >> 32) * BY_GOLDEN;
        *to = (*to ^ *to >> 29) * BY_PI;
        *to ^= *to >> 32;
    }
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER
                           "x%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
                           end[0], end[1], end[2], end[3]);
}
