/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toy target, loaded as a module: what it translates passes the IR checker, for every opcode,
 * at every alignment, under every limit on instructions and records.
 */
#include "abi/target.h"
#include "core/jit/ir.h"
#include "core/module/registry.h"
#include "core/module/services.h"
#include <string.h>

const void *
qh_service_find(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error)
{
    static const uint64_t table[64];

    (void)host;
    (void)name;
    (void)major;
    (void)min_minor;
    (void)error;
    return table;
}

typedef struct Fixture {
    QhRegistry *registry;
    QhSlotRef target, cpu, translator;
    QhIrContext context;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    f->registry = qh_registry_new(NULL);
    qh_registry_scan(f->registry);
    qh_registry_load_target(f->registry, "null", &error);
    g_assert_no_error(error);
    g_assert_true(qh_registry_acquire(f->registry, "target", "null", &f->target, &error));
    g_assert_true(qh_registry_acquire(f->registry, "cpu", "null", &f->cpu, &error));
    g_assert_true(qh_registry_acquire(f->registry, "translator", "null", &f->translator, &error));
    const QhTargetOps *target = f->target.ops;
    const QhCpuOps *cpu = f->cpu.ops;
    f->context = (QhIrContext){
        .state = cpu->state,
        .state_size = cpu->state_size,
        .translator = f->translator.ops,
        .address_bits = target->address_bits,
        .n_mmu_indices = target->n_mmu_indices,
    };
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_slot_release(&f->target);
    qh_slot_release(&f->cpu);
    qh_slot_release(&f->translator);
    qh_registry_free(f->registry);
}

/* Translate @bytes at @pc and check the records; FALSE when the block did not fit. */
static gboolean check_block(Fixture *f,
                            uint64_t pc,
                            const uint8_t *code,
                            uint32_t bytes,
                            uint32_t max_insns,
                            uint32_t capacity)
{
    const QhTranslatorOps *ops = f->translator.ops;
    g_autofree QhIrRecord *records = g_new0(QhIrRecord, capacity);
    g_autoptr(GError) error = NULL;
    QhBlock block = {
        .size = sizeof(QhBlock),
        .pc = pc,
        .code = code,
        .code_bytes = bytes,
        .max_insns = max_insns,
        .records = records,
        .capacity = capacity,
    };

    if (!ops->translate(f->translator.ctx, &block)) {
        g_assert_cmpuint(block.status & QH_BLOCK_OVERFLOW, !=, 0);
        return FALSE;
    }
    g_assert_cmpuint(block.n_insns, >=, 1);
    g_assert_cmpuint(block.n_insns, <=, max_insns);
    g_assert_cmpuint(block.guest_bytes, <=, bytes);
    qh_ir_validate(&f->context, records, block.n_records, &error);
    g_assert_no_error(error);
    return TRUE;
}

static void test_opcodes(Fixture *f, gconstpointer data)
{
    (void)data;
    for (uint32_t opcode = 0; opcode < 256; opcode++) {
        uint8_t code[8] = {(uint8_t)opcode, 0x21, 0x83, 0xff, 0x00, 0x00, 0x00, 0x00};
        g_assert_true(check_block(f, 0x1000, code, sizeof(code), 8, 256));
        g_assert_true(check_block(f, 0x1000, code, sizeof(code), 1, 256));
        g_assert_true(check_block(f, 0x1001, code, sizeof(code), 8, 256));
        for (uint32_t capacity = 1; capacity < 16; capacity++) {
            check_block(f, 0x1000, code, sizeof(code), 8, capacity);
        }
    }
}

static void test_page_end(Fixture *f, gconstpointer data)
{
    const uint8_t code[] = {0x0a, 0x11, 0x01, 0x00};

    (void)data;
    g_assert_true(check_block(f, 0x1ffc, code, sizeof(code), 512, 64));
}

static void test_random(Fixture *f, gconstpointer data)
{
    uint8_t code[256];

    (void)data;
    for (uint32_t round = 0; round < 2000; round++) {
        for (uint32_t i = 0; i < sizeof(code); i++) {
            code[i] = (uint8_t)g_test_rand_int();
        }
        for (uint32_t i = 0; i < sizeof(code); i += 4) {
            code[i] &= 0x33; /* mostly instructions that exist */
        }
        check_block(f, 0x2000, code, sizeof(code), 64, 4096);
    }
}

static void test_disassembler(Fixture *f, gconstpointer data)
{
    static const struct {
        uint8_t code[4];
        const char *text;
    } cases[] = {
        {{0x01, 0x01, 0xff, 0xff}, "li r1, -1"     },
        {{0x03, 0x21, 0x03, 0x00}, "add r1, r2, r3"},
        {{0x10, 0x21, 0x08, 0x00}, "ld r1, r2, 8"  },
        {{0xff, 0x00, 0x00, 0x00}, "?"             },
    };
    const QhTranslatorOps *ops = f->translator.ops;

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint32_t bytes = 0;
        g_autofree char *text = ops->disassemble(f->translator.ctx, 0, 0, cases[i].code, 4, &bytes);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpuint(bytes, ==, 4);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/null/opcodes", Fixture, NULL, set_up, test_opcodes, tear_down);
    g_test_add("/null/page-end", Fixture, NULL, set_up, test_page_end, tear_down);
    g_test_add("/null/random", Fixture, NULL, set_up, test_random, tear_down);
    g_test_add("/null/disassembler", Fixture, NULL, set_up, test_disassembler, tear_down);
    return g_test_run();
}
