/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts: where they go, what they leave behind, the way back. */
#include "tests/unit/riscv-fake.h"

#include "modules/riscv/helper.h"
#include "modules/riscv/module.h"

#define M_VECTOR UINT64_C(0x80000000)
#define S_VECTOR UINT64_C(0x80001000)
#define PC       UINT64_C(0x1234)

static RvFake *hart(uint32_t priv, uint64_t medeleg, uint64_t mideleg)
{
    RvFake *fake = rv_fake_ok(64, "rv64", NULL);

    rv_fake_set_csr(fake, 0x305, M_VECTOR);
    rv_fake_set_csr(fake, 0x105, S_VECTOR);
    rv_fake_set_csr(fake, 0x302, medeleg);
    rv_fake_set_csr(fake, 0x303, mideleg);
    rv_fake_set_priv(fake, priv);
    fake->cpu->base.pc = PC;
    return fake;
}

/* Every exception from every mode, with and without delegation. */
static void test_exceptions(void)
{
    static const uint8_t causes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15};
    static const uint8_t privs[] = {RV_PRIV_U, RV_PRIV_S, RV_PRIV_M};

    for (guint i = 0; i < G_N_ELEMENTS(causes); i++) {
        for (guint n = 0; n < G_N_ELEMENTS(privs) * 2; n++) {
            uint32_t cause = causes[i], priv = privs[n / 2];
            g_autoptr(RvFake) fake = hart(priv, n & 1 ? UINT64_C(1) << cause : 0, 0);
            RvCpu *cpu = fake->cpu;
            gboolean to_s = n & 1 && priv != RV_PRIV_M && cause != 11;

            cpu->reserved_address = 0x1000;
            rv64_cpu_ops.raise(&cpu->base, cause, 0xabcd);
            g_assert_cmpuint(cpu->base.unwind, ==, 1);
            g_assert_cmphex(cpu->base.pc, ==, to_s ? S_VECTOR : M_VECTOR);
            g_assert_cmpuint(cpu->priv, ==, to_s ? RV_PRIV_S : RV_PRIV_M);
            g_assert_cmphex(to_s ? cpu->sepc : cpu->mepc, ==, PC);
            g_assert_cmphex(to_s ? cpu->scause : cpu->mcause, ==, cause);
            g_assert_cmphex(to_s ? cpu->stval : cpu->mtval, ==, 0xabcd);
            g_assert_cmphex(to_s ? cpu->mepc : cpu->sepc, ==, 0);
            if (to_s) {
                g_assert_cmphex(cpu->mstatus & RV_MSTATUS_SPP, ==,
                                priv == RV_PRIV_S ? RV_MSTATUS_SPP : 0);
            } else {
                g_assert_cmphex((cpu->mstatus & RV_MSTATUS_MPP) >> RV_MPP_SHIFT, ==, priv);
            }
            g_assert_cmphex(cpu->reserved_address, ==, RV_NO_RESERVATION);
            g_assert_cmphex(cpu->base.state_key & 15, ==, to_s ? RV_MMU_S : RV_MMU_M);
        }
    }
}

/* Whether an interrupt is taken, and where it goes. */
typedef struct IrqCase {
    uint32_t priv;
    uint64_t status, lines, soft, mie, mideleg;
    int32_t code; /* -1: not taken */
    uint32_t to;
} IrqCase;

