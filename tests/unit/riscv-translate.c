/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator by itself: whatever bits it is given, in whatever mode, the block is one that the
 * host's validator accepts; blocks end where they must; fetches across pages behave.
 */
#include "core/fp/float.h"
#include "modules/riscv/module.h"
#include "modules/riscv/translate.h"
#include "translate-frame.h"

static const RvTarget target = {.services = {.fp = &qh_fp_service}};

static void set_up(Frame *f, gconstpointer data)
{
    (void)data;
    frame_init(f, &rv_translator_ops, rv64_cpu_ops.state, sizeof(RvCpu), RV_N_MMU);
    f->cpu->ctx = (void *)&target;
#define RV_EXT(member, name, base, description) rv_cpu(f->cpu)->ext_##member = 1;
#include "modules/riscv/extensions.def"
#undef RV_EXT
}

static uint64_t key_of(gboolean wide, uint32_t priv)
{
    uint32_t mmu = priv == RV_PRIV_M ? RV_MMU_M : priv;

    return (wide ? RV_KEY_64 : 0) | priv << RV_KEY_PRIV_SHIFT | mmu << RV_KEY_FETCH_SHIFT |
           mmu << RV_KEY_DATA_SHIFT | RV_KEY_FS | RV_KEY_FS_DIRTY | RV_KEY_C;
}

/* Random words, most of them with an opcode that exists. */
static void test_random(Frame *f, gconstpointer data)
{
    static const uint8_t opcodes[] = {0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23,
                                      0x27, 0x2f, 0x33, 0x37, 0x3b, 0x43, 0x47,
                                      0x4b, 0x4f, 0x53, 0x63, 0x67, 0x6f, 0x73};
    static const uint32_t privs[] = {RV_PRIV_U, RV_PRIV_S, RV_PRIV_M};

    (void)data;
    for (uint32_t round = 0; round < 60000; round++) {
        for (uint32_t i = 0; i < 64; i += 4) {
            uint32_t insn = (uint32_t)g_test_rand_int();
            if (i % 16 != 12) {
                insn = (insn & ~0x7fu) | opcodes[g_test_rand_int_range(0, sizeof(opcodes))];
            }
            frame_put(f, i, insn, 4);
        }
        uint64_t key = key_of(round & 1, privs[round % 3]);
        key ^= round & 16 ? RV_KEY_FS_DIRTY : 0;
        key ^= round & 32 ? RV_KEY_C : 0;
        key |= (uint64_t)(round >> 6 & 7) << RV_KEY_FRM_SHIFT;
        g_assert_true(frame_translate(f, 0x80000000, key, 64, 1 + round % 20));
        g_assert_cmpuint(f->block.n_insns, >=, 1);
        g_assert_cmpuint(f->block.n_insns, <=, 1 + round % 20);
        g_assert_cmpuint(f->block.guest_bytes, <=, 64);
        frame_assert_valid(f);
    }
}

/* Every 16-bit instruction in both widths. */
static void test_all_16(Frame *f, gconstpointer data)
{
    (void)data;
    for (uint32_t insn = 0; insn < 0x10000; insn++) {
        if ((insn & 3) == 3) {
            continue;
        }
        frame_put(f, 0, insn, 2);
        for (uint32_t wide = 0; wide < 2; wide++) {
            g_assert_true(frame_translate(f, 0x1000, key_of(wide, RV_PRIV_U), 2, 1));
            g_assert_cmpuint(f->block.guest_bytes, ==, 2);
            frame_assert_valid(f);
        }
    }
}

static void test_illegal(Frame *f, gconstpointer data)
{
    (void)data;
    frame_put(f, 0, 0x00000013, 4); /* nop */
    frame_put(f, 4, 0xffffffff, 4);
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 64, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 2);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_raise);
    g_assert_cmpuint(frame_last(f)->a, ==, RV_CAUSE_ILLEGAL);
    g_assert_cmpuint(f->records[frame_last(f)->b].b, ==, 0xffffffff);

    frame_put(f, 0, 0x9002, 2); /* c.ebreak, but C is off */
    g_assert_true(
        frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M) & ~(uint64_t)RV_KEY_C, 64, 64));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_raise);
    g_assert_cmpuint(frame_last(f)->a, ==, RV_CAUSE_ILLEGAL);
}

