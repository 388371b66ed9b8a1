/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the functions that generate.py wrote and prints a line for each: its number, its name and a
 * hash of all results. Freestanding: the same object is linked as a Linux program, for the
 * reference emulator, and as a program for the bare machine. MODEL takes the models; DUMP=N prints
 * every operand and result of function N instead.
 */
#include <stdint.h>

#define N_OUT 4

struct test {
    const char *name; /* three letters for the operands, then the name */
    void (*native)(const uint64_t *in, uint64_t *out);
    void (*model)(const uint64_t *in, uint64_t *out);
    unsigned long count;
};

extern const struct test tests[];
extern const unsigned long n_tests;

/* start-*.S */
void put_char(char c);

uint64_t scratch[64] __attribute__((aligned(64)));
int run(void);

static uint64_t state;

static uint64_t random64(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void put_text(const char *text)
{
    while (*text != 0) {
        put_char(*text++);
    }
}

static void put_number(uint64_t value, uint32_t digits)
{
    while (digits-- > 0) {
        put_char("0123456789abcdef"[(value >> (digits * 4)) & 15]);
    }
}

static uint64_t random_integer(void)
{
    static const uint64_t special[] = {
        0,          1,          UINT64_MAX,         INT64_MAX,          (uint64_t)INT64_MIN,
        0x7fffffff, 0x80000000, 0xffffffff,         0xffffffff80000000, 0x100000000,
        2,          63,         0xffffffffffffff80,
    };
    uint64_t choice = random64();

    switch (choice % 4) {
    case 0:
        return special[(choice >> 8) % (sizeof(special) / sizeof(special[0]))];
    case 1:
        return random64() >> (choice >> 8) % 64;
    case 2:
        return (uint64_t)((int64_t)random64() >> (choice >> 8) % 64);
    default:
        return random64();
    }
}

static uint64_t random_fraction(uint32_t bits)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t choice = random64(), wide = random64();

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

static uint64_t random_exponent(uint32_t ones)
{
    uint64_t choice = random64(), wide = choice >> 8;

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

/* A number of the format @kind (s d h), boxed; one in 32 is boxed wrongly. */
static uint64_t random_float(char kind)
{
    uint32_t fraction_bits = kind == 'h' ? 10 : kind == 's' ? 23 : 52;
    uint32_t ones = kind == 'h' ? 0x1f : kind == 's' ? 0xff : 0x7ff;
    uint64_t value = random_fraction(fraction_bits) | random_exponent(ones) << fraction_bits;
    uint64_t choice = random64();

    if (choice & 1) {
        value |= ((uint64_t)ones + 1) << fraction_bits;
    }
    if (kind == 'd') {
        return value;
    }
    value |= kind == 'h' ? 0xffffffffffff0000 : 0xffffffff00000000;
    return (choice >> 1) % 32 == 0 ? value ^ random64() << 32 : value;
}

/* One operand; @previous is the one before it, near which a quarter of all numbers is. */
static uint64_t random_operand(char kind, uint64_t previous)
{
    uint64_t choice = random64();

    if (kind == 'i') {
        return choice % 8 == 0 ? previous : random_integer();
    }
    if (choice % 4 == 0) {
        uint32_t top = kind == 'h' ? 15 : kind == 's' ? 31 : 63;
        previous ^= ((choice >> 8) & 1) << top;
        return previous ^ ((choice >> 9) % 4);
    }
    return random_float(kind);
}

static void print_case(const uint64_t *in, const uint64_t *out)
{
    for (uint32_t i = 0; i < 4; i++) {
        put_number(in[i], 16);
        put_char(' ');
    }
    put_char('>');
    for (uint32_t i = 0; i < N_OUT; i++) {
        put_char(' ');
        put_number(out[i], 16);
    }
    put_char('\n');
}

/* Runs @test on all its operands; returns the hash of the results. */
static uint64_t run_test(const struct test *test, uint64_t number, int print)
{
    uint64_t hash = 0xcbf29ce484222325;
    uint64_t in[4] = {0};

    state = number;
    for (uint64_t i = 0; i < test->count; i++) {
        uint64_t out[N_OUT] = {0};

        for (uint32_t k = 0; k < 3; k++) {
            in[k] = test->name[k] == '-' ? 0 : random_operand(test->name[k], in[k > 0 ? k - 1 : 2]);
        }
        in[3] = random64() % 3 == 0 ? random64() & 31 : 0; /* fflags beforehand */
#ifdef MODEL
        test->model(in, out);
#else
        test->native(in, out);
#endif
        for (uint32_t k = 0; k < N_OUT; k++) {
            hash = (hash ^ out[k]) * 0x100000001b3;
            hash ^= hash >> 29;
        }
        if (print) {
            print_case(in, out);
        }
    }
    return hash;
}

int run(void)
{
#ifdef DUMP
    put_text(tests[DUMP].name + 3);
    put_char('\n');
    run_test(&tests[DUMP], DUMP, 1);
#else
    for (uint64_t i = 0; i < n_tests; i++) {
        uint64_t hash = run_test(&tests[i], i, 0);

        put_number(i, 4);
        put_char(' ');
        put_number(hash, 16);
        put_char(' ');
        put_text(tests[i].name + 3);
        put_char('\n');
    }
#endif
    put_text("end\n");
    return 0;
}
