/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits of system registers (Arm D19) that more than one source looks at, and what follows from
 * them. */
#ifndef ARM_REGS_H
#define ARM_REGS_H

#include "modules/arm/cpu.h"

#define ARM_BIT(n) (UINT64_C(1) << (n))

/* SCTLR_EL1, _EL2 */
#define ARM_SCTLR_M     ARM_BIT(0)
#define ARM_SCTLR_A     ARM_BIT(1)
#define ARM_SCTLR_C     ARM_BIT(2)
#define ARM_SCTLR_SA    ARM_BIT(3)
#define ARM_SCTLR_SA0   ARM_BIT(4)
#define ARM_SCTLR_NAA   ARM_BIT(6)
#define ARM_SCTLR_UMA   ARM_BIT(9)
#define ARM_SCTLR_EOS   ARM_BIT(11)
#define ARM_SCTLR_DZE   ARM_BIT(14)
#define ARM_SCTLR_UCT   ARM_BIT(15)
#define ARM_SCTLR_NTWI  ARM_BIT(16)
#define ARM_SCTLR_NTWE  ARM_BIT(18)
#define ARM_SCTLR_WXN   ARM_BIT(19)
#define ARM_SCTLR_TSCXT ARM_BIT(20)
#define ARM_SCTLR_EIS   ARM_BIT(22)
#define ARM_SCTLR_SPAN  ARM_BIT(23)
#define ARM_SCTLR_E0E   ARM_BIT(24)
#define ARM_SCTLR_EE    ARM_BIT(25)
#define ARM_SCTLR_UCI   ARM_BIT(26)
#define ARM_SCTLR_DSSBS ARM_BIT(44)

/* HCR_EL2 */
#define ARM_HCR_VM     ARM_BIT(0)
#define ARM_HCR_SWIO   ARM_BIT(1)
#define ARM_HCR_PTW    ARM_BIT(2)
#define ARM_HCR_FMO    ARM_BIT(3)
#define ARM_HCR_IMO    ARM_BIT(4)
#define ARM_HCR_AMO    ARM_BIT(5)
#define ARM_HCR_VF     ARM_BIT(6)
#define ARM_HCR_VI     ARM_BIT(7)
#define ARM_HCR_VSE    ARM_BIT(8)
#define ARM_HCR_FB     ARM_BIT(9)
#define ARM_HCR_DC     ARM_BIT(12)
#define ARM_HCR_TWI    ARM_BIT(13)
#define ARM_HCR_TWE    ARM_BIT(14)
#define ARM_HCR_TID0   ARM_BIT(15)
#define ARM_HCR_TID1   ARM_BIT(16)
#define ARM_HCR_TID2   ARM_BIT(17)
#define ARM_HCR_TID3   ARM_BIT(18)
#define ARM_HCR_TSC    ARM_BIT(19)
#define ARM_HCR_TIDCP  ARM_BIT(20)
#define ARM_HCR_TACR   ARM_BIT(21)
#define ARM_HCR_TSW    ARM_BIT(22)
#define ARM_HCR_TPCP   ARM_BIT(23)
#define ARM_HCR_TPU    ARM_BIT(24)
#define ARM_HCR_TTLB   ARM_BIT(25)
#define ARM_HCR_TVM    ARM_BIT(26)
#define ARM_HCR_TGE    ARM_BIT(27)
#define ARM_HCR_TDZ    ARM_BIT(28)
#define ARM_HCR_HCD    ARM_BIT(29)
#define ARM_HCR_TRVM   ARM_BIT(30)
#define ARM_HCR_RW     ARM_BIT(31)
#define ARM_HCR_CD     ARM_BIT(32)
#define ARM_HCR_ID     ARM_BIT(33)
#define ARM_HCR_E2H    ARM_BIT(34)
#define ARM_HCR_TLOR   ARM_BIT(35)
#define ARM_HCR_TERR   ARM_BIT(36)
#define ARM_HCR_TEA    ARM_BIT(37)
#define ARM_HCR_APK    ARM_BIT(40)
#define ARM_HCR_API    ARM_BIT(41)
#define ARM_HCR_FWB    ARM_BIT(46)
#define ARM_HCR_FIEN   ARM_BIT(47)
#define ARM_HCR_TID4   ARM_BIT(49)
#define ARM_HCR_TICAB  ARM_BIT(50)
#define ARM_HCR_TOCU   ARM_BIT(52)
#define ARM_HCR_ENSCXT ARM_BIT(53)
#define ARM_HCR_TTLBIS ARM_BIT(54)
#define ARM_HCR_TTLBOS ARM_BIT(55)
#define ARM_HCR_TID5   ARM_BIT(58)

