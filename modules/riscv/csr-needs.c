/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conditions of csr.def: whether the hart has the register, and whether privilege @priv may
 * touch it now. What the number alone says is checked elsewhere.
 */
#include "modules/riscv/csr-table.h"

gboolean rv_csr_needs_m(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)cpu, (void)number, (void)priv;
    return TRUE;
}

gboolean rv_csr_needs_rv32(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->mxlen == 32;
}

gboolean rv_csr_needs_u(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_u;
}

gboolean rv_csr_needs_u_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_u(cpu, number, priv);
}

gboolean rv_csr_needs_s(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_s;
}

gboolean rv_csr_needs_fp(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_f && cpu->mstatus & RV_MSTATUS_FS;
}

gboolean rv_csr_needs_vector(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_zve32x && cpu->mstatus & RV_MSTATUS_VS;
}

/* Unpriv. Zkr 32.4: S and U need a bit of mseccfg each. */
gboolean rv_csr_needs_seed(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    uint64_t bit = priv == RV_PRIV_S ? RV_MSECCFG_SSEED : RV_MSECCFG_USEED;

    (void)number;
    return cpu->ext_zkr && (priv == RV_PRIV_M || cpu->mseccfg & bit);
}

gboolean rv_csr_needs_zihpm(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_zihpm;
}

gboolean rv_csr_needs_zihpm_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_zihpm(cpu, number, priv);
}

/* The counters below M are opened level by level (Priv. 3.1.11, 12.1.5). */
gboolean rv_csr_needs_counter(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    uint32_t counter = number & 31;
    uint64_t open = UINT64_MAX;

    if (!(counter < 3 ? cpu->ext_zicntr : cpu->ext_zihpm)) {
        return FALSE;
    }
    if (priv != RV_PRIV_M) {
        open &= cpu->mcounteren;
    }
    if (priv == RV_PRIV_U && cpu->ext_s) {
        open &= cpu->scounteren;
    }
    return open >> counter & 1;
}

gboolean rv_csr_needs_counter_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_counter(cpu, number, priv);
}

gboolean rv_csr_needs_senvcfg(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number;
    return cpu->ext_s &&
           (priv == RV_PRIV_M || !cpu->ext_smstateen || cpu->mstateen[0] & RV_STATEEN0_ENVCFG);
}

gboolean rv_csr_needs_mstateen(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_smstateen;
}

gboolean rv_csr_needs_mstateen_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_mstateen(cpu, number, priv);
}

gboolean rv_csr_needs_sstateen(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->ext_s && (cpu->ext_smstateen || cpu->ext_ssstateen) &&
           (priv == RV_PRIV_M || !cpu->ext_smstateen || cpu->mstateen[number & 3] & RV_STATEEN_SE);
}

/* Sstc 1.1: S needs menvcfg.STCE and mcounteren.TM. */
gboolean rv_csr_needs_sstc(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number;
    return cpu->ext_sstc && (priv == RV_PRIV_M ||
                             (cpu->menvcfg & RV_ENVCFG_STCE && cpu->mcounteren & RV_COUNTER_TM));
}

gboolean rv_csr_needs_sstc_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_sstc(cpu, number, priv);
}

gboolean rv_csr_needs_satp(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number;
    return cpu->ext_s && !(priv == RV_PRIV_S && cpu->mstatus & RV_MSTATUS_TVM);
}

/* Four entries a number; RV64 has the even ones, of eight entries (Priv. 3.7.1). */
gboolean rv_csr_needs_pmpcfg(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    uint32_t index = number & 15;

    (void)priv;
    return index * 4 < cpu->n_pmp && (cpu->mxlen == 32 || !(index & 1));
}

gboolean rv_csr_needs_pmpaddr(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)priv;
    return number - 0x3b0 < cpu->n_pmp;
}

gboolean rv_csr_needs_mseccfg(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    (void)number, (void)priv;
    return cpu->ext_zkr;
}

gboolean rv_csr_needs_mseccfg_high(const RvCpu *cpu, uint32_t number, uint32_t priv)
{
    return cpu->mxlen == 32 && rv_csr_needs_mseccfg(cpu, number, priv);
}
