/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds and message schedule of SHA-256 (FIPS 180-4, 4.1.2 and 6.2.2), four words at a time. */
#include "core/jit/backend/interp/cells.h"

typedef struct Words {
    uint32_t word[4];
} Words;

static Words get(QhCpu *cpu, int16_t at)
{
    QhCell128 cell = qh_get128(cpu, at);
    Words words;

    for (uint32_t i = 0; i < 4; i++) {
        words.word[i] = (uint32_t)(cell >> 32 * i);
    }
    return words;
}

static void put(QhCpu *cpu, int16_t at, const Words *words)
{
    QhCell128 cell = 0;

    for (uint32_t i = 0; i < 4; i++) {
        cell |= (QhCell128)words->word[i] << 32 * i;
    }
    qh_put128(cpu, at, cell);
}

static uint32_t ror(uint32_t value, uint32_t by)
{
    return value >> by | value << (32 - by);
}

void qh_t0_vsha256(QhCpu *cpu, const QhT0Op *op)
{
    Words x = get(cpu, op->a), y = get(cpu, op->b), w = get(cpu, op->c);

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t a = x.word[0], b = x.word[1], c = x.word[2];
        uint32_t e = y.word[0], f = y.word[1], g = y.word[2];
        uint32_t t =
            y.word[3] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + w.word[i];
        uint32_t u = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        y = (Words){
            {x.word[3] + t, e, f, g}
        };
        x = (Words){
            {t + u, a, b, c}
        };
    }
    put(cpu, op->d, op[1].flags ? &y : &x);
}

void qh_t0_vsha256_msg(QhCpu *cpu, const QhT0Op *op)
{
    Words a = get(cpu, op->a), b = get(cpu, op->b);

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t next = i < 3 ? a.word[i + 1] : b.word[0];
        uint32_t before = i < 2 ? b.word[i + 2] : a.word[i - 2];
        a.word[i] += op[1].flags ? ror(before, 17) ^ ror(before, 19) ^ before >> 10
                                 : ror(next, 7) ^ ror(next, 18) ^ next >> 3;
    }
    put(cpu, op->d, &a);
}
