/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and TLB maintenance of EL2 (Arm D19.2, C5.5). EL3 may use them, too. */
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg-rows.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* Bits of SPSR_EL2 that are no bit of AArch32's. */
#define SPSR_MASK UINT64_C(0xf3f01fdf)

/* HCR_EL2 of every PE; RW is RES1 without AArch32, and so is what traps AArch32 only. */
#define HCR_ALWAYS                                                                                 \
    (ARM_HCR_VM | ARM_HCR_SWIO | ARM_HCR_PTW | ARM_HCR_FMO | ARM_HCR_IMO | ARM_HCR_AMO |           \
     ARM_HCR_VF | ARM_HCR_VI | ARM_HCR_VSE | ARM_HCR_FB | UINT64_C(0xc00) | ARM_HCR_DC |           \
     ARM_HCR_TWI | ARM_HCR_TWE | ARM_HCR_TID0 | ARM_HCR_TID1 | ARM_HCR_TID2 | ARM_HCR_TID3 |       \
     ARM_HCR_TSC | ARM_HCR_TIDCP | ARM_HCR_TACR | ARM_HCR_TSW | ARM_HCR_TPCP | ARM_HCR_TPU |       \
     ARM_HCR_TTLB | ARM_HCR_TVM | ARM_HCR_TGE | ARM_HCR_TDZ | ARM_HCR_HCD | ARM_HCR_TRVM |         \
     ARM_HCR_CD | ARM_HCR_ID)

static uint64_t hcr_bits(const ArmCpu *cpu)
{
    uint64_t bits = HCR_ALWAYS;

    bits |= cpu->has_vhe ? ARM_HCR_E2H : 0;
    bits |= cpu->has_lor ? ARM_HCR_TLOR : 0;
    bits |= cpu->has_ras ? ARM_HCR_TERR | ARM_HCR_TEA | ARM_HCR_FIEN : 0;
    bits |= cpu->has_pauth ? ARM_HCR_API | ARM_HCR_APK : 0;
    bits |= cpu->has_s2fwb ? ARM_HCR_FWB : 0;
    bits |= cpu->has_csv2 ? ARM_HCR_ENSCXT : 0;
    /* FEAT_EVT comes with Armv8.5; e0pd stands for that */
    bits |= cpu->has_e0pd
                ? ARM_HCR_TID4 | ARM_HCR_TICAB | ARM_HCR_TOCU | ARM_HCR_TTLBIS | ARM_HCR_TTLBOS
                : 0;
    return bits;
}

/*
 * What it changes: which regime EL0 and EL2 are in, whether there is a stage 2, what is trapped,
 * which interrupts are taken. A virtual machine's context has its VMID, so entering and leaving one
 * flushes nothing.
 */
static gboolean write_hcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint64_t old = cpu->hcr, changed;

    (void)reg;
    cpu->hcr = (value & hcr_bits(cpu)) | ARM_HCR_RW;
    changed = old ^ cpu->hcr;
    if (changed & ARM_HCR_E2H) {
        arm_mmu_flush(cpu, ARM_MMU_E20_MASK | ARM_MMU_E2_MASK);
    }
    if (changed & (ARM_HCR_DC | ARM_HCR_PTW | ARM_HCR_FWB) ||
        (changed & ARM_HCR_TGE && !(cpu->hcr & ARM_HCR_E2H))) {
        arm_mmu_flush(cpu, ARM_MMU_E10_MASK);
    }
    arm_mmu_changed(cpu);
    arm_cpu_update_key(cpu);
    arm_irq_update(cpu);
    return TRUE;
}

/* CPTR_EL2 in its two forms: the bits that trap what there is. */
static gboolean write_cptr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    gboolean host = (cpu->hcr & ARM_HCR_E2H) != 0;
    uint64_t bits = ARM_CPTR_TCPAC | ARM_BIT(28) | ARM_BIT(20) | (host ? UINT64_C(3) << 20 : 0);

    (void)reg;
    if (host) {
        cpu->cptr_el2 = value & bits;
    } else { /* RES1: 0x33ff without the bits that exist */
        cpu->cptr_el2 = (value & (ARM_CPTR_TCPAC | ARM_BIT(20) | ARM_CPTR_TFP)) | 0x33ff;
    }
    arm_cpu_update_key(cpu);
    return TRUE;
}

