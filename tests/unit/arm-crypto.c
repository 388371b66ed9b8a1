/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes and ciphers made of the cryptographic instructions of A64, as programs use them, against
 * the examples of the standards: FIPS 180-4 and GB/T 32905 hash "abc", GB/T 32907 enciphers its
 * key.
 */
#include "modules/arm/cpu.h"
#include "modules/arm/helper.h"

#include <string.h>

/* Three registers of the instruction whose other bits are @insn. */
#define INSN(insn, d, n, m) ((insn) | (uint32_t)(m) << 16 | (uint32_t)(n) << 5 | (uint32_t)(d))

#define SHA1C     0x5e000000u
#define SHA1P     0x5e001000u
#define SHA1M     0x5e002000u
#define SHA1SU0   0x5e003000u
#define SHA1H     0x5e280800u
#define SHA1SU1   0x5e281800u
#define SM3SS1    0xce400000u
#define SM3TT1A   0xce408000u
#define SM3PARTW1 0xce60c000u
#define SM3PARTW2 0xce60c400u
#define SM4E      0xcec08400u
#define SM4EKEY   0xce60c800u

typedef struct Fixture {
    ArmCpu cpu;
} Fixture;

static QhCpu *cpu_of(Fixture *f)
{
    return &f->cpu.base;
}

static void set(Fixture *f, uint32_t reg, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t words[4] = {a, b, c, d};

    memcpy(&f->cpu.v[reg], words, 16);
}

static uint32_t word(const Fixture *f, uint32_t reg, uint32_t i)
{
    return (uint32_t)(f->cpu.v[reg] >> 32 * i);
}

/* v@to = v@a + v@b by words, as ADD.4S does. */
static void add(Fixture *f, uint32_t to, uint32_t a, uint32_t b)
{
    set(f, to, word(f, a, 0) + word(f, b, 0), word(f, a, 1) + word(f, b, 1),
        word(f, a, 2) + word(f, b, 2), word(f, a, 3) + word(f, b, 3));
}

static uint32_t rol(uint32_t value, uint32_t by)
{
    by &= 31;
    return by == 0 ? value : value << by | value >> (32 - by);
}

/* The padded message "abc" as words in v16 to v19. */
static void set_message(Fixture *f)
{
    set(f, 16, 0x61626380, 0, 0, 0);
    set(f, 17, 0, 0, 0, 0);
    set(f, 18, 0, 0, 0, 0);
    set(f, 19, 0, 0, 0, 24);
}

static void test_sha1(Fixture *f, gconstpointer data)
{
    static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    static const uint32_t rounds[] = {SHA1C, SHA1P, SHA1M, SHA1P};
    static const uint32_t want[] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    QhCpu *cpu = cpu_of(f);

    (void)data;
    set_message(f);
    set(f, 0, 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
    set(f, 1, 0xc3d2e1f0, 0, 0, 0);
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t w = 16 + i % 4, next = 16 + (i + 1) % 4, third = 16 + (i + 2) % 4;
        set(f, 2, k[i / 5], k[i / 5], k[i / 5], k[i / 5]);
        add(f, 2, 2, w);
        arm_helper_crypto_sha1(cpu, INSN(SHA1H, 3, 0, 0));
        arm_helper_crypto_sha1(cpu, INSN(rounds[i / 5], 0, 1, 2));
        f->cpu.v[1] = f->cpu.v[3];
        arm_helper_crypto_sha1(cpu, INSN(SHA1SU0, w, next, third));
        arm_helper_crypto_sha1(cpu, INSN(SHA1SU1, w, 16 + (i + 3) % 4, 0));
    }
    g_assert_cmphex(word(f, 0, 0) + 0x67452301, ==, want[0]);
    g_assert_cmphex(word(f, 0, 1) + 0xefcdab89, ==, want[1]);
    g_assert_cmphex(word(f, 0, 2) + 0x98badcfe, ==, want[2]);
    g_assert_cmphex(word(f, 0, 3) + 0x10325476, ==, want[3]);
    g_assert_cmphex(word(f, 1, 0) + 0xc3d2e1f0, ==, want[4]);
    g_assert_cmphex(word(f, 1, 1), ==, 0);
}

