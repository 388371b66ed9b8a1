/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest accesses compiled against the interpreter: every size, type and order, at addresses that
 * are aligned or not, reach into the next page, into one that may not be written or read, into
 * devices and into nothing; with tables that are empty at first and full later.
 */
#include "core/jit/backend/interp/t0.h"
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define NONE     "bmi1,bmi2,lzcnt,popcnt,movbe,sse4.1,sse4.2,ssse3,avx,avx2,fma,pclmul"

/* Two pages of RAM, one that is only read, one that faults; then a device. */
#define PAGES     UINT64_C(0x20000)
#define READ_ONLY UINT64_C(0x22000)
#define MISSING   UINT64_C(0x23000)
#define USED      (MISSING - PAGES)

typedef struct Program {
    uint32_t op, type, memop, kind;
    int64_t disp;
    gboolean constant; /* the address is */
    gboolean homes;
    uint64_t address;
} Program;

static const uint64_t addresses[] = {
    PAGES,          PAGES + 1,       PAGES + 2,          PAGES + 3,          PAGES + 4,
    PAGES + 8,      PAGES + 0x10,    PAGES + 0xff0,      PAGES + 0xff7,      PAGES + 0xff8,
    PAGES + 0xff9,  PAGES + 0xffc,   PAGES + 0xffd,      PAGES + 0xffe,      PAGES + 0xfff,
    PAGES + 0x1000, PAGES + 0x1ff8,  PAGES + 0x1ffd,     PAGES + 0x1fff,     READ_ONLY,
    READ_ONLY + 4,  READ_ONLY + 9,   READ_ONLY + 0xffd,  READ_ONLY + 0xfff,  MISSING,
    MISSING + 0x11, TOY_IO,          TOY_IO + 4,         TOY_IO + 8,         TOY_IO + 0x10,
    TOY_IO + 0x808, TOY_IO + 0xffff, 0xffffffff80000000, 0x7fffffffffffffff, 0xfffffffffffffffc,
};

static uint8_t pattern[USED]; /* what RAM holds before each run */

static uint32_t slot(uint32_t type, uint32_t i)
{
    switch (type) {
    case QH_TYPE_I32:
        return TOY_W + i;
    case QH_TYPE_I64:
        return TOY_X + 1 + i;
    case QH_TYPE_F32:
        return TOY_F + i;
    case QH_TYPE_F64:
        return TOY_D + i;
    case QH_TYPE_V64:
        return TOY_S + i % 2;
    case QH_TYPE_V128:
        return TOY_V + i;
    default:
        return TOY_Q + i % 2;
    }
}

static void use_often(QhBlock *block, uint32_t type, uint32_t i)
{
    for (uint32_t k = 0; k < 4; k++) {
        qh_ir_set(block, type, i, qh_ir_get(block, type, i));
        qh_ir_set(block, type, i, qh_ir_1(block, QH_IR_mov, type, qh_ir_get(block, type, i)));
    }
}

static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    QhValue address, value, old;

    if (p->homes) {
        use_often(block, QH_TYPE_I64, TOY_X);
        use_often(block, p->type, slot(p->type, 0));
        use_often(block, p->type, slot(p->type, 1));
    }
    address = p->constant ? qh_ir_const(block, QH_TYPE_I64, p->address)
                          : qh_ir_get(block, QH_TYPE_I64, TOY_X);
    if (p->disp != 0) {
        address = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, address,
                          qh_ir_const(block, QH_TYPE_I64, (uint64_t)p->disp));
    }
    value = qh_ir_get(block, p->type, slot(p->type, 0));
    switch (p->op) {
    case QH_IR_ld:
        old = qh_ir(block, QH_IR_ld, p->type, 0, address, p->memop, 0);
        break;
    case QH_IR_st:
        if (p->constant && p->type <= QH_TYPE_I64) {
            value = qh_ir_const(block, p->type, p->kind == 0 ? 0x12345678 : 0x80000001);
        }
        qh_ir(block, QH_IR_st, p->type, 0, address, p->memop, value);
        return;
    case QH_IR_atomic_rmw:
        old = qh_ir(block, QH_IR_atomic_rmw, p->type, p->kind, address, p->memop, value);
        break;
    default:
        old = qh_ir_get(block, p->type, slot(p->type, 1));
        qh_ir(block, QH_IR_ext, QH_TYPE_NONE, 0, old, 0, 0);
        old = qh_ir(block, QH_IR_cas, p->type, 0, address, p->memop, value);
        break;
    }
    qh_ir_set(block, p->type, slot(p->type, 1), old);
}

