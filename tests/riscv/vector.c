/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the instructions that vector.py chose, each with random registers, vl, vstart and memory,
 * and prints a line for each: its number, a hash of all state afterwards, its text. DUMP=N prints
 * the state of instruction N instead.
 */
#include <stdint.h>

struct test {
    const char *name;
    void (*insn)(void);
    unsigned long vtype; /* as written */
    unsigned long vlmax; /* 0: vill */
    unsigned long flags;
    unsigned long count;
};

/* test.flags */
#define FP      1u   /* registers hold floating-point numbers */
#define MEMORY  2u   /* rs1 is an address */
#define STORE   4u   /* memory changes */
#define INDEX   8u   /* rs2 is a register of indices; their width is in bits 8-9 */
#define STRIDE  16u  /* rs2 is a stride */
#define NO_SKIP 32u  /* vstart is 0 */
#define SAFE    64u  /* no access fails */
#define KEEP    128u /* memory is there, as a missing page would cut vl */

extern const struct test tests[];
extern const unsigned long n_tests;

/* vector.S knows the layout. */
struct state {
    uint64_t f1, f2;
    unsigned long avl, vtype, vstart, vcsr, fcsr, x1, x2, x3, trapped, vl, vlenb;
};

void put_char(char c);
void run_case(struct state *state, void *registers, void (*insn)(void));
unsigned long setup(unsigned long bytes);
void drop(unsigned long start, unsigned long bytes);
int run(void);
void *memset(void *to, int value, unsigned long bytes);

#define AREA   49152u
#define WINDOW 12288u
static uint64_t registers[32 * 128 / 8] __attribute__((aligned(64)));
static uint64_t seed;
static unsigned long area_end, vlenb;