/* An extension that is off takes its instructions away. */
static void test_features(Frame *f, gconstpointer data)
{
    (void)data;
    frame_put(f, 0, 0x02a50533, 4); /* mul a0, a0, a0 */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
    rv_cpu(f->cpu)->ext_zmmul = 0;
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_raise);

    frame_put(f, 0, 0x0000302f & ~0x7fu, 4);
    frame_put(f, 0, 0x00053503, 4); /* ld a0, 0(a0): not with XLEN 32 */
    g_assert_true(frame_translate(f, 0x1000, key_of(FALSE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_raise);
}

/* Whether the instruction @insn is illegal under @key. */
static gboolean is_illegal(Frame *f, uint32_t insn, uint64_t key)
{
    frame_put(f, 0, insn, 4);
    g_assert_true(frame_translate(f, 0x1000, key, 4, 1));
    frame_assert_valid(f);
    return frame_last(f)->op == QH_IR_raise && frame_last(f)->a == RV_CAUSE_ILLEGAL;
}

/* FS, rm and frm decide about floating-point instructions (Unpriv. F; Priv. "mstatus.FS"). */
static void test_floating_point(Frame *f, gconstpointer data)
{
    const uint64_t key = key_of(TRUE, RV_PRIV_U);
    const uint64_t off = key & ~(uint64_t)(RV_KEY_FS | RV_KEY_FS_DIRTY);
    const uint64_t clean = key & ~(uint64_t)RV_KEY_FS_DIRTY;
    const uint64_t bad_frm = key | 5ull << RV_KEY_FRM_SHIFT;
    static const uint32_t insns[] = {
        0x0000a087, /* flw f1, 0(x1) */
        0x0010a027, /* fsw f1, 0(x1) */
        0xa010a0d3, /* feq.s x1, f1, f1 */
        0xe00080d3, /* fmv.x.w x1, f1 */
        0xf2008053, /* fmv.d.x f0, x1 */
        0x021080d3, /* fadd.d f1, f1, f1, rne */
        0x021090d3, /* rtz */
        0x0210c0d3, /* rmm */
        0x0210f0d3, /* dyn */
    };

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(insns); i++) {
        g_assert_true(is_illegal(f, insns[i], off));
        g_assert_false(is_illegal(f, insns[i], key));
        g_assert_false(is_illegal(f, insns[i], clean));
    }
    g_assert_true(is_illegal(f, 0x0210d0d3, key)); /* rm 5 */
    g_assert_true(is_illegal(f, 0x0210e0d3, key)); /* rm 6 */
    g_assert_true(is_illegal(f, 0x0210f0d3, bad_frm));
    g_assert_false(is_illegal(f, 0x021080d3, bad_frm));
    /* A write to an f register makes FS dirty, which ends the block; a store does not. */
    is_illegal(f, 0x021080d3, clean);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_state);
    is_illegal(f, 0x0010a027, clean);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
    is_illegal(f, 0x021080d3, key);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
}

static void test_pages(Frame *f, gconstpointer data)
{
    static const uint8_t rest[] = {0x00, 0x00};
    uint64_t key = key_of(TRUE, RV_PRIV_M);

    (void)data;
    frame_put(f, 0, 0x0001, 2);     /* c.nop */
    frame_put(f, 2, 0x00000013, 4); /* nop, half of it on the next page */
    f->next_page = rest;

    /* Not the first instruction: the block ends before it. */
    g_assert_true(frame_translate(f, 0x1ffc, key, 4, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 1);
    g_assert_cmpuint(f->block.guest_bytes, ==, 2);
    g_assert_cmpuint(frame_last(f)->b, ==, 0x1ffe);

    /* The first: it is the block. */
    frame_put(f, 0, 0x0013, 2);
    g_assert_true(frame_translate(f, 0x1ffe, key, 2, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 1);
    g_assert_cmpuint(f->block.guest_bytes, ==, 4);
    g_assert_cmpuint(frame_last(f)->b, ==, 0x2002);

    f->next_page = NULL;
    g_assert_false(frame_translate(f, 0x1ffe, key, 2, 64));
    g_assert_cmpuint(f->block.status, ==, QH_BLOCK_FETCH_FAULT);
}

static void test_overflow(Frame *f, gconstpointer data)
{
    (void)data;
    for (uint32_t i = 0; i < 4096; i += 4) {
        frame_put(f, i, 0x00b50533, 4); /* add a0, a0, a1 */
    }
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4096, 512));
    g_assert_cmpuint(f->block.n_insns, ==, 512);
    /* lr, sc: many records an instruction */
    for (uint32_t i = 0; i < 4096; i += 4) {
        frame_put(f, i, 0x18b5252f, 4); /* sc.w a0, a1, (a0) */
    }
    g_assert_false(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4096, 512));
    g_assert_cmpuint(f->block.status & QH_BLOCK_OVERFLOW, !=, 0);
}