#define INDEX 15u /* the register that is an index */

/* x0 or x1, in two of three programs often with an element's distance added; the index changes by
 * constants, and now and then altogether. */
static QhValue group_base(QhBlock *block, const Program *p, GRand *random, uint32_t base)
{
    QhValue value = qh_ir_get(block, QH_TYPE_I64, TOY_X + base), index, shift;
    uint32_t what = g_rand_int(random) % 8, by = p->kind % 7;

    if (p->kind % 3 == 0 || what < 2) {
        return value;
    }
    index = qh_ir_get(block, QH_TYPE_I64, TOY_X + INDEX);
    shift = qh_ir_const(block, QH_TYPE_I64, by);
    if (what == 2) {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + INDEX,
                  qh_ir_2(block, QH_IR_add, QH_TYPE_I64, index,
                          qh_ir_const(block, QH_TYPE_I64, p->kind % 2 ? 1 : (uint64_t)-2)));
    } else if (what == 3) {
        qh_ir_set(
            block, QH_TYPE_I64, TOY_X + INDEX,
            qh_ir_2(block, QH_IR_and, QH_TYPE_I64, index, qh_ir_const(block, QH_TYPE_I64, 5)));
    }
    if (by != 0) {
        index = qh_ir(block, QH_IR_shl, QH_TYPE_I64, QH_SHIFT_MASK, index, shift, 0);
    }
    return what & 1 ? qh_ir_2(block, QH_IR_add, QH_TYPE_I64, value, index)
                    : qh_ir_2(block, QH_IR_add, QH_TYPE_I64, index, value);
}

/* Accesses off x0 and x1, some of which could share a check; between them other work
 * and new values of the bases. */
