/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSRs: who may access what, which bits stick, what reads see. */
#include "tests/unit/riscv-fake.h"

#include <string.h>

#include "modules/riscv/helper.h"
#include "modules/riscv/module.h"
#include "modules/riscv/rv_time.h"

#define ALL UINT64_MAX

/* Write @value, read @expected. */
typedef struct WarlCase {
    const char *model, *properties;
    uint32_t xlen, csr;
    uint64_t value, expected;
} WarlCase;

static const WarlCase warl_cases[] = {
  /* mstatus: RV64 keeps UXL and SXL, SD follows FS */
    {"rv64", NULL,                            64, 0x300, ALL,                   0x8000000a007e79aaull},
    {"rv64", NULL,                            64, 0x300, 0,                     0xa00000000ull       },
    {"rv64", NULL,                            64, 0x300, 0x1000,                0xa00000000ull       }, /* MPP = 2 is reserved: U stays */
    {"rv64", NULL,                            64, 0x300, 0x2000,                0xa00002000ull       }, /* FS initial */
    {"rv64", "f=off",                         64, 0x300, 0x6000,                0xa00000000ull       },
    {"rv64", "s=off",                         64, 0x300, ALL,                   0x8000000200227888ull},
    {"rv64", "s=off",                         64, 0x300, 0x800,                 0x200000000ull       }, /* no S to return to */
    {"rv64", "u=off",                         64, 0x300, ALL,                   0x8000000000007888ull},
    {"rv64", "u=off",                         64, 0x300, 0,                     0x1800ull            },
    {"rv32", NULL,                            32, 0x300, ALL,                   0x807e79aaull        },
    {"rv32", NULL,                            32, 0x310, ALL,                   0                    },
    {"rv64", NULL,                            64, 0x100, ALL,                   0x80000002000c6122ull},
    {"rv32", NULL,                            32, 0x100, ALL,                   0x800c6122ull        },
 /* misa: C alone can be cleared */
    {"rv64", NULL,                            64, 0x301, 0,                     0x8000000000141129ull},
    {"rv64", NULL,                            64, 0x301, ALL,                   0x800000000014112dull},
    {"rv64", "c=off,zcb=off",                 64, 0x301, ALL,                   0x8000000000141129ull},
    {"rv32", NULL,                            32, 0x301, ALL,                   0x4014112dull        },
 /* delegation and interrupts */
    {"rv64", NULL,                            64, 0x302, ALL,                   0xb3ff               },
    {"rv64", NULL,                            64, 0x303, ALL,                   0x222                },
    {"rv64", NULL,                            64, 0x304, ALL,                   0xaaa                },
    {"rv64", "s=off",                         64, 0x304, ALL,                   0x888                },
    {"rv64", NULL,                            64, 0x344, ALL,                   0x222                },
 /* vectors */
    {"rv64", NULL,                            64, 0x305, 0xffffffff80001235ull, 0xffffffff80001235ull},
    {"rv64", NULL,                            64, 0x305, 0x80001002,            0                    },
    {"rv64", NULL,                            64, 0x105, 0x80001003,            0                    },
    {"rv32", NULL,                            32, 0x305, 0xffffffff80001001ull, 0x80001001ull        },
 /* epc: bit 0 never sticks, bit 1 hides with IALIGN = 32 */
    {"rv64", NULL,                            64, 0x341, ALL,                   ~1ull                },
    {"rv64", "c=off,zcb=off",                 64, 0x341, ALL,                   ~3ull                },
    {"rv64", NULL,                            64, 0x141, 0x1003,                0x1002               },
 /* counters */
    {"rv64", NULL,                            64, 0x306, ALL,                   7                    },
    {"rv64", NULL,                            64, 0x106, ALL,                   7                    },
    {"rv64", NULL,                            64, 0x320, ALL,                   5                    },
    {"rv64", NULL,                            64, 0xb03, ALL,                   0                    },
    {"rv64", NULL,                            64, 0x323, ALL,                   0                    },
 /* environment */
    {"rv64", NULL,                            64, 0x30a, ALL,                   0xe0000000000000f1ull},
    {"rv64", "sstc=off,svadu=off,svpbmt=off", 64, 0x30a, ALL,                   0xf1                 },
    {"rv64", "zicbom=off,zicboz=off",         64, 0x30a, ALL,                   0xe000000000000001ull},
    {"rv64", NULL,                            64, 0x30a, 0x20,                  0                    }, /* CBIE = 2 is reserved */
    {"rv64", NULL,                            64, 0x10a, ALL,                   0xf1                 },
    {"rv32", NULL,                            32, 0x31a, ALL,                   0xa0000000ull        }, /* no Svpbmt on RV32 */
    {"max",  NULL,                            64, 0x30c, ALL,                   0xc000000000000000ull},
    {"max",  NULL,                            64, 0x30d, ALL,                   0x8000000000000000ull},
    {"max",  NULL,                            64, 0x10c, ALL,                   0                    },
    {"max",  "zkr=on",                        64, 0x747, ALL,                   0x300                },
 /* satp: an unsupported mode drops the write */
    {"rv64", NULL,                            64, 0x180, 0x8123400000012345ull, 0x8123400000012345ull},
    {"rv64", NULL,                            64, 0x180, 0xa000000000012345ull, 0xa000000000012345ull},
    {"rv64", "sv57=off",                      64, 0x180, 0xa000000000012345ull, 0                    },
    {"rv64", NULL,                            64, 0x180, 0x1000000000012345ull, 0                    },
    {"rv64", "mmu=off",                       64, 0x180, 0x8000000000012345ull, 0                    },
    {"rv32", NULL,                            32, 0x180, 0x80012345ull,         0x80012345ull        },
 /* floating point */
    {"rv64", NULL,                            64, 0x003, ALL,                   0xff                 },
    {"rv64", NULL,                            64, 0x001, ALL,                   0x1f                 },
    {"rv64", NULL,                            64, 0x002, ALL,                   7                    },
 /* the rest */
    {"rv64", NULL,                            64, 0x340, ALL,                   ALL                  },
    {"rv32", NULL,                            32, 0x340, ALL,                   0xffffffffull        },
    {"rv64", NULL,                            64, 0x7a0, ALL,                   0                    },
    {"rv64", NULL,                            64, 0x7a1, ALL,                   0                    },
    {"rv64", NULL,                            64, 0x7a4, ALL,                   1                    },
    {"rv64", NULL,                            64, 0x3b0, ALL,                   0x3fffffffffffffull  },
    {"rv32", NULL,                            32, 0x3b0, ALL,                   0xffffffffull        },
    {"rv64", NULL,                            64, 0x3a0, 0x0202ull,             0x0000ull            }, /* W without R is reserved */
    {"rv64", NULL,                            64, 0x3a0, 0x1fff7f1full,         0x1f9f1f1full        },
};

