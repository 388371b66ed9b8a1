/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes random instructions from the rows of the decode tables, runs them from random registers,
 * and prints a hash of all registers and memory afterwards. Freestanding: one program for Linux,
 * where the reference emulator runs it, and for the bare board.
 *
 * A case is a sequence of 1 to 6 instructions. An access to memory gets its base register set
 * before it, so that it stays in the buffer; branches skip one instruction. x28 and x30 are not
 * touched.
 */
#include "../bare/common.h"

#define BUFFER_BYTES 8192u
#define CODE_WORDS   24u /* of one sequence at most, with its return */
#define CHUNK        2048u

/* insns.py writes these. */
struct row {
    uint32_t match, mask; /* bits that are free are 0 in mask */
    uint32_t kind;
    uint32_t weight;
};
enum { PLAIN, BASE, BASE_ALIGNED, LITERAL, SKIP, LINK, BY_REGISTER };
extern const struct row rows[];
extern const uint64_t n_rows;

struct {
    uint64_t magic[2];
    uint64_t seed;
    uint64_t first, n; /* groups: rows (single instructions), or numbers of sequences */
    uint64_t each;     /* sequences of a group */
    uint64_t states;   /* of each sequence */
    uint64_t single;   /* 1: group N is row N by itself */
    uint64_t dump;     /* 1: a line for each sequence; 2 + N: all of sequence N of the group */
    uint64_t only;     /* of kinds, as a mask; 0: all */
} config = {
    {0x51454d5541524d36, 0x53414d5045534551},
    1, 0, 0, 16, 8, 1, 0, 0
};

struct state {
    uint64_t x[31], sp, nzcv, fpcr, fpsr, pad;
    uint64_t v[64];
    uint64_t trap_pc, trap;
    uint64_t scratch[4];
};

void enter(struct state *state, const uint32_t *code);
void leave(void);
void put_bytes(const char *text, uint64_t length);
void flush(void);
int run(void);

static struct state state __attribute__((aligned(64)));
static uint64_t buffer[BUFFER_BYTES / 8] __attribute__((aligned(8192)));
static uint32_t code[CHUNK * CODE_WORDS] __attribute__((aligned(65536)));
static uint64_t dice; /* what sequences are made with */
static char text[8192];
static uint64_t text_length;

void flush(void)
{
    put_bytes(text, text_length);
    text_length = 0;
}

void put_char(char c)
{
    text[text_length++] = c;
    if (text_length == sizeof(text)) {
        flush();
    }
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(random64(&dice) >> 32) % n;
}

static uint32_t free_register(uint32_t reg)
{
    return reg == 28 || reg == 30 ? below(28) : reg;
}

/* @word with the register in bits @at made one that may be written. */
static uint32_t fix_register(uint32_t word, uint32_t at)
{
    uint32_t reg = word >> at & 31;

    return (word & ~(31u << at)) | free_register(reg) << at;
}

static uint32_t field(uint32_t word, uint32_t at, uint32_t bits)
{
    return word >> at & ((1u << bits) - 1);
}

/* add Xn or SP, x28, #middle + some */
static uint32_t *put_base(uint32_t *at, uint32_t n, uint32_t align)
{
    uint32_t offset = BUFFER_BYTES / 2 - 256 + (below(512) & ~(align - 1));

    *at++ = 0x91000000u | (offset & 0xfff) << 10 | 28u << 5 | n;
    if (offset >> 12) {
        *at++ = 0x91400000u | (offset >> 12) << 10 | n << 5 | n;
    }
    return at;
}

/* Loads and stores by Arm C4.1.94: what must not be (constrained unpredictable), or would leave the
 * buffer. */
