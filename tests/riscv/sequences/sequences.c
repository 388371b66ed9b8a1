/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes random sequences of instructions into memory and runs each from random registers and
 * memory. What a sequence is, and what it starts from, follows from seed and number alone, and all
 * addresses are the same on the bare board and as a Linux program; so two emulators must come to
 * the same checksums. The harness writes what to do into the parameters of the finished program.
 */
#include "sequences.h"

#include "../../bare/common.h"

struct pattern {
    uint32_t word, fields;
};
struct registers {
    unsigned long x[32];
    uint64_t f[32];
    unsigned long fcsr;
};

/* sequences.S */
extern const struct pattern patterns[], patterns_end[], atomics[], atomics_end[];
extern uint16_t area[AREA_BYTES / 2];
void see_code(void);
void enter(const void *code, struct registers *registers);

int run(void);

/* Found by its first two words. */
volatile struct {
    uint64_t magic[2];
    uint64_t seed;
    uint64_t first, n;
    uint64_t cases; /* sets of registers and memory for each sequence */
    uint64_t each;  /* sequences for each line of the output */
    uint64_t dump;  /* registers, memory and code as well */
} parameters = {
    {0x5145534551554551, 0x53414d4150534e45},
    1, 0, 1, 1, 1, 0
};

/* Memory that sequences see: around sp, which is the border of two pages. */
#define SEEN_BEFORE 128u
#define SEEN_BYTES  768u
static uint64_t scratch[2048] __attribute__((aligned(4096), section(".scratch,\"aw\",@nobits#")));
#define SP (&scratch[512])

#define MAX_SEQUENCES 400000u
static uint32_t starts[MAX_SEQUENCES]; /* in halves of a word */

#define SP_REG   2u
#define S1_REG   9u
#define LINK_REG 1u
#define END_REG  25u
#define LOOP_REG 26u
#define S11_REG  27u

#define MAX_BRANCHES 3u
struct generator {
    uint64_t state;
    uint16_t *at;
    uint16_t *leaf; /* a function that the sequence calls, or NULL */
    uint32_t n_branches;
    struct {
        uint16_t *at;
        uint32_t left; /* units until it is where the branch leads */
    } branches[MAX_BRANCHES];
    uint8_t x[32], f[32]; /* registers in use, repeated as need be */
};

static uint32_t below(struct generator *g, uint32_t n)
{
    return (uint32_t)((random64(&g->state) >> 32) * n >> 32);
}

static int reserved(uint32_t x)
{
    return x == LINK_REG || x == SP_REG || x == S1_REG || (x >= END_REG && x <= S11_REG);
}

static void choose_registers(struct generator *g)
{
    static const uint8_t sizes[] = {3, 6, 12, 32};
    uint32_t n = sizes[below(g, 4)], m = sizes[below(g, 4)];

    for (uint32_t i = 0; i < 32; i++) {
        uint32_t x = below(g, 32);
        while (reserved(x)) {
            x = below(g, 32);
        }
        g->x[i] = i < n ? (uint8_t)x : g->x[i % n];
        g->f[i] = i < m ? (uint8_t)below(g, 32) : g->f[i % m];
    }
}

static void put16(struct generator *g, uint32_t word)
{
    *g->at++ = (uint16_t)word;
}

static void put32(struct generator *g, uint32_t word)
{
    put16(g, word);
    put16(g, word >> 16);
}

static uint32_t addi(uint32_t rd, uint32_t rs, uint32_t imm)
{
    return 0x13u | rd << 7 | rs << 15 | imm << 20;
}

static uint32_t field(uint32_t word, uint32_t at, uint32_t bits, uint32_t value)
{
    uint32_t mask = (1u << bits) - 1;

    return (word & ~(mask << at)) | (value & mask) << at;
}

static uint32_t rounding(uint32_t bits)
{
    return "\0\1\2\3\4\7\7\7"[bits & 7];
}

/* x8 to x15, but not the base register. */
static uint32_t near_register(uint32_t bits)
{
    return (bits & 7) == 1 ? 2 : bits & 7;
}