static void test_warl(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(warl_cases); i++) {
        const WarlCase *c = &warl_cases[i];
        g_autoptr(RvFake) fake = rv_fake_ok(c->xlen, c->model, c->properties);
        uint64_t value;

        fake->cpu->mstatus |= c->csr < 4 ? RV_MSTATUS_FS : 0;
        rv_fake_set_csr(fake, c->csr, c->value);
        value = rv_fake_csr(fake, c->csr);
        if (value != c->expected) {
            g_error("row %u: csr 0x%x reads 0x%" G_GINT64_MODIFIER "x, not 0x%" G_GINT64_MODIFIER
                    "x",
                    i, c->csr, value, c->expected);
        }
    }
}

/* Whether a read and a write are legal at each privilege: "urw" lists what is. */
typedef struct AccessCase {
    const char *properties;
    uint32_t csr;
    const char *legal; /* letters u s m: may read; U S M: may write */
    uint64_t mcounteren, scounteren, menvcfg, mstatus;
} AccessCase;

static const AccessCase access_cases[] = {
    {NULL,                 0x300, "mM",     0, 0, 0,              0             },
    {NULL,                 0x100, "smSM",   0, 0, 0,              0             },
    {NULL,                 0xf14, "m",      0, 0, 0,              0             },
    {NULL,                 0x200, "",       0, 0, 0,              0             },
    {NULL,                 0x680, "",       0, 0, 0,              0             },
    {NULL,                 0x7b0, "",       0, 0, 0,              0             },
    {NULL,                 0xfff, "",       0, 0, 0,              0             },
    {NULL,                 0xc00, "m",      0, 0, 0,              0             },
    {NULL,                 0xc00, "sm",     1, 0, 0,              0             },
    {NULL,                 0xc00, "usm",    1, 1, 0,              0             },
    {NULL,                 0xc00, "m",      0, 1, 0,              0             },
    {NULL,                 0xc01, "usm",    2, 2, 0,              0             },
    {NULL,                 0xc03, "m",      7, 7, 0,              0             },
    {"zicntr=off",         0xc00, "",       7, 7, 0,              0             },
    {"zihpm=off",          0xc03, "",       7, 7, 0,              0             },
    {"zihpm=off",          0xb03, "",       7, 7, 0,              0             },
    {"s=off",              0xc00, "usm",    1, 0, 0,              0             },
    {"s=off",              0x100, "",       0, 0, 0,              0             },
    {"s=off",              0x303, "",       0, 0, 0,              0             },
    {NULL,                 0xc80, "",       7, 7, 0,              0             },
    {NULL,                 0x310, "",       0, 0, 0,              0             },
    {NULL,                 0x001, "",       0, 0, 0,              0             },
    {NULL,                 0x001, "usmUSM", 0, 0, 0,              RV_MSTATUS_FS },
    {"f=off",              0x001, "",       0, 0, 0,              RV_MSTATUS_FS },
    {NULL,                 0x180, "smSM",   0, 0, 0,              0             },
    {NULL,                 0x180, "mM",     0, 0, 0,              RV_MSTATUS_TVM},
    {NULL,                 0x14d, "mM",     0, 0, 0,              0             },
    {NULL,                 0x14d, "mM",     2, 0, 0,              0             },
    {NULL,                 0x14d, "mM",     0, 0, RV_ENVCFG_STCE, 0             },
    {NULL,                 0x14d, "smSM",   2, 0, RV_ENVCFG_STCE, 0             },
    {"sstc=off",           0x14d, "",       2, 0, RV_ENVCFG_STCE, 0             },
    {NULL,                 0x015, "",       0, 0, 0,              0             },
    {"zkr=on",             0x015, "M",      0, 0, 0,              0             },
    {NULL,                 0x3a0, "mM",     0, 0, 0,              0             },
    {NULL,                 0x3a1, "",       0, 0, 0,              0             }, /* odd on RV64 */
    {NULL,                 0x3a2, "mM",     0, 0, 0,              0             },
    {NULL,                 0x3a4, "",       0, 0, 0,              0             }, /* 16 entries */
    {"num-pmp-regions=64", 0x3ae, "mM",     0, 0, 0,              0             },
    {NULL,                 0x3bf, "mM",     0, 0, 0,              0             },
    {NULL,                 0x3c0, "",       0, 0, 0,              0             },
    {"pmp=off",            0x3b0, "",       0, 0, 0,              0             },
    {NULL,                 0x10a, "smSM",   0, 0, 0,              0             },
    {"smstateen=on",       0x10a, "mM",     0, 0, 0,              0             },
    {NULL,                 0x10c, "",       0, 0, 0,              0             },
    {"smstateen=on",       0x10c, "mM",     0, 0, 0,              0             },
    {NULL,                 0x747, "",       0, 0, 0,              0             },
    {"zicsr=off",          0x300, "",       0, 0, 0,              0             },
};