#define SIE RV_MSTATUS_SIE
#define MIE RV_MSTATUS_MIE
static const IrqCase irq_cases[] = {
  /* M-level: in M only with MIE, below always */
    {RV_PRIV_M, 0,   0x80,  0,     0x80,  0,     -1, 0        },
    {RV_PRIV_M, MIE, 0x80,  0,     0x80,  0,     7,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0x80,  0,     0,     0,     -1, 0        },
    {RV_PRIV_S, 0,   0x80,  0,     0x80,  0,     7,  RV_PRIV_M},
    {RV_PRIV_U, 0,   0x80,  0,     0x80,  0,     7,  RV_PRIV_M},
 /* delegated: in S only with SIE, in U always, in M never */
    {RV_PRIV_S, 0,   0,     0x20,  0x20,  0x20,  -1, 0        },
    {RV_PRIV_S, SIE, 0,     0x20,  0x20,  0x20,  5,  RV_PRIV_S},
    {RV_PRIV_U, 0,   0,     0x20,  0x20,  0x20,  5,  RV_PRIV_S},
    {RV_PRIV_M, MIE, 0,     0x20,  0x20,  0x20,  -1, 0        },
 /* not delegated: an S interrupt goes to M */
    {RV_PRIV_S, 0,   0,     0x20,  0x20,  0,     5,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0,     0x2,   0x2,   0,     1,  RV_PRIV_M},
 /* priorities: MEI MSI MTI SEI SSI STI */
    {RV_PRIV_M, MIE, 0xa88, 0x22,  0xaaa, 0,     11, RV_PRIV_M},
    {RV_PRIV_M, MIE, 0x288, 0x22,  0xaaa, 0,     3,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0x280, 0x22,  0xaaa, 0,     7,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0x200, 0x22,  0xaaa, 0,     9,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0,     0x22,  0xaaa, 0,     1,  RV_PRIV_M},
    {RV_PRIV_M, MIE, 0,     0x20,  0xaaa, 0,     5,  RV_PRIV_M},
 /* M before S, whatever the order among equals */
    {RV_PRIV_S, SIE, 0x280, 0,     0xaaa, 0x222, 7,  RV_PRIV_M},
    {RV_PRIV_U, 0,   0x200, 0x22,  0xaaa, 0x222, 9,  RV_PRIV_S},
 /* software's SEIP and the line are one */
    {RV_PRIV_U, 0,   0,     0x200, 0x200, 0x200, 9,  RV_PRIV_S},
};

static void test_interrupts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(irq_cases); i++) {
        const IrqCase *c = &irq_cases[i];
        g_autoptr(RvFake) fake = hart(c->priv, 0, c->mideleg);
        RvCpu *cpu = fake->cpu;
        gboolean taken;

        cpu->mstatus |= c->status;
        cpu->mie = c->mie;
        cpu->mip = c->soft;
        cpu->base.irq_lines = c->lines;
        taken = rv64_cpu_ops.take_interrupt(&cpu->base);
        if (taken != (c->code >= 0)) {
            g_error("row %u: taken %d", i, taken);
        }
        if (!taken) {
            g_assert_cmphex(cpu->base.pc, ==, PC);
            continue;
        }
        g_assert_cmpuint(cpu->priv, ==, c->to);
        g_assert_cmphex(c->to == RV_PRIV_S ? cpu->scause : cpu->mcause, ==,
                        (UINT64_C(1) << 63) + (uint32_t)c->code);
        g_assert_cmphex(c->to == RV_PRIV_S ? cpu->sepc : cpu->mepc, ==, PC);
        g_assert_cmphex(cpu->base.pc, ==, c->to == RV_PRIV_S ? S_VECTOR : M_VECTOR);
        g_assert_cmpuint(cpu->base.unwind, ==, 0);
    }
}

static void test_vectored(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_U, 0, 0x200);
    QhCpu *cpu = &fake->cpu->base;

    fake->cpu->mtvec |= 1;
    fake->cpu->stvec |= 1;
    fake->cpu->mie = 0x280;
    cpu->irq_lines = 0x200;
    g_assert_true(rv64_cpu_ops.take_interrupt(cpu));
    g_assert_cmphex(cpu->pc, ==, S_VECTOR + 4 * 9);
    cpu->irq_lines = 0x80;
    g_assert_true(rv64_cpu_ops.take_interrupt(cpu));
    g_assert_cmphex(cpu->pc, ==, M_VECTOR + 4 * 7);
    rv64_cpu_ops.raise(cpu, RV_CAUSE_ILLEGAL, 0);
    g_assert_cmphex(cpu->pc, ==, M_VECTOR);
}

