/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions and interrupts: which mode they go to, what the registers hold afterwards, and the way
 * back (Priv. 3.1.6 - 3.1.9, 3.1.14 - 3.1.16, 3.3, 12.1.1 - 12.1.8).
 */
#include <inttypes.h>

#include "modules/riscv/helper.h"
#include "modules/riscv/system.h"

#define IRQ_BIT(n) (UINT64_C(1) << (n))

/* Lines that hardware drives; SSIP is set by an edge instead, see irq_changed in cpu.c. */
#define HARD_LINES                                                                                 \
    (IRQ_BIT(RV_IRQ_MSI) | IRQ_BIT(RV_IRQ_MTI) | IRQ_BIT(RV_IRQ_SEI) | IRQ_BIT(RV_IRQ_MEI))

/* mip as far as it is known without asking for the time. */
static uint64_t known_mip(const RvCpu *cpu)
{
    uint64_t mip = __atomic_load_n(&cpu->mip, __ATOMIC_RELAXED);

    mip |= __atomic_load_n(&cpu->base.irq_lines, __ATOMIC_ACQUIRE) & HARD_LINES;
    if (cpu->menvcfg & RV_ENVCFG_STCE) {
        mip &= ~IRQ_BIT(RV_IRQ_STI);
        mip |= cpu->system->stimer_expired ? IRQ_BIT(RV_IRQ_STI) : 0;
    }
    return mip;
}

uint64_t rv_mip(RvCpu *cpu)
{
    uint64_t mip;

    cpu->system->stimer_expired = rv_stimer_expired(cpu);
    mip = known_mip(cpu);
    cpu->irq_pending = mip & cpu->mie;
    return mip;
}

/* Pending, enabled interrupts that the current mode lets through, of the highest mode that has any
 * (Priv. 3.1.9: M before S whatever their numbers). */
static uint64_t deliverable(RvCpu *cpu)
{
    gboolean to_m = cpu->priv < RV_PRIV_M || cpu->mstatus & RV_MSTATUS_MIE;
    gboolean to_s =
        cpu->priv < RV_PRIV_S || (cpu->priv == RV_PRIV_S && cpu->mstatus & RV_MSTATUS_SIE);
    uint64_t machine = to_m ? cpu->mie & ~cpu->mideleg : 0;
    uint64_t supervisor = to_s ? cpu->mie & cpu->mideleg : 0;
    uint64_t mip = known_mip(cpu);

    cpu->irq_pending = mip & cpu->mie;
    return mip & machine ? mip & machine : mip & supervisor;
}

/*
 * Runs at each change of mstatus that translated code does not make itself, so it does not ask for
 * the time: when stimecmp passes, the timer makes rv_take_interrupt look.
 *
 * Translated code sets SIE without a call as long as irq_pending is 0. That is as good as looking:
 * whatever makes an interrupt pending from outside kicks the CPU, and then rv_take_interrupt looks
 * with SIE as it is; what software does to mip and mie comes through here.
 */
void rv_irq_update(RvCpu *cpu)
{
    if (deliverable(cpu) != 0) {
        __atomic_store_n(&cpu->base.exit_request, 1u, __ATOMIC_RELEASE);
    }
}

void rv_helper_irq_look(QhCpu *base)
{
    rv_irq_update(rv_cpu(base));
}

static const char *cause_name(uint64_t code, gboolean interrupt)
{
    static const char *const exceptions[16] = {
        "instruction address misaligned",
        "instruction access fault",
        "illegal instruction",
        "breakpoint",
        "load address misaligned",
        "load access fault",
        "store address misaligned",
        "store access fault",
        "environment call from U",
        "environment call from S",
        "reserved",
        "environment call from M",
        "instruction page fault",
        "load page fault",
        "reserved",
        "store page fault",
    };
    static const char *const interrupts[16] = {
        [RV_IRQ_SSI] = "supervisor software", [RV_IRQ_MSI] = "machine software",
        [RV_IRQ_STI] = "supervisor timer",    [RV_IRQ_MTI] = "machine timer",
        [RV_IRQ_SEI] = "supervisor external", [RV_IRQ_MEI] = "machine external",
    };
    const char *name = NULL;

    if (code < 16) {
        name = interrupt ? interrupts[code] : exceptions[code];
    }
    return name != NULL ? name : "reserved";
}

/* Priv. 3.1.7: the base is 4-byte aligned; mode 1 sends interrupts to base + 4 * cause. */
static uint64_t vector(uint64_t tvec, uint64_t code, gboolean interrupt)
{
    uint64_t target = tvec & ~UINT64_C(3);

    return interrupt && (tvec & 1) ? target + 4 * code : target;
}

static void log_trap(RvCpu *cpu, uint64_t code, gboolean interrupt, uint64_t tval, uint32_t to)
{
    const TargetServices *services = rv_services(cpu);
    g_autofree char *text = NULL;

    if (!(services->log->mask(services->host) & QH_LOG_INT)) {
        return;
    }
    text = g_strdup_printf("hart %u: %s %" PRIu64 " (%s), epc 0x%" PRIx64 ", tval 0x%" PRIx64
                           ", from %c to %c at 0x%" PRIx64,
                           cpu->base.index, interrupt ? "interrupt" : "exception", code,
                           cause_name(code, interrupt), cpu->base.pc, tval, "US?M"[cpu->priv],
                           "US?M"[to],
                           vector(to == RV_PRIV_S ? cpu->stvec : cpu->mtvec, code, interrupt));
    services->log->guest(services->host, QH_LOG_INT, text);
}