static void test_access(void)
{
    static const struct {
        uint32_t priv;
        char read, write;
    } levels[] = {
        {RV_PRIV_U, 'u', 'U'},
        {RV_PRIV_S, 's', 'S'},
        {RV_PRIV_M, 'm', 'M'}
    };

    for (guint i = 0; i < G_N_ELEMENTS(access_cases); i++) {
        const AccessCase *c = &access_cases[i];
        for (guint l = 0; l < G_N_ELEMENTS(levels); l++) {
            g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", c->properties);
            uint64_t value;
            gboolean may;

            fake->cpu->mcounteren = c->mcounteren;
            fake->cpu->scounteren = c->scounteren;
            fake->cpu->menvcfg = c->menvcfg;
            fake->cpu->mstatus |= c->mstatus;
            rv_fake_set_priv(fake, levels[l].priv);
            may = strchr(c->legal, levels[l].read) != NULL;
            if (rv_csr_read(fake->cpu, c->csr, &value) != may) {
                g_error("row %u: read of csr 0x%x in %c", i, c->csr, levels[l].write);
            }
            may = strchr(c->legal, levels[l].write) != NULL;
            if (rv_csr_write(fake->cpu, c->csr, 0, ALL, NULL) != may) {
                g_error("row %u: write of csr 0x%x in %c", i, c->csr, levels[l].write);
            }
        }
    }
}

