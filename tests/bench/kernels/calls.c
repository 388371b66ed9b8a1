/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls, returns, jumps through tables and pointers. */
#include "kernel.h"

/* Two calls a node, both real: the exclusive or keeps the compiler from making a loop of one. */
__attribute__((noipa)) static uint64_t fib(uint64_t n)
{
    if (n < 2) {
        return n;
    }
    return (fib(n - 1) ^ fib(n - 2)) + 1;
}

static uint64_t run_call(double scale)
{
    uint64_t sum = 0;
    for (uint64_t round = kernel_times(scale, 100); round > 0; round--) {
        sum += fib(26 + round % 2);
    }
    return sum;
}

#define STEP(name, expression)                                                                     \
    __attribute__((noipa)) static uint64_t name(uint64_t x)                                        \
    {                                                                                              \
        return expression;                                                                         \
    }
STEP(step_add, x + 0x9e3779b97f4a7c15)
STEP(step_xor, x ^ (x >> 9))
STEP(step_shift, (x << 3) + 7)
STEP(step_mul, x * 5)
STEP(step_not, ~x)
STEP(step_sub, x - (x >> 3))
STEP(step_or, (x | 0x10) + 1)
STEP(step_rotate, x << 17 | x >> 47)

typedef uint64_t (*Step)(uint64_t x);

static uint64_t run_indir(double scale)
{
    static const Step steps[] = {step_add, step_xor, step_shift, step_mul,
                                 step_not, step_sub, step_or,    step_rotate};
    uint64_t x = 1, state = 12345, n = kernel_times(scale, 20000000);
    for (uint64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        x = steps[state >> 61](x);
    }
    return x;
}

/* A machine with eight registers: op, destination, two sources in four bytes. */
enum {
    OP_ADD,
    OP_SUB,
    OP_XOR,
    OP_SHR,
    OP_LOAD,
    OP_STORE,
    OP_SET,
    OP_ADDI,
    OP_LOOP,
    OP_SKIP,
    OP_END
};

typedef struct {
    uint8_t op, d, a, b;
} Insn;

static const Insn program[] = {
    {OP_SET,   0, 0,   0 },
    {OP_SET,   1, 1,   0 },
    {OP_SET,   2, 17,  0 },
    {OP_SET,   3, 200, 0 },
    {OP_ADD,   0, 0,   1 },
    {OP_XOR,   1, 1,   2 },
    {OP_STORE, 0, 3,   0 },
    {OP_ADDI,  2, 2,   13},
    {OP_SHR,   4, 0,   3 },
    {OP_SUB,   1, 1,   4 },
    {OP_LOAD,  5, 2,   0 },
    {OP_SKIP,  0, 5,   1 },
    {OP_ADD,   0, 0,   5 },
    {OP_ADDI,  0, 0,   1 },
    {OP_XOR,   1, 1,   0 },
    {OP_LOOP,  3, 12,  0 },
    {OP_ADDI,  7, 7,   1 },
    {OP_XOR,   6, 6,   0 },
    {OP_END,   0, 0,   0 },
};

static uint64_t interpret(uint64_t *r, uint64_t *memory)
{
    static const void *const targets[] = {&&add, &&sub,  &&exor, &&shr,  &&load, &&store,
                                          &&set, &&addi, &&loop, &&skip, &&end};
    const Insn *pc = program;
#define NEXT goto *targets[(++pc)->op]
    goto *targets[pc->op];
add:
    r[pc->d] = r[pc->a] + r[pc->b];
    NEXT;
sub:
    r[pc->d] = r[pc->a] - r[pc->b];
    NEXT;
exor:
    r[pc->d] = r[pc->a] ^ r[pc->b];
    NEXT;
shr:
    r[pc->d] = r[pc->a] >> (pc->b & 63);
    NEXT;
load:
    r[pc->d] = memory[r[pc->a] & 255];
    NEXT;
store:
    memory[r[pc->a] & 255] = r[pc->d];
    NEXT;
set:
    r[pc->d] = pc->a;
    NEXT;
addi:
    r[pc->d] = r[pc->a] + pc->b;
    NEXT;
loop:
    if (--r[pc->d] != 0) {
        pc -= pc->a;
    }
    NEXT;
skip:
    if (r[pc->a] & pc->b) {
        pc++;
    }
    NEXT;
end:
    return r[6] + r[7];
#undef NEXT
}

static uint64_t run_interp(double scale)
{
    uint64_t r[8] = {0}, memory[256] = {0}, sum = 0;
    for (uint64_t n = kernel_times(scale, 20000); n > 0; n--) {
        sum += interpret(r, memory);
    }
    return sum;
}

const Kernel kernels_calls[] = {
    {.name = "call",    .run = run_call},
    {.name = "indir",                 .run = run_indir},
    {.name = "interp",.run = run_interp},
    {.name = 0 },
};
