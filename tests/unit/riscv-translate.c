/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator by itself: whatever bits it is given, in whatever mode, the block is one that the
 * host's validator accepts; blocks end where they must; fetches across pages behave.
 */
#include "core/fp/float.h"
#include "core/jit/ir.h"
#include "modules/riscv/translate.h"

#define CAPACITY 4096

typedef struct Fixture {
    RvCpu cpu;
    RvTarget target;
    QhBlock block;
    QhIrRecord records[CAPACITY];
    uint8_t code[4096];
    const uint8_t *next_page; /* what fetch returns; NULL is a fault */
    QhStateField fields[RV_N_SLOTS];
    QhStateTable state;
    QhIrContext context;
} Fixture;

/* fetch gets the block only. */
static Fixture *fixture_of(QhBlock *block)
{
    return block->host;
}

static const uint8_t *fetch(QhBlock *block, uint32_t offset, uint32_t length)
{
    Fixture *f = fixture_of(block);

    g_assert_cmpuint(offset, >=, block->code_bytes);
    g_assert_cmpuint(length, ==, 2);
    if (f->next_page == NULL) {
        block->status |= QH_BLOCK_FETCH_FAULT;
    }
    return f->next_page;
}

static void set_up(Fixture *f, gconstpointer data)
{
    uint32_t n = 0;

    (void)data;
    memset(f, 0, sizeof(*f));
    f->target.services.fp = &qh_fp_service;
    f->cpu.base.ctx = &f->target;
#define RV_EXT(member, name, base, description) f->cpu.ext_##member = 1;
#include "modules/riscv/extensions.def"
#undef RV_EXT
#define RV_STATE(id, name_, member, count_, type_, class_, flags_, hot_)                           \
    f->fields[n++] = (QhStateField){.name = name_,                                                 \
                                    .offset = offsetof(RvCpu, member),                             \
                                    .count = count_,                                               \
                                    .type = QH_TYPE_##type_,                                       \
                                    .klass = QH_CLASS_##class_,                                    \
                                    .flags = flags_};
#include "modules/riscv/cpu-state.def"
#undef RV_STATE
    f->state = (QhStateTable){sizeof(QhStateTable), sizeof(QhStateField), n, 0, f->fields};
    f->context = (QhIrContext){&f->state, sizeof(RvCpu), &rv_translator_ops, 64, RV_N_MMU};
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)f;
    (void)data;
}

static uint64_t key_of(gboolean wide, uint32_t priv)
{
    uint32_t mmu = priv == RV_PRIV_M ? RV_MMU_M : priv;

    return (wide ? RV_KEY_64 : 0) | priv << RV_KEY_PRIV_SHIFT | mmu << RV_KEY_FETCH_SHIFT |
           mmu << RV_KEY_DATA_SHIFT | RV_KEY_FS | RV_KEY_FS_DIRTY | RV_KEY_C;
}

/* Translate @bytes of f->code at @pc. */
static gboolean translate(Fixture *f, uint64_t pc, uint64_t key, uint32_t bytes, uint32_t max_insns)
{
    f->block = (QhBlock){
        .size = sizeof(QhBlock),
        .pc = pc,
        .state_key = key,
        .code = f->code,
        .code_bytes = bytes,
        .max_insns = max_insns,
        .cpu = &f->cpu.base,
        .fetch = fetch,
        .records = f->records,
        .capacity = CAPACITY,
        .host = f,
    };
    return rv_translator_ops.translate(NULL, &f->block);
}

static void assert_valid(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    if (!qh_ir_validate(&f->context, f->records, f->block.n_records, &error)) {
        g_autofree char *dump = qh_ir_dump(&f->context, f->records, f->block.n_records);
        uint32_t first = f->code[0] | (uint32_t)f->code[1] << 8 | (uint32_t)f->code[2] << 16 |
                         (uint32_t)f->code[3] << 24;
        g_test_message("insn 0x%08x: %s\n%s", first, error->message, dump);
        g_test_fail();
    }
}

static const QhIrRecord *last(const Fixture *f)
{
    return &f->records[f->block.n_records - 1];
}

static void put(Fixture *f, uint32_t offset, uint32_t insn, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        f->code[offset + i] = (uint8_t)(insn >> 8 * i);
    }
}

/* Random words, most of them with an opcode that exists. */
static void test_random(Fixture *f, gconstpointer data)
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
            put(f, i, insn, 4);
        }
        uint64_t key = key_of(round & 1, privs[round % 3]);
        key ^= round & 16 ? RV_KEY_FS_DIRTY : 0;
        key ^= round & 32 ? RV_KEY_C : 0;
        key |= (uint64_t)(round >> 6 & 7) << RV_KEY_FRM_SHIFT;
        g_assert_true(translate(f, 0x80000000, key, 64, 1 + round % 20));
        g_assert_cmpuint(f->block.n_insns, >=, 1);
        g_assert_cmpuint(f->block.n_insns, <=, 1 + round % 20);
        g_assert_cmpuint(f->block.guest_bytes, <=, 64);
        assert_valid(f);
    }
}