/* An illegal access enters the exception with the instruction in mtval and writes nothing. */
static void test_illegal(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    uint32_t insn = 0x30001073; /* csrrw x0, mstatus, x0 */

    rv_fake_set_csr(fake, 0x305, 0x80000100);
    rv_fake_set_priv(fake, RV_PRIV_U);
    fake->cpu->base.pc = 0x4000;
    rv_helper_csr_write(&fake->cpu->base, insn, 0x1888);
    g_assert_cmpuint(fake->cpu->base.unwind, ==, 1);
    g_assert_cmphex(fake->cpu->base.pc, ==, 0x80000100);
    g_assert_cmphex(fake->cpu->mepc, ==, 0x4000);
    g_assert_cmphex(fake->cpu->mcause, ==, 2);
    g_assert_cmphex(fake->cpu->mtval, ==, insn);
    g_assert_cmphex(fake->cpu->mstatus & (RV_MSTATUS_MIE | RV_MSTATUS_MPIE), ==, 0);
}

/* csrrs and csrrc work on single bits, and the SEIP that a line asserts is not written back. */
static void test_set_clear(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    QhCpu *cpu = &fake->cpu->base;

    rv_fake_set_csr(fake, 0x340, 0xf0f0);
    g_assert_cmphex(rv_helper_csr_rw(cpu, 0x34002573, ALL, 0x0f00), ==, 0xf0f0);
    g_assert_cmphex(fake->cpu->mscratch, ==, 0xfff0);
    g_assert_cmphex(rv_helper_csr_rw(cpu, 0x34003573, 0, 0xf000), ==, 0xfff0);
    g_assert_cmphex(fake->cpu->mscratch, ==, 0x0ff0);

    cpu->irq_lines = 1u << RV_IRQ_SEI;
    g_assert_cmphex(rv_helper_csr_rw(cpu, 0x34402573, ALL, 2), ==, 0x200);
    cpu->irq_lines = 0;
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 2);
}

/* sip and sie show what mideleg delegates, and change SSIP alone. */
static void test_supervisor_views(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);

    rv_fake_set_csr(fake, 0x303, 0x202);
    rv_fake_set_csr(fake, 0x304, 0x888);
    rv_fake_set_csr(fake, 0x344, 0x222);
    rv_fake_set_priv(fake, RV_PRIV_S);
    g_assert_cmphex(rv_fake_csr(fake, 0x144), ==, 0x202);
    rv_fake_set_csr(fake, 0x104, ALL);
    g_assert_cmphex(rv_fake_csr(fake, 0x104), ==, 0x202);
    g_assert_cmphex(fake->cpu->mie, ==, 0xa8a);
    rv_fake_set_csr(fake, 0x144, 0);
    g_assert_cmphex(fake->cpu->mip, ==, 0x220);
}

