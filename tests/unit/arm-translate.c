/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The A64 translator by itself: whatever bits it is given, in whatever state, the block is one that
 * the host's validator accepts; blocks end where they must; what costs nothing makes no records.
 */
#include "modules/arm/translate.h"
#include "modules/support/cpu-state.h"
#include "translate-frame.h"

static const QhStateField fields[] = {
#define ARM_STATE(id, ...) CPU_STATE_FIELD(ArmCpu, __VA_ARGS__)
#include "modules/arm/cpu-state.def"
#undef ARM_STATE
};

static const QhStateTable state = QH_STATE_TABLE(fields, 0);

static void set_up(Frame *f, gconstpointer data)
{
    (void)data;
    frame_init(f, &arm_translator_ops, &state, sizeof(ArmCpu), ARM_N_MMU);
#define ARM_FEATURE(member, name, architecture, description) arm_cpu(f->cpu)->has_##member = 1;
#include "modules/arm/features.def"
#undef ARM_FEATURE
}

static uint64_t key_of(uint32_t el)
{
    uint64_t mmu = el == 0 ? ARM_MMU_E10_0 : el == 1 ? ARM_MMU_E10_1 : ARM_MMU_E2;

    return ARM_KEY_AA64 | (uint64_t)el << ARM_KEY_EL_SHIFT | mmu << ARM_KEY_FETCH_SHIFT |
           mmu << ARM_KEY_DATA_SHIFT | mmu << ARM_KEY_UNPRIV_SHIFT;
}

static void put(Frame *f, uint32_t offset, uint32_t insn)
{
    frame_put(f, offset, insn, 4);
}

/* A random word that is an instruction, most of the time. */
static uint32_t random_insn(void)
{
    uint32_t insn = 0;

    for (uint32_t i = 0; i < 20; i++) {
        insn = (uint32_t)g_test_rand_int();
        if (g_test_rand_int_range(0, 8) == 0) { /* system instructions are rare otherwise */
            insn = 0xd5000000u | (insn & 0x3fffffu);
        }
        if (arm_find_a64(insn, ~0ull) >= 0) {
            break;
        }
    }
    return insn;
}

static const uint64_t states[] = {
    0,
    ARM_KEY_ALIGN | ARM_KEY_SPALIGN,
    ARM_KEY_SPALIGN | ARM_KEY_BE,
    ARM_KEY_SS,
    ARM_KEY_IL,
    ARM_KEY_GUARDED,
    ARM_KEY_GUARDED | 3ull << ARM_KEY_BTYPE_SHIFT | ARM_KEY_SS,
    1ull << ARM_KEY_FP_SHIFT,
    1ull << ARM_KEY_TBII_SHIFT,
    2ull << ARM_KEY_TBII_SHIFT,
    3ull << ARM_KEY_TBII_SHIFT | ARM_KEY_GUARDED,
    ARM_KEY_FZ | ARM_KEY_DN | ARM_KEY_FZ16 | ARM_KEY_AHP,
    2ull << ARM_KEY_RMODE_SHIFT,
};

static void test_random(Frame *f, gconstpointer data)
{
    (void)data;
    for (uint32_t round = 0; round < 60000; round++) {
        for (uint32_t i = 0; i < 64; i += 4) {
            put(f, i, random_insn());
        }
        uint64_t key = key_of(round % 3) | states[round / 3 % G_N_ELEMENTS(states)];
        uint64_t pc = round % 64 == 63 ? 0x40000002 : 0x40000000;
        arm_cpu(f->cpu)->has_lse2 = round / 5 & 1;
        g_assert_true(frame_translate(f, pc, key, 64, 1 + round % 16));
        g_assert_cmpuint(f->block.n_insns, >=, 1);
        g_assert_cmpuint(f->block.n_insns, <=, 1 + round % 16);
        g_assert_cmpuint(f->block.guest_bytes, ==, 4 * f->block.n_insns);
        frame_assert_valid(f);
    }
}