static uint32_t tame(uint32_t word)
{
    uint32_t n = field(word, 5, 5), t = field(word, 0, 5), t2 = field(word, 10, 5);
    uint32_t vector = word >> 26 & 1;

    if ((word & 0x3a000000) == 0x28000000) { /* pairs */
        if (!vector && (field(word, 23, 2) & 1) && (t == n || t2 == n)) {
            word = (word & ~0x3ffu) | 7u << 5 | 9u;
            word = (word & ~(31u << 10)) | 11u << 10;
        } else if (t == t2) {
            word ^= 1u << 10;
        }
    } else if ((word & 0x3b200c00) == 0x38000400 || (word & 0x3b200c00) == 0x38000c00 ||
               (word & 0xff200400) == 0xf8200400) { /* write-back */
        if (!vector && t == n) {
            word = (word & ~(31u << 5)) | ((t + 1) % 27u) << 5;
        }
    } else if ((word & 0x3b000000) == 0x39000000) { /* unsigned offset */
        word &= ~(0xfc0u << 10);
    } else if ((word & 0x3f000000) == 0x08000000) { /* exclusives, ordered, compare and swap */
        word = (word & 0xff000000 & 0xffffffff) | (word & 0x00e083ff) | 12u << 16 | 14u << 10;
        if (t >= 11 && t <= 15) {
            word ^= 16;
        }
        if (n >= 11 && n <= 15) {
            word ^= 16u << 5;
        }
        if (n == t && n != 31) {
            word = (word & ~31u) | ((t + 2) & 30);
        }
    }
    if ((word & 0x3e000000) == 0x28000000) {
        word = fix_register(word, 10);
    }
    word = fix_register(word, 0);
    return fix_register(word, 5);
}

static uint32_t *put_row(uint32_t *at, const struct row *row)
{
    uint32_t word = row->match | ((uint32_t)random64(&dice) & ~row->mask);

    switch (row->kind) {
    case BASE:
    case BASE_ALIGNED:
        word = tame(word);
        word = row->match | (word & ~row->mask);
        /* an index register is a small number */
        if ((word & 0x3b200c00) == 0x38200800 && field(word, 16, 5) != 31) {
            uint32_t m = free_register(field(word, 16, 5));

            m = m == field(word, 5, 5) ? (m + 1) % 27 : m;
            word = (word & ~(31u << 16)) | m << 16;
            *at++ = 0xd2800000u | below(64) << 5 | m;
        }
        at = put_base(at, field(word, 5, 5), row->kind == BASE_ALIGNED ? 16 : 1u << below(5));
        break;
    case LITERAL:
        word = (word & ~0x00ffffe0u) | (below(16) << 5);
        word = fix_register(word, 0);
        break;
    case SKIP: /* the displacement is 8: imm26, imm19 or imm14 */
        if ((word & 0x7c000000) == 0x14000000) {
            word = (word & 0xfc000000) | 2;
        } else if ((word & 0x7e000000) == 0x36000000) {
            word = (word & 0xfff8001f) | 2u << 5;
        } else {
            word = (word & 0xff00001f) | 2u << 5;
        }
        break;
    case LINK: /* bl .+8 */
        word = (word & 0xfc000000) | 2;
        break;
    case BY_REGISTER: { /* adr x9, .+12; br x9; skipped */
        *at++ = 0x10000000u | 3u << 5 | 9u;
        word = (word & ~(31u << 5)) | 9u << 5;
        break;
    }
    default:
        word = fix_register(fix_register(word, 0), 5);
        word = fix_register(word, 16);
        if (row->match >> 24 == 0x1b || row->match >> 24 == 0x9b || row->match >> 24 == 0x1f) {
            word = fix_register(word, 10);
        }
        word = row->match | (word & ~row->mask);
        break;
    }
    *at++ = word;
    if (row->kind >= SKIP) {
        *at++ = 0x91000400u | 5u << 5 | 5u; /* add x5, x5, #1: not done when skipped */
    }
    return at;
}

static const struct row *pick_row(void)
{
    for (;;) {
        const struct row *row = &rows[below((uint32_t)n_rows)];

        if (row->weight > below(8) && (config.only == 0 || config.only >> row->kind & 1)) {
            return row;
        }
    }
}

