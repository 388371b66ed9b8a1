/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, stores and atomics of every size, byte order, alignment and kind of memory; exact faults.
 */
#include "toy-machine.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define DATA     (TOY_RAM + 0x8000u)
#define PAGE     0x1000u
#define VECTOR   (TOY_RAM + 0x4000u) /* a halt instruction */

typedef struct Access {
    uint32_t op, type, memop, flags;
    int64_t offset;
} Access;

static const uint32_t slot_of[] = {
    [QH_TYPE_I32] = TOY_W, [QH_TYPE_I64] = TOY_X, [QH_TYPE_I128] = TOY_Q, [QH_TYPE_F32] = TOY_F,
    [QH_TYPE_F64] = TOY_D, [QH_TYPE_V64] = TOY_S, [QH_TYPE_V128] = TOY_V,
};

/* Address x9 + offset; value in slot 0 of the type, expected in slot 1; result in slot 1. */
static void emit(QhBlock *block, void *data)
{
    const Access *access = data;
    uint32_t slot = slot_of[access->type];
    QhValue address = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, qh_ir_get(block, QH_TYPE_I64, 9),
                              qh_ir_const(block, QH_TYPE_I64, (uint64_t)access->offset));
    QhValue value = qh_ir_get(block, access->type, slot), old;

    switch (access->op) {
    case QH_IR_ld:
        old = qh_ir_load(block, access->type, address, access->memop);
        break;
    case QH_IR_st:
        qh_ir_store(block, access->type, address, access->memop, value);
        return;
    case QH_IR_atomic_rmw:
        old = qh_ir(block, QH_IR_atomic_rmw, access->type, access->flags, address, access->memop,
                    value);
        break;
    default:
        old = qh_ir_get(block, access->type, slot + 1);
        qh_ir(block, QH_IR_ext, QH_TYPE_NONE, 0, old, 0, 0);
        old = qh_ir(block, QH_IR_cas, access->type, 0, address, access->memop, value);
        break;
    }
    qh_ir_set(block, access->type, slot + 1, old);
}

static void run(ToyMachine *toy, const Access *access, uint64_t base)
{
    static const uint32_t words[] = {TOY_INSN(TOY_ADDI, 12, 12, 1), TOY_INSN(TOY_HOOK, 0, 0, 0),
                                     TOY_INSN(TOY_ADDI, 13, 13, 1), TOY_INSN(TOY_HALT, 0, 0, 0)};
    static const uint32_t halt[] = {TOY_INSN(TOY_HALT, 0, 0, 0)};

    toy->emit = emit;
    toy->data = (void *)access;
    toy_poke(toy, TOY_RAM, words, N(words));
    toy_poke(toy, VECTOR, halt, 1);
    toy->cpu[0]->x[9] = base;
    toy->cpu[0]->vector = VECTOR;
    toy->cpu[0]->n_faults = 0;
    toy->cpu[0]->x[12] = toy->cpu[0]->x[13] = 0;
    toy->cpu[0]->cpu.icount = 1000;
    toy_run(toy, TOY_RAM);
    g_assert_cmpuint(toy->cpu[0]->cpu.halted, ==, 1);
    g_assert_cmpuint(toy->cpu[0]->x[12], ==, 1);
    g_assert_cmpuint(toy->cpu[0]->x[13], ==, toy->cpu[0]->n_faults ? 0 : 1);
}

static uint64_t reference(const uint8_t *bytes, uint32_t memop)
{
    uint32_t n = 1u << (memop & QH_MEM_SIZE_MASK);
    uint64_t value = 0;

    for (uint32_t i = 0; i < n; i++) {
        value = value << 8 | bytes[memop & QH_MEM_BE ? i : n - 1 - i];
    }
    if ((memop & QH_MEM_SIGNED) && n < 8 && (value >> (8 * n - 1) & 1)) {
        value |= UINT64_MAX << (8 * n);
    }
    return value;
}

static const uint32_t extra_bits[] = {0, QH_MEM_ACQUIRE, QH_MEM_SEQ, QH_MEM_AS_WRITE};