/* XLEN 32: jumps wrap at 4 GiB. */
static void test_wrap(Frame *f, gconstpointer data)
{
    (void)data;
    frame_put(f, 0, 0x0080006f, 4); /* j +8 */
    g_assert_true(frame_translate(f, 0xfffffffc, key_of(FALSE, RV_PRIV_M), 4, 64));
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);
    g_assert_cmpuint(frame_last(f)->b, ==, 4);
    g_assert_cmpuint(frame_last(f)->c, ==, 0);
}

/* lui, addi and a use of the sum: constants are folded. */
static void test_constants(Frame *f, gconstpointer data)
{
    (void)data;
    frame_put(f, 0, 0x12345537, 4); /* lui a0, 0x12345 */
    frame_put(f, 4, 0x67850513, 4); /* addi a0, a0, 0x678 */
    frame_put(f, 8, 0x00052583, 4); /* lw a1, 0(a0) */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    frame_assert_valid(f);
    for (uint32_t i = 0; i < f->block.n_records; i++) {
        g_assert_cmpuint(f->records[i].op, !=, QH_IR_add);
        g_assert_cmpuint(f->records[i].op, !=, QH_IR_get_slot);
    }
}

/* A write goes when the next one comes before anything that could show it. */
static void test_writes(Frame *f, gconstpointer data)
{
    (void)data;
    frame_put(f, 0, 0x12345537, 4); /* lui a0, 0x12345 */
    frame_put(f, 4, 0x00158593, 4); /* addi a1, a1, 1 */
    frame_put(f, 8, 0x67850513, 4); /* addi a0, a0, 0x678 */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_X(10)), ==, 1);
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_X(11)), ==, 1);

    frame_put(f, 4, 0x0005a583, 4); /* lw a1, 0(a1): may show a0 to a handler */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_X(10)), ==, 2);

    frame_put(f, 4, 0x00c5a5af, 4); /* amoadd.w a1, a2, (a1) */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_X(10)), ==, 2);
}

/* sstatus is a slot for what the state key does not depend on, and a helper for the rest. */
static void test_sstatus(Frame *f, gconstpointer data)
{
    uint64_t key = key_of(TRUE, RV_PRIV_S);

    (void)data;
    frame_put(f, 0, 0x10017073, 4); /* csrci sstatus, SIE */
    frame_put(f, 4, 0x10002573, 4); /* csrr a0, sstatus */
    frame_put(f, 8, 0x14102573, 4); /* csrr a0, sepc */
    g_assert_true(frame_translate(f, 0x1000, key, 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 3);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 0);
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_MSTATUS), ==, 1);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);

    frame_put(f, 0, 0x10016073,
              4); /* csrsi sstatus, SIE: leaves for what is pending, else goes on */
    g_assert_true(frame_translate(f, 0x1000, key, 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 3);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 1);
    g_assert_cmpuint(frame_count(f, QH_IR_exit_state), ==, 1);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_pc);

    frame_put(f, 0, 0x000402b7, 4); /* lui t0, 0x40 */
    frame_put(f, 4, 0x1002b073, 4); /* csrc sstatus, t0: SUM */
    g_assert_true(frame_translate(f, 0x1000, key, 12, 3));
    frame_assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 2);
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_MSTATUS), ==, 0);
    g_assert_cmpuint(frame_count(f, QH_IR_call), ==, 1);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_state);

    frame_put(f, 0, 0x10016073, 4); /* in U there is none */
    g_assert_true(frame_translate(f, 0x1000, key_of(TRUE, RV_PRIV_U), 12, 3));
    g_assert_cmpuint(frame_count_sets(f, RV_SLOT_MSTATUS), ==, 0);
    g_assert_cmpuint(frame_last(f)->op, ==, QH_IR_exit_state);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, fn) g_test_add("/translate/" name, Frame, NULL, set_up, fn, frame_clear)
    ADD("random", test_random);
    ADD("all-16", test_all_16);
    ADD("illegal", test_illegal);
    ADD("features", test_features);
    ADD("floating-point", test_floating_point);
    ADD("pages", test_pages);
    ADD("overflow", test_overflow);
    ADD("wrap", test_wrap);
    ADD("constants", test_constants);
    ADD("writes", test_writes);
    ADD("sstatus", test_sstatus);
#undef ADD
    return g_test_run();
}