static void enter(RvCpu *cpu, uint64_t code, gboolean interrupt, uint64_t tval)
{
    uint64_t deleg = interrupt ? cpu->mideleg : cpu->medeleg;
    uint64_t cause = code | (interrupt ? UINT64_C(1) << (cpu->mxlen - 1) : 0);
    uint64_t status = cpu->mstatus;
    uint32_t to = cpu->priv != RV_PRIV_M && deleg >> code & 1 ? RV_PRIV_S : RV_PRIV_M;

    log_trap(cpu, code, interrupt, tval, to);
    if (cpu->mxlen == 32) {
        tval = (uint32_t)tval;
    }
    if (to == RV_PRIV_S) {
        cpu->scause = cause;
        cpu->sepc = cpu->base.pc;
        cpu->stval = tval;
        status &= ~(RV_MSTATUS_SPIE | RV_MSTATUS_SPP | RV_MSTATUS_SIE);
        status |= cpu->mstatus & RV_MSTATUS_SIE ? RV_MSTATUS_SPIE : 0;
        status |= cpu->priv == RV_PRIV_S ? RV_MSTATUS_SPP : 0;
        cpu->base.pc = vector(cpu->stvec, code, interrupt);
    } else {
        cpu->mcause = cause;
        cpu->mepc = cpu->base.pc;
        cpu->mtval = tval;
        status &= ~(RV_MSTATUS_MPIE | RV_MSTATUS_MPP | RV_MSTATUS_MIE);
        status |= cpu->mstatus & RV_MSTATUS_MIE ? RV_MSTATUS_MPIE : 0;
        status |= (uint64_t)cpu->priv << RV_MPP_SHIFT;
        cpu->base.pc = vector(cpu->mtvec, code, interrupt);
    }
    if (cpu->mxlen == 32) {
        cpu->base.pc = (uint32_t)cpu->base.pc;
    }
    cpu->mstatus = status;
    cpu->priv = to;
    cpu->base.halted = 0;
    cpu->reserved_address = RV_NO_RESERVATION;
    rv_cpu_update_key(cpu);
}

void rv_cpu_raise(RvCpu *cpu, uint32_t cause, uint64_t tval)
{
    enter(cpu, cause, FALSE, tval);
    cpu->base.unwind = 1;
}

gboolean rv_take_interrupt(RvCpu *cpu)
{
    /* Priv. 3.1.9: MEI, MSI, MTI, SEI, SSI, STI. */
    static const uint8_t order[] = {RV_IRQ_MEI, RV_IRQ_MSI, RV_IRQ_MTI,
                                    RV_IRQ_SEI, RV_IRQ_SSI, RV_IRQ_STI};
    uint64_t pending;

    rv_stimer_look(cpu);
    pending = deliverable(cpu);
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
        if (pending & IRQ_BIT(order[i])) {
            enter(cpu, order[i], TRUE, 0);
            return TRUE;
        }
    }
    return FALSE;
}

static void illegal(RvCpu *cpu, uint32_t insn)
{
    rv_cpu_raise(cpu, RV_CAUSE_ILLEGAL, insn);
}

/* The address an xepc holds is that of an instruction: IALIGN-aligned (Priv. 3.1.14). */
static uint64_t return_address(const RvCpu *cpu, uint64_t epc)
{
    return epc & (cpu->misa & 4u ? ~UINT64_C(1) : ~UINT64_C(3));
}

void rv_helper_mret(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint64_t status = cpu->mstatus;

    if (cpu->priv != RV_PRIV_M) {
        illegal(cpu, insn);
        return;
    }
    cpu->priv = (uint32_t)((status & RV_MSTATUS_MPP) >> RV_MPP_SHIFT);
    status &= ~(RV_MSTATUS_MIE | RV_MSTATUS_MPP);
    status |= status & RV_MSTATUS_MPIE ? RV_MSTATUS_MIE : 0;
    status |= RV_MSTATUS_MPIE;
    if (!cpu->ext_u) {
        status |= RV_MSTATUS_MPP;
    }
    if (cpu->priv != RV_PRIV_M) {
        status &= ~RV_MSTATUS_MPRV;
    }
    cpu->mstatus = status;
    base->pc = return_address(cpu, cpu->mepc);
    rv_cpu_update_key(cpu);
    rv_irq_update(cpu);
}

void rv_helper_sret(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);
    uint64_t status = cpu->mstatus;

    if (!cpu->ext_s || cpu->priv < RV_PRIV_S ||
        (cpu->priv == RV_PRIV_S && status & RV_MSTATUS_TSR)) {
        illegal(cpu, insn);
        return;
    }
    cpu->priv = status & RV_MSTATUS_SPP ? RV_PRIV_S : RV_PRIV_U;
    status &= ~(RV_MSTATUS_SIE | RV_MSTATUS_SPP | RV_MSTATUS_MPRV);
    status |= status & RV_MSTATUS_SPIE ? RV_MSTATUS_SIE : 0;
    status |= RV_MSTATUS_SPIE;
    cpu->mstatus = status;
    base->pc = return_address(cpu, cpu->sepc);
    rv_cpu_update_key(cpu);
    rv_irq_update(cpu);
}

/* Priv. 3.3.3: with TW set, and in U where S exists, waiting without bound is not allowed; the
 * bound is zero here. */
void rv_helper_wfi(QhCpu *base, uint32_t insn)
{
    RvCpu *cpu = rv_cpu(base);

    if (cpu->priv != RV_PRIV_M &&
        (cpu->mstatus & RV_MSTATUS_TW || (cpu->priv == RV_PRIV_U && cpu->ext_s))) {
        illegal(cpu, insn);
        return;
    }
    base->halted = 1;
}
