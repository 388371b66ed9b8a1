/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation as mmu.c asks for it and mmu-walk.c finds it. All calls are [vcpu]. */
#ifndef ARM_MMU_H
#define ARM_MMU_H

#include "modules/arm/cpu.h"

#define ARM_PAGE_BITS 12u

/* Fault status codes (Arm D19 "ESR_EL1", DFSC); those of the first group plus the level. */
#define ARM_FSC_ADDRESS_SIZE     0x00u
#define ARM_FSC_TRANSLATION      0x04u
#define ARM_FSC_ACCESS_FLAG      0x08u
#define ARM_FSC_PERMISSION       0x0cu
#define ARM_FSC_EXTERNAL         0x10u
#define ARM_FSC_EXTERNAL_ON_WALK 0x14u
#define ARM_FSC_ALIGNMENT        0x21u

/* Whose access it is. */
typedef struct ArmRequest {
    ArmCpu *cpu;
    uint64_t address;
    uint32_t access;  /* QH_ACCESS_... */
    uint32_t level;   /* whose registers rule: 1, 2, 3 */
    gboolean user;    /* unprivileged */
    gboolean pan;     /* PSTATE.PAN holds for this access */
    gboolean quiet;   /* change nothing: AT, debugger */
    gboolean settled; /* fail where the tables would have to be written */
    uint32_t attrs;   /* QH_ATTR_... of reads of tables */
} ArmRequest;

/* What is there. */
typedef struct ArmFound {
    uint64_t phys; /* of the byte asked for; IPA while only stage 1 is known */
    uint32_t prot; /* QH_PROT_... that need no further step */
    uint32_t page_bits;
    uint32_t memory; /* attributes as MAIR_ELx has them */
    uint32_t share;  /* SH[1:0] */
    gboolean global; /* nG is 0, or the regime has no ASIDs */
    gboolean guarded;
} ArmFound;

typedef struct ArmFault {
    uint32_t status; /* ARM_FSC_..., with the level */
    gboolean stage2;
    gboolean on_walk; /* stage 2, of a read of stage 1's tables */
    uint64_t ipa;     /* stage 2 */
} ArmFault;

/* Stage 1; and both, as they are enabled. FALSE: *@ret_fault says why. (mmu-walk.c) */
gboolean arm_walk_first(const ArmRequest *request, ArmFound *ret, ArmFault *ret_fault);
gboolean arm_walk(const ArmRequest *request, ArmFound *ret, ArmFault *ret_fault);

/* The request of an access under MMU index @index. (mmu.c) */
ArmRequest arm_request(ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t index);
/* Syndrome of @fault for an access of @access, level in bits 63-62. */
uint64_t arm_fault_syndrome(const ArmCpu *cpu, const ArmFault *fault, uint32_t access);

/* The host's context for @asid of the EL2&0 (@host) or the EL1&0 regime. */
uint64_t arm_mmu_context(const ArmCpu *cpu, gboolean host, uint64_t asid);
/* ISV and what follows of it for a data abort of syndrome @esr at pc; 0: not known. (abort.c) */
uint64_t arm_access_syndrome(ArmCpu *cpu, uint64_t esr);
uint64_t arm_syndrome_of_insn(uint32_t insn);

/* Forget the translations of the MMU indices in @mask. */
void arm_mmu_flush(ArmCpu *cpu, uint32_t mask);

/* Of EL1 where it stays in a context, where it passes through one, all of the regime. */
#define ARM_MMU_E10_1_MASK                                                                         \
    (1u << ARM_MMU_E10_1 | 1u << ARM_MMU_E10_1_PAN | 1u << ARM_MMU_E10_1_USER)
#define ARM_MMU_PASS_MASK (3u << ARM_MMU_E10_1_PASS)
#define ARM_MMU_E10_MASK  (1u << ARM_MMU_E10_0 | ARM_MMU_E10_1_MASK | ARM_MMU_PASS_MASK)
#define ARM_MMU_E20_MASK  (7u << ARM_MMU_E20_0)
#define ARM_MMU_E2_MASK   (1u << ARM_MMU_E2)

#endif
