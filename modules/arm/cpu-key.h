/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What translated code and the privileged half agree on by number: MMU indices, the state key,
 * input lines, causes of raise records. */
#ifndef ARM_CPU_KEY_H
#define ARM_CPU_KEY_H

/*
 * MMU indices: translation regime, privilege of the access, and PSTATE.PAN where it matters.
 * The index with PAN comes after that without. AArch32 will use the first three as well, and those
 * of EL3 when it comes.
 */
#define ARM_MMU_E10_0          0u /* EL1&0 regime, unprivileged */
#define ARM_MMU_E10_1          1u
#define ARM_MMU_E10_1_PAN      2u
#define ARM_MMU_E20_0          3u /* EL2&0 regime (HCR_EL2.E2H), unprivileged */
#define ARM_MMU_E20_2          4u
#define ARM_MMU_E20_2_PAN      5u
#define ARM_MMU_E2             6u /* EL2 regime without VHE */
#define ARM_MMU_E3             7u
#define ARM_MMU_E10_1_USER     8u /* EL1&0 regime, unprivileged, for EL1: LDTR, STTR */
#define ARM_MMU_E10_1_PASS     9u /* for EL1 in a context that it only passes through (mmu.c) */
#define ARM_MMU_E10_1_PASS_PAN 10u
#define ARM_N_MMU              11u

/* QhCpu.state_key. Kept by arm_cpu_update_key (cpu.c) after any change of what it is made from. */
#define ARM_KEY_FETCH_SHIFT  0u         /* bits 0-3: MMU index of fetches, never a PAN one */
#define ARM_KEY_DATA_SHIFT   4u         /* bits 4-7: of loads and stores */
#define ARM_KEY_UNPRIV_SHIFT 8u         /* bits 8-11: of LDTR, STTR and their like */
#define ARM_KEY_EL_SHIFT     12u        /* bits 12-13 */
#define ARM_KEY_AA64         (1u << 14) /* A64; clear is kept for A32 and T32 */
#define ARM_KEY_FP_SHIFT     15u       /* bits 15-16: EL that FP and SIMD trap to; 0: they do not */
#define ARM_KEY_TBID_SHIFT   17u       /* bits 17-18: top byte ignored for addresses in TTBR0's, */
                                       /* TTBR1's half: data; the MMU takes care of it itself */
#define ARM_KEY_TBII_SHIFT  19u        /* bits 19-20: the same for pc: jumps clean the address */
#define ARM_KEY_ALIGN       (1u << 21) /* SCTLR.A: unaligned accesses fault */
#define ARM_KEY_SPALIGN     (1u << 22) /* SCTLR.SA or SA0 is on, and SP is no multiple of 16 now */
#define ARM_KEY_SS          (1u << 23) /* software step is active: one instruction a block */
#define ARM_KEY_IL          (1u << 24) /* PSTATE.IL */
#define ARM_KEY_BTYPE_SHIFT 25u        /* bits 25-26; 0 while guarded_seen is 0 */
#define ARM_KEY_GUARDED     (1u << 27) /* guarded_seen: BTYPE is to be kept */
#define ARM_KEY_RMODE_SHIFT 28u        /* bits 28-29: FPCR.RMode as FPCR has it */
#define ARM_KEY_FZ          (1u << 30) /* FPCR.FZ */
#define ARM_KEY_DN          (1u << 31) /* FPCR.DN */
#define ARM_KEY_FZ16        (UINT64_C(1) << 32)
#define ARM_KEY_AHP         (UINT64_C(1) << 33)
#define ARM_KEY_NTLSMD      (UINT64_C(1) << 34) /* reserved for A32 */
#define ARM_KEY_BE          (UINT64_C(1) << 35) /* data are big-endian: SCTLR.EE or E0E */
#define ARM_KEY_UMA         (UINT64_C(1) << 36) /* EL0 may touch DAIF: SCTLR.UMA */
#define ARM_KEY_NAA         (UINT64_C(1) << 37) /* SCTLR.nAA of FEAT_LSE2: unaligned atomics may be */
#define ARM_KEY_VIRTUAL     (UINT64_C(1) << 39) /* HCR_EL2 has a virtual interrupt for this level */
                                                /* that no line shows: unmasking looks for it */
#define ARM_KEY_SP0   (UINT64_C(1) << 38)       /* above EL0 with PSTATE.SP 0 */
#define ARM_KEY_BREAK (UINT64_C(1) << 39)       /* a breakpoint may be hit: each instruction asks */

/* Input lines of a PE, bits of base.irq_lines. */
#define ARM_IRQ_IRQ  0u
#define ARM_IRQ_FIQ  1u
#define ARM_IRQ_VIRQ 2u
#define ARM_IRQ_VFIQ 3u
#define ARM_N_IRQ    4u

/*
 * Causes of raise records. Payload: what the row says; trap.c makes ESR_ELx of it and finds the
 * level.
 */
#define ARM_RAISE_UNDEFINED 0u /* 0: EC 0x00 */
#define ARM_RAISE_SYNDROME                                                                         \
    1u /* ESR as it shall be, IL included, to the level that the EC goes to */
#define ARM_RAISE_SVC      2u /* imm16 */
#define ARM_RAISE_HVC      3u /* imm16; checks HCD and PSCI, too */
#define ARM_RAISE_SMC      4u
#define ARM_RAISE_BRK      5u
#define ARM_RAISE_PC_ALIGN 6u  /* the address */
#define ARM_RAISE_SP_ALIGN 7u  /* 0 */
#define ARM_RAISE_FP_TRAP  8u  /* 0: EC 0x07, to the level of ARM_KEY_FP */
#define ARM_RAISE_ILLEGAL  9u  /* 0: PSTATE.IL, EC 0x0e */
#define ARM_RAISE_BTI      10u /* BTYPE */
#define ARM_RAISE_STEP     11u /* 0: software step, EC 0x32/0x33 */

#endif
