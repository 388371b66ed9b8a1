/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: how they start, their blocks and instructions, where those lead. */
#include "generate.h"

#include <string.h>

uint64_t fz_random(FzRandom *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t fz_below(FzRandom *random, uint32_t n)
{
    return (uint32_t)((fz_random(random) >> 32) * n >> 32);
}

uint64_t fz_block_pc(uint32_t block)
{
    return block < FZ_FAR ? FZ_CODE + block * FZ_STRIDE
                          : FZ_CODE + 0x1000u + (block - FZ_FAR) * FZ_STRIDE;
}

uint32_t
fz_add(FzGen *gen, uint32_t op, uint32_t type, uint32_t flags, uint32_t a, uint32_t b, uint32_t c)
{
    FzBlock *block = gen->block;

    g_assert(block->n < FZ_RECORDS);
    block->keep[block->n] = (uint8_t)gen->keep;
    block->records[block->n] = (QhIrRecord){(uint16_t)op, (uint8_t)type, (uint8_t)flags, a, b, c};
    return block->n++;
}

uint32_t fz_const(FzGen *gen, uint32_t type, uint64_t bits)
{
    return fz_add(gen, QH_IR_const, type, 0, 0, (uint32_t)bits, (uint32_t)(bits >> 32));
}

static void forget_values(FzGen *gen)
{
    memset(gen->n_values, 0, sizeof(gen->n_values));
}

static void start_insn(FzGen *gen)
{
    FzBlock *block = gen->block;

    if (gen->program->contained) {
        forget_values(gen);
    }
    block->insn_at[block->n_insns] = (uint16_t)block->n;
    fz_add(gen, QH_IR_insn_start, QH_TYPE_NONE, 0, block->n_insns * 4, fz_below(gen->random, 9), 0);
    block->n_insns++;
}

static uint32_t add_label(FzGen *gen)
{
    forget_values(gen);
    return fz_add(gen, QH_IR_label, QH_TYPE_NONE, 0, 0, 0, 0);
}

/* x10 - 1, as a condition: none is left. */
static uint32_t burn_fuel(FzGen *gen)
{
    uint32_t fuel = fz_add(gen, QH_IR_get_slot, QH_TYPE_I64, 0, FZ_FUEL, 0, 0);
    uint32_t left = fz_add(gen, QH_IR_sub, QH_TYPE_I64, 0, fuel, fz_const(gen, QH_TYPE_I64, 1), 0);

    /* const first: operands come before their users */
    fz_add(gen, QH_IR_set_slot, QH_TYPE_I64, 0, FZ_FUEL, left, 0);
    return fz_add(gen, QH_IR_cmp, QH_TYPE_I64, QH_COND_LE, left, fz_const(gen, QH_TYPE_I64, 0), 0);
}

static void exit_to(FzGen *gen, uint64_t pc, uint32_t hint)
{
    fz_add(gen, QH_IR_exit_pc, QH_TYPE_NONE, hint, 0, (uint32_t)pc, (uint32_t)(pc >> 32));
}

/* The first instruction of every block. */
static void fuel_insn(FzGen *gen)
{
    uint32_t empty, branch, label;

    gen->keep = TRUE;
    start_insn(gen);
    empty = burn_fuel(gen);
    branch = fz_add(gen, QH_IR_brc, QH_TYPE_NONE, 1, empty, 0, 0);
    exit_to(gen, FZ_HALT, QH_EXIT_JUMP);
    label = add_label(gen);
    gen->block->records[branch].b = label;
    gen->keep = FALSE;
}

static uint64_t any_block_pc(FzGen *gen)
{
    return fz_block_pc(fz_below(gen->random, gen->program->n_blocks));
}

static uint32_t any_hint(FzGen *gen)
{
    return fz_below(gen->random, 3) == 0 ? fz_below(gen->random, 3) : QH_EXIT_JUMP;
}

/* The pc of a block, as a value that is known only at run time. */
static uint32_t block_value(FzGen *gen)
{
    uint32_t condition = fz_value(gen, QH_TYPE_B1);
    uint32_t a = fz_const(gen, QH_TYPE_I64, any_block_pc(gen));
    uint32_t b = fz_const(gen, QH_TYPE_I64, any_block_pc(gen));

    return fz_add(gen, QH_IR_select, QH_TYPE_I64, 0, condition, a, b);
}

static void call1(FzGen *gen, uint32_t helper, uint32_t value)
{
    fz_add(gen, QH_IR_call, QH_TYPE_NONE, 0, helper, value, 0);
}

static void add_terminal(FzGen *gen)
{
    uint64_t pc = any_block_pc(gen);
    uint32_t branch, label;

    switch (fz_below(gen->random, 12)) {
    case 0:
    case 1:
        exit_to(gen, pc, any_hint(gen));
        return;
    case 2:
    case 3:
        fz_add(gen, QH_IR_exit_value, QH_TYPE_NONE, any_hint(gen), block_value(gen), 0, 0);
        return;
    case 4:
        fz_add(gen, QH_IR_exit_state, QH_TYPE_NONE, 0, 0, (uint32_t)pc, 0);
        return;
    case 5:
        fz_add(gen, QH_IR_exit_vstate, QH_TYPE_NONE, 0, block_value(gen), 0, 0);
        return;
    case 6:
        gen->keep = TRUE;
        call1(gen, FZ_H_SET_PC, fz_const(gen, QH_TYPE_I64, pc));
        gen->keep = FALSE;
        fz_add(gen, QH_IR_exit_cpu, QH_TYPE_NONE, 0, 0, 0, 0);
        return;
    case 7:
        fz_add(gen, QH_IR_raise, QH_TYPE_NONE, 0, fz_below(gen->random, 64),
               fz_value(gen, QH_TYPE_I64), 0);
        return;
    case 8:
        call1(gen, FZ_H_KEY, fz_value(gen, QH_TYPE_I64));
        fz_add(gen, QH_IR_exit_state, QH_TYPE_NONE, 0, 0, (uint32_t)pc, 0);
        return;
    default:
        branch = fz_add(gen, QH_IR_brc, QH_TYPE_NONE, fz_below(gen->random, 2),
                        fz_value(gen, QH_TYPE_B1), 0, 0);
        exit_to(gen, any_block_pc(gen), any_hint(gen));
        label = add_label(gen);
        gen->block->records[branch].b = label;
        exit_to(gen, pc, any_hint(gen));
        return;
    }
}

/* A condition over a few operations, or over an exit. */
static void add_skip(FzGen *gen)
{
    uint32_t branch = fz_add(gen, QH_IR_brc, QH_TYPE_NONE, fz_below(gen->random, 2),
                             fz_value(gen, QH_TYPE_B1), 0, 0);
    uint32_t n = 1 + fz_below(gen->random, 3), label;

    while (n-- > 0) {
        fz_operation(gen);
    }
    if (fz_below(gen->random, 4) == 0) {
        exit_to(gen, any_block_pc(gen), any_hint(gen));
    }
    label = add_label(gen);
    gen->block->records[branch].b = label;
}

/* A loop inside one instruction. */
static void add_loop(FzGen *gen)
{
    uint32_t label = add_label(gen), n = 1 + fz_below(gen->random, 4), empty;

    gen->block->keep[label] = TRUE;
    while (n-- > 0) {
        fz_operation(gen);
    }
    gen->keep = TRUE;
    empty = burn_fuel(gen);
    if (fz_below(gen->random, 2)) {
        uint32_t other = fz_value(gen, QH_TYPE_B1);
        empty = fz_add(gen, QH_IR_or, QH_TYPE_B1, 0, empty, other, 0);
    }
    fz_add(gen, QH_IR_brc, QH_TYPE_NONE, 1, empty, label, 0);
    gen->keep = FALSE;
}

/* Back to the start of an earlier instruction of this block, or forward over some. */
static void add_far_branch(FzGen *gen)
{
    uint32_t empty;

    if (gen->insn_label == 0) {
        return;
    }
    gen->keep = TRUE;
    empty = burn_fuel(gen);
    fz_add(gen, QH_IR_brc, QH_TYPE_NONE, 1, empty, gen->insn_label, 0);
    gen->keep = FALSE;
    gen->insn_label = 0;
}

static void body_insn(FzGen *gen)
{
    uint32_t n = 1 + fz_below(gen->random, 5);

    if (!gen->program->contained && gen->insn_label == 0 && fz_below(gen->random, 6) == 0) {
        gen->insn_label = add_label(gen);
        gen->block->keep[gen->insn_label] = TRUE;
    }
    start_insn(gen);
    while (n-- > 0 && gen->block->n < FZ_RECORDS - 90) {
        switch (fz_below(gen->random, 24)) {
        case 0:
            add_skip(gen);
            break;
        case 1:
            if (gen->program->kicks) {
                fz_add(gen, QH_IR_call, QH_TYPE_NONE, 0, FZ_H_KICK, 0, 0);
            } else {
                add_loop(gen);
            }
            break;
        default:
            fz_operation(gen);
            break;
        }
    }
    if (!gen->program->contained && fz_below(gen->random, 5) == 0) {
        add_far_branch(gen);
    }
}

static void generate_block(FzProgram *program, FzRandom *random, uint32_t which)
{
    FzGen gen = {.program = program, .random = random, .block = &program->block[which]};
    uint32_t n_insns = 1 + fz_below(random, 10);

    gen.block->n = gen.block->n_insns = 0;
    fuel_insn(&gen);
    while (gen.block->n_insns < n_insns && gen.block->n < FZ_RECORDS - 100) {
        body_insn(&gen);
    }
    start_insn(&gen);
    add_terminal(&gen);
    gen.block->insn_at[gen.block->n_insns] = (uint16_t)gen.block->n;
}

/* Two f64 or four f32, or anything. */
static uint64_t half_vector(FzRandom *random)
{
    switch (fz_below(random, 3)) {
    case 0:
        return fz_interesting(random, QH_TYPE_F64);
    case 1:
        return fz_interesting(random, QH_TYPE_F32) << 32 | fz_interesting(random, QH_TYPE_F32);
    default:
        return fz_random(random);
    }
}

static void generate_state(FzProgram *program, FzRandom *random)
{
    Toy toy = {.lazy_kind = 0};

    for (uint32_t i = 0; i < G_N_ELEMENTS(toy.x); i++) {
        toy.x[i] = fz_interesting(random, QH_TYPE_I64);
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t bits = (uint32_t)fz_interesting(random, QH_TYPE_F32);
        uint64_t wide = fz_interesting(random, QH_TYPE_F64);
        toy.w[i] = (uint32_t)fz_interesting(random, QH_TYPE_I32);
        memcpy(&toy.f[i], &bits, 4);
        memcpy(&toy.d[i], &wide, 8);
        toy.v[i] = (ToyWide)half_vector(random) << 64 | half_vector(random);
        toy.array[i] = fz_random(random);
    }
    for (uint32_t i = 0; i < 2; i++) {
        toy.q[i] = (ToyWide)fz_interesting(random, QH_TYPE_I64) << 64 | fz_random(random);
        toy.s[i] = fz_random(random);
    }
    toy.lazy_kind = fz_below(random, QH_CC_BITS + 1);
    for (uint32_t i = 0; i < 3; i++) {
        toy.lazy[i] = fz_interesting(random, QH_TYPE_I64);
    }
    toy.x[9] = FZ_DATA;
    toy.x[10] = 1 + fz_below(random, 24);
    memcpy(program->state, (char *)&toy + FZ_STATE_FROM, sizeof(program->state));
}

void fz_generate(FzProgram *program, uint64_t seed, uint64_t index)
{
    FzRandom random = {(seed * 0x9e3779b97f4a7c15u) ^ (index * 0xd6e8feb86659fd93u)};

    program->seed = seed;
    program->index = index;
    program->rules = fz_below(&random, FZ_N_RULES);
    program->contained = fz_below(&random, 4) != 0;
    program->cold = fz_below(&random, 4) == 0;
    program->kicks = program->contained && fz_below(&random, 4) == 0;
    program->n_blocks = 1 + fz_below(&random, FZ_BLOCKS);
    program->vector = fz_below(&random, program->n_blocks);
    program->fp_flags = fz_below(&random, 2) * fz_below(&random, 32);
    program->ram_seed = fz_random(&random);
    generate_state(program, &random);
    for (uint32_t i = 0; i < program->n_blocks; i++) {
        generate_block(program, &random, i);
    }
}