/* CPTR_EL2 without E2H */
#define ARM_CPTR_TFP   ARM_BIT(10)
#define ARM_CPTR_TCPAC ARM_BIT(31)

#define ARM_MDSCR_SS  ARM_BIT(0)
#define ARM_MDSCR_KDE ARM_BIT(13)
#define ARM_MDSCR_MDE ARM_BIT(15)

#define ARM_MDCR_TDE ARM_BIT(8)

/* ESR_ELx: classes (Arm D19 "ESR_EL1", EC) */
#define ARM_EC_UNKNOWN    0x00u
#define ARM_EC_WFX        0x01u
#define ARM_EC_FP         0x07u
#define ARM_EC_BTI        0x0du
#define ARM_EC_ILLEGAL    0x0eu
#define ARM_EC_SVC        0x15u
#define ARM_EC_HVC        0x16u
#define ARM_EC_SMC        0x17u
#define ARM_EC_SYSREG     0x18u
#define ARM_EC_IABORT     0x20u /* from a lower level; +1: from the same */
#define ARM_EC_PC_ALIGN   0x22u
#define ARM_EC_DABORT     0x24u /* +1 */
#define ARM_EC_SP_ALIGN   0x26u
#define ARM_EC_SERROR     0x2fu
#define ARM_EC_BREAKPOINT 0x30u /* +1 */
#define ARM_EC_STEP       0x32u /* +1 */
#define ARM_EC_WATCHPOINT 0x34u /* +1 */
#define ARM_EC_BRK        0x3cu
#define ARM_ESR_IL        ARM_BIT(25)
#define ARM_ESR(ec, iss)  ((uint64_t)(ec) << 26 | ARM_ESR_IL | (iss))
#define ARM_ISS_COND      (UINT64_C(0x1e) << 20) /* CV, and the condition "always" */

/* SPSR_ELx and PSTATE as one word (Arm C5.2.18) */
#define ARM_SPSR_SS ARM_BIT(21)
#define ARM_SPSR_IL ARM_BIT(20)

/* The level whose SCTLR, TCR, TTBR rule level @el. */
static inline uint32_t arm_regime_of(const ArmCpu *cpu, uint32_t el)
{
    const uint64_t host = ARM_HCR_E2H | ARM_HCR_TGE;

    return el != 0 ? el : (arm_hcr(cpu) & host) == host ? 2 : 1;
}

static inline uint32_t arm_regime_level(const ArmCpu *cpu)
{
    return arm_regime_of(cpu, cpu->el);
}

/* Whether the regime of level @level has TTBR1 as well. */
static inline gboolean arm_has_two_halves(const ArmCpu *cpu, uint32_t level)
{
    return level == 1 || (level == 2 && arm_hcr(cpu) & ARM_HCR_E2H);
}

/* The level that debug exceptions go to (Arm D2.3). */
static inline uint32_t arm_debug_level(const ArmCpu *cpu)
{
    gboolean to_el2 = cpu->has_el2 && (cpu->hcr & ARM_HCR_TGE || cpu->mdcr_el2 & ARM_MDCR_TDE);

    return to_el2 ? 2 : 1;
}

/* Whether debug exceptions other than BRK happen where the PE is (Arm D2.4). */
static inline gboolean arm_debug_enabled(const ArmCpu *cpu)
{
    uint32_t to = arm_debug_level(cpu);

    if (cpu->oslar & 1) {
        return FALSE;
    }
    return cpu->el < to || (cpu->el == to && cpu->mdscr & ARM_MDSCR_KDE && !(cpu->daif & 8));
}

#endif
