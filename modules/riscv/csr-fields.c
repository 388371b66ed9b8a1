/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the registers behind functions in csr.def behave. Read functions return the whole register
 * and write functions get it whole. Values are legalised when they are written (WARL), so that
 * nobody else has to doubt what a member holds.
 */
#include <sys/random.h>

#include "modules/riscv/csr-table.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/rv_time.h"
#include "modules/riscv/system.h"

#define S_IRQS ((1u << RV_IRQ_SSI) | (1u << RV_IRQ_STI) | (1u << RV_IRQ_SEI))
#define M_IRQS ((1u << RV_IRQ_MSI) | (1u << RV_IRQ_MTI) | (1u << RV_IRQ_MEI))

/* Floating point. Any write makes the state dirty (Priv. 3.1.6.6). */

void rv_helper_fs_dirty(QhCpu *base)
{
    RvCpu *cpu = rv_cpu(base);

    cpu->mstatus |= RV_MSTATUS_FS;
    rv_cpu_update_key(cpu);
}

uint64_t rv_csr_read_fflags(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->base.fp_flags & 0x1f;
}

void rv_csr_write_fflags(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->base.fp_flags = value & 0x1f;
    rv_helper_fs_dirty(&cpu->base);
}

uint64_t rv_csr_read_frm(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->frm;
}

void rv_csr_write_frm(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->frm = value & 7;
    rv_helper_fs_dirty(&cpu->base);
}

uint64_t rv_csr_read_fcsr(RvCpu *cpu, uint32_t number)
{
    return rv_csr_read_fflags(cpu, number) | (uint64_t)cpu->frm << 5;
}

void rv_csr_write_fcsr(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    rv_csr_write_frm(cpu, number, value >> 5, mask);
    rv_csr_write_fflags(cpu, number, value, mask);
}

/* Unpriv. Zkr 32.2.1: state ES16 with 16 bits of entropy, or BIST while there are none. */
uint64_t rv_csr_read_seed(RvCpu *cpu, uint32_t number)
{
    uint16_t entropy;

    const TargetServices *services = rv_services(cpu);

    (void)number;
    if (QH_HAS(services->machine, random)) {
        services->machine->random(services->host, &entropy, sizeof(entropy));
    } else if (getrandom(&entropy, sizeof(entropy), GRND_NONBLOCK) != sizeof(entropy)) {
        return 0;
    }
    return UINT64_C(2) << 30 | entropy;
}

/* Constants */

uint64_t rv_csr_read_zero(RvCpu *cpu, uint32_t number)
{
    (void)cpu, (void)number;
    return 0;
}

uint64_t rv_csr_read_one(RvCpu *cpu, uint32_t number)
{
    (void)cpu, (void)number;
    return 1;
}

uint64_t rv_csr_read_mhartid(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->base.index;
}

/* Counters */

uint64_t rv_csr_read_mcycle(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return rv_counter_read(cpu, cpu->mcycle_base, RV_COUNTER_CY);
}

void rv_csr_write_mcycle(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    rv_counter_write(cpu, &cpu->mcycle_base, RV_COUNTER_CY, value);
}

uint64_t rv_csr_read_minstret(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return rv_counter_read(cpu, cpu->minstret_base, RV_COUNTER_IR);
}

void rv_csr_write_minstret(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    rv_counter_write(cpu, &cpu->minstret_base, RV_COUNTER_IR, value);
}

uint64_t rv_csr_read_mcountinhibit(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mcountinhibit;
}

void rv_csr_write_mcountinhibit(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    rv_counter_inhibit(cpu, value);
}

uint64_t rv_csr_read_time(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return rv_cpu_time(&cpu->base);
}

uint64_t rv_csr_read_stimecmp(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->stimecmp;
}

void rv_csr_write_stimecmp(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    __atomic_store_n(&cpu->stimecmp, value, __ATOMIC_RELAXED);
    rv_stimer_update(cpu);
}

/* Status */

uint64_t rv_csr_read_mstatus(RvCpu *cpu, uint32_t number)
{
    uint64_t status = cpu->mstatus;

    (void)number;
    if ((status & RV_MSTATUS_FS) == RV_MSTATUS_FS || (status & RV_MSTATUS_VS) == RV_MSTATUS_VS) {
        status |= UINT64_C(1) << (cpu->mxlen - 1);
    }
    return status;
}

static void write_mstatus_bits(RvCpu *cpu, uint64_t value, uint64_t writable)
{
    cpu->mstatus = (cpu->mstatus & ~writable) | (value & writable);
    rv_cpu_update_key(cpu);
    rv_irq_update(cpu);
}