static uint32_t fill_compressed(const struct generator *g, const struct pattern *t, uint64_t r)
{
    uint32_t word = t->word, f = t->fields, a = g->x[r & 31], b = g->x[r >> 5 & 31];
    uint32_t bits = (uint32_t)(r >> 20), imm = bits & 0x3f;

    word = f & CX ? field(word, 7, 5, a != 0 ? a : 10) : word;
    word = f & C2 ? field(word, 2, 5, b != 0 ? b : 11) : word;
    word = f & CXP ? field(word, 7, 3, near_register((uint32_t)r)) : word;
    word = f & C2P ? field(word, 2, 3, near_register((uint32_t)(r >> 5))) : word;
    word = f & CFD ? field(word, 7, 5, g->f[r & 31]) : word;
    word = f & CF2 ? field(word, 2, 5, g->f[r >> 5 & 31]) : word;
    word = f & CF2P ? field(word, 2, 3, (uint32_t)(r >> 5)) : word;
    imm = imm == 0 ? 9 : imm;
#if __riscv_xlen == 32
    imm = f & CSHIFT ? imm & 31 : imm;
    imm = imm == 0 ? 9 : imm;
#endif
    if (f & (C6 | CSHIFT)) {
        word = field(field(word, 2, 5, imm), 12, 1, imm >> 5);
    }
    word = f & C8 ? field(word, 5, 8, bits & 0xff ? bits : 77) : word;
    if (f & CMEM) {
        word = field(field(word, 10, 3, bits), 5, 2, bits >> 3);
    }
    if (f & CLSP) {
        word = field(field(word, 2, 5, bits), 12, 1, bits >> 5);
    }
    return f & CSSP ? field(word, 7, 6, bits) : word;
}

static uint32_t fill(const struct generator *g, const struct pattern *t, uint64_t r)
{
    static const uint8_t bases[] = {SP_REG, S1_REG, S11_REG, S11_REG};
    uint32_t word = t->word, f = t->fields, imm = (uint32_t)(r >> 20) & 0xfff;
    uint32_t base = bases[r >> 32 & 3], offset = (imm & 0x7f) - 64;

    word = f & XD ? field(word, 7, 5, g->x[r & 31]) : word;
    word = f & X1 ? field(word, 15, 5, g->x[r >> 5 & 31]) : word;
    word = f & X2 ? field(word, 20, 5, g->x[r >> 10 & 31]) : word;
    word = f & FD ? field(word, 7, 5, g->f[r & 31]) : word;
    word = f & F1 ? field(word, 15, 5, g->f[r >> 5 & 31]) : word;
    word = f & F2 ? field(word, 20, 5, g->f[r >> 10 & 31]) : word;
    word = f & F3 ? field(word, 27, 5, g->f[r >> 15 & 31]) : word;
    word = f & RM ? field(word, 12, 3, rounding(imm)) : word;
    word = f & IMM ? field(word, 20, 12, imm) : word;
    word = f & SHIFT ? field(word, 20, __riscv_xlen == 64 ? 6 : 5, imm) : word;
    word = f & SHIFT5 ? field(word, 20, 5, imm) : word;
    word = f & U20 ? field(word, 12, 20, (uint32_t)(r >> 30)) : word;
    word = f & U5 ? field(word, 15, 5, imm) : word;
    word = f & MODE ? field(word, 15, 5, imm % 5) : word;
    word = f & ORDER ? field(word, 25, 2, imm) : word;
    if (f & LOAD) {
        word = field(field(word, 15, 5, base), 20, 12, offset);
    }
    if (f & STORE) {
        word = field(field(field(word, 15, 5, base), 7, 5, offset), 25, 7, offset >> 5);
    }
    return word;
}

static void plain(struct generator *g)
{
    const struct pattern *t = &patterns[below(g, (uint32_t)(patterns_end - patterns))];
    uint64_t r = random64(&g->state);

    if ((t->word & 3) == 3) {
        put32(g, fill(g, t, r));
    } else {
        put16(g, fill_compressed(g, t, r));
    }
}

/* s1 and s11 stay near sp, whatever way a branch takes. */
static void move_base(struct generator *g)
{
    uint32_t choice = below(g, 4);

    if (choice == 0) {
        put32(g, addi(S1_REG, S11_REG, 0));
    } else if (choice == 1) {
        put32(g, addi(S11_REG, S1_REG, 0));
    } else {
        put32(g, addi(choice == 2 ? S1_REG : S11_REG, SP_REG, below(g, 128) - 64));
    }
}

static void atomic(struct generator *g)
{
    uint64_t r = random64(&g->state);
    uint32_t wide = __riscv_xlen == 64 ? (uint32_t)(r >> 40) & 1 : 0, s11 = S11_REG << 15;
    uint32_t i = below(g, (uint32_t)(atomics_end - atomics) + 3);

    put32(g, addi(S11_REG, SP_REG, (below(g, 16) - 8) * 8));
    if (&atomics[i] < atomics_end) {
        put32(g, fill(g, &atomics[i], r));
    } else { /* lr, sc */
        put32(g, 0x1000202fu | wide << 12 | s11 | (uint32_t)g->x[r & 31] << 7);
        put32(g, 0x1800202fu | wide << 12 | s11 | (uint32_t)g->x[r >> 5 & 31] << 7 |
                     (uint32_t)g->x[r >> 10 & 31] << 20);
    }
}