static gboolean write_sctlr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    arm_sctlr_written(cpu, 2, arm_sctlr_value(cpu, value));
    return TRUE;
}

static gboolean write_tcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    if (cpu->tcr[2] != value) {
        cpu->tcr[2] = value;
        arm_mmu_flush(cpu, ARM_MMU_E20_MASK | ARM_MMU_E2_MASK);
        arm_mmu_ttbr_written(cpu);
        arm_cpu_update_key(cpu);
    }
    return TRUE;
}

static gboolean write_ttbr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    *(uint64_t *)((char *)cpu + reg->offset) = value;
    arm_mmu_ttbr_written(cpu);
    return TRUE;
}

static gboolean write_vtcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    value |= ARM_BIT(31);
    if (cpu->vtcr != value) {
        cpu->vtcr = value;
        arm_mmu_flush(cpu, ARM_MMU_E10_MASK);
        arm_mmu_changed(cpu);
    }
    return TRUE;
}

static gboolean write_vttbr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->vttbr = value;
    arm_mmu_changed(cpu);
    return TRUE;
}

static gboolean write_tlbi(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    arm_tlbi(cpu, reg->encoding, value);
    return TRUE;
}

gboolean arm_needs_el2(const ArmCpu *cpu)
{
    return cpu->has_el2;
}

static gboolean needs_vhe(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_vhe;
}

static gboolean needs_ras(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_ras;
}

static gboolean needs_csv2(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_csv2;
}

static gboolean needs_tlbios(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_tlbios;
}

static gboolean needs_range(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_tlbirange;
}

static gboolean needs_range_os(const ArmCpu *cpu)
{
    return needs_range(cpu) && cpu->has_tlbios;
}

#define EL2(name_, crn, crm, op2, member, mask_)                                                   \
    ARM_ROW_MASK(name_, 4u, crn, crm, op2, ARM_RW2, arm_needs_el2, NULL, member, mask_)
#define MASK(name_, crn, crm, op2, needs_, member, mask_)                                          \
    ARM_ROW_MASK(name_, 4u, crn, crm, op2, ARM_RW2, needs_, NULL, member, mask_)
#define WRITE(name_, crn, crm, op2, needs_, member, write_)                                        \
    ARM_ROW_WRITE(name_, 4u, crn, crm, op2, ARM_RW2, needs_, NULL, member, write_)
#define SLOT(name_, crn, crm, op2, member, slot_, mask_)                                           \
    {.name = name_,                                                                                \
     .encoding = ARM_SYSREG(3u, 4u, crn, crm, op2),                                                \
     .rights = ARM_RW2,                                                                            \
     .needs = arm_needs_el2,                                                                       \
     .offset = offsetof(ArmCpu, member),                                                           \
     .slot = slot_,                                                                                \
     .mask = mask_},
#define TLBI(name_, crm, op2, needs_)                                                              \
    ARM_ROW_SYS("TLBI " name_, 4u, 8u, crm, op2, ARM_WO2, needs_, NULL, write_tlbi)
#define TLBI_ALL(crm, suffix, needs_)                                                              \
    TLBI("ALLE2" suffix, crm, 0u, needs_)                                                          \
    TLBI("VAE2" suffix, crm, 1u, needs_)                                                           \
    TLBI("ALLE1" suffix, crm, 4u, needs_)                                                          \
    TLBI("VALE2" suffix, crm, 5u, needs_)                                                          \
    TLBI("VMALLS12E1" suffix, crm, 6u, needs_)