static void assert_raises(Frame *f, uint32_t cause)
{
    frame_assert_valid(f);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_raise);
    g_assert_cmpuint(frame_last(f)->a, ==, cause);
}

static void test_undefined(Frame *f, gconstpointer data)
{
    static const uint32_t insns[] = {
        0x00000000, /* udf #0 */
        0xd4400000, /* hlt #0 */
        0x12c00000, /* movn w0, #0, lsl #32 */
        0x0b201400, /* add w0, w0, w0, uxtb #5 */
        0x9240fc00, /* and x0, x0, all ones */
        0x4bc00000, /* sub w0, w0, w0, ror */
        0x48217c41, /* casp of an odd register */
        0xd50041df, /* msr of no PSTATE field */
    };

    (void)data;
    for (uint32_t i = 0; i < G_N_ELEMENTS(insns); i++) {
        put(f, 0, 0xd503201f); /* nop */
        put(f, 4, insns[i]);
        g_assert_true(frame_translate(f, 0x1000, key_of(1), 64, 64));
        assert_raises(f, ARM_RAISE_UNDEFINED);
        g_assert_cmpuint(f->block.n_insns, ==, 2);
    }
}

/* What the state says before any instruction. */
static void test_states(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xd503201f);
    g_assert_true(frame_translate(f, 0x1002, key_of(0), 4, 4));
    assert_raises(f, ARM_RAISE_PC_ALIGN);
    g_assert_true(frame_translate(f, 0x1000, key_of(0) | ARM_KEY_IL, 4, 4));
    assert_raises(f, ARM_RAISE_ILLEGAL);
    /* a step: one instruction, then a look at the state */
    put(f, 4, 0xd503201f);
    g_assert_true(frame_translate(f, 0x1000, key_of(0) | ARM_KEY_SS, 8, 4));
    frame_assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 1);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_state);
    /* levels */
    put(f, 0, 0xd69f03e0); /* eret */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 4, 4));
    assert_raises(f, ARM_RAISE_UNDEFINED);
    g_assert_true(frame_translate(f, 0x1000, key_of(1), 4, 4));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_cpu);
    /* floating point that is switched off */
    put(f, 0, 0xfd400000); /* ldr d0, [x0] */
    g_assert_true(frame_translate(f, 0x1000, key_of(0) | 1u << ARM_KEY_FP_SHIFT, 4, 4));
    assert_raises(f, ARM_RAISE_FP_TRAP);
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 4, 4));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
}

/* A feature that is off takes its instructions away. */
static void test_features(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xb8200000); /* ldadd w0, w0, [x0] */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 4, 1));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
    arm_cpu(f->cpu)->has_lse = 0;
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 4, 1));
    assert_raises(f, ARM_RAISE_UNDEFINED);
}

/* Constants, addresses and copies are folded; a write that nobody sees is taken back. */
static void test_folding(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xd2824680);  /* movz x0, #0x1234 */
    put(f, 4, 0xf2aacf00);  /* movk x0, #0x5678, lsl #16 */
    put(f, 8, 0xb0000001);  /* adrp x1, 1 page up */
    put(f, 12, 0x9100c021); /* add x1, x1, #0x30 */
    put(f, 16, 0xf9400402); /* ldr x2, [x0, #8] */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 20, 5));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_add), ==, 0);
    g_assert_cmpuint(frame_count(f, QH_IR_get_slot), ==, 0);
    g_assert_cmpuint(frame_count_sets(f, ARM_SLOT_X(0)), ==, 1);
    g_assert_cmpuint(frame_count_sets(f, ARM_SLOT_X(1)), ==, 1);
    g_assert_cmpuint(f->block.status & QH_BLOCK_RELATIVE, !=, 0);
}

