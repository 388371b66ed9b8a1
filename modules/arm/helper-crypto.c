/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cryptographic instructions (Arm C7.2, FEAT_SHA1 to FEAT_SM4): FIPS 180-4 for
 * SHA, GB/T 32905 and 32907 for SM3 and SM4. Each helper tells its instructions apart by their
 * bits. */
#include "modules/arm/helper-simd.h"

static const uint8_t sm4_s[256] = {
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
};

static uint32_t rol(uint32_t value, uint32_t by)
{
    return value << by | value >> (32 - by);
}

static uint64_t ror64(uint64_t value, uint32_t by)
{
    return value >> by | value << (64 - by);
}

static SimdV get(QhCpu *cpu, uint32_t reg)
{
    return (SimdV){.words = simd_get((const ArmCpu *)cpu, reg)};
}

static void put(QhCpu *cpu, uint32_t insn, SimdV value)
{
    simd_set((ArmCpu *)cpu, SIMD_RD(insn), value.words);
}

/* Made in registers: memory written by words would be waited for when it is read whole. */
static void put_4(QhCpu *cpu, uint32_t insn, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    typedef uint32_t Four __attribute__((vector_size(16)));

    simd_set((ArmCpu *)cpu, SIMD_RD(insn), (SimdWords)(Four){a, b, c, d});
}

/* --- SHA-1 --- */

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (x & z) | (y & z);
}

/* Four rounds; @kind 0 choose, 1 parity, 2 majority. */
static void sha1_rounds(QhCpu *cpu, uint32_t insn, uint32_t kind)
{
    SimdV x = get(cpu, SIMD_RD(insn)), w = get(cpu, SIMD_RM(insn));
    uint32_t a = x.u32[0], b = x.u32[1], c = x.u32[2], d = x.u32[3];
    uint32_t e = get(cpu, SIMD_RN(insn)).u32[0];

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t f = kind == 0 ? choose(b, c, d) : kind == 1 ? b ^ c ^ d : majority(b, c, d);
        uint32_t next = e + rol(a, 5) + f + w.u32[i];
        e = d;
        d = c;
        c = rol(b, 30);
        b = a;
        a = next;
    }
    put_4(cpu, insn, a, b, c, d);
}

static void sha1_two(QhCpu *cpu, uint32_t insn)
{
    SimdV n = get(cpu, SIMD_RN(insn)), d = get(cpu, SIMD_RD(insn));

    if ((insn >> 12 & 31u) == 0) { /* SHA1H */
        put_4(cpu, insn, rol(n.u32[0], 30), 0, 0, 0);
        return;
    }
    d.bits ^= n.bits >> 32; /* SHA1SU1 */
    put_4(cpu, insn, rol(d.u32[0], 1), rol(d.u32[1], 1), rol(d.u32[2], 1),
          rol(d.u32[3], 1) ^ rol(d.u32[0], 2));
}

/* Bit 11 is clear in instructions of three registers: C, P, M and SU0 by bits 13-12. */
void arm_helper_crypto_sha1(QhCpu *cpu, uint32_t insn)
{
    uint32_t kind = insn >> 12 & 3u;
    SimdV d = get(cpu, SIMD_RD(insn)), n = get(cpu, SIMD_RN(insn));

    if (insn & (1u << 11)) {
        sha1_two(cpu, insn);
    } else if (kind < 3) {
        sha1_rounds(cpu, insn, kind);
    } else {
        SimdBits shifted = d.bits >> 64 | n.bits << 64;
        put(cpu, insn, (SimdV){.bits = shifted ^ d.bits ^ get(cpu, SIMD_RM(insn)).bits});
    }
}

/* --- SHA-512 --- */

static uint64_t choose64(uint64_t x, uint64_t y, uint64_t z)
{
    return (x & y) | (~x & z);
}

static uint64_t majority64(uint64_t x, uint64_t y, uint64_t z)
{
    return (x & y) | (x & z) | (y & z);
}

static uint64_t sum0(uint64_t x)
{
    return ror64(x, 28) ^ ror64(x, 34) ^ ror64(x, 39);
}

static uint64_t sum1(uint64_t x)
{
    return ror64(x, 14) ^ ror64(x, 18) ^ ror64(x, 41);
}

static uint64_t sigma0(uint64_t x)
{
    return ror64(x, 1) ^ ror64(x, 8) ^ x >> 7;
}

static uint64_t sigma1(uint64_t x)
{
    return ror64(x, 19) ^ ror64(x, 61) ^ x >> 6;
}