const ArmSysreg arm_sysregs_el2[] = {
    WRITE("HCR_EL2", 1u, 1u, 0u, arm_needs_el2, hcr, write_hcr) WRITE(
        "CPTR_EL2",
        1u,
        1u,
        2u,
        arm_needs_el2,
        cptr_el2,
        write_cptr) EL2("HSTR_EL2",
                        1u,
                        1u,
                        3u,
                        hstr,
                        0) EL2("HACR_EL2",
                               1u,
                               1u,
                               7u,
                               hacr,
                               0) WRITE("SCTLR_EL2",
                                        1u,
                                        0u,
                                        0u,
                                        arm_needs_el2,
                                        sctlr[2],
                                        write_sctlr) EL2("ACTLR_EL2", 1u, 0u, 1u, actlr[2], 0)
        EL2("VPIDR_EL2", 0u, 0u, 0u, vpidr, UINT32_MAX) EL2(
            "VMPIDR_EL2",
            0u,
            0u,
            5u,
            vmpidr,
            UINT64_MAX) WRITE("TTBR0_EL2", 2u, 0u, 0u, arm_needs_el2, ttbr0[2], write_ttbr)
            WRITE("TTBR1_EL2", 2u, 0u, 1u, needs_vhe, ttbr1[2], write_ttbr) WRITE(
                "TCR_EL2",
                2u,
                0u,
                2u,
                arm_needs_el2,
                tcr[2],
                write_tcr) WRITE("VTTBR_EL2", 2u, 1u, 0u, arm_needs_el2, vttbr, write_vttbr)
                WRITE("VTCR_EL2", 2u, 1u, 2u, arm_needs_el2, vtcr, write_vtcr) EL2(
                    "MAIR_EL2",
                    10u,
                    2u,
                    0u,
                    mair[2],
                    UINT64_MAX) EL2("AMAIR_EL2", 10u, 3u, 0u, amair[2], 0)
                    MASK("CONTEXTIDR_EL2", 13u, 0u, 1u, needs_vhe, contextidr[2], UINT32_MAX) SLOT(
                        "TPIDR_EL2",
                        13u,
                        0u,
                        2u,
                        tpidr[2],
                        ARM_SLOT_TPIDR_EL2,
                        UINT64_MAX) MASK("SCXTNUM_EL2", 13u, 0u, 7u, needs_csv2, scxtnum[2], UINT64_MAX)
                        SLOT("SPSR_EL2", 4u, 0u, 0u, spsr[2], ARM_SLOT_SPSR_EL2, SPSR_MASK) SLOT(
                            "ELR_EL2",
                            4u,
                            0u,
                            1u,
                            elr[2],
                            ARM_SLOT_ELR_EL2,
                            UINT64_MAX) SLOT("SP_EL1", 4u, 1u, 0u, sp_el[1], ARM_SLOT_SP_EL1, UINT64_MAX)
                            SLOT("ESR_EL2",
                                 5u,
                                 2u,
                                 0u,
                                 esr
                                     [2],
                                 ARM_SLOT_ESR_EL2,
                                 UINT64_MAX) SLOT("FAR_EL2",
                                                  6u,
                                                  0u,
                                                  0u,
                                                  far
                                                      [2],
                                                  ARM_SLOT_FAR_EL2,
                                                  UINT64_MAX) EL2("HPFAR_EL2",
                                                                  6u,
                                                                  0u,
                                                                  4u,
                                                                  hpfar,
                                                                  UINT64_C(0xffffffffff0))
                                EL2("AFSR0_EL2", 5u, 1u, 0u, afsr0[2], 0) EL2(
                                    "AFSR1_EL2",
                                    5u,
                                    1u,
                                    1u,
                                    afsr1[2],
                                    0) EL2("VBAR_EL2",
                                           12u,
                                           0u,
                                           0u,
                                           vbar[2],
                                           ~UINT64_C(0x7ff)) ARM_ROW_MASK("RVBAR_EL2",
                                                                          4u,
                                                                          12u,
                                                                          0u,
                                                                          1u,
                                                                          ARM_RO2,
                                                                          arm_needs_el2,
                                                                          NULL,
                                                                          rvbar,
                                                                          0) MASK("VSESR_EL2",
                                                                                  5u,
                                                                                  2u,
                                                                                  3u,
                                                                                  needs_ras,
                                                                                  vsesr,
                                                                                  UINT64_C(
                                                                                      0x1ffffff))
                                    MASK("VDISR_EL2",
                                         12u,
                                         1u,
                                         1u,
                                         needs_ras,
                                         vdisr,
                                         UINT64_C(0x81ffffff)) TLBI_ALL(7u, "", arm_needs_el2)
                                        TLBI_ALL(3u, "IS", arm_needs_el2) TLBI_ALL(
                                            1u,
                                            "OS",
                                            needs_tlbios) TLBI("IPAS2E1IS",
                                                               0u,
                                                               1u,
                                                               arm_needs_el2) TLBI("IPAS2LE1IS",
                                                                                   0u,
                                                                                   5u,
                                                                                   arm_needs_el2)
                                            TLBI("IPAS2E1", 4u, 1u, arm_needs_el2) TLBI(
                                                "IPAS2LE1",
                                                4u,
                                                5u,
                                                arm_needs_el2)
                                                TLBI("IPAS2E1OS", 4u, 0u, needs_tlbios)
                                                    TLBI("IPAS2LE1OS", 4u, 4u, needs_tlbios) TLBI(
                                                        "RIPAS2E1IS",
                                                        0u,
                                                        2u,
                                                        needs_range) TLBI("RIPAS2LE1IS",
                                                                          0u,
                                                                          6u,
                                                                          needs_range)
                                                        TLBI("RIPAS2E1", 4u, 2u, needs_range) TLBI(
                                                            "RIPAS2LE1",
                                                            4u,
                                                            6u,
                                                            needs_range) TLBI("RIPAS2E1OS",
                                                                              4u,
                                                                              3u,
                                                                              needs_range_os)
                                                            TLBI("RIPAS2LE1OS",
                                                                 4u,
                                                                 7u,
                                                                 needs_range_os) TLBI("RVAE2",
                                                                                      6u,
                                                                                      1u,
                                                                                      needs_range)
                                                                TLBI("RVALE2", 6u, 5u, needs_range)
                                                                    TLBI("RVAE2IS",
                                                                         2u,
                                                                         1u,
                                                                         needs_range)
                                                                        TLBI("RVALE2IS",
                                                                             2u,
                                                                             5u,
                                                                             needs_range)
                                                                            TLBI("RVAE2OS",
                                                                                 5u,
                                                                                 1u,
                                                                                 needs_range_os)
                                                                                TLBI(
                                                                                    "RVALE2OS",
                                                                                    5u,
                                                                                    5u,
                                                                                    needs_range_os){
                                                                                    .name = NULL},
};