/* The fields of a B-type (jump: J-type) instruction for @offset. */
static uint32_t branch_offset(uint32_t word, int32_t offset)
{
    uint32_t o = (uint32_t)offset;

    if ((word & 0x7f) == 0x6f) {
        return word | (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 |
               (o >> 12 & 0xff) << 12;
    }
    return word | (o >> 12 & 1) << 31 | (o >> 5 & 0x3f) << 25 | (o >> 1 & 0xf) << 8 |
           (o >> 11 & 1) << 7;
}

static uint32_t compressed_branch_offset(uint32_t word, uint32_t o)
{
    return word | (o >> 8 & 1) << 12 | (o >> 3 & 3) << 10 | (o >> 6 & 3) << 5 | (o >> 1 & 3) << 3 |
           (o >> 5 & 1) << 2;
}

/* Forward branches that lead here: those whose time has come, or all. */
static void land(struct generator *g, int all)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < g->n_branches; i++) {
        uint16_t *at = g->branches[i].at;
        int32_t offset = (int32_t)(g->at - at) * 2;
        uint32_t word = at[0];
        if (!all && g->branches[i].left-- > 0) {
            g->branches[kept++] = g->branches[i];
        } else if ((word & 3) != 3) {
            at[0] = (uint16_t)compressed_branch_offset(word, (uint32_t)offset);
        } else {
            word = branch_offset(word | (uint32_t)at[1] << 16, offset);
            at[0] = (uint16_t)word;
            at[1] = (uint16_t)(word >> 16);
        }
    }
    g->n_branches = kept;
}

static void branch_forward(struct generator *g)
{
    static const uint8_t conditions[] = {0, 1, 4, 5, 6, 7};
    uint64_t r = random64(&g->state);
    uint32_t kind = below(g, 16);

    if (g->n_branches == MAX_BRANCHES) {
        return;
    }
    g->branches[g->n_branches].at = g->at;
    g->branches[g->n_branches++].left = 1 + below(g, 7);
    if (kind == 0) {
        put32(g, 0x6fu); /* j */
    } else if (kind < 4) {
        put16(g, (kind & 1 ? 0xc001u : 0xe001u) | near_register((uint32_t)r)
                                                      << 7); /* c.beqz, c.bnez */
    } else {
        put32(g, 0x63u | (uint32_t)conditions[below(g, 6)] << 12 | (uint32_t)g->x[r & 31] << 15 |
                     (uint32_t)g->x[r >> 5 & 31] << 20);
    }
}

/* auipc ra, then a jump: to what comes next, or to the function. */
static void jump_register(struct generator *g, int call)
{
    int32_t offset = call ? (int32_t)(g->leaf - g->at) * 2 : 8;

    put32(g, 0x97u);
    put32(g, 0x80e7u | (uint32_t)offset << 20);
}

static void call(struct generator *g)
{
    if (g->leaf == 0 || below(g, 4) == 0) {
        jump_register(g, g->leaf != 0);
    } else {
        put32(g, branch_offset(0xefu, (int32_t)(g->leaf - g->at) * 2));
    }
}

static void unit(struct generator *g, int may_call)
{
    uint32_t choice = below(g, 100);

    if (choice < 9) {
        branch_forward(g);
    } else if (choice < 12) {
        move_base(g);
    } else if (choice < 14) {
        atomic(g);
    } else if (choice < 16 && may_call) {
        call(g);
    } else if (choice == 16 && below(g, 4) == 0) {
        put32(g, below(g, 2) ? 0x100fu : 0x0ff0000fu); /* fence.i, fence */
    } else {
        plain(g);
    }
    land(g, 0);
}

static void units(struct generator *g, uint32_t n, int may_call)
{
    for (uint32_t i = 0; i < n; i++) {
        unit(g, may_call);
    }
    land(g, 1);
}

static void loop(struct generator *g, uint32_t n)
{
    uint32_t times = below(g, 8) == 0 ? 40 : 2 + below(g, 4);
    uint16_t *start;

    put32(g, addi(LOOP_REG, 0, times));
    start = g->at;
    units(g, n, 1);
    put32(g, addi(LOOP_REG, LOOP_REG, 0xfff));
    put32(g, branch_offset(0x1063u | LOOP_REG << 15, (int32_t)(start - g->at) * 2)); /* bnez */
}

