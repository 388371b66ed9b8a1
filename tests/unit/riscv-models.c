/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models, properties and their rules, ISA strings, the tables that others read. */
#include "tests/unit/riscv-fake.h"

#include <string.h>

#include "modules/riscv/isa.h"
#include "modules/riscv/module.h"

/* A setting, and words that must (or with '!' must not) be among the extensions. */
typedef struct RuleCase {
    uint32_t xlen;
    const char *model, *properties, *words;
} RuleCase;

static const RuleCase good[] = {
    {64, "rv64",       NULL,               "i m a f d c zba zbb zbs zicsr zca zcd svpbmt sstc !zcf !svade !zkr !s !u"},
    {32, "rv32",       NULL,               "i m a f d c zca zcd zcf !svpbmt !svnapot"                                },
    {64, "max",        NULL,               "zfh smstateen svadu !svade !zkr !smaia !ssaia !zcf"                      },
    {64, "rva22s64",   NULL,               "svade svinval !sstc !zfa !svnapot"                                       },
    {64, "sifive-u54", NULL,               "i m a f d c !zba !zicbom !zfhmin"                                        },
 /* what is turned off takes along what needs it */
    {64, "rv64",       "f=off",            "!f !d !zcd !zfa !zfhmin c zca"                                           },
    {64, "rv64",       "d=off",            "f !d !zcd zfa c"                                                         },
    {64, "rv64",       "m=off",            "!m zmmul"                                                                },
    {64, "rv64",       "zca=off",          "!c !zca !zcb !zcd"                                                       },
    {64, "rv64",       "s=off",            "!sstc !svinval !svadu !svpbmt"                                           },
    {64, "rv64",       "u=off",            "!sstc !svinval"                                                          },
 /* what is turned on brings what it needs */
    {64, "sifive-u54", "zfh=on",           "zfh zfhmin"                                                              },
    {64, "sifive-u54", "zcb=on,zawrs=on",  "zcb zawrs"                                                               },
    {64, "rv64",       NULL,               "!v !zve32x !zvl128b"                                                     },
    {64, "max",        "vlen=512",         "v zve32f zve32x zve64d zve64f zve64x zvfh zvl512b"                       },
    {64, "max",        "d=off",            "!v !zve64d zve64f"                                                       },
    {64, "rv64",       "v=on",             "v zve64d zve64f zve64x zve32f zve32x zvl128b !zvfh"                      },
    {64, "rv64",       "zve32x=on",        "!v zve32x !zve64x !zve32f zvl128b"                                       },
    {64, "rv64",       "zvbb=on,zvbc=on",  "zvbb zvkb zvbc zve64x !zve64f"                                           },
    {64, "rv64",       "zvfh=on",          "zvfh zvfhmin zfhmin zve32f !zve64x"                                      },
    {64, "rv64",       "zbb=off,sv57=off", "zba !zbb"                                                                },
};

static const struct {
    uint32_t xlen;
    const char *model, *properties, *message;
} bad[] = {
    {64, "rv64", "d=on,f=off",           "d=on needs f"                           },
    {64, "rv64", "zfa=on,d=off,f=off",   "zfa=on needs f"                         },
    {64, "rv64", "zcf=on",               "zcf=on is not possible with 64-bit"     },
    {32, "rv32", "svpbmt=on",            "svpbmt=on is not possible with 32-bit"  },
    {64, "rv64", "sv32=on",              "sv32=on is not possible with 64-bit"    },
    {32, "rv32", "sv39=on",              "not possible with 32-bit"               },
    {64, "rv64", "i=off",                "i=off"                                  },
    {64, "rv64", "sv48=on,sv39=off",     "sv48=on needs sv39"                     },
    {64, "rv64", "cboz_blocksize=48",    "cboz_blocksize=48 is not a power of two"},
    {64, "rv64", "cbom_blocksize=8",     "cbom_blocksize=8 is not"                },
    {64, "rv64", "timebase-frequency=0", "timebase-frequency"                     },
    {64, "rv64", "v=on,d=off",           "needs"                                  },
    {64, "rv64", "vlen=64",              "vlen=64 is not a power of two from 128" },
    {64, "rv64", "vlen=2048",            "vlen=2048 is not"                       },
    {64, "rv64", "vlen=192",             "vlen=192 is not a power of two"         },
    {64, "rv64", "elen=16",              "elen=16 is neither 32 nor 64"           },
    {64, "rv64", "v=on,elen=32",         "elen=32 is not possible with zve64x"    },
};