/* A trap and its return restore mode and interrupt enable; nested ones too. */
static void test_returns(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_U, 1 << 8, 0);
    RvCpu *cpu = fake->cpu;

    cpu->mstatus |= RV_MSTATUS_SIE | RV_MSTATUS_MIE;
    rv64_cpu_ops.raise(&cpu->base, RV_CAUSE_ECALL_U, 0); /* U to S */
    g_assert_cmphex(cpu->mstatus & (RV_MSTATUS_SIE | RV_MSTATUS_SPIE), ==, RV_MSTATUS_SPIE);
    rv64_cpu_ops.raise(&cpu->base, RV_CAUSE_ECALL_U + 1, 0); /* S to M */
    g_assert_cmphex(cpu->mstatus & (RV_MSTATUS_MIE | RV_MSTATUS_MPIE), ==, RV_MSTATUS_MPIE);
    cpu->mepc += 4;
    rv_helper_mret(&cpu->base, 0x30200073);
    g_assert_cmphex(cpu->base.pc, ==, S_VECTOR + 4);
    g_assert_cmpuint(cpu->priv, ==, RV_PRIV_S);
    g_assert_cmphex(cpu->mstatus & (RV_MSTATUS_MIE | RV_MSTATUS_MPIE), ==,
                    RV_MSTATUS_MIE | RV_MSTATUS_MPIE);
    g_assert_cmphex(cpu->mstatus & RV_MSTATUS_MPP, ==, 0);
    rv_helper_sret(&cpu->base, 0x10200073);
    g_assert_cmphex(cpu->base.pc, ==, PC);
    g_assert_cmpuint(cpu->priv, ==, RV_PRIV_U);
    g_assert_cmphex(cpu->mstatus & (RV_MSTATUS_SIE | RV_MSTATUS_SPIE), ==,
                    RV_MSTATUS_SIE | RV_MSTATUS_SPIE);
}

/* mret to a lower mode clears MPRV, mret to M keeps it; sret always clears it. */
static void test_mprv(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_M, 0, 0);
    RvCpu *cpu = fake->cpu;

    cpu->mstatus |= RV_MSTATUS_MPRV | RV_MSTATUS_MPP;
    rv_helper_mret(&cpu->base, 0);
    g_assert_cmphex(cpu->mstatus & RV_MSTATUS_MPRV, ==, RV_MSTATUS_MPRV);
    rv_helper_mret(&cpu->base, 0);
    g_assert_cmphex(cpu->mstatus & RV_MSTATUS_MPRV, ==, 0);
    g_assert_cmpuint(cpu->priv, ==, RV_PRIV_U);
    rv_fake_set_priv(fake, RV_PRIV_M);
    cpu->mstatus |= RV_MSTATUS_MPRV | RV_MSTATUS_SPP;
    rv_helper_sret(&cpu->base, 0);
    g_assert_cmphex(cpu->mstatus & RV_MSTATUS_MPRV, ==, 0);
    g_assert_cmpuint(cpu->priv, ==, RV_PRIV_S);
}

/* MMU index of data by mode, MPRV, MPP, SUM and MXR. */
static void test_keys(void)
{
    static const struct {
        uint32_t priv;
        uint64_t status;
        uint32_t fetch, data;
    } rows[] = {
        {RV_PRIV_U, 0,                                                     RV_MMU_U, RV_MMU_U             },
        {RV_PRIV_U, RV_MSTATUS_SUM | RV_MSTATUS_MXR,                       RV_MMU_U, RV_MMU_U + RV_MMU_MXR},
        {RV_PRIV_S, 0,                                                     RV_MMU_S, RV_MMU_S             },
        {RV_PRIV_S, RV_MSTATUS_SUM,                                        RV_MMU_S, RV_MMU_S_SUM         },
        {RV_PRIV_S, RV_MSTATUS_SUM | RV_MSTATUS_MXR,                       RV_MMU_S, 6                    },
        {RV_PRIV_S, RV_MSTATUS_MPRV,                                       RV_MMU_S, RV_MMU_S             },
        {RV_PRIV_M, RV_MSTATUS_MXR,                                        RV_MMU_M, RV_MMU_M             },
        {RV_PRIV_M, RV_MSTATUS_MPRV,                                       RV_MMU_M, RV_MMU_U             },
        {RV_PRIV_M, RV_MSTATUS_MPRV | 1u << RV_MPP_SHIFT,                  RV_MMU_M, RV_MMU_S             },
        {RV_PRIV_M, RV_MSTATUS_MPRV | RV_MSTATUS_SUM | 1u << RV_MPP_SHIFT, RV_MMU_M, RV_MMU_S_SUM         },
        {RV_PRIV_M, RV_MSTATUS_MPRV | RV_MSTATUS_MPP,                      RV_MMU_M, RV_MMU_M             },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RvFake) fake = hart(rows[i].priv, 0, 0);

        fake->cpu->mstatus |= rows[i].status;
        rv_cpu_update_key(fake->cpu);
        g_assert_cmpuint(fake->cpu->base.state_key & 15, ==, rows[i].fetch);
        g_assert_cmpuint(fake->cpu->base.state_key >> 4 & 15, ==, rows[i].data);
    }
}