/* Words @from .. @from + 3 of @w into a register. */
static void set_words(Fixture *f, uint32_t reg, const uint32_t *w)
{
    set(f, reg, w[0], w[1], w[2], w[3]);
}

static void test_sm3(Fixture *f, gconstpointer data)
{
    static const uint32_t want[] = {0x66c7f0f4, 0x62eeedd9, 0xd1f2d46b, 0xdc10e4e2,
                                    0x4167c487, 0x5cf2f7a2, 0x297da02b, 0x8f4ba8e0};
    static const uint32_t start[] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                     0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
    uint32_t w[68] = {[0] = 0x61626380, [15] = 24};
    QhCpu *cpu = cpu_of(f);

    (void)data;
    for (uint32_t i = 16; i < 68; i += 4) { /* words i .. i + 3 from i - 16, i - 13, i - 9 ... */
        const uint32_t last[4] = {w[i - 3], w[i - 2], w[i - 1], 0};
        set_words(f, 0, &w[i - 16]);
        set_words(f, 1, &w[i - 9]);
        set(f, 2, 0, last[0], last[1], last[2]);
        arm_helper_crypto_sm3(cpu, INSN(SM3PARTW1, 0, 1, 2));
        set_words(f, 3, &w[i - 6]);
        set_words(f, 4, &w[i - 13]);
        arm_helper_crypto_sm3(cpu, INSN(SM3PARTW2, 0, 3, 4));
        for (uint32_t k = 0; k < 4; k++) {
            w[i + k] = word(f, 0, k);
        }
    }
    set(f, 0, start[3], start[2], start[1], start[0]);
    set(f, 1, start[7], start[6], start[5], start[4]);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t second = i < 16 ? 0 : 0x400; /* the other Boolean functions from round 16 on */
        set(f, 2, 0, 0, 0, rol(i < 16 ? 0x79cc4519 : 0x7a879d8a, i));
        arm_helper_crypto_sm3(cpu, INSN(SM3SS1, 3, 0, 2) | 1u << 10); /* Va is v1 */
        set(f, 4, w[i] ^ w[i + 4], 0, 0, 0);
        arm_helper_crypto_sm3(cpu, INSN(SM3TT1A | second, 0, 3, 4));
        set(f, 4, w[i], 0, 0, 0);
        arm_helper_crypto_sm3(cpu, INSN(SM3TT1A | 0x800 | second, 1, 3, 4));
    }
    for (uint32_t i = 0; i < 8; i++) {
        g_assert_cmphex(word(f, i / 4, 3 - i % 4) ^ start[i], ==, want[i]);
    }
}

static void test_sm4(Fixture *f, gconstpointer data)
{
    static const uint32_t text[] = {0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210};
    static const uint32_t family[] = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};
    static const uint32_t want[] = {0x681edf34, 0xd206965e, 0x86b3e94f, 0x536e4246};
    QhCpu *cpu = cpu_of(f);

    (void)data;
    set_words(f, 0, text);
    set(f, 1, text[0] ^ family[0], text[1] ^ family[1], text[2] ^ family[2], text[3] ^ family[3]);
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t constants[4] = {0};
        for (uint32_t k = 0; k < 16; k++) {
            constants[k / 4] = constants[k / 4] << 8 | (uint8_t)((16 * i + k) * 7);
        }
        set_words(f, 2, constants);
        arm_helper_crypto_sm4(cpu, INSN(SM4EKEY, 1, 1, 2));
        arm_helper_crypto_sm4(cpu, INSN(SM4E, 0, 1, 0));
    }
    for (uint32_t i = 0; i < 4; i++) {
        g_assert_cmphex(word(f, 0, 3 - i), ==, want[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/arm/crypto/sha1", Fixture, NULL, NULL, test_sha1, NULL);
    g_test_add("/arm/crypto/sm3", Fixture, NULL, NULL, test_sm3, NULL);
    g_test_add("/arm/crypto/sm4", Fixture, NULL, NULL, test_sm4, NULL);
    return g_test_run();
}