static void test_rules(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(RvFake) fake = rv_fake_ok(good[i].xlen, good[i].model, good[i].properties);
        g_auto(GStrv) names = rv_isa_extensions(&fake->cpu->base);
        g_auto(GStrv) words = g_strsplit(good[i].words, " ", 0);

        for (char **word = words; *word != NULL; word++) {
            gboolean wanted = **word != '!';
            const char *name = *word + !wanted;
            if (g_strv_contains((const char *const *)names, name) != wanted) {
                g_error("row %u: %s", i, *word);
            }
        }
    }
}

static void test_refusals(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RvFake) fake = rv_fake_new(bad[i].xlen, bad[i].model, bad[i].properties, &error);

        g_assert_null(fake);
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
        if (strstr(error->message, bad[i].message) == NULL) {
            g_error("row %u: %s", i, error->message);
        }
    }
}

static void test_strings(void)
{
    g_autoptr(RvFake) u54 = rv_fake_ok(64, "sifive-u54", NULL);
    g_autoptr(RvFake) small = rv_fake_ok(32, "rv32", "short-isa-string=on,d=off");
    g_autoptr(RvFake) max = rv_fake_ok(64, "max", "vlen=256");
    g_autofree char *max_text = rv_isa_string(&max->cpu->base);
    g_autofree char *u54_text = rv_isa_string(&u54->cpu->base);
    g_autofree char *small_text = rv_isa_string(&small->cpu->base);

    g_assert_cmpstr(u54_text, ==,
                    "rv64imafdc_zicntr_zicsr_zifencei_zihpm_zmmul_zaamo_zalrsc_zca_zcd_svade");
    g_assert_cmpstr(small_text, ==, "rv32imafc");
    g_assert_nonnull(strstr(max_text, "rv64imafdcv_"));
    g_assert_nonnull(strstr(max_text, "_zvfhmin_zvkb_zvl256b_smstateen"));
    g_assert_cmpstr(rv_isa_base(&small->cpu->base), ==, "rv32i");
    g_assert_cmpstr(rv_isa_mmu_type(&small->cpu->base), ==, "riscv,sv32");
    g_assert_cmpstr(rv_isa_mmu_type(&u54->cpu->base), ==, "riscv,sv39");
    g_assert_cmpuint(rv_isa_cbom_bytes(&u54->cpu->base), ==, 0);
    g_assert_cmpuint(rv_isa_cboz_bytes(&small->cpu->base), ==, 64);
}