/* Which privileged instructions are illegal where. */
static void test_privileged(void)
{
    static const struct {
        uint32_t priv;
        uint64_t status;
        const char *legal; /* m mret, s sret, w wfi, f sfence.vma, i sfence.inval.ir */
    } rows[] = {
        {RV_PRIV_M, 0,                                               "mswfi"},
        {RV_PRIV_M, RV_MSTATUS_TVM | RV_MSTATUS_TW | RV_MSTATUS_TSR, "mswfi"},
        {RV_PRIV_S, 0,                                               "swfi" },
        {RV_PRIV_S, RV_MSTATUS_TVM,                                  "swi"  },
        {RV_PRIV_S, RV_MSTATUS_TW,                                   "sfi"  },
        {RV_PRIV_S, RV_MSTATUS_TSR,                                  "wfi"  },
        {RV_PRIV_U, 0,                                               ""     },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (const char *op = "mswfi"; *op != '\0'; op++) {
            g_autoptr(RvFake) fake = hart(rows[i].priv, 0, 0);
            QhCpu *cpu = &fake->cpu->base;
            gboolean legal = strchr(rows[i].legal, *op) != NULL;

            fake->cpu->mstatus |= rows[i].status;
            if (*op == 'm') {
                rv_helper_mret(cpu, 0x77);
            } else if (*op == 's') {
                rv_helper_sret(cpu, 0x77);
            } else if (*op == 'w') {
                rv_helper_wfi(cpu, 0x77);
            } else if (*op == 'f') {
                rv_helper_sfence_vma(cpu, 0x77, 0, 0);
            } else {
                rv_helper_sfence_check(cpu, 0x77);
            }
            if (cpu->unwind == (legal ? 1u : 0u)) {
                g_error("row %u, instruction %c", i, *op);
            }
            g_assert_cmphex(fake->cpu->mtval, ==, legal ? 0 : 0x77);
        }
    }
}

/* wfi goes on for what mie enables, whatever mstatus says. */
static void test_wfi(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_S, 0, 0x222);
    QhCpu *cpu = &fake->cpu->base;

    rv_helper_wfi(cpu, 0x10500073);
    g_assert_cmpuint(cpu->halted, ==, 1);
    g_assert_false(rv64_cpu_ops.has_work(cpu));
    cpu->irq_lines = 0x200;
    g_assert_false(rv64_cpu_ops.has_work(cpu));
    fake->cpu->mie = 0x200;
    g_assert_true(rv64_cpu_ops.has_work(cpu));
    g_assert_false(rv64_cpu_ops.take_interrupt(cpu)); /* SIE is off */
}

/* What makes an interrupt deliverable asks for an exit. */
static void test_exit_request(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_S, 0, 0x2);
    QhCpu *cpu = &fake->cpu->base;

    rv64_cpu_ops.irq_changed(cpu, RV_IRQ_SSI, TRUE);
    g_assert_cmpuint(fake->kicks, ==, 1);
    g_assert_cmphex(fake->cpu->mip, ==, 2);
    rv64_cpu_ops.irq_changed(cpu, RV_IRQ_SSI, FALSE);
    g_assert_cmphex(fake->cpu->mip, ==, 2);
    cpu->exit_request = 0;
    rv_fake_set_csr(fake, 0x104, 2);
    g_assert_cmpuint(cpu->exit_request, ==, 0);
    rv_fake_set_csr(fake, 0x100, RV_MSTATUS_SIE);
    g_assert_cmpuint(cpu->exit_request, ==, 1);
    g_assert_true(rv64_cpu_ops.take_interrupt(cpu));
}

/* irq_pending: what translated code asks before it sets SIE by itself. */
static void test_irq_pending(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_S, 0, 0x222);
    QhCpu *cpu = &fake->cpu->base;

    rv_fake_set_csr(fake, 0x104, 1u << RV_IRQ_SEI);
    g_assert_cmphex(fake->cpu->irq_pending, ==, 0);
    cpu->irq_lines = 1u << RV_IRQ_SEI; /* a device kicks, and the hart looks */
    g_assert_false(rv64_cpu_ops.take_interrupt(cpu));
    g_assert_cmphex(fake->cpu->irq_pending, ==, 1u << RV_IRQ_SEI);
    cpu->exit_request = 0;
    fake->cpu->mstatus |= RV_MSTATUS_SIE;
    rv_helper_irq_look(cpu);
    g_assert_cmpuint(cpu->exit_request, ==, 1);
    g_assert_true(rv64_cpu_ops.take_interrupt(cpu));
    /* what is no longer there, or not enabled, does not count */
    cpu->irq_lines = 0;
    cpu->exit_request = 0;
    rv_helper_irq_look(cpu);
    g_assert_cmphex(fake->cpu->irq_pending, ==, 0);
    cpu->irq_lines = 1u << RV_IRQ_SEI;
    rv_fake_set_csr(fake, 0x104, 1u << RV_IRQ_STI);
    g_assert_cmphex(fake->cpu->irq_pending, ==, 0);
    g_assert_cmpuint(cpu->exit_request, ==, 0);
    rv_fake_set_csr(fake, 0x144, 0); /* software's own bit counts when it is enabled */
    rv_fake_set_csr(fake, 0x104, 1u << RV_IRQ_SSI);
    rv_fake_set_csr(fake, 0x144, 1u << RV_IRQ_SSI);
    g_assert_cmphex(fake->cpu->irq_pending, ==, 1u << RV_IRQ_SSI);
}