/* Every 16-bit instruction in both widths. */
static void test_all_16(Fixture *f, gconstpointer data)
{
    (void)data;
    for (uint32_t insn = 0; insn < 0x10000; insn++) {
        if ((insn & 3) == 3) {
            continue;
        }
        put(f, 0, insn, 2);
        for (uint32_t wide = 0; wide < 2; wide++) {
            g_assert_true(translate(f, 0x1000, key_of(wide, RV_PRIV_U), 2, 1));
            g_assert_cmpuint(f->block.guest_bytes, ==, 2);
            assert_valid(f);
        }
    }
}

static void test_illegal(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0x00000013, 4); /* nop */
    put(f, 4, 0xffffffff, 4);
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 64, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 2);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_raise);
    g_assert_cmpuint(last(f)->a, ==, RV_CAUSE_ILLEGAL);
    g_assert_cmpuint(f->records[last(f)->b].b, ==, 0xffffffff);

    put(f, 0, 0x9002, 2); /* c.ebreak, but C is off */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M) & ~(uint64_t)RV_KEY_C, 64, 64));
    g_assert_cmpuint(last(f)->op, ==, QH_IR_raise);
    g_assert_cmpuint(last(f)->a, ==, RV_CAUSE_ILLEGAL);
}

/* An extension that is off takes its instructions away. */
static void test_features(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0x02a50533, 4); /* mul a0, a0, a0 */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);
    f->cpu.ext_zmmul = 0;
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(last(f)->op, ==, QH_IR_raise);

    put(f, 0, 0x0000302f & ~0x7fu, 4);
    put(f, 0, 0x00053503, 4); /* ld a0, 0(a0): not with XLEN 32 */
    g_assert_true(translate(f, 0x1000, key_of(FALSE, RV_PRIV_M), 4, 1));
    g_assert_cmpuint(last(f)->op, ==, QH_IR_raise);
}

/* Whether the instruction @insn is illegal under @key. */
static gboolean is_illegal(Fixture *f, uint32_t insn, uint64_t key)
{
    put(f, 0, insn, 4);
    g_assert_true(translate(f, 0x1000, key, 4, 1));
    assert_valid(f);
    return last(f)->op == QH_IR_raise && last(f)->a == RV_CAUSE_ILLEGAL;
}

/* FS, rm and frm decide about floating-point instructions (Unpriv. F; Priv. "mstatus.FS"). */
static void test_floating_point(Fixture *f, gconstpointer data)
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
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_state);
    is_illegal(f, 0x0010a027, clean);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);
    is_illegal(f, 0x021080d3, key);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);
}

static void test_pages(Fixture *f, gconstpointer data)
{
    static const uint8_t rest[] = {0x00, 0x00};
    uint64_t key = key_of(TRUE, RV_PRIV_M);

    (void)data;
    put(f, 0, 0x0001, 2);     /* c.nop */
    put(f, 2, 0x00000013, 4); /* nop, half of it on the next page */
    f->next_page = rest;

    /* Not the first instruction: the block ends before it. */
    g_assert_true(translate(f, 0x1ffc, key, 4, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 1);
    g_assert_cmpuint(f->block.guest_bytes, ==, 2);
    g_assert_cmpuint(last(f)->b, ==, 0x1ffe);

    /* The first: it is the block. */
    put(f, 0, 0x0013, 2);
    g_assert_true(translate(f, 0x1ffe, key, 2, 64));
    g_assert_cmpuint(f->block.n_insns, ==, 1);
    g_assert_cmpuint(f->block.guest_bytes, ==, 4);
    g_assert_cmpuint(last(f)->b, ==, 0x2002);

    f->next_page = NULL;
    g_assert_false(translate(f, 0x1ffe, key, 2, 64));
    g_assert_cmpuint(f->block.status, ==, QH_BLOCK_FETCH_FAULT);
}

static void test_overflow(Fixture *f, gconstpointer data)
{
    (void)data;
    for (uint32_t i = 0; i < 4096; i += 4) {
        put(f, i, 0x00b50533, 4); /* add a0, a0, a1 */
    }
    f->block.capacity = 0;
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4096, 512));
    g_assert_cmpuint(f->block.n_insns, ==, 512);
    /* lr, sc: many records an instruction */
    for (uint32_t i = 0; i < 4096; i += 4) {
        put(f, i, 0x18b5252f, 4); /* sc.w a0, a1, (a0) */
    }
    g_assert_false(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 4096, 512));
    g_assert_cmpuint(f->block.status & QH_BLOCK_OVERFLOW, !=, 0);
}