static void emit_group(QhBlock *block, void *data)
{
    const Program *p = data;
    GRand *random = g_rand_new_with_seed(p->kind);
    uint32_t n = (uint32_t)g_rand_int_range(random, 2, 16), spread = p->disp != 0 ? 700 : 48;
    QhValue held[2], late = 0;

    held[0] = held[1] = qh_ir_get(block, QH_TYPE_I64, TOY_X + 4);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 1,
              qh_ir_2(block, QH_IR_add, QH_TYPE_I64, qh_ir_get(block, QH_TYPE_I64, TOY_X),
                      qh_ir_const(block, QH_TYPE_I64, 0x7d0)));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t base = g_rand_int_range(random, 0, 8) == 0, x = 2 + g_rand_int(random) % 13;
        uint32_t size = g_rand_int(random) % 4, what = g_rand_int(random) % 16;
        uint64_t disp = g_rand_int(random) % spread - 8;
        QhValue second, next, value, address = group_base(block, p, random, base);
        if (what == 0) {
            /* a sum of what the base was, which it becomes after it was something else */
            late = late != 0 ? late
                             : qh_ir_2(block, QH_IR_add, QH_TYPE_I64, address,
                                       qh_ir_const(block, QH_TYPE_I64, disp));
            qh_ir_set(block, QH_TYPE_I64, TOY_X,
                      i % 2 ? late : qh_ir_get(block, QH_TYPE_I64, TOY_X + 1));
        } else if (what == 1) {
            qh_ir_set(block, QH_TYPE_I64, TOY_X + base,
                      qh_ir_2(block, QH_IR_add, QH_TYPE_I64, address,
                              qh_ir_const(block, QH_TYPE_I64, disp)));
            continue;
        }
        next = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, address,
                       qh_ir_const(block, QH_TYPE_I64, disp + 8));
        address =
            qh_ir_2(block, QH_IR_add, QH_TYPE_I64, address, qh_ir_const(block, QH_TYPE_I64, disp));
        if (what < 10) {
            value = qh_ir(block, QH_IR_ld, QH_TYPE_I64, 0, address,
                          size | (what & 1 ? QH_MEM_SIGNED : 0), 0);
            if (p->kind % 4 == 1) { /* one that comes right behind */
                second = qh_ir(block, QH_IR_ld, QH_TYPE_I64, 0, next, size, 0);
                qh_ir_set(block, QH_TYPE_I64, TOY_X + 2 + (x + 5) % 13, second);
            }
            qh_ir_set(block, QH_TYPE_I64, TOY_X + (what == 2 ? base : x), value);
        } else {
            value = qh_ir_get(block, QH_TYPE_I64, TOY_X + x);
            second = qh_ir_get(block, QH_TYPE_I64, TOY_X + 2 + (x + 5) % 13);
            qh_ir(block, QH_IR_st, QH_TYPE_I64, 0, address, size | (what & 1 ? QH_MEM_BE : 0),
                  value);
            if (p->kind % 4 == 1) {
                qh_ir(block, QH_IR_st, QH_TYPE_I64, 0, next, QH_MEM_32, second);
            }
        }
        if (what % 4 == 3) { /* two values that live for long need registers, too */
            QhValue sum = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, value, held[i & 1]);
            held[i & 1] = qh_ir_2(block, QH_IR_xor, QH_TYPE_I64, sum, value);
        }
        value = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, value, held[i & 1]);
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 2 + (x + i) % 13, value);
    }
    g_rand_free(random);
}

static void set_up(T1Pair *pair, const Program *p, uint64_t address, Toy *state)
{
    uint8_t *ram = toy_ram(pair->toy, PAGES);

    memcpy(ram, pattern, USED);
    memset(state, 0, sizeof(*state));
    for (uint8_t *at = (uint8_t *)state->x; at < (uint8_t *)&state->lazy_kind; at++) {
        *at = (uint8_t)((at - (uint8_t *)state) * 73 + 200);
    }
    state->x[0] = address - (uint64_t)p->disp;
    state->x[INDEX] = 6;
    if (p->op == QH_IR_cas && (address & 4) && address >= PAGES && address + 16 < MISSING) {
        /* what is expected is there */
        memcpy((char *)state + qh_ir_slot(pair->context.state, slot(p->type, 1))->offset,
               toy_ram(pair->toy, address), qh_ir_type_bytes(p->type));
    }
    pair->toy->io_reads = pair->toy->io_writes = 0;
    pair->toy->io_value = 0x8182838485868788;
}

/* What a run has left behind. */
typedef struct Outcome {
    Toy state;
    uint32_t left, retry;
    uint32_t io_reads, io_writes, io_width;
    uint64_t io_value, io_offset;
    uint8_t ram[USED];
} Outcome;

static void run(T1Pair *pair, const Program *p, uint64_t address, gboolean compiled, Outcome *ret)
{
    Toy *toy = pair->toy->cpu[0];
    QhJitCpu *jit = qh_jit_of(&toy->cpu);
    Toy state;

    set_up(pair, p, address, &state);
    memset(&toy->fault, 0, sizeof(toy->fault));
    toy->n_faults = 0;
    toy->fault_pc = 0;
    ret->left = t1_pair_enter(pair, &state, compiled);
    ret->state = *toy;
    ret->retry = jit->retry;
    ret->io_reads = pair->toy->io_reads;
    ret->io_writes = pair->toy->io_writes;
    ret->io_width = pair->toy->io_width;
    ret->io_value = pair->toy->io_value;
    ret->io_offset = pair->toy->io_offset;
    memcpy(ret->ram, toy_ram(pair->toy, PAGES), USED);
    jit->retry = 0;
    toy->cpu.unwind = 0;
}

