/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the functions that generate.py wrote and prints a line for each: its number, its name and a
 * hash of all results. Freestanding: the same object is linked as a Linux program, for the
 * reference emulator, and as a program for the bare machine. MODEL takes the models; DUMP=N prints
 * every operand and result of function N instead.
 */
#include "../bare/common.h"

#define N_OUT 4

struct test {
    const char *name; /* three letters for the operands, then the name */
    void (*native)(const uint64_t *in, uint64_t *out);
    void (*model)(const uint64_t *in, uint64_t *out);
    unsigned long count;
};

extern const struct test tests[];
extern const unsigned long n_tests;

uint64_t scratch[64] __attribute__((aligned(64)));
int run(void);

static uint64_t state;

/* One operand; @previous is the one before it, near which a quarter of all numbers is. */
static uint64_t random_operand(char kind, uint64_t previous)
{
    uint64_t choice = random64(&state);

    if (kind == 'i') {
        return choice % 8 == 0 ? previous : random_integer(&state);
    }
    if (choice % 4 == 0) {
        uint32_t top = kind == 'h' ? 15 : kind == 's' ? 31 : 63;
        previous ^= ((choice >> 8) & 1) << top;
        return previous ^ ((choice >> 9) % 4);
    }
    return random_float(&state, kind);
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
        in[3] = random64(&state) % 3 == 0 ? random64(&state) & 31 : 0; /* fflags beforehand */
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