static void fill(ToyMachine *toy, uint64_t address, uint32_t n)
{
    uint8_t *bytes = toy_ram(toy, address);

    for (uint32_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(0x80 + i * 37);
    }
}

/* Where accesses start: aligned, unaligned, over the end of a page. */
static const uint64_t places[] = {DATA,         DATA + 1,     DATA + 6,     DATA + 8,
                                  DATA + 0xff9, DATA + 0xffc, DATA + 0xfff, DATA + 0xffe};

static void test_loads(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    fill(toy, DATA, 2 * PAGE);
    for (uint32_t memop = 0; memop < 32; memop++) {
        if ((memop & QH_MEM_SIZE_MASK) > QH_MEM_64) {
            continue;
        }
        for (uint32_t i = 0; i < N(places) * N(extra_bits); i++) {
            uint64_t place = places[i / N(extra_bits)], want;
            Access access = {.op = QH_IR_ld,
                             .type = QH_TYPE_I64,
                             .memop = memop | extra_bits[i % N(extra_bits)],
                             .offset = (int64_t)(i % 3) - 1};
            want = reference(toy_ram(toy, place), memop);
            run(toy, &access, place - (uint64_t)access.offset);
            g_assert_cmphex(toy->cpu[0]->x[1], ==, want);
            if ((memop & QH_MEM_SIZE_MASK) <= QH_MEM_32) {
                access.type = QH_TYPE_I32;
                run(toy, &access, place - (uint64_t)access.offset);
                g_assert_cmphex(toy->cpu[0]->w[1], ==, (uint32_t)want);
            }
        }
    }
    toy_machine_free(toy);
}

static void test_stores(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t memop = 0; memop < 32; memop++) {
        uint32_t bytes = 1u << (memop & QH_MEM_SIZE_MASK);
        if (bytes > 8 || (memop & QH_MEM_SIGNED)) {
            continue;
        }
        for (uint32_t i = 0; i < N(places); i++) {
            Access access = {.op = QH_IR_st, .type = QH_TYPE_I64, .memop = memop, .offset = 8};
            uint8_t *at = toy_ram(toy, places[i]);
            uint64_t value = 0x8192a3b4c5d6e7f8;
            memset(at - 1, 0xcc, 18);
            toy->cpu[0]->x[0] = value;
            run(toy, &access, places[i] - 8);
            g_assert_cmphex(reference(at, memop), ==,
                            bytes == 8 ? value : value & (((uint64_t)1 << 8 * bytes) - 1));
            g_assert_cmphex(at[-1], ==, 0xcc);
            g_assert_cmphex(at[bytes], ==, 0xcc);
        }
    }
    toy_machine_free(toy);
}

static void test_other_types(void)
{
    static const struct {
        uint32_t type, size;
    } types[] = {
        {QH_TYPE_F32,  QH_MEM_32 },
        {QH_TYPE_F64,  QH_MEM_64 },
        {QH_TYPE_V64,  QH_MEM_64 },
        {QH_TYPE_V128, QH_MEM_128},
        {QH_TYPE_I128, QH_MEM_128}
    };
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t i = 0; i < N(types) * N(places) * 2; i++) {
        uint32_t n = i % N(types), bytes = qh_ir_type_bytes(types[n].type);
        uint32_t be = i / N(types) / N(places) ? QH_MEM_BE : 0;
        uint64_t place = places[i / N(types) % N(places)];
        Access access = {.op = QH_IR_ld, .type = types[n].type, .memop = types[n].size | be};
        uint32_t slot = slot_of[types[n].type];
        const char *state = (const char *)toy->cpu[0] + toy_state_table()->fields[slot].offset;
        uint8_t copy[16];
        fill(toy, DATA, 2 * PAGE);
        memcpy(copy, toy_ram(toy, place), 16);
        run(toy, &access, place);
        for (uint32_t k = 0; k < bytes; k++) {
            g_assert_cmphex((uint8_t)state[bytes + (be ? bytes - 1 - k : k)], ==, copy[k]);
        }
        memcpy((char *)state, state + bytes, bytes);
        access.op = QH_IR_st;
        run(toy, &access, place + 16);
        g_assert_cmpmem(toy_ram(toy, place + 16), bytes, copy, bytes);
    }
    toy_machine_free(toy);
}