static void tell_state(const Toy *t0, const Toy *t1)
{
    for (uint32_t at = offsetof(Toy, x); at + 8 <= sizeof(Toy); at += 8) {
        uint64_t a, b;
        memcpy(&a, (const char *)t0 + at, 8);
        memcpy(&b, (const char *)t1 + at, 8);
        if (a != b) {
            g_test_message("offset %u: %" G_GINT64_MODIFIER "x by T0, %" G_GINT64_MODIFIER
                           "x by T1",
                           at, a, b);
        }
    }
}

static void compare(T1Pair *pair, const Program *p, uint64_t address)
{
    static Outcome t0, t1;
    size_t from = offsetof(Toy, x), bytes = sizeof(Toy) - from;

    for (uint32_t times = 0; times < 2; times++) {
        run(pair, p, address, times == 0, times == 0 ? &t1 : &t0);
        run(pair, p, address, times != 0, times != 0 ? &t1 : &t0);
        if (t0.left != t1.left || t0.retry != t1.retry || t0.io_reads != t1.io_reads ||
            t0.io_writes != t1.io_writes || t0.io_value != t1.io_value ||
            t0.io_offset != t1.io_offset || t0.io_width != t1.io_width ||
            memcmp(t0.ram, t1.ram, USED) != 0 ||
            memcmp((char *)&t0.state + from, (char *)&t1.state + from, bytes) != 0) {
            g_autofree char *dump = qh_ir_dump(&pair->context, pair->records, pair->n_records);
            tell_state(&t0.state, &t1.state);
            g_error("at %" G_GINT64_MODIFIER "x, time %u, left %u and %u, retry %u and %u:\n%s",
                    address, times, t0.left, t1.left, t0.retry, t1.retry, dump);
        }
        g_assert_cmpuint(t0.state.cpu.pc, ==, t1.state.cpu.pc);
    }
}

static void run_addresses(T1Pair *pair, Program *p)
{
    for (uint32_t i = 0; i < N(addresses); i++) {
        if (i == 0 || p->constant) {
            p->address = addresses[i] - (uint64_t)p->disp;
            t1_pair_load(pair, emit, p);
        }
        if (i % 4 == 0) {
            qh_softmmu_flush(qh_jit_of(&pair->toy->cpu[0]->cpu), UINT32_MAX);
        }
        compare(pair, p, addresses[i]);
    }
}

static void run_forms(T1Pair *pair, Program p)
{
    static const int64_t disps[] = {0, 8, -0x12345678, 0x7ffffff8, 0x123456789abc};

    for (uint32_t i = 0; i < N(disps); i++) {
        p.disp = p.op == QH_IR_ld || p.op == QH_IR_st || i < 2 ? disps[i] : 0;
        for (uint32_t form = 0; form < 4; form++) {
            p.constant = form & 1;
            p.homes = (form & 2) != 0;
            run_addresses(pair, &p);
        }
    }
}

static const uint32_t orders[] = {0, QH_MEM_BE, QH_MEM_ALIGN, QH_MEM_BE | QH_MEM_ALIGN, QH_MEM_SEQ};

static void run_plain(T1Pair *pair, uint32_t op)
{
    static const uint8_t types[][2] = {
        {QH_TYPE_F32,  QH_MEM_32 },
        {QH_TYPE_F64,  QH_MEM_64 },
        {QH_TYPE_V64,  QH_MEM_64 },
        {QH_TYPE_V128, QH_MEM_128},
        {QH_TYPE_I128, QH_MEM_128}
    };

    for (uint32_t o = 0; o < N(orders); o++) {
        for (uint32_t size = QH_MEM_8; size <= QH_MEM_64; size++) {
            for (uint32_t type = QH_TYPE_I32; type <= QH_TYPE_I64; type++) {
                Program p = {.op = op, .type = type, .memop = size | orders[o]};
                if (type == QH_TYPE_I32 && size == QH_MEM_64) {
                    continue;
                }
                run_forms(pair, p);
                p.kind = 1;
                p.memop |= QH_MEM_SIGNED;
                run_forms(pair, p);
            }
        }
        for (uint32_t i = 0; i < N(types); i++) {
            run_forms(pair,
                      (Program){.op = op, .type = types[i][0], .memop = types[i][1] | orders[o]});
        }
    }
    if (op == QH_IR_ld) {
        run_forms(pair, (Program){op, QH_TYPE_I64, QH_MEM_64 | QH_MEM_AS_WRITE, 0, 0, 0, 0, 0});
    }
}