/* Causes of faults that are not the target's own. */
static void test_mem_fault(void)
{
    static const struct {
        uint32_t kind, access;
        uint64_t cause;
    } rows[] = {
        {QH_FAULT_ALIGN, QH_ACCESS_FETCH, 0},
        {QH_FAULT_ALIGN, QH_ACCESS_READ,  4},
        {QH_FAULT_ALIGN, QH_ACCESS_WRITE, 6},
        {QH_FAULT_BUS,   QH_ACCESS_FETCH, 1},
        {QH_FAULT_BUS,   QH_ACCESS_READ,  5},
        {QH_FAULT_BUS,   QH_ACCESS_WRITE, 7},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RvFake) fake = hart(RV_PRIV_S, 0, 0);
        QhMemFault fault = {.size = sizeof(fault),
                            .kind = rows[i].kind,
                            .access = rows[i].access,
                            .address = 0x5555,
                            .phys = 0x6666,
                            .cause = 99};

        rv64_cpu_ops.mem_fault(&fake->cpu->base, &fault);
        g_assert_cmphex(fake->cpu->mcause, ==, rows[i].cause);
        g_assert_cmphex(fake->cpu->mtval, ==, 0x5555);
    }
}

static void test_log(void)
{
    g_autoptr(RvFake) fake = hart(RV_PRIV_U, 0, 0);

    fake->log_mask = QH_LOG_INT;
    rv64_cpu_ops.raise(&fake->cpu->base, RV_CAUSE_LOAD_PAGE, 0x42);
    g_assert_cmpstr(fake->log, ==,
                    "hart 0: exception 13 (load page fault), epc 0x1234, tval 0x42, from U to M "
                    "at 0x80000000");
}

/* RV32: cause in bit 31, addresses cut to 32 bits. */
static void test_rv32(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(32, "rv32", NULL);
    RvCpu *cpu = fake->cpu;

    rv_fake_set_csr(fake, 0x305, 0x80000001);
    cpu->mie = 0x80;
    cpu->base.irq_lines = 0x80;
    cpu->mstatus |= RV_MSTATUS_MIE;
    g_assert_true(rv32_cpu_ops.take_interrupt(&cpu->base));
    g_assert_cmphex(cpu->mcause, ==, 0x80000007u);
    g_assert_cmphex(cpu->base.pc, ==, 0x8000001cu);
    rv32_cpu_ops.raise(&cpu->base, RV_CAUSE_LOAD_ACCESS, 0xffffffff80000000ull);
    g_assert_cmphex(cpu->mtval, ==, 0x80000000u);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/trap/exceptions", test_exceptions);
    g_test_add_func("/riscv/trap/interrupts", test_interrupts);
    g_test_add_func("/riscv/trap/vectored", test_vectored);
    g_test_add_func("/riscv/trap/returns", test_returns);
    g_test_add_func("/riscv/trap/mprv", test_mprv);
    g_test_add_func("/riscv/trap/keys", test_keys);
    g_test_add_func("/riscv/trap/privileged", test_privileged);
    g_test_add_func("/riscv/trap/wfi", test_wfi);
    g_test_add_func("/riscv/trap/exit-request", test_exit_request);
    g_test_add_func("/riscv/trap/irq-pending", test_irq_pending);
    g_test_add_func("/riscv/trap/mem-fault", test_mem_fault);
    g_test_add_func("/riscv/trap/log", test_log);
    g_test_add_func("/riscv/trap/rv32", test_rv32);
    return g_test_run();
}