static uint64_t rmw_reference(uint32_t kind, uint64_t old, uint64_t value, uint32_t width)
{
    int64_t so = (int64_t)(old << (64 - width)) >> (64 - width);
    int64_t sv = (int64_t)(value << (64 - width)) >> (64 - width);
    uint64_t uv = value << (64 - width) >> (64 - width);
    const uint64_t results[] = {old + value,
                                old & value,
                                old | value,
                                old ^ value,
                                value,
                                so < sv ? old : value,
                                so > sv ? old : value,
                                old < uv ? old : value,
                                old > uv ? old : value};

    return results[kind] << (64 - width) >> (64 - width);
}

static void test_rmw(void)
{
    static const uint64_t operands[] = {0,
                                        1,
                                        0x80,
                                        0xff,
                                        0x8000,
                                        0xffffffff,
                                        0x80000000,
                                        UINT64_MAX,
                                        0x8000000000000000,
                                        0x1122334455667788};
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t i = 0; i < 9 * 4 * 2 * N(operands) * N(operands); i++) {
        uint32_t kind = i % 9, size = i / 9 % 4, be = i / 36 % 2 ? QH_MEM_BE : 0;
        uint64_t a = operands[i / 72 % N(operands)], b = operands[i / 72 / N(operands)];
        uint32_t width = 8u << size;
        /* unaligned ones, too: alone on this machine, so they just work */
        uint64_t place = DATA + 0x40 + (i % 7 == 0 ? 3 : 0);
        Access access = {.op = QH_IR_atomic_rmw,
                         .type = size < 3 && i % 5 == 0 ? QH_TYPE_I32 : QH_TYPE_I64,
                         .memop = size | be | QH_MEM_SEQ | (i % 3 ? QH_MEM_SIGNED : 0),
                         .flags = kind};
        Access store = {.op = QH_IR_st, .type = QH_TYPE_I64, .memop = size | be};
        uint64_t old = a << (64 - width) >> (64 - width), got;
        toy->cpu[0]->x[0] = a;
        run(toy, &store, place);
        toy->cpu[0]->x[0] = b;
        toy->cpu[0]->w[0] = (uint32_t)b;
        got = reference(toy_ram(toy, place), access.memop);
        run(toy, &access, place);
        if (access.type == QH_TYPE_I32) {
            g_assert_cmphex(toy->cpu[0]->w[1], ==, (uint32_t)got);
        } else {
            g_assert_cmphex(toy->cpu[0]->x[1], ==, got);
        }
        g_assert_cmphex(reference(toy_ram(toy, place), size | be), ==,
                        rmw_reference(kind, old, b, width));
    }
    toy_machine_free(toy);
}

static void test_cas(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t i = 0; i < 4 * 2 * 2 * 2; i++) {
        uint32_t size = i % 4, be = i & 4 ? QH_MEM_BE : 0, width = 8u << size;
        gboolean equal = (i & 8) != 0;
        uint64_t place = DATA + 0x80 + (i & 16 ? 1 : 0), mask = UINT64_MAX >> (64 - width);
        Access access = {.op = QH_IR_cas, .type = QH_TYPE_I64, .memop = size | be};
        uint64_t old;
        fill(toy, DATA, PAGE);
        old = reference(toy_ram(toy, place), size | be);
        toy->cpu[0]->x[0] = 0x1234567812345678;
        toy->cpu[0]->x[1] = equal ? old : old + 1;
        run(toy, &access, place);
        g_assert_cmphex(toy->cpu[0]->x[1], ==, old);
        g_assert_cmphex(reference(toy_ram(toy, place), size | be), ==,
                        equal ? 0x1234567812345678 & mask : old);
    }
    for (uint32_t equal = 0; equal < 2; equal++) {
        Access access = {.op = QH_IR_cas, .type = QH_TYPE_I128, .memop = QH_MEM_128};
        ToyWide old, now;
        memcpy(&old, toy_ram(toy, DATA + 0x100), 16);
        toy->cpu[0]->q[0] = (ToyWide)7 << 64 | 9;
        toy->cpu[0]->q[1] = equal ? old : old ^ (ToyWide)1 << 100;
        run(toy, &access, DATA + 0x100);
        memcpy(&now, toy_ram(toy, DATA + 0x100), 16);
        g_assert_true(toy->cpu[0]->q[1] == old);
        g_assert_true(now == (equal ? toy->cpu[0]->q[0] : old));
    }
    toy_machine_free(toy);
}