static void run_kinds(T1Pair *pair, Program p)
{
    uint32_t size = p.memop;

    for (p.kind = 0; p.kind <= (p.op == QH_IR_cas ? 0 : QH_RMW_MAXU); p.kind++) {
        for (uint32_t o = 0; o < N(orders); o++) {
            p.memop = size | orders[o];
            run_forms(pair, p);
            p.memop |= QH_MEM_SIGNED;
            run_forms(pair, p);
        }
    }
}

static void run_atomic(T1Pair *pair, uint32_t op)
{
    for (uint32_t size = QH_MEM_8; size <= QH_MEM_64; size++) {
        run_kinds(pair, (Program){.op = op, .type = QH_TYPE_I64, .memop = size});
        if (size < QH_MEM_64) {
            run_kinds(pair, (Program){.op = op, .type = QH_TYPE_I32, .memop = size});
        }
    }
    if (op == QH_IR_cas) {
        run_forms(pair, (Program){.op = op, .type = QH_TYPE_I128, .memop = QH_MEM_128});
    }
}

static void test_group(void)
{
    T1Pair *pair = t1_pair_new("");

    for (uint32_t i = 0; i < USED; i++) {
        pattern[i] = (uint8_t)(i * 167 + (i >> 8) * 13);
    }
    pair->toy->prot[READ_ONLY >> 12] = QH_PROT_READ | QH_PROT_EXEC;
    pair->toy->prot[MISSING >> 12] = 0;
    /* neighbours that are none in the host */
    pair->toy->page[PAGES >> 12] = (PAGES >> 12) + 1;
    pair->toy->page[(PAGES >> 12) + 1] = PAGES >> 12;
    for (uint32_t i = 0; i < 3000; i++) {
        Program p = {.op = QH_IR_ld, .kind = i, .disp = i % 5 == 0};
        t1_pair_load(pair, emit_group, &p);
        for (uint32_t k = 1; k < 16; k++) {
            compare(pair, &p, PAGES + 0x1000 - i * k % (p.disp != 0 ? 1500 : 100));
        }
        for (uint32_t k = i % 3; k < N(addresses); k += 3) {
            if (k % 4 == 0) {
                qh_softmmu_flush(qh_jit_of(&pair->toy->cpu[0]->cpu), UINT32_MAX);
            }
            compare(pair, &p, addresses[k]);
        }
    }
    t1_pair_free(pair);
}

static void run_all(const char *without)
{
    T1Pair *pair = t1_pair_new(without);

    for (uint32_t i = 0; i < USED; i++) {
        pattern[i] = (uint8_t)(i * 167 + (i >> 8) * 13);
    }
    pair->toy->prot[READ_ONLY >> 12] = QH_PROT_READ | QH_PROT_EXEC;
    pair->toy->prot[MISSING >> 12] = 0;
    run_plain(pair, QH_IR_ld);
    run_plain(pair, QH_IR_st);
    run_atomic(pair, QH_IR_atomic_rmw);
    run_atomic(pair, QH_IR_cas);
    t1_pair_free(pair);
}

static void test_all(void)
{
    run_all("");
}

static void test_baseline(void)
{
    run_all(NONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/memory/all", test_all);
    g_test_add_func("/t1/memory/group", test_group);
    g_test_add_func("/t1/memory/baseline", test_baseline);
    return g_test_run();
}
