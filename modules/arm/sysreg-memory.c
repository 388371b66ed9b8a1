/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation: its registers at EL1, TLBI, AT, IC and DC (Arm C5.3 to C5.5, D19.2). */
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg-rows.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* SCTLR_EL1: RES1 and the bits that every PE has (Arm D19 "SCTLR_EL1"). */
#define SCTLR_ALWAYS                                                                               \
    (ARM_SCTLR_M | ARM_SCTLR_A | ARM_SCTLR_C | ARM_SCTLR_SA | ARM_SCTLR_SA0 | ARM_SCTLR_UMA |      \
     ARM_BIT(12) | ARM_SCTLR_DZE | ARM_SCTLR_UCT | ARM_SCTLR_NTWI | ARM_SCTLR_NTWE |               \
     ARM_SCTLR_WXN | ARM_SCTLR_E0E | ARM_SCTLR_EE | ARM_SCTLR_UCI)
/* What changes translations that have been made. */
#define SCTLR_FLUSH (ARM_SCTLR_M | ARM_SCTLR_WXN | ARM_SCTLR_EE)
#define BT0         ARM_BIT(35)
#define BT1         ARM_BIT(36)
#define ENIA        ARM_BIT(31)
#define ENIB        ARM_BIT(30)
#define ENDA        ARM_BIT(27)
#define ENDB        ARM_BIT(13)

uint64_t arm_sctlr_res1(const ArmCpu *cpu)
{
    uint64_t res1 = ARM_SCTLR_EOS | ARM_SCTLR_EIS | ARM_BIT(28) | ARM_BIT(29);

    res1 |= cpu->has_pan ? 0 : ARM_SCTLR_SPAN;
    return res1 | (cpu->has_csv2 ? 0 : ARM_SCTLR_TSCXT);
}

uint64_t arm_sctlr_value(const ArmCpu *cpu, uint64_t value)
{
    uint64_t bits = SCTLR_ALWAYS;

    bits |= cpu->has_pan ? ARM_SCTLR_SPAN : 0;
    bits |= cpu->has_csv2 ? ARM_SCTLR_TSCXT : 0;
    bits |= cpu->has_lse2 ? ARM_SCTLR_NAA : 0;
    bits |= cpu->has_ssbs ? ARM_SCTLR_DSSBS : 0;
    bits |= cpu->has_bti ? BT0 | BT1 : 0;
    bits |= cpu->has_pauth ? ENIA | ENIB | ENDA | ENDB : 0;
    bits |= cpu->has_specres ? ARM_BIT(10) : 0; /* EnRCTX */
    return (value & bits) | arm_sctlr_res1(cpu);
}

void arm_sctlr_written(ArmCpu *cpu, uint32_t level, uint64_t value)
{
    uint64_t old = cpu->sctlr[level];
    uint32_t mask = ARM_MMU_E10_MASK;

    if (level == 2) {
        mask = ARM_MMU_E20_MASK | ARM_MMU_E2_MASK;
    }
    cpu->sctlr[level] = value;
    if ((old ^ value) & SCTLR_FLUSH) {
        arm_mmu_flush(cpu, mask);
    }
    arm_cpu_update_key(cpu);
}

static gboolean write_sctlr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_sctlr_written(cpu, 1, arm_sctlr_value(cpu, value));
    return TRUE;
}

/* The row's member is new; ASIDs may be, too. */
static gboolean write_ttbr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    *(uint64_t *)((char *)cpu + reg->offset) = value;
    arm_mmu_ttbr_written(cpu);
    return TRUE;
}

/* The bits that decide about a walk may not be remembered by TLBs that are not told, but software
 * that changes them does tell; a flush is cheap, because it is seldom. */
static gboolean write_tcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    if (cpu->tcr[1] != value) {
        cpu->tcr[1] = value;
        arm_mmu_flush(cpu, ARM_MMU_E10_MASK);
        arm_mmu_ttbr_written(cpu);
        arm_cpu_update_key(cpu);
    }
    return TRUE;
}