static void test_io(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Access load = {.op = QH_IR_ld, .type = QH_TYPE_I64, .memop = QH_MEM_16 | QH_MEM_SIGNED};
    Access store = {.op = QH_IR_st, .type = QH_TYPE_I64, .memop = QH_MEM_32, .offset = 4};
    Access rmw = {.op = QH_IR_atomic_rmw, .type = QH_TYPE_I64, .memop = QH_MEM_64};

    toy->io_value = 0x8123;
    run(toy, &load, TOY_IO + 0x10);
    g_assert_cmphex(toy->cpu[0]->x[1], ==, 0xffffffffffff8123);
    g_assert_cmpuint(toy->io_width, ==, 2);
    g_assert_cmphex(toy->io_offset, ==, 0x10);
    toy->cpu[0]->x[0] = 0xaabbccdd11223344;
    run(toy, &store, TOY_IO + 0x20);
    g_assert_cmphex(toy->io_value, ==, 0x11223344);
    g_assert_cmphex(toy->io_offset, ==, 0x24);
    g_assert_cmpuint(toy->io_width, ==, 4);
    toy->io_value = 5;
    toy->cpu[0]->x[0] = 6;
    run(toy, &rmw, TOY_IO + 0x30);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 5);
    g_assert_cmpuint(toy->io_value, ==, 11);
    toy_machine_free(toy);
}

static void check_fault(const ToyMachine *toy, uint32_t kind, uint32_t access, uint64_t address)
{
    const Toy *cpu = toy->cpu[0];

    g_assert_cmpuint(cpu->n_faults, ==, 1);
    g_assert_cmpuint(cpu->fault.kind, ==, kind);
    g_assert_cmpuint(cpu->fault.access, ==, access);
    g_assert_cmphex(cpu->fault.address, ==, address);
    g_assert_cmphex(cpu->fault_pc, ==, TOY_RAM + 4);
    g_assert_cmpuint(cpu->fault_icount, ==, 1001);
    g_assert_cmpuint(cpu->cpu.unwind, ==, 0);
}

static void test_faults(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Access load = {.op = QH_IR_ld, .type = QH_TYPE_I64, .memop = QH_MEM_64};
    Access store = {.op = QH_IR_st, .type = QH_TYPE_I64, .memop = QH_MEM_64};
    Access rmw = {.op = QH_IR_atomic_rmw, .type = QH_TYPE_I64, .memop = QH_MEM_64};
    uint64_t before;

    toy->prot[(DATA >> 12) + 1] = 0;
    toy->cpu[0]->x[1] = 77;
    run(toy, &load, DATA + PAGE + 8);
    check_fault(toy, QH_FAULT_TRANSLATE, QH_ACCESS_READ, DATA + PAGE + 8);
    g_assert_cmpuint(toy->cpu[0]->fault.cause, ==, 100);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 77); /* no result */
    /* over the end of the page: the first byte that faults, and nothing was written */
    run(toy, &load, DATA + PAGE - 3);
    check_fault(toy, QH_FAULT_TRANSLATE, QH_ACCESS_READ, DATA + PAGE);
    memcpy(&before, toy_ram(toy, DATA + PAGE - 8), 8);
    toy->cpu[0]->x[0] = ~before;
    run(toy, &store, DATA + PAGE - 3);
    check_fault(toy, QH_FAULT_TRANSLATE, QH_ACCESS_WRITE, DATA + PAGE);
    g_assert_cmpmem(toy_ram(toy, DATA + PAGE - 8), 8, &before, 8);
    /* a read-modify-write of a page that may only be read faults as a write */
    toy->prot[(DATA >> 12) + 2] = QH_PROT_READ;
    run(toy, &load, DATA + 2 * PAGE);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 0);
    run(toy, &rmw, DATA + 2 * PAGE);
    check_fault(toy, QH_FAULT_TRANSLATE, QH_ACCESS_WRITE, DATA + 2 * PAGE);
    /* nothing there, and a device that refuses */
    run(toy, &load, 0x300000);
    check_fault(toy, QH_FAULT_BUS, QH_ACCESS_READ, 0x300000);
    g_assert_cmphex(toy->cpu[0]->fault.phys, ==, 0x300000);
    run(toy, &store, TOY_IO + 0x900);
    check_fault(toy, QH_FAULT_BUS, QH_ACCESS_WRITE, TOY_IO + 0x900);
    load.memop |= QH_MEM_ALIGN;
    run(toy, &load, DATA + 4);
    check_fault(toy, QH_FAULT_ALIGN, QH_ACCESS_READ, DATA + 4);
    run(toy, &load, DATA + 8);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 0);
    toy_machine_free(toy);
}