void rv_csr_write_mstatus(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint64_t writable = RV_MSTATUS_MIE | RV_MSTATUS_MPIE;
    uint64_t mpp = (value & RV_MSTATUS_MPP) >> RV_MPP_SHIFT;

    (void)number, (void)mask;
    if (cpu->ext_u) {
        writable |= RV_MSTATUS_MPRV | RV_MSTATUS_TW;
        if (mpp == RV_PRIV_M || mpp == RV_PRIV_U || (mpp == RV_PRIV_S && cpu->ext_s)) {
            writable |= RV_MSTATUS_MPP;
        }
    }
    if (cpu->ext_s) {
        writable |= RV_MSTATUS_SIE | RV_MSTATUS_SPIE | RV_MSTATUS_SPP | RV_MSTATUS_SUM |
                    RV_MSTATUS_MXR | RV_MSTATUS_TVM | RV_MSTATUS_TSR;
    }
    if (cpu->ext_f) {
        writable |= RV_MSTATUS_FS;
    }
    if (cpu->ext_zve32x) {
        writable |= RV_MSTATUS_VS;
    }
    write_mstatus_bits(cpu, value, writable);
}

uint64_t rv_csr_read_sstatus(RvCpu *cpu, uint32_t number)
{
    return rv_csr_read_mstatus(cpu, number) & (RV_SSTATUS_FIELDS | UINT64_C(1) << (cpu->mxlen - 1));
}

void rv_csr_write_sstatus(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    write_mstatus_bits(cpu, value, rv_sstatus_writable(cpu));
}

void rv_helper_sstatus_set(QhCpu *base, uint64_t value, uint64_t mask)
{
    RvCpu *cpu = rv_cpu(base);

    rv_csr_write_sstatus(cpu, 0x100, (cpu->mstatus & ~mask) | (value & mask), mask);
}

uint64_t rv_csr_read_misa(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->misa;
}

/*
 * C alone can be switched: it decides about alignment, the others are fixed with the model. A write
 * that would leave the next instruction misaligned has no effect (Priv. 3.1.1).
 */
void rv_csr_write_misa(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint64_t c = UINT64_C(1) << 2;

    (void)number, (void)mask;
    if (!cpu->ext_c || (!(value & c) && (cpu->base.pc + 4) & 2)) {
        return;
    }
    cpu->misa = (cpu->misa & ~c) | (value & c);
    rv_cpu_update_key(cpu);
}

/* Interrupts */

uint64_t rv_csr_read_mideleg(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mideleg;
}

void rv_csr_write_mideleg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->mideleg = value & S_IRQS;
    rv_irq_update(cpu);
}

uint64_t rv_csr_read_mie(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mie;
}

void rv_csr_write_mie(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->mie = value & (M_IRQS | (cpu->ext_s ? S_IRQS : 0));
    rv_irq_update(cpu);
}

uint64_t rv_csr_read_sie(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mie & cpu->mideleg;
}

void rv_csr_write_sie(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    rv_csr_write_mie(cpu, number, (cpu->mie & ~cpu->mideleg) | (value & cpu->mideleg), mask);
}

uint64_t rv_csr_read_mip(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return rv_mip(cpu);
}

uint64_t rv_csr_read_sip(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return rv_mip(cpu) & cpu->mideleg;
}

/* Bits outside @mask stay as they are, even when a device sets one at this moment. */
static void change_mip(RvCpu *cpu, uint64_t value, uint64_t mask)
{
    __atomic_or_fetch(&cpu->mip, value & mask, __ATOMIC_RELAXED);
    __atomic_and_fetch(&cpu->mip, value | ~mask, __ATOMIC_RELAXED);
    rv_irq_update(cpu);
}

/* STIP belongs to the comparison while Sstc is on (Sstc 1.2). */
void rv_csr_write_mip(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint64_t writable = cpu->ext_s ? S_IRQS : 0;

    (void)number;
    if (cpu->menvcfg & RV_ENVCFG_STCE) {
        writable &= ~(UINT64_C(1) << RV_IRQ_STI);
    }
    change_mip(cpu, value, mask & writable);
}

void rv_csr_write_sip(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number;
    change_mip(cpu, value, mask & cpu->mideleg & UINT64_C(1) << RV_IRQ_SSI);
}

/* Trap vectors: modes 2 and 3 are reserved, a write of them has no effect (Priv. 3.1.7). */

