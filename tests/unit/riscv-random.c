/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does anything: random CSR accesses, traps, returns, fences and walks over random
 * page tables. Whatever it does, the state stays within what the rest of the hart relies on.
 */
#include "tests/unit/riscv-fake.h"

#include <string.h>

#include "modules/riscv/helper.h"
#include "modules/riscv/module.h"

#define STEPS 60000

static uint64_t number(void)
{
    uint64_t value = (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();

    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        return UINT64_C(1) << (value & 63);
    case 1:
        return UINT64_MAX;
    case 2:
        return (value & UINT64_C(0xf00000000000ffff)) | (FAKE_RAM >> 12);
    default:
        return value;
    }
}

static void check(const RvCpu *cpu)
{
    uint64_t mpp = cpu->mstatus >> RV_MPP_SHIFT & 3;
    uint32_t mode = cpu->mxlen == 64 ? (uint32_t)(cpu->satp >> 60) : 0;

    g_assert_true(cpu->priv == RV_PRIV_U || cpu->priv == RV_PRIV_S || cpu->priv == RV_PRIV_M);
    g_assert_true(mpp != 2);
    g_assert_cmpuint(cpu->base.state_key & 15, <=, RV_MMU_M);
    g_assert_cmpuint(cpu->base.state_key >> 4 & 15, <, RV_N_MMU);
    g_assert_true(mode == 0 || (mode >= RV_SATP_SV39 && mode <= RV_SATP_SV57));
    g_assert_cmphex(cpu->mideleg & ~UINT64_C(0x222), ==, 0);
    g_assert_cmphex(cpu->mtvec & 2, ==, 0);
    g_assert_cmpuint(cpu->frm, <=, 7);
    if (cpu->mxlen == 32) {
        g_assert_cmphex(cpu->base.pc >> 32, ==, 0);
        g_assert_cmphex((cpu->mepc | cpu->satp | cpu->mtval | cpu->mtvec) >> 32, ==, 0);
    }
}

/* What comes back from a walk keeps the promises of QhTranslation. */
static void walk(RvFake *fake, const QhCpuOps *ops)
{
    QhTranslation t = {.size = sizeof(t)};
    QhMemFault fault = {.size = sizeof(fault)};
    uint32_t access = (uint32_t)g_test_rand_int_range(0, 3);
    uint32_t index = (uint32_t)g_test_rand_int_range(0, RV_N_MMU);
    uint64_t address = g_test_rand_bit() ? number() : number() & 0x7fffffff, phys;
    static const uint32_t needed[] = {QH_PROT_READ, QH_PROT_WRITE, QH_PROT_EXEC};

    if (fake->target.xlen == 32) {
        address = (uint32_t)address;
    }
    if (ops->translate(&fake->cpu->base, address, access, index, &t, &fault)) {
        g_assert_cmpuint(t.prot & needed[access], !=, 0);
        g_assert_cmpuint(t.page_bits, >=, 2);
        g_assert_cmpuint(t.page_bits, <=, 56);
    } else {
        g_assert_true(fault.cause == 1 || fault.cause == 5 || fault.cause == 7 ||
                      fault.cause == 12 || fault.cause == 13 || fault.cause == 15);
        ops->mem_fault(&fake->cpu->base, &fault);
    }
    ops->debug_translate(&fake->cpu->base, address, &phys);
}

static void step(RvFake *fake, const QhCpuOps *ops)
{
    QhCpu *cpu = &fake->cpu->base;
    uint32_t insn = (uint32_t)g_test_rand_int();

    cpu->icount += insn & 0xff;
    fake->now_ns += insn & 0xffff;
    switch (g_test_rand_int_range(0, 14)) {
    case 0:
        rv_helper_mret(cpu, insn);
        break;
    case 1:
        rv_helper_sret(cpu, insn);
        break;
    case 2:
        rv_helper_sfence_vma(cpu, insn, number(), number());
        break;
    case 3:
        cpu->irq_lines = insn & 0xfff;
        ops->take_interrupt(cpu);
        ops->has_work(cpu);
        break;
    case 4:
        ops->raise(cpu, insn & 15, number());
        break;
    case 5:
        ops->irq_changed(cpu, insn & 15, insn >> 8 & 1);
        break;
    case 6:
        rv_helper_wfi(cpu, insn);
        break;
    case 7:
        rv_helper_csr_read(cpu, insn);
        break;
    case 8:
    case 9:
        walk(fake, ops);
        break;
    case 10:
        rv_helper_csr_write(cpu, insn, number());
        break;
    default: /* a register that exists, more often */
        rv_helper_csr_rw(cpu, (insn & 0x01f) << 20 | (insn & 0x30000000) | (insn & 0x04000000),
                         number(), number());
        break;
    }
    cpu->unwind = 0;
    if (fake->target.xlen == 32) {
        cpu->pc = (uint32_t)cpu->pc;
    }
}

static void run(uint32_t xlen, const char *model, const char *properties)
{
    g_autoptr(RvFake) fake = rv_fake_ok(xlen, model, properties);
    const QhCpuOps *ops = xlen == 64 ? &rv64_cpu_ops : &rv32_cpu_ops;

    for (uint32_t i = 0; i < FAKE_RAM_BYTES; i += 8) {
        uint64_t entry = number();
        if (i & 8) { /* half of them lead back into RAM */
            entry = (FAKE_RAM + (entry & (FAKE_RAM_BYTES - 1))) >> 12 << 10 | (entry & 0xff) | 1;
        }
        rv_fake_poke(fake, FAKE_RAM + i, 8, entry);
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        g_autofree char *text = NULL;

        step(fake, ops);
        check(fake->cpu);
        if (i % 1000 == 0) {
            text = ops->describe(&fake->cpu->base);
            g_assert_nonnull(text);
            ops->reset(&fake->cpu->base);
            check(fake->cpu);
        }
    }
}

static void test_rv64(void)
{
    run(64, "rv64", NULL);
    run(64, "max", "zkr=on,num-pmp-regions=64");
}

static void test_rv32(void)
{
    run(32, "rv32", NULL);
    run(32, "max", "zkr=on,num-pmp-regions=64");
}

static void test_small(void)
{
    run(64, "sifive-u54", "pmp=off");
    run(64, "rv64", "mmu=off,zicntr=off");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/random/rv64", test_rv64);
    g_test_add_func("/riscv/random/rv32", test_rv32);
    g_test_add_func("/riscv/random/small", test_small);
    return g_test_run();
}