static void test_rom(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Access load = {.op = QH_IR_ld, .type = QH_TYPE_I64, .memop = QH_MEM_64};
    Access store = {.op = QH_IR_st, .type = QH_TYPE_I64, .memop = QH_MEM_64};
    g_autoptr(GError) error = NULL;
    QhRam *rom = qh_ram_new(&toy->machine, "rom", PAGE, &error);

    qh_mem_service.map_ram(toy->cluster.space, 0x280000, PAGE, rom, 0, QH_MAP_READONLY, 0, &error);
    g_assert_no_error(error);
    rom->host[8] = 0x5a;
    run(toy, &load, 0x280008);
    g_assert_cmphex(toy->cpu[0]->x[1], ==, 0x5a);
    toy->cpu[0]->x[0] = 1;
    run(toy, &store, 0x280008);
    check_fault(toy, QH_FAULT_BUS, QH_ACCESS_WRITE, 0x280008);
    g_assert_cmphex(rom->host[8], ==, 0x5a);
    toy_machine_free(toy);
}

/* The same through helpers. */
static void test_service(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    static const uint32_t words[] = {
        TOY_INSN(TOY_ADDI, 12, 12, 1), TOY_INSN(TOY_STX, 0, 9, 8),    TOY_INSN(TOY_LDX, 1, 9, 8),
        TOY_INSN(TOY_LDX, 2, 10, 0),   TOY_INSN(TOY_ADDI, 13, 13, 1),
    };
    static const uint32_t halt[] = {TOY_INSN(TOY_HALT, 0, 0, 0)};
    Toy *cpu = toy->cpu[0];

    toy_poke(toy, TOY_RAM, words, N(words));
    toy_poke(toy, VECTOR, halt, 1);
    cpu->vector = VECTOR;
    cpu->x[0] = 0x1122334455667788;
    cpu->x[9] = DATA;
    cpu->x[10] = DATA + PAGE;
    cpu->x[2] = 5;
    toy->prot[(DATA >> 12) + 1] = 0;
    toy_run(toy, TOY_RAM);
    g_assert_cmphex(cpu->x[1], ==, 0x1122334455667788);
    g_assert_cmpuint(cpu->n_faults, ==, 1);
    g_assert_cmphex(cpu->fault_pc, ==, TOY_RAM + 12);
    g_assert_cmpuint(cpu->fault_icount, ==, 3);
    g_assert_cmpuint(cpu->x[2], ==, 5);
    g_assert_cmpuint(cpu->x[13], ==, 0);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/interp/memory/loads", test_loads);
    g_test_add_func("/interp/memory/stores", test_stores);
    g_test_add_func("/interp/memory/other-types", test_other_types);
    g_test_add_func("/interp/memory/rmw", test_rmw);
    g_test_add_func("/interp/memory/cas", test_cas);
    g_test_add_func("/interp/memory/io", test_io);
    g_test_add_func("/interp/memory/faults", test_faults);
    g_test_add_func("/interp/memory/rom", test_rom);
    g_test_add_func("/interp/memory/service", test_service);
    return g_test_run();
}