/* cmp, ccmp and a branch: two comparisons, and no flag is read. */
static void test_fused(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xf100141f); /* cmp x0, #5 */
    put(f, 4, 0xfa430824); /* ccmp x1, #3, #4, eq */
    put(f, 8, 0x54000040); /* b.eq */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_flag), ==, 0);
    g_assert_cmpuint(frame_count(f, QH_IR_cmp), ==, 2);
}

/* SP by multiples of 16 needs no look at its alignment; a register does. */
static void test_stack(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xa9bf7bfd); /* stp x29, x30, [sp, #-16]! */
    put(f, 4, 0xa8c17bfd); /* ldp x29, x30, [sp], #16 */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 8, 2));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_brc), ==, 0);
    put(f, 0, 0x910003bf); /* mov sp, x29 */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 4, 1));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_brc), ==, 1);
    put(f, 0, 0xf94003e0); /* ldr x0, [sp] while it is odd */
    g_assert_true(frame_translate(f, 0x1000, key_of(0) | ARM_KEY_SPALIGN, 4, 1));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_raise), ==, 1);
}

/* Plain registers are slots; rights and the width of the mask count. */
static void test_system_registers(Frame *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0xd53bd040); /* mrs x0, tpidr_el0 */
    put(f, 4, 0xd51bd040); /* msr tpidr_el0, x0 */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 8, 2));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 0);
    put(f, 0, 0xd538d080); /* mrs x0, tpidr_el1 */
    put(f, 4, 0xd518d081); /* msr tpidr_el1, x1 */
    g_assert_true(frame_translate(f, 0x1000, key_of(0), 8, 2));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 2);
    g_assert_true(frame_translate(f, 0x1000, key_of(1), 8, 2));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 0);
    g_assert_cmpuint(frame_count(f, QH_IR_andn), ==, 1);
}

static void test_overflow(Frame *f, gconstpointer data)
{
    (void)data;
    for (uint32_t i = 0; i < 4096; i += 4) {
        put(f, i, 0xc8007c41); /* stxr w0, x1, [x2] */
    }
    g_assert_false(frame_translate(f, 0x1000, key_of(1), 4096, 512));
    g_assert_cmpuint(f->block.status & QH_BLOCK_OVERFLOW, !=, 0);
}

/* A round of AES is one step when AESMC follows AESE of the same register, and only then. */
static void test_aes(Frame *f, gconstpointer data)
{
    static const struct {
        uint32_t second;
        uint32_t kind, writes;
    } cases[] = {
        {0x4e286800, QH_AES_SUB_MIX, 1}, /* aesmc v0.16b, v0.16b */
        {0x4e286801, QH_AES_MIX,     2}, /* aesmc v1.16b, v0.16b */
        {0x4e287800, QH_AES_INV_MIX, 2}, /* aesimc v0.16b, v0.16b */
    };

    (void)data;
    for (uint32_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint32_t writes = 0, kind = 0;
        put(f, 0, 0x4e284820); /* aese v0.16b, v1.16b */
        put(f, 4, cases[i].second);
        put(f, 8, 0xd65f03c0); /* ret */
        g_assert_true(frame_translate(f, 0x40000000, key_of(1), 12, 3));
        frame_assert_valid(f);
        for (uint32_t k = 0; k < f->block.n_records; k++) {
            const QhIrRecord *record = &f->records[k];
            writes += record->op == QH_IR_set_slot && record->type == QH_TYPE_V128;
            kind = record->op == QH_IR_vaes ? record->flags : kind;
        }
        g_assert_cmpuint(kind, ==, cases[i].kind);
        g_assert_cmpuint(writes, ==, cases[i].writes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add("/" #name, Frame, NULL, set_up, test_##name, frame_clear)
    CASE(random);
    CASE(undefined);
    CASE(states);
    CASE(features);
    CASE(folding);
    CASE(fused);
    CASE(stack);
    CASE(system_registers);
    CASE(overflow);
    CASE(aes);
#undef CASE
    return g_test_run();
}