uint64_t rv_csr_read_mtvec(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mtvec;
}

void rv_csr_write_mtvec(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    if (!(value & 2)) {
        cpu->mtvec = value;
    }
}

uint64_t rv_csr_read_stvec(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->stvec;
}

void rv_csr_write_stvec(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    if (!(value & 2)) {
        cpu->stvec = value;
    }
}

/* Bit 1 reads as zero while IALIGN is 32, but is kept (Priv. 3.1.14). */

static uint64_t read_epc(const RvCpu *cpu, uint64_t epc)
{
    return epc & (cpu->misa & 4u ? ~UINT64_C(1) : ~UINT64_C(3));
}

uint64_t rv_csr_read_mepc(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return read_epc(cpu, cpu->mepc);
}

void rv_csr_write_mepc(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->mepc = value & ~UINT64_C(1);
}

uint64_t rv_csr_read_sepc(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return read_epc(cpu, cpu->sepc);
}

void rv_csr_write_sepc(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->sepc = value & ~UINT64_C(1);
}

/* Address translation and protection */

uint64_t rv_csr_read_satp(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->satp;
}

void rv_csr_write_satp(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    rv_mmu_write_satp(cpu, value);
}

uint64_t rv_csr_read_pmpcfg(RvCpu *cpu, uint32_t number)
{
    return rv_pmp_read_cfg(cpu, number & 15);
}

void rv_csr_write_pmpcfg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)mask;
    rv_pmp_write_cfg(cpu, number & 15, value);
}

uint64_t rv_csr_read_pmpaddr(RvCpu *cpu, uint32_t number)
{
    return cpu->pmpaddr[number - 0x3b0];
}

void rv_csr_write_pmpaddr(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)mask;
    rv_pmp_write_addr(cpu, number - 0x3b0, value);
}

/* Environment configuration */

/* The fields that menvcfg and senvcfg share; CBIE = 2 is reserved and keeps @old's (Priv. 3.1.18).
 */
static uint64_t legal_envcfg(const RvCpu *cpu, uint64_t old, uint64_t value, uint64_t *writable)
{
    *writable = RV_ENVCFG_FIOM | (cpu->ext_zicbom ? RV_ENVCFG_CBCFE : 0) |
                (cpu->ext_zicboz ? RV_ENVCFG_CBZE : 0);
    if (cpu->ext_zicbom && (value & RV_ENVCFG_CBIE) != UINT64_C(2) << 4) {
        *writable |= RV_ENVCFG_CBIE;
    }
    return (old & ~*writable) | (value & *writable);
}

uint64_t rv_csr_read_menvcfg(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->menvcfg;
}

void rv_csr_write_menvcfg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint64_t old = cpu->menvcfg, writable, upper;

    (void)number, (void)mask;
    upper = (cpu->ext_sstc ? RV_ENVCFG_STCE : 0) | (cpu->ext_svpbmt ? RV_ENVCFG_PBMTE : 0) |
            (cpu->ext_svadu ? RV_ENVCFG_ADUE : 0);
    cpu->menvcfg = (legal_envcfg(cpu, old, value, &writable) & ~upper) | (value & upper);
    if ((old ^ cpu->menvcfg) & (RV_ENVCFG_PBMTE | RV_ENVCFG_ADUE)) {
        rv_mmu_flush_all(cpu);
    }
    if ((old ^ cpu->menvcfg) & RV_ENVCFG_STCE) {
        rv_stimer_update(cpu);
    }
}

uint64_t rv_csr_read_senvcfg(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->senvcfg;
}

void rv_csr_write_senvcfg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint64_t writable;

    (void)number, (void)mask;
    cpu->senvcfg = legal_envcfg(cpu, cpu->senvcfg, value, &writable);
}

uint64_t rv_csr_read_mstateen(RvCpu *cpu, uint32_t number)
{
    return cpu->mstateen[number & 3];
}

void rv_csr_write_mstateen(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)mask;
    cpu->mstateen[number & 3] =
        value & (RV_STATEEN_SE | ((number & 3) == 0 ? RV_STATEEN0_ENVCFG : 0));
}

uint64_t rv_csr_read_mseccfg(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return cpu->mseccfg;
}

void rv_csr_write_mseccfg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number, (void)mask;
    cpu->mseccfg = value & (RV_MSECCFG_USEED | RV_MSECCFG_SSEED);
}

void rv_csr_write_none(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)cpu, (void)number, (void)value, (void)mask;
}