/* Sequence @number, at g->at; returns where it begins. */
static uint16_t *generate(struct generator *g, uint64_t number)
{
    static const uint8_t lengths[] = {2, 4, 12, 32};
    uint16_t *start;
    uint32_t length;

    g->state = parameters.seed * 0x9e3779b97f4a7c15 ^ number << 20;
    g->leaf = 0;
    g->n_branches = 0;
    choose_registers(g);
    if (below(g, 4) == 0) {
        g->leaf = g->at;
        units(g, 1 + below(g, 6), 0);
        put16(g, 0x8082u); /* ret */
    }
    start = g->at;
    length = lengths[below(g, 4)];
    length += below(g, length);
    units(g, length / 4, 1);
    if (below(g, 3) == 0) {
        loop(g, length / 2);
    } else {
        units(g, length / 2, 1);
    }
    units(g, length / 4, 1);
    put16(g, 0x8002u | END_REG << 7); /* jr s9 */
    return start;
}

static void set_up(uint64_t *state, struct registers *registers)
{
    for (uint32_t i = 0; i < 32; i++) {
        registers->x[i] = (unsigned long)random_integer(state);
        registers->f[i] = random_float(state, "sdhd"[random64(state) & 3]);
    }
    registers->x[0] = registers->x[LINK_REG] = registers->x[END_REG] = registers->x[LOOP_REG] = 0;
    registers->x[SP_REG] = (unsigned long)SP;
    registers->x[S1_REG] = registers->x[S11_REG] = (unsigned long)SP + 8;
    registers->fcsr = random64(state) & 31;
    registers->fcsr |= (unsigned long)(random64(state) >> 32) % 5 << 5;
    for (uint32_t i = 0; i < SEEN_BYTES / 8; i++) {
        SP[(int)i - (int)(SEEN_BEFORE / 8)] = random64(state);
    }
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

static uint64_t take_in(uint64_t hash, const struct registers *registers)
{
    for (uint32_t i = 0; i < 32; i++) {
        hash = mix(mix(hash, registers->x[i]), registers->f[i]);
    }
    for (uint32_t i = 0; i < SEEN_BYTES / 8; i++) {
        hash = mix(hash, SP[(int)i - (int)(SEEN_BEFORE / 8)]);
    }
    return mix(hash, registers->fcsr);
}

static void put_line(const char *what, uint64_t number, uint64_t value)
{
    put_text(what);
    put_char(' ');
    put_number(number, 8);
    put_char(' ');
    put_number(value, 16);
    put_char('\n');
}

static void dump(const struct registers *registers)
{
    for (uint32_t i = 0; i < 32; i++) {
        put_line("x", i, registers->x[i]);
    }
    for (uint32_t i = 0; i < 32; i++) {
        put_line("f", i, registers->f[i]);
    }
    put_line("fcsr", 0, registers->fcsr);
    for (uint32_t i = 0; i < SEEN_BYTES / 8; i++) {
        put_line("memory", i * 8 - SEEN_BEFORE, SP[(int)i - (int)(SEEN_BEFORE / 8)]);
    }
}

static uint64_t run_one(uint64_t hash, uint64_t number, const uint16_t *code)
{
    uint64_t state = ~parameters.seed * 0x9e3779b97f4a7c15 + number;
    static struct registers registers;

    for (uint64_t i = 0; i < parameters.cases; i++) {
        set_up(&state, &registers);
        if (parameters.dump) {
            put_line("case", i, 0);
            dump(&registers);
            put_line("becomes", i, 0);
        }
        enter(code, &registers);
        if (parameters.dump) {
            dump(&registers);
        }
        hash = take_in(hash, &registers);
    }
    return hash;
}

/* Prints a line for each parameters.each sequences. */
int run(void)
{
    static struct generator g; /* not on the stack: there is no memset here */
    uint64_t hash = 0;

    g.at = area;
    for (uint64_t i = 0; i < parameters.n; i++) {
        if (i == MAX_SEQUENCES || g.at > area + AREA_BYTES / 2 - 1000) {
            put_text("too many sequences\n");
            return 1;
        }
        uint16_t *from = g.at;
        starts[i] = (uint32_t)(generate(&g, parameters.first + i) - area);
        for (uint16_t *at = from; parameters.dump && at < g.at; at++) {
            put_line(at < area + starts[i] ? "leaf" : "code", (uint64_t)(at - from) * 2, *at);
        }
    }
    see_code();
    for (uint64_t i = 0; i < parameters.n; i++) {
        hash = run_one(hash, parameters.first + i, area + starts[i]);
        if ((i + 1) % parameters.each == 0 || i + 1 == parameters.n) {
            put_line("sum", parameters.first + i, hash);
            hash = 0;
        }
    }
    put_text("end\n");
    return 0;
}