/* Sequence @number of group @group, ended by a branch to leave. */
static void make(uint32_t *at, uint64_t group, uint64_t number)
{
    uint32_t n;

    dice =
        config.seed * 0x9e3779b97f4a7c15 + group * 0xbf58476d1ce4e5b9 + number * 0x94d049bb133111eb;
    n = config.single ? 1 : 1 + below(6);
    while (n-- > 0) {
        at = put_row(at, config.single ? &rows[group] : pick_row());
    }
    *at = 0x14000000u | ((uint32_t)((uintptr_t)leave - (uintptr_t)at) >> 2 & 0x03ffffff);
}

static uint64_t random_vector(uint64_t *random)
{
    uint64_t kind = random64(random), value;

    switch (kind % 6) {
    case 0:
        return random_float(random, 'd');
    case 1:
    case 2:
        value = random_float(random, 's') & 0xffffffff;
        return value | random_float(random, 's') << 32;
    case 3:
        value = random_float(random, 'h') & 0xffff;
        value |= (random_float(random, 'h') & 0xffff) << 16;
        value |= (random_float(random, 'h') & 0xffff) << 32;
        return value | random_float(random, 'h') << 48;
    default:
        return random_integer(random);
    }
}

static void fill_state(uint64_t seed)
{
    uint64_t random = seed, choice;

    for (uint32_t i = 0; i < 30; i++) {
        state.x[i] = random64(&random) % 4 == 0 && i > 0 ? state.x[i - 1] : random_integer(&random);
    }
    state.x[28] = (uint64_t)(uintptr_t)buffer;
    state.x[30] = 0;
    state.sp = (uint64_t)(uintptr_t)buffer + BUFFER_BYTES / 2;
    choice = random64(&random);
    state.nzcv = (choice & 15) << 28;
    state.fpcr = choice >> 4 & 3 ? 0 : (choice >> 6 & 3) << 22;
    if ((choice >> 8 & 7) == 0) {
        state.fpcr |= choice & 0x07080000; /* AHP DN FZ, FZ16 */
    }
    state.fpsr = choice >> 16 & 3 ? 0 : choice >> 20 & 0x0800009f;
    for (uint32_t i = 0; i < 64; i++) {
        state.v[i] = random_vector(&random);
    }
    for (uint32_t i = 0; i < 4; i++) { /* equal operands are of interest */
        uint64_t pair = random64(&random);
        state.v[pair & 63] = state.v[pair >> 8 & 63];
    }
    state.trap_pc = state.trap = 0;
}

/* What an exception is, the same for a signal and a syndrome. */
static uint64_t trap_kind(void)
{
    uint64_t trap = state.trap;

    switch (trap < 64 ? trap : 64 + (trap >> 26)) {
    case 4:
    case 64 + 0x00:
    case 64 + 0x18: /* system register */
        return 1;
    case 64 + 0x24: /* data abort: alignment or the rest */
        return (trap & 0x3f) == 0x21 ? 3 : 2;
    case 11:
        return 2;
    case 7:
    case 64 + 0x26:
        return 3;
    default:
        return 64 + trap;
    }
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x100000001b3;
    return hash ^ hash >> 29;
}

static uint64_t hash_state(uint64_t hash, const uint32_t *start)
{
    const uint64_t *words = (const uint64_t *)&state;

    for (uint32_t i = 0; i < 30; i++) {
        hash = mix(hash, words[i]);
    }
    hash = mix(hash, state.sp);
    hash = mix(hash, state.nzcv);
    hash = mix(hash, state.fpcr);
    hash = mix(hash, state.fpsr);
    for (uint32_t i = 0; i < 64; i++) {
        hash = mix(hash, state.v[i]);
    }
    if (state.trap != 0) {
        hash = mix(hash, trap_kind());
        hash = mix(hash, state.trap_pc - (uint64_t)(uintptr_t)start);
    }
    for (uint32_t i = BUFFER_BYTES / 16 - 200; i < BUFFER_BYTES / 16 + 300; i += 5) {
        hash = mix(hash, buffer[i] ^ buffer[i + 1] << 7 ^ buffer[i + 2] << 21 ^
                             buffer[i + 3] << 33 ^ buffer[i + 4] << 45);
    }
    return hash;
}