static uint64_t random64(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* The compiler calls it. */
void *memset(void *to, int value, unsigned long bytes)
{
    for (unsigned long i = 0; i < bytes; i++) {
        ((volatile char *)to)[i] = (char)value;
    }
    return to;
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

/* Eight bytes of elements of @width bytes, which are often near a bound. */
static uint64_t random_elements(uint32_t width)
{
    uint64_t value = random64(), choice = random64();

    if (choice % 4 == 0) { /* small or large ones only */
        for (uint32_t i = 0; i < 8; i += width) {
            uint64_t small = choice >> (8 + i * 4) & 7;
            uint64_t mask = width == 8 ? ~(uint64_t)0 : ((uint64_t)1 << (width * 8)) - 1;
            uint64_t base = small & 4 ? mask >> (small >> 1 & 1) : 0;
            value = (value & ~(mask << (i * 8))) | ((base + (small & 1)) & mask) << (i * 8);
        }
    }
    return value;
}

/* A floating-point number of @width bytes. */
static uint64_t random_number(uint32_t width)
{
    uint32_t fraction = width == 2 ? 10 : width == 4 ? 23 : 52;
    uint32_t ones = width == 2 ? 0x1f : width == 4 ? 0xff : 0x7ff;
    uint64_t choice = random64(), value = random64() & (((uint64_t)1 << fraction) - 1);
    uint64_t exponent = (choice >> 8) % (ones + 1);

    switch (choice % 8) {
    case 0:
        exponent = 0;
        break;
    case 1:
        exponent = ones;
        break;
    case 2:
    case 3:
        exponent = ones / 2 + (choice >> 8) % 5 - 2;
        break;
    case 4:
        exponent = ones / 2 + (choice >> 8) % 40 % ones;
        exponent = exponent > ones ? ones : exponent;
        break;
    default:
        break;
    }
    if (choice >> 40 & 1) {
        value &= value << 3 & (uint64_t)-1 << (choice >> 48) % fraction;
    }
    return value | exponent << fraction | (choice >> 63) << (width * 8 - 1);
}

static uint64_t random_numbers(uint32_t width)
{
    uint64_t value = 0;

    if (width == 1) {
        return random64();
    }
    for (uint32_t i = 0; i < 8; i += width) {
        value |=
            (random_number(width) & (width == 8 ? ~(uint64_t)0 : ((uint64_t)1 << (width * 8)) - 1))
            << (i * 8);
    }
    return value;
}

static uint64_t random_index(uint32_t width)
{
    uint64_t value = 0, choice = random64();
    uint64_t limit = choice % 64 == 0 && width == 2 ? 0xffff : 0x7ff;

    if (width == 1) {
        return choice;
    }
    for (uint32_t i = 0; i < 8; i += width) {
        value |= (random64() & limit) << (i * 8);
    }
    return value;
}

static void fill_registers(const struct test *test)
{
    uint32_t sew = (uint32_t)(test->vtype >> 3 & 3);

    for (uint32_t reg = 0; reg < 32; reg++) {
        uint64_t choice = random64();
        uint32_t width = 1u << (sew + (choice & 1 && sew < 3));
        for (uint32_t i = 0; i < vlenb / 8; i++) {
            uint64_t *word = &registers[reg * (vlenb / 8) + i];
            if (reg == 0) {
                *word = choice % 4 == 0 ? 0 : choice % 4 == 1 ? ~(uint64_t)0 : random64();
            } else if (test->flags & INDEX) {
                *word = random_index(1u << (test->flags >> 8 & 3));
            } else {
                *word = test->flags & FP ? random_numbers(width) : random_elements(width);
            }
        }
    }
}

static void fill_area(void)
{
    uint64_t *words = (uint64_t *)(area_end - AREA);

    for (uint32_t i = 0; i < AREA / 8; i++) {
        words[i] = random64();
    }
}

static uint64_t random_scalar(const struct test *test)
{
    uint64_t choice = random64();

    switch (choice % 4) {
    case 0:
        return (choice >> 8) % (2 * test->vlmax + 2);
    case 1:
        return (uint64_t)((int64_t)random64() >> (choice >> 8) % 64);
    default:
        return random64();
    }
}

static uint64_t boxed(uint32_t sew)
{
    uint64_t choice = random64(), number = random_number(sew == 0 ? 2 : 1u << sew);

    if (sew < 3 && choice % 8 != 0) {
        number |= ~(uint64_t)0 << (sew < 2 ? 16 : 32);
    }
    return number;
}

static void choose(struct state *s, const struct test *test)
{
    uint64_t choice = random64();
    uint64_t all = test->vlmax;

    *s = (struct state){.vtype = test->vtype, .vlenb = vlenb};
    s->f1 = boxed((uint32_t)(test->vtype >> 3 & 3));
    s->f2 = random64();
    switch (choice % 4) {
    case 0:
        s->avl = (unsigned long)all;
        break;
    case 1:
        s->avl = (unsigned long)((choice >> 8) % 4);
        break;
    default:
        s->avl = (unsigned long)((choice >> 8) % (all + 1));
        break;
    }
    s->avl = s->avl > all ? (unsigned long)all : s->avl;
    if ((choice >> 32) % 3 == 0 && s->avl > 0 && !(test->flags & NO_SKIP)) {
        s->vstart = (unsigned long)((choice >> 40) % s->avl);
    }
    s->vcsr = random64() & 7;
    s->fcsr = (unsigned long)(random64() % 5 << 5 | ((choice >> 36) & 1 ? random64() & 31 : 0));
    s->x1 = (unsigned long)random_scalar(test);
    s->x2 = (unsigned long)random_scalar(test);
    s->x3 = (unsigned long)random64();
    if (test->flags & MEMORY) {
        uint64_t where = random64();
        s->x1 = area_end - WINDOW + where % 2048;
        if (where >> 32 & 1 &&
            !(test->flags & SAFE)) { /* near the end, behind which there is nothing */
            s->x1 = area_end - (unsigned long)((where >> 40) % 1024);
        }
        if (where >> 33 & 1) {
            s->x1 &= ~7ul;
        }
        if (test->flags & STRIDE) {
            s->x2 = (unsigned long)(where >> 52) % 33 - 16;
        }
    }
}

static void mix(uint64_t *hash, uint64_t value)
{
    *hash = (*hash ^ value) * 0x100000001b3;
    *hash ^= *hash >> 29;
}

static void show(const struct state *s)
{
    put_text("vl ");
    put_number(s->vl, 4);
    put_text(" vtype ");
    put_number(s->vtype, sizeof(long) * 2);
    put_text(" vstart ");
    put_number(s->vstart, 4);
    put_text(" vcsr ");
    put_number(s->vcsr, 1);
    put_text(" fcsr ");
    put_number(s->fcsr, 2);
    put_text(" x3 ");
    put_number(s->x3, sizeof(long) * 2);
    put_text(" f2 ");
    put_number(s->f2, 16);
    put_text(" trap ");
    put_number(s->trapped, 1);
    put_char('\n');
}

static void show_registers(const char *title)
{
    for (uint32_t reg = 0; reg < 32; reg++) {
        put_text(title);
        put_number(reg, 2);
        for (uint32_t i = vlenb / 8; i-- > 0;) {
            put_char(' ');
            put_number(registers[reg * (vlenb / 8) + i], 16);
        }
        put_char('\n');
    }
}

/* Runs @test with all its states; returns the hash of what came of it. */
static uint64_t run_test(const struct test *test, uint64_t number, int print)
{
    uint64_t hash = 0xcbf29ce484222325;
    struct state s;

    seed = number * 7919;
    if (test->flags & MEMORY) {
        fill_area();
    }
    for (uint64_t i = 0; i < test->count; i++) {
        fill_registers(test);
        choose(&s, test);
        if (test->flags & MEMORY && !(test->flags & KEEP) && i & 1) {
            drop(area_end - AREA, AREA);
        }
        if (print) {
            put_text("case ");
            put_number(i, 2);
            put_text(" avl ");
            put_number(s.avl, 4);
            put_text(" vstart ");
            put_number(s.vstart, 4);
            put_text(" x1 ");
            put_number(test->flags & MEMORY ? s.x1 - area_end : s.x1, sizeof(long) * 2);
            put_text(" x2 ");
            put_number(s.x2, sizeof(long) * 2);
            put_text(" f1 ");
            put_number(s.f1, 16);
            put_char('\n');
            show_registers("before v");
        }
        run_case(&s, registers, test->insn);
        for (uint32_t k = 0; k < 32 * vlenb / 8; k++) {
            mix(&hash, registers[k]);
        }
        mix(&hash, s.vl);
        mix(&hash, s.vtype);
        mix(&hash, s.vstart);
        mix(&hash, s.vcsr | s.fcsr << 8 | s.trapped << 16);
        mix(&hash, s.x3);
        mix(&hash, s.f2);
        if (test->flags & STORE) {
            const uint64_t *words = (const uint64_t *)(area_end - 2 * WINDOW);
            for (uint32_t k = 0; k < 2 * WINDOW / 8; k++) {
                mix(&hash, words[k]);
            }
        }
        if (print) {
            show(&s);
            show_registers("v");
            put_text("hash ");
            put_number(hash, 16);
            put_char('\n');
        }
    }
    return hash;
}

int run(void)
{
    area_end = setup(AREA);
    __asm__ volatile(".option push\n.option arch, +v, +zicsr\ncsrr %0, vlenb\n.option pop"
                     : "=r"(vlenb));
#ifdef DUMP
    put_text(tests[DUMP].name);
    put_char('\n');
    run_test(&tests[DUMP], DUMP, 1);
#else
    for (uint64_t i = 0; i < n_tests; i++) {
        uint64_t hash = run_test(&tests[i], i, 0);

        put_number(i, 4);
        put_char(' ');
        put_number(hash, 16);
        put_char(' ');
        put_text(tests[i].name);
        put_char('\n');
    }
#endif
    put_text("end\n");
    return 0;
}
