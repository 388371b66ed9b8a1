/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Smaia and Ssaia (RISC-V AIA 1.0, chapters 2 and 5): what is pending, in one register; and the
 * hart's IMSIC behind siselect and sireg. The iprio arrays are read-only zero, so interrupts have
 * their default order and *topi gives priority 1 (5.2.2).
 */
#include "modules/riscv/aia.h"
#include "modules/riscv/csr-table.h"
#include "modules/riscv/system.h"

#define SELECT_MASK 0xfffu

/* M's registers have bits 9:8 of their number set. */
static gboolean is_machine(uint32_t number)
{
    return (number >> 8 & 3) == 3;
}

static RvImsicFile *file_of(const RvCpu *cpu, uint32_t number)
{
    return cpu->imsic[is_machine(number) ? 1 : 0];
}

gboolean rv_csr_needs_smaia(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_smaia;
}

gboolean rv_csr_needs_smaia_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_smaia && cpu->mxlen == 32;
}

/* Below M, mstateen0 decides when there is one (AIA 2.5): AIA, IMSIC and the selection. */
static gboolean lets_in(const RvCpu *cpu, uint32_t priv, uint64_t bit)
{
    return priv == RV_PRIV_M || !cpu->ext_smstateen || (cpu->mstateen[0] & bit) != 0;
}

gboolean rv_csr_needs_ssaia(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number;
    return cpu->ext_s && cpu->ext_ssaia && lets_in(cpu, priv, RV_STATEEN0_AIA);
}

gboolean rv_csr_needs_ssaia_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_ssaia(cpu, number, priv);
}

gboolean rv_csr_needs_iselect(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return is_machine(number)
               ? cpu->ext_smaia
               : cpu->ext_s && cpu->ext_ssaia && lets_in(cpu, priv, RV_STATEEN0_SELECT);
}

gboolean rv_csr_needs_topei(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return rv_csr_needs_iselect(cpu, number, RV_PRIV_M) && file_of(cpu, number) != NULL &&
           (is_machine(number) || lets_in(cpu, priv, RV_STATEEN0_IMSIC));
}

/* What a selection that does not exist makes of the access: an illegal instruction (AIA 2.1). */
gboolean rv_csr_needs_ireg(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    uint32_t select = is_machine(number) ? cpu->miselect : cpu->siselect;
    gboolean odd = cpu->mxlen == 64 && (select & 1) != 0;

    if (!rv_csr_needs_iselect(cpu, number, priv)) {
        return FALSE;
    }
    if (select >= RV_ISELECT_IPRIO && select < RV_ISELECT_IPRIO + 0x10) {
        return !odd && (is_machine(number) || lets_in(cpu, priv, RV_STATEEN0_AIA));
    }
    return select >= RV_ISELECT_DELIVERY && select <= RV_ISELECT_LAST &&
           !(odd && select >= RV_ISELECT_EIP) && rv_csr_needs_topei(cpu, number, priv);
}

uint64_t rv_csr_read_iselect(RvCpu *cpu, uint32_t number)
{
    return is_machine(number) ? cpu->miselect : cpu->siselect;
}

void rv_csr_write_iselect(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)mask;
    *(is_machine(number) ? &cpu->miselect : &cpu->siselect) = (uint32_t)value & SELECT_MASK;
}

uint64_t rv_csr_read_ireg(RvCpu *cpu, uint32_t number)
{
    uint32_t select = is_machine(number) ? cpu->miselect : cpu->siselect;

    return select < RV_ISELECT_DELIVERY ? 0
                                        : rv_imsic_read(file_of(cpu, number), select, cpu->mxlen);
}

void rv_csr_write_ireg(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint32_t select = is_machine(number) ? cpu->miselect : cpu->siselect;

    if (select >= RV_ISELECT_DELIVERY) {
        rv_imsic_write(file_of(cpu, number), select, cpu->mxlen, value, mask);
        rv_irq_update(cpu);
    }
}

/* A write claims what the same instruction has read (AIA 3.9): a message that comes in between does
 * not change which. */
uint64_t rv_csr_read_topei(RvCpu *cpu, uint32_t number)
{
    uint32_t id = rv_imsic_top(file_of(cpu, number));

    cpu->topei[is_machine(number) ? 1 : 0] = id;
    return id << 16 | id;
}

void rv_csr_write_topei(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    uint32_t *seen = &cpu->topei[is_machine(number) ? 1 : 0];

    (void)value, (void)mask;
    rv_imsic_claim(file_of(cpu, number), *seen != 0 ? *seen : rv_imsic_top(file_of(cpu, number)));
    *seen = 0;
    rv_irq_update(cpu);
}

/* The default order of what this hart has (AIA 5.1, table 5.1). */
uint64_t rv_csr_read_topi(RvCpu *cpu, uint32_t number)
{
    static const uint8_t order[] = {RV_IRQ_MEI, RV_IRQ_MSI, RV_IRQ_MTI,
                                    RV_IRQ_SEI, RV_IRQ_SSI, RV_IRQ_STI};
    uint64_t ready = rv_mip(cpu) & cpu->mie;

    ready &= is_machine(number) ? ~cpu->mideleg : cpu->mideleg;
    for (uint32_t i = 0; i < G_N_ELEMENTS(order); i++) {
        if (ready >> order[i] & 1) {
            return (uint64_t)order[i] << 16 | 1;
        }
    }
    return 0;
}

/* mvip, while mvien is zero: bits 1 and 9 are those of mip (AIA 5.3). */
#define MVIP_BITS ((UINT64_C(1) << RV_IRQ_SSI) | (UINT64_C(1) << RV_IRQ_SEI))

uint64_t rv_csr_read_mvip(RvCpu *cpu, uint32_t number)
{
    (void)number;
    return __atomic_load_n(&cpu->mip, __ATOMIC_RELAXED) & MVIP_BITS;
}

void rv_csr_write_mvip(RvCpu *cpu, uint32_t number, uint64_t value, uint64_t mask)
{
    (void)number;
    mask &= MVIP_BITS;
    __atomic_and_fetch(&cpu->mip, ~(mask & ~value), __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&cpu->mip, mask & value, __ATOMIC_SEQ_CST);
    rv_irq_update(cpu);
}