static void put_line(const char *name, uint64_t value)
{
    put_text(name);
    put_char(' ');
    put_number(value, 16);
    put_char('\n');
}

static void put_register(uint32_t number)
{
    put_char((char)('0' + number / 10));
    put_char((char)('0' + number % 10));
}

static void put_vectors(const char *name)
{
    for (uint32_t i = 0; i < 32; i++) {
        put_text(name);
        put_char('v');
        put_register(i);
        put_char(' ');
        put_number(state.v[2 * i + 1], 16);
        put_char(' ');
        put_number(state.v[2 * i], 16);
        put_char('\n');
    }
}

static void put_state(const char *name)
{
    for (uint32_t i = 0; i < 31; i++) {
        put_text(name);
        put_char('x');
        put_register(i);
        put_char(' ');
        put_number(state.x[i], 16);
        put_char('\n');
    }
    put_text(name);
    put_line("sp", state.sp);
    put_text(name);
    put_line("nzcv", state.nzcv);
    put_text(name);
    put_line("fpcr", state.fpcr);
    put_text(name);
    put_line("fpsr", state.fpsr);
    put_vectors(name);
}

static void show(const uint32_t *start)
{
    put_state("after ");
    if (state.trap != 0) {
        put_line("trap", trap_kind());
        put_line("trap-at", state.trap_pc - (uint64_t)(uintptr_t)start);
    }
    for (uint32_t i = 0; i < BUFFER_BYTES / 8; i++) {
        put_number(i * 8, 4);
        put_line("", buffer[i]);
    }
}

static void put_code(const uint32_t *at)
{
    for (; (*at & 0xfc000000) != 0x14000000 || (*at & 0x03ffffff) == 2; at++) {
        put_text("code ");
        put_number(*at, 8);
        put_char('\n');
    }
}

static void fill_buffer(uint64_t group)
{
    uint64_t random = config.seed ^ group * 0x9e3779b97f4a7c15;

    for (uint32_t i = 0; i < BUFFER_BYTES / 8; i++) {
        buffer[i] = random_vector(&random);
    }
}

static void run_group(uint64_t group, const uint32_t *at)
{
    uint64_t hash = 0xcbf29ce484222325;

    fill_buffer(group);
    for (uint64_t number = 0; number < config.each; number++, at += CODE_WORDS) {
        for (uint64_t i = 0; i < config.states; i++) {
            uint32_t shown = config.dump == 2 + number * config.states + i;

            fill_state(config.seed + group * 0x100000001b3 + number * config.states + i);
            if (shown) {
                put_code(at);
                put_state("before ");
            }
            enter(&state, at);
            hash = hash_state(hash, at);
            if (shown) {
                show(at);
                return;
            }
            if (config.dump == 1) {
                put_number(number * config.states + i, 8);
                put_line("", hash);
            }
        }
    }
    put_number(group, 8);
    put_line("", hash);
}

static void sync_code(void)
{
    for (uintptr_t at = (uintptr_t)code; at < (uintptr_t)(code + CHUNK * CODE_WORDS); at += 16) {
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb ish" ::: "memory");
    for (uintptr_t at = (uintptr_t)code; at < (uintptr_t)(code + CHUNK * CODE_WORDS); at += 16) {
        __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb ish\n isb" ::: "memory");
}

int run(void)
{
    uint64_t groups = CHUNK / config.each;

    for (uint64_t group = config.first; group < config.first + config.n; group += groups) {
        for (uint64_t k = 0; k < groups * config.each; k++) {
            if (!config.single || group + k / config.each < n_rows) {
                make(code + k * CODE_WORDS, group + k / config.each, k % config.each);
            }
        }
        sync_code();
        for (uint64_t k = 0; k < groups && group + k < config.first + config.n; k++) {
            run_group(group + k, code + k * config.each * CODE_WORDS);
        }
    }
    put_text("end\n");
    return 0;
}