/* HCR_EL2.TTLB, and by how far it reaches TTLBIS, TTLBOS. */
static gboolean trap_tlbi(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    uint32_t crm = reg->encoding >> 3 & 15;
    uint64_t bits = ARM_HCR_TTLB;

    if (crm == 2 || crm == 3) {
        bits |= ARM_HCR_TTLBIS;
    } else if (crm == 1 || crm == 5) {
        bits |= ARM_HCR_TTLBOS;
    }
    return cpu->el == 1 && arm_hcr(cpu) & bits ? arm_sysreg_trap_to(cpu, reg, write, 2) : TRUE;
}

static gboolean write_tlbi(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    arm_tlbi(cpu, reg->encoding, value);
    return TRUE;
}

static gboolean write_at(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    arm_at(cpu, reg->encoding, value);
    return TRUE;
}

/* Maintenance by address from EL0: SCTLR.UCI; below EL2: HCR_EL2.TPCP (data to the point of
 * coherency), TPU and TOCU (to the point of unification). */
static gboolean trap_maintenance(ArmCpu *cpu, const ArmSysreg *reg, gboolean write, uint64_t hcr)
{
    uint32_t regime = arm_regime_level(cpu);

    if (cpu->el == 0 && !(cpu->sctlr[regime] & ARM_SCTLR_UCI)) {
        return arm_sysreg_trap_to(cpu, reg, write, 0);
    }
    if (cpu->el < 2 && regime == 1 && arm_hcr(cpu) & hcr) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean trap_poc(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trap_maintenance(cpu, reg, write, ARM_HCR_TPCP);
}

static gboolean trap_pou(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trap_maintenance(cpu, reg, write, ARM_HCR_TPU | ARM_HCR_TOCU);
}

static gboolean trap_set_way(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TSW) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

/* DC IVAC needs to write, because it may lose what was written; the others to read. */
static gboolean write_ivac(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    return arm_cache_check(cpu, value, TRUE);
}

static gboolean write_clean(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    return arm_cache_check(cpu, value, FALSE);
}

#define NEEDS(name, condition)                                                                     \
    static gboolean needs_##name(const ArmCpu *cpu)                                                \
    {                                                                                              \
        return condition;                                                                          \
    }
NEEDS(tlbios, cpu->has_tlbios)
NEEDS(tlbirange, cpu->has_tlbirange)
NEEDS(pan2, cpu->has_pan2)
NEEDS(dpb, cpu->has_dpb)
NEEDS(dpb2, cpu->has_dpb2)
NEEDS(specres, cpu->has_specres)

/* EnRCTX: SCTLR bit 10 lets EL0. */
static gboolean trap_rctx(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    if (cpu->el == 0 && !(cpu->sctlr[arm_regime_level(cpu)] & ARM_BIT(10))) {
        return arm_sysreg_trap_to(cpu, reg, write, 0);
    }
    return TRUE;
}

#define SYS   ARM_ROW_SYS
#define MASK  ARM_ROW_MASK
#define WRITE ARM_ROW_WRITE
#define BY_LEVEL(name_, crm, op2, needs_)                                                          \
    SYS(name_, 0u, 8u, crm, op2, ARM_WO1, needs_, trap_tlbi, write_tlbi)
#define TLBI(crm, suffix, needs_)                                                                  \
    BY_LEVEL("TLBI VMALLE1" suffix, crm, 0u, needs_)                                               \
    BY_LEVEL("TLBI VAE1" suffix, crm, 1u, needs_)                                                  \
    BY_LEVEL("TLBI ASIDE1" suffix, crm, 2u, needs_)                                                \
    BY_LEVEL("TLBI VAAE1" suffix, crm, 3u, needs_)                                                 \
    BY_LEVEL("TLBI VALE1" suffix, crm, 5u, needs_)                                                 \
    BY_LEVEL("TLBI VAALE1" suffix, crm, 7u, needs_)
#define TLBI_RANGE(crm, suffix)                                                                    \
    BY_LEVEL("TLBI RVAE1" suffix, crm, 1u, needs_tlbirange)                                        \
    BY_LEVEL("TLBI RVAAE1" suffix, crm, 3u, needs_tlbirange)                                       \
    BY_LEVEL("TLBI RVALE1" suffix, crm, 5u, needs_tlbirange)                                       \
    BY_LEVEL("TLBI RVAALE1" suffix, crm, 7u, needs_tlbirange)

const ArmSysreg arm_sysregs_memory[] = {
    WRITE("SCTLR_EL1", 0u, 1u, 0u, 0u, ARM_RW1, NULL, arm_trap_tvm, sctlr[1], write_sctlr) WRITE(
        "TTBR0_EL1", 0u, 2u, 0u, 0u, ARM_RW1, NULL, arm_trap_tvm, ttbr0[1], write_ttbr)
        WRITE("TTBR1_EL1", 0u, 2u, 0u, 1u, ARM_RW1, NULL, arm_trap_tvm, ttbr1[1], write_ttbr) WRITE(
            "TCR_EL1",
            0u,
            2u,
            0u,
            2u,
            ARM_RW1,
            NULL,
            arm_trap_tvm,
            tcr[1],
            write_tcr) MASK("MAIR_EL1",
                            0u,
                            10u,
                            2u,
                            0u,
                            ARM_RW1,
                            NULL,
                            arm_trap_tvm,
                            mair[1],
                            UINT64_MAX) MASK("AMAIR_EL1",
                                             0u,
                                             10u,
                                             3u,
                                             0u,
                                             ARM_RW1,
                                             NULL,
                                             arm_trap_tvm,
                                             amair[1],
                                             0) MASK("CONTEXTIDR_EL1",
                                                     0u,
                                                     13u,
                                                     0u,
                                                     1u,
                                                     ARM_RW1,
                                                     NULL,
                                                     arm_trap_tvm,
                                                     contextidr[1],
                                                     UINT32_MAX)
            MASK("PAR_EL1", 0u, 7u, 4u, 0u, ARM_RW1, NULL, NULL, par, UINT64_MAX) TLBI(
                7u, "", NULL) TLBI(3u, "IS", NULL) TLBI(1u, "OS", needs_tlbios) TLBI_RANGE(6u, "")
                TLBI_RANGE(2u, "IS") TLBI_RANGE(5u, "OS") SYS(
                    "AT S1E1R",
                    0u,
                    7u,
                    8u,
                    0u,
                    ARM_WO1,
                    NULL,
                    NULL,
                    write_at) SYS("AT S1E1W", 0u, 7u, 8u, 1u, ARM_WO1, NULL, NULL, write_at)
                    SYS("AT S1E0R", 0u, 7u, 8u, 2u, ARM_WO1, NULL, NULL, write_at) SYS(
                        "AT S1E0W",
                        0u,
                        7u,
                        8u,
                        3u,
                        ARM_WO1,
                        NULL,
                        NULL,
                        write_at) SYS("AT S1E1RP",
                                      0u,
                                      7u,
                                      9u,
                                      0u,
                                      ARM_WO1,
                                      needs_pan2,
                                      NULL,
                                      write_at)
                        SYS("AT S1E1WP", 0u, 7u, 9u, 1u, ARM_WO1, needs_pan2, NULL, write_at) SYS(
                            "AT S1E2R",
                            4u,
                            7u,
                            8u,
                            0u,
                            ARM_WO2,
                            arm_needs_el2,
                            NULL,
                            write_at) SYS("AT S1E2W",
                                          4u,
                                          7u,
                                          8u,
                                          1u,
                                          ARM_WO2,
                                          arm_needs_el2,
                                          NULL,
                                          write_at)
                            SYS("AT S12E1R",
                                4u,
                                7u,
                                8u,
                                4u,
                                ARM_WO2,
                                arm_needs_el2,
                                NULL,
                                write_at) SYS("AT S12E1W",
                                              4u,
                                              7u,
                                              8u,
                                              5u,
                                              ARM_WO2,
                                              arm_needs_el2,
                                              NULL,
                                              write_at)
                                SYS("AT S12E0R",
                                    4u,
                                    7u,
                                    8u,
                                    6u,
                                    ARM_WO2,
                                    arm_needs_el2,
                                    NULL,
                                    write_at) SYS("AT S12E0W",
                                                  4u,
                                                  7u,
                                                  8u,
                                                  7u,
                                                  ARM_WO2,
                                                  arm_needs_el2,
                                                  NULL,
                                                  write_at)
                                    SYS("IC IALLUIS",
                                        0u,
                                        7u,
                                        1u,
                                        0u,
                                        ARM_WO1,
                                        NULL,
                                        trap_pou,
                                        arm_sysreg_no_effect) SYS("IC IALLU",
                                                                  0u,
                                                                  7u,
                                                                  5u,
                                                                  0u,
                                                                  ARM_WO1,
                                                                  NULL,
                                                                  trap_pou,
                                                                  arm_sysreg_no_effect)
                                        SYS("IC IVAU",
                                            3u,
                                            7u,
                                            5u,
                                            1u,
                                            ARM_WO0,
                                            NULL,
                                            trap_pou,
                                            arm_sysreg_no_effect) SYS("DC IVAC",
                                                                      0u,
                                                                      7u,
                                                                      6u,
                                                                      1u,
                                                                      ARM_WO1,
                                                                      NULL,
                                                                      trap_poc,
                                                                      write_ivac)
                                            SYS("DC ISW",
                                                0u,
                                                7u,
                                                6u,
                                                2u,
                                                ARM_WO1,
                                                NULL,
                                                trap_set_way,
                                                arm_sysreg_no_effect)
                                                SYS("DC CSW",
                                                    0u,
                                                    7u,
                                                    10u,
                                                    2u,
                                                    ARM_WO1,
                                                    NULL,
                                                    trap_set_way,
                                                    arm_sysreg_no_effect) SYS("DC CISW",
                                                                              0u,
                                                                              7u,
                                                                              14u,
                                                                              2u,
                                                                              ARM_WO1,
                                                                              NULL,
                                                                              trap_set_way,
                                                                              arm_sysreg_no_effect)
                                                    SYS("DC CVAC",
                                                        3u,
                                                        7u,
                                                        10u,
                                                        1u,
                                                        ARM_WO0,
                                                        NULL,
                                                        trap_poc,
                                                        write_clean) SYS("DC CVAU",
                                                                         3u,
                                                                         7u,
                                                                         11u,
                                                                         1u,
                                                                         ARM_WO0,
                                                                         NULL,
                                                                         trap_pou,
                                                                         write_clean)
                                                        SYS("DC CVAP",
                                                            3u,
                                                            7u,
                                                            12u,
                                                            1u,
                                                            ARM_WO0,
                                                            needs_dpb,
                                                            trap_poc,
                                                            write_clean) SYS("DC CVADP",
                                                                             3u,
                                                                             7u,
                                                                             13u,
                                                                             1u,
                                                                             ARM_WO0,
                                                                             needs_dpb2,
                                                                             trap_poc,
                                                                             write_clean)
                                                            SYS("DC CIVAC",
                                                                3u,
                                                                7u,
                                                                14u,
                                                                1u,
                                                                ARM_WO0,
                                                                NULL,
                                                                trap_poc,
                                                                write_clean)
                                                                SYS("CFP RCTX",
                                                                    3u,
                                                                    7u,
                                                                    3u,
                                                                    4u,
                                                                    ARM_WO0,
                                                                    needs_specres,
                                                                    trap_rctx,
                                                                    arm_sysreg_no_effect)
                                                                    SYS("DVP RCTX",
                                                                        3u,
                                                                        7u,
                                                                        3u,
                                                                        5u,
                                                                        ARM_WO0,
                                                                        needs_specres,
                                                                        trap_rctx,
                                                                        arm_sysreg_no_effect)
                                                                        SYS("CPP RCTX",
                                                                            3u,
                                                                            7u,
                                                                            3u,
                                                                            7u,
                                                                            ARM_WO0,
                                                                            needs_specres,
                                                                            trap_rctx,
                                                                            arm_sysreg_no_effect){
                                                                            .name = NULL},
};