/*
 * Values after a reset (Arm D19.2): what is "architecturally unknown" is 0 besides RES1. Without
 * software at EL2 a guest's kernel runs at EL2 first, and finds nothing trapped.
 */
void arm_sysreg_reset(ArmCpu *cpu)
{
    for (uint32_t el = 0; el < ARM_N_EL; el++) {
        cpu->elr[el] = cpu->spsr[el] = cpu->esr[el] = cpu->far[el] = cpu->vbar[el] = 0;
        cpu->tcr[el] = cpu->ttbr0[el] = cpu->ttbr1[el] = cpu->mair[el] = 0;
        cpu->tpidr[el] = cpu->contextidr[el] = cpu->scxtnum[el] = 0;
        cpu->sctlr[el] = el != 0 ? arm_sctlr_res1(cpu) : 0;
    }
    cpu->tpidrro = cpu->cpacr = cpu->csselr = cpu->par = 0;
    cpu->hcr = cpu->has_el2 ? ARM_HCR_RW : 0;
    cpu->cptr_el2 = cpu->has_el2 ? 0x33ff : 0;
    cpu->vttbr = cpu->vtcr = cpu->hpfar = cpu->vsesr = cpu->vdisr = cpu->disr = 0;
    cpu->vpidr = cpu->id.midr;
    cpu->vmpidr = cpu->mpidr | ARM_BIT(31);
}