/* Bit 23 is set in SHA512SU0; the others by bits 11-10: H, H2, SU1. */
void arm_helper_crypto_sha512(QhCpu *cpu, uint32_t insn)
{
    SimdV w = get(cpu, SIMD_RD(insn)), x = get(cpu, SIMD_RN(insn)), y = get(cpu, SIMD_RM(insn)), r;

    if (insn >> 22 & 2u) {
        r.u64[0] = w.u64[0] + sigma0(w.u64[1]);
        r.u64[1] = w.u64[1] + sigma0(x.u64[0]);
    } else if ((insn >> 10 & 3u) == 0) {
        r.u64[1] = w.u64[1] + sum1(y.u64[1]) + choose64(y.u64[1], x.u64[0], x.u64[1]);
        uint64_t e = r.u64[1] + y.u64[0];
        r.u64[0] = w.u64[0] + sum1(e) + choose64(e, y.u64[1], x.u64[0]);
    } else if ((insn >> 10 & 3u) == 1) {
        r.u64[1] = w.u64[1] + sum0(y.u64[0]) + majority64(x.u64[0], y.u64[1], y.u64[0]);
        r.u64[0] = w.u64[0] + sum0(r.u64[1]) + majority64(r.u64[1], y.u64[0], y.u64[1]);
    } else {
        r.u64[0] = w.u64[0] + sigma1(x.u64[0]) + y.u64[0];
        r.u64[1] = w.u64[1] + sigma1(x.u64[1]) + y.u64[1];
    }
    put(cpu, insn, r);
}

/* --- SM3 --- */

static void sm3_part1(QhCpu *cpu, uint32_t insn)
{
    SimdV r = get(cpu, SIMD_RD(insn)), m = get(cpu, SIMD_RM(insn));

    r.bits ^= get(cpu, SIMD_RN(insn)).bits;
    for (uint32_t i = 0; i < 4; i++) {
        r.u32[i] ^= rol(i < 3 ? m.u32[i + 1] : r.u32[0], 15);
        r.u32[i] ^= rol(r.u32[i], 15) ^ rol(r.u32[i], 23);
    }
    put(cpu, insn, r);
}

static void sm3_part2(QhCpu *cpu, uint32_t insn)
{
    SimdV t = get(cpu, SIMD_RN(insn)), m = get(cpu, SIMD_RM(insn)), r = get(cpu, SIMD_RD(insn));
    uint32_t last;

    for (uint32_t i = 0; i < 4; i++) {
        t.u32[i] ^= rol(m.u32[i], 7);
    }
    r.bits ^= t.bits;
    last = rol(t.u32[0], 15);
    r.u32[3] ^= last ^ rol(last, 15) ^ rol(last, 23);
    put(cpu, insn, r);
}

/* SM3TT1A, TT1B, TT2A, TT2B by bits 11-10; the word of the message is element imm2 of Vm. */
static void sm3_round(QhCpu *cpu, uint32_t insn)
{
    SimdV d = get(cpu, SIMD_RD(insn));
    uint32_t word = get(cpu, SIMD_RM(insn)).u32[insn >> 12 & 3u];
    uint32_t n = get(cpu, SIMD_RN(insn)).u32[3], kind = insn >> 10 & 3u;
    uint32_t a = d.u32[3], b = d.u32[2], c = d.u32[1], t;

    t = kind == 1 ? majority(a, b, c) : kind == 3 ? choose(a, b, c) : a ^ b ^ c;
    t += d.u32[0] + word + (kind < 2 ? n ^ rol(a, 12) : n);
    if (kind >= 2) {
        t ^= rol(t, 9) ^ rol(t, 17);
    }
    put_4(cpu, insn, c, rol(b, kind < 2 ? 9 : 19), a, t);
}

/* Bit 21 is set in PARTW1 and PARTW2, bit 15 in rounds, neither in SS1. */
void arm_helper_crypto_sm3(QhCpu *cpu, uint32_t insn)
{
    if (insn & (1u << 21)) {
        if (insn & (1u << 10)) {
            sm3_part2(cpu, insn);
        } else {
            sm3_part1(cpu, insn);
        }
    } else if (insn & (1u << 15)) {
        sm3_round(cpu, insn);
    } else {
        uint32_t sum = rol(get(cpu, SIMD_RN(insn)).u32[3], 12) + get(cpu, SIMD_RM(insn)).u32[3] +
                       get(cpu, insn >> 10 & 31u).u32[3];
        put_4(cpu, insn, 0, 0, 0, rol(sum, 7));
    }
}

/* --- SM4 --- */

/* Bit 21 is set in SM4EKEY: the state is in Vn and the constants in Vm. */
void arm_helper_crypto_sm4(QhCpu *cpu, uint32_t insn)
{
    gboolean is_key = (insn >> 21 & 1u) != 0;
    SimdV state = get(cpu, is_key ? SIMD_RN(insn) : SIMD_RD(insn));
    SimdV keys = get(cpu, is_key ? SIMD_RM(insn) : SIMD_RN(insn));

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t word = state.u32[3] ^ state.u32[2] ^ state.u32[1] ^ keys.u32[i], t = 0;
        for (uint32_t k = 0; k < 32; k += 8) {
            t |= (uint32_t)sm4_s[word >> k & 0xffu] << k;
        }
        t ^= is_key ? rol(t, 13) ^ rol(t, 23) : rol(t, 2) ^ rol(t, 10) ^ rol(t, 18) ^ rol(t, 24);
        state = (SimdV){
            .u32 = {state.u32[1], state.u32[2], state.u32[3], t ^ state.u32[0]}
        };
    }
    put(cpu, insn, state);
}