static void test_counters(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    QhCpu *cpu = &fake->cpu->base;

    cpu->icount = 1000;
    fake->icount_ahead = 30; /* what the host says counts, not base.icount */
    g_assert_cmpuint(rv_fake_csr(fake, 0xb02), ==, 1030);
    fake->icount_ahead = 0;
    g_assert_cmpuint(rv_fake_csr(fake, 0xb02), ==, 1000);
    rv_fake_set_csr(fake, 0xb02, 5);
    cpu->icount++; /* the write itself completes */
    g_assert_cmpuint(rv_fake_csr(fake, 0xb02), ==, 5);
    g_assert_cmpuint(rv_fake_csr(fake, 0xc00), ==, 1001);
    rv_fake_set_csr(fake, 0x320, 4);
    cpu->icount += 100;
    g_assert_cmpuint(rv_fake_csr(fake, 0xc02), ==, 5);
    g_assert_cmpuint(rv_fake_csr(fake, 0xc00), ==, 1101);
    rv_fake_set_csr(fake, 0x320, 0);
    cpu->icount += 7;
    g_assert_cmpuint(rv_fake_csr(fake, 0xc02), ==, 12);
}

static void test_halves(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(32, "rv32", NULL);

    rv_fake_set_csr(fake, 0x14d, 0x11111111);
    rv_fake_set_csr(fake, 0x15d, 0x22222222);
    g_assert_cmphex(fake->cpu->stimecmp, ==, 0x2222222211111111ull);
    g_assert_cmphex(rv_fake_csr(fake, 0x14d), ==, 0x11111111);
    g_assert_cmphex(rv_fake_csr(fake, 0x15d), ==, 0x22222222);
    fake->cpu->base.icount = 0x500000003ull;
    g_assert_cmphex(rv_fake_csr(fake, 0xc00), ==, 3);
    g_assert_cmphex(rv_fake_csr(fake, 0xc80), ==, 5);
    rv_fake_set_csr(fake, 0x340, 0x80000000);
    g_assert_cmphex(rv_helper_csr_read(&fake->cpu->base, 0x34002573), ==, 0xffffffff80000000ull);
}

static void test_time(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);

    fake->now_ns = 12345678901;
    g_assert_cmpuint(rv_fake_csr(fake, 0xc01), ==, 123456789);
    rv_cpu_set_time_offset(&fake->cpu->base, 1000);
    g_assert_cmpuint(rv_fake_csr(fake, 0xc01), ==, 123457789);
    /* when is the inverse: the first nanosecond at which the time is there */
    for (uint64_t hz = 1; hz < 4000000000u; hz = hz * 7 + 3) {
        int64_t when = rv_time_when(1000 + 77, hz, 1000);
        g_assert_cmpuint(rv_time_at(when, hz, 1000), >=, 1077);
        g_assert_cmpuint(rv_time_at(when - 1, hz, 1000), <, 1077);
    }
    g_assert_cmpint(rv_time_when(UINT64_MAX, 1, 0), ==, INT64_MAX);
}