static void test_modes(void)
{
    static const struct {
        const char *properties, *type;
    } rows[] = {
        {NULL,       "riscv,sv57"},
        {"sv57=off", "riscv,sv48"},
        {"sv48=off", "riscv,sv39"},
        {"sv39=off", "riscv,none"},
        {"mmu=off",  "riscv,none"},
        {"s=off",    "riscv,none"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", rows[i].properties);
        g_assert_cmpstr(rv_isa_mmu_type(&fake->cpu->base), ==, rows[i].type);
    }
}

/* Names in the property table are unique, offsets lie in the state. */
static void test_properties(void)
{
    const QhPropertyTable *table = rv64_cpu_ops.properties;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (uint32_t i = 0; i < table->n_properties; i++) {
        g_assert_true(g_hash_table_add(seen, (gpointer)table->properties[i].name));
        g_assert_cmpuint(table->properties[i].offset, >=, sizeof(QhCpu));
        g_assert_cmpuint(table->properties[i].offset, <, rv64_cpu_ops.state_size);
    }
}

static void test_reset(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", "resetvec=0x80000000");
    QhCpu *cpu = &fake->cpu->base;

    fake->cpu->x[5] = fake->cpu->satp = fake->cpu->mie = fake->cpu->pmpcfg[3] = 1;
    fake->cpu->priv = RV_PRIV_U;
    cpu->halted = 1;
    rv64_cpu_ops.reset(cpu);
    g_assert_cmphex(cpu->pc, ==, 0x80000000);
    g_assert_cmpuint(fake->cpu->priv, ==, RV_PRIV_M);
    g_assert_cmphex(fake->cpu->x[5] | fake->cpu->satp | fake->cpu->mie | fake->cpu->pmpcfg[3], ==,
                    0);
    g_assert_cmpuint(cpu->halted, ==, 0);
    g_assert_cmphex(cpu->state_key, ==, 0x33 | 3 << 8 | RV_KEY_64 | RV_KEY_C);
}

static void test_describe(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    g_autofree char *text = NULL;

    fake->cpu->base.pc = 0x80001234;
    fake->cpu->x[10] = 0xabc;
    text = rv64_cpu_ops.describe(&fake->cpu->base);
    g_assert_nonnull(strstr(text, " pc         0000000080001234\n"));
    g_assert_nonnull(strstr(text, " x10/a0   0000000000000abc"));
    g_assert_nonnull(strstr(text, " mstatus    0000000a00000000\n"));
    g_assert_null(strstr(text, "mstatush"));
}

/* Each register of the gdb tables is a field of the state table with that many bits or more. */
static void test_gdb(void)
{
    static const QhGdbOps *const tables[] = {&rv32_gdb_ops, &rv64_gdb_ops};
    const QhStateTable *state = rv64_cpu_ops.state;

    for (guint t = 0; t < G_N_ELEMENTS(tables); t++) {
        g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
        for (uint32_t f = 0; f < tables[t]->n_features; f++) {
            const QhGdbFeature *feature = &tables[t]->features[f];
            for (uint32_t r = 0; r < feature->n_registers; r++) {
                const QhGdbRegister *reg = &feature->registers[r];
                gboolean found = reg->field == NULL; /* test_gdb_vectors */
                g_assert_true(g_hash_table_add(numbers, GUINT_TO_POINTER(reg->number)));
                for (uint32_t i = 0; !found && i < state->n_fields; i++) {
                    found |= strcmp(state->fields[i].name, reg->field) == 0;
                }
                g_assert_true(found);
            }
        }
    }
}

/* Vector registers are as long as VLEN says, and not there without vectors. */
static void test_gdb_vectors(void)
{
    g_autoptr(RvFake) max = rv_fake_ok(64, "max", "vlen=512");
    g_autoptr(RvFake) plain = rv_fake_ok(64, "rv64", NULL);
    const QhGdbFeature *feature = &rv64_gdb_ops.features[rv64_gdb_ops.n_features - 1];
    g_autofree char *types = rv64_gdb_ops.types(&max->cpu->base, feature->name);
    g_autofree char *none = rv64_gdb_ops.types(&max->cpu->base, "org.gnu.gdb.riscv.cpu");
    uint32_t offset, bytes;

    g_assert_cmpuint(feature->n_registers, ==, 32);
    for (uint32_t i = 0; i < 32; i++) {
        g_assert_null(feature->registers[i].field);
        g_assert_true(
            rv64_gdb_ops.locate(&max->cpu->base, feature->registers[i].number, &offset, &bytes));
        g_assert_cmpuint(bytes, ==, 64);
        g_assert_cmpuint(offset, ==, offsetof(RvCpu, v) + i * 64);
        g_assert_false(
            rv64_gdb_ops.locate(&plain->cpu->base, feature->registers[i].number, &offset, &bytes));
    }
    g_assert_false(rv64_gdb_ops.locate(&max->cpu->base, 0, &offset, &bytes));
    g_assert_nonnull(strstr(types, "<vector id=\"bytes\" type=\"uint8\" count=\"64\"/>"));
    g_assert_null(none);
}

/* What a debugger wrote never lets an instruction reach beyond the registers. */
static void test_state_written(void)
{
    g_autoptr(RvFake) max = rv_fake_ok(64, "max", NULL);
    RvCpu *cpu = max->cpu;

    cpu->vtype = 3; /* e8, m8: VLMAX 128 */
    cpu->vl = 1000;
    cpu->vstart = 5000;
    rv64_cpu_ops.state_written(&cpu->base);
    g_assert_cmpuint(cpu->vl, ==, 128);
    g_assert_cmpuint(cpu->vstart, <, 128);
    cpu->vtype = 0x3b;
    rv64_cpu_ops.state_written(&cpu->base);
    g_assert_cmphex(cpu->vtype, ==, RV_VTYPE_VILL);
    g_assert_cmpuint(cpu->vl, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/models/rules", test_rules);
    g_test_add_func("/riscv/models/refusals", test_refusals);
    g_test_add_func("/riscv/models/strings", test_strings);
    g_test_add_func("/riscv/models/modes", test_modes);
    g_test_add_func("/riscv/models/properties", test_properties);
    g_test_add_func("/riscv/models/reset", test_reset);
    g_test_add_func("/riscv/models/describe", test_describe);
    g_test_add_func("/riscv/models/gdb", test_gdb);
    g_test_add_func("/riscv/models/gdb-vectors", test_gdb_vectors);
    g_test_add_func("/riscv/models/state-written", test_state_written);
    return g_test_run();
}