/* XLEN 32: jumps wrap at 4 GiB. */
static void test_wrap(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0x0080006f, 4); /* j +8 */
    g_assert_true(translate(f, 0xfffffffc, key_of(FALSE, RV_PRIV_M), 4, 64));
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);
    g_assert_cmpuint(last(f)->b, ==, 4);
    g_assert_cmpuint(last(f)->c, ==, 0);
}

/* lui, addi and a use of the sum: constants are folded. */
static void test_constants(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0x12345537, 4); /* lui a0, 0x12345 */
    put(f, 4, 0x67850513, 4); /* addi a0, a0, 0x678 */
    put(f, 8, 0x00052583, 4); /* lw a1, 0(a0) */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    assert_valid(f);
    for (uint32_t i = 0; i < f->block.n_records; i++) {
        g_assert_cmpuint(f->records[i].op, !=, QH_IR_add);
        g_assert_cmpuint(f->records[i].op, !=, QH_IR_get_slot);
    }
}

static uint32_t count_sets(const Fixture *f, uint32_t slot)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < f->block.n_records; i++) {
        n += f->records[i].op == QH_IR_set_slot && f->records[i].a == slot;
    }
    return n;
}

/* A write goes when the next one comes before anything that could show it. */
static void test_writes(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 0x12345537, 4); /* lui a0, 0x12345 */
    put(f, 4, 0x00158593, 4); /* addi a1, a1, 1 */
    put(f, 8, 0x67850513, 4); /* addi a0, a0, 0x678 */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    assert_valid(f);
    g_assert_cmpuint(count_sets(f, RV_SLOT_X(10)), ==, 1);
    g_assert_cmpuint(count_sets(f, RV_SLOT_X(11)), ==, 1);

    put(f, 4, 0x0005a583, 4); /* lw a1, 0(a1): may show a0 to a handler */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    assert_valid(f);
    g_assert_cmpuint(count_sets(f, RV_SLOT_X(10)), ==, 2);

    put(f, 4, 0x00c5a5af, 4); /* amoadd.w a1, a2, (a1) */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_M), 12, 3));
    g_assert_cmpuint(count_sets(f, RV_SLOT_X(10)), ==, 2);
}

static uint32_t count_ops(const Fixture *f, uint32_t op)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < f->block.n_records; i++) {
        n += f->records[i].op == op;
    }
    return n;
}

/* sstatus is a slot for what the state key does not depend on, and a helper for the rest. */
static void test_sstatus(Fixture *f, gconstpointer data)
{
    uint64_t key = key_of(TRUE, RV_PRIV_S);

    (void)data;
    put(f, 0, 0x10017073, 4); /* csrci sstatus, SIE */
    put(f, 4, 0x10002573, 4); /* csrr a0, sstatus */
    put(f, 8, 0x14102573, 4); /* csrr a0, sepc */
    g_assert_true(translate(f, 0x1000, key, 12, 3));
    assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 3);
    g_assert_cmpuint(count_ops(f, QH_IR_call), ==, 0);
    g_assert_cmpuint(count_sets(f, RV_SLOT_MSTATUS), ==, 1);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);

    put(f, 0, 0x10016073, 4); /* csrsi sstatus, SIE: leaves for what is pending, else goes on */
    g_assert_true(translate(f, 0x1000, key, 12, 3));
    assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 3);
    g_assert_cmpuint(count_ops(f, QH_IR_call), ==, 1);
    g_assert_cmpuint(count_ops(f, QH_IR_exit_state), ==, 1);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_pc);

    put(f, 0, 0x000402b7, 4); /* lui t0, 0x40 */
    put(f, 4, 0x1002b073, 4); /* csrc sstatus, t0: SUM */
    g_assert_true(translate(f, 0x1000, key, 12, 3));
    assert_valid(f);
    g_assert_cmpuint(f->block.n_insns, ==, 2);
    g_assert_cmpuint(count_sets(f, RV_SLOT_MSTATUS), ==, 0);
    g_assert_cmpuint(count_ops(f, QH_IR_call), ==, 1);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_state);

    put(f, 0, 0x10016073, 4); /* in U there is none */
    g_assert_true(translate(f, 0x1000, key_of(TRUE, RV_PRIV_U), 12, 3));
    g_assert_cmpuint(count_sets(f, RV_SLOT_MSTATUS), ==, 0);
    g_assert_cmpuint(last(f)->op, ==, QH_IR_exit_state);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, fn) g_test_add("/translate/" name, Fixture, NULL, set_up, fn, tear_down)
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