static void test_stimer(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);

    fake->now_ns = 1000000;
    rv_fake_set_csr(fake, 0x303, 0x222);
    rv_fake_set_csr(fake, 0x304, 0x20);
    rv_fake_set_csr(fake, 0x14d, 20000);
    g_assert_cmpint(fake->armed_ns, ==, -1); /* STCE is off */
    rv_fake_set_csr(fake, 0x344, 0x20);
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 0x20);
    rv_fake_set_csr(fake, 0x30a, RV_ENVCFG_STCE);
    g_assert_cmpint(fake->armed_ns, ==, 2000000);
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 0);
    fake->now_ns = 2000000;
    fake->timer_fn(fake->timer_opaque);
    g_assert_cmpuint(fake->kicks, ==, 1);
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 0x20);
    rv_fake_set_csr(fake, 0x344, 0); /* read-only now */
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 0x20);
    rv_fake_set_csr(fake, 0x14d, UINT64_MAX);
    g_assert_cmphex(rv_fake_csr(fake, 0x344), ==, 0);
    g_assert_cmpint(fake->armed_ns, ==, -1);
}

/* The timer passes while S has interrupts off: it is taken when they come on. */
static void test_stimer_masked(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);
    QhCpu *cpu = &fake->cpu->base;

    rv_fake_set_csr(fake, 0x30a, RV_ENVCFG_STCE);
    rv_fake_set_csr(fake, 0x303, 0x20);
    rv_fake_set_csr(fake, 0x304, 0x20);
    rv_fake_set_csr(fake, 0x14d, 10);
    rv_fake_set_priv(fake, RV_PRIV_S);
    fake->now_ns = 1000;
    g_assert_cmpuint(cpu->exit_request, ==, 0);
    fake->timer_fn(fake->timer_opaque);
    g_assert_false(rv64_cpu_ops.take_interrupt(cpu)); /* as after each kick */
    rv_fake_set_csr(fake, 0x100, RV_MSTATUS_SIE);
    g_assert_cmpuint(cpu->exit_request, ==, 1);
    g_assert_true(rv64_cpu_ops.take_interrupt(cpu));
    g_assert_cmphex(fake->cpu->scause, ==, (UINT64_C(1) << 63) + RV_IRQ_STI);
}

/* misa.C stays when the next instruction would be misaligned. */
static void test_misa_alignment(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", NULL);

    fake->cpu->base.pc = 0x1002;
    rv_fake_set_csr(fake, 0x301, 0);
    g_assert_cmphex(rv_fake_csr(fake, 0x301) & 4, ==, 4);
    g_assert_cmphex(fake->cpu->base.state_key & RV_KEY_C, ==, RV_KEY_C);
    fake->cpu->base.pc = 0x1000;
    rv_fake_set_csr(fake, 0x301, 0);
    g_assert_cmphex(rv_fake_csr(fake, 0x301) & 4, ==, 0);
    g_assert_cmphex(fake->cpu->base.state_key & RV_KEY_C, ==, 0);
}

static void test_seed(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "rv64", "zkr=on");
    uint64_t value = 0;

    g_assert_true(rv_csr_write(fake->cpu, 0x015, 0, ALL, &value));
    g_assert_cmphex(value >> 30, ==, 2);
    rv_fake_set_priv(fake, RV_PRIV_S);
    g_assert_false(rv_csr_write(fake->cpu, 0x015, 0, ALL, &value));
    fake->cpu->mseccfg = RV_MSECCFG_SSEED;
    g_assert_true(rv_csr_write(fake->cpu, 0x015, 0, ALL, &value));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/csr/warl", test_warl);
    g_test_add_func("/riscv/csr/access", test_access);
    g_test_add_func("/riscv/csr/illegal", test_illegal);
    g_test_add_func("/riscv/csr/set-clear", test_set_clear);
    g_test_add_func("/riscv/csr/supervisor-views", test_supervisor_views);
    g_test_add_func("/riscv/csr/counters", test_counters);
    g_test_add_func("/riscv/csr/halves", test_halves);
    g_test_add_func("/riscv/csr/time", test_time);
    g_test_add_func("/riscv/csr/stimer", test_stimer);
    g_test_add_func("/riscv/csr/stimer-masked", test_stimer_masked);
    g_test_add_func("/riscv/csr/misa-alignment", test_misa_alignment);
    g_test_add_func("/riscv/csr/seed", test_seed);
    return g_test_run();
}
