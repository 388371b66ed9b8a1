/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction numbers for asm.h: opcode, map, mandatory prefix and width (Intel SDM volume 2,
 * appendix A). */
#ifndef QH_CORE_JIT_X86_64_OPCODES_H
#define QH_CORE_JIT_X86_64_OPCODES_H

/* The parts of an instruction number. */
#define QH_X_0F   (1u << 8)
#define QH_X_0F38 (2u << 8)
#define QH_X_0F3A (3u << 8)
#define QH_X_66   (1u << 10)
#define QH_X_F3   (2u << 10)
#define QH_X_F2   (3u << 10)
#define QH_X_W    (1u << 12) /* REX.W or VEX.W: 64-bit operands */
#define QH_X_BYTE (1u << 13) /* reg is a byte register: sil, dil need REX */
#define QH_X_BRM  (1u << 14) /* rm is one */
#define QH_X_L    (1u << 15) /* VEX.L: 256 bits */
#define QH_X_LOCK (1u << 16)

/* 32-bit forms; | QH_X_W makes them 64-bit. "reg, rm" is the order of the operands. */
#define QH_X_ADD      0x03u
#define QH_X_OR       0x0bu
#define QH_X_ADC      0x13u
#define QH_X_SBB      0x1bu
#define QH_X_AND      0x23u
#define QH_X_SUB      0x2bu
#define QH_X_XOR      0x33u
#define QH_X_CMP      0x3bu
#define QH_X_TO_RM    0x02u /* QH_X_ADD - QH_X_TO_RM ...: the destination is rm */
#define QH_X_TEST     0x85u
#define QH_X_MOV      0x8bu /* reg = rm */
#define QH_X_MOV_ST   0x89u /* rm = reg */
#define QH_X_MOV_ST8  (0x88u | QH_X_BYTE)
#define QH_X_MOV_ST16 (0x89u | QH_X_66)
#define QH_X_LEA      0x8du
#define QH_X_MOVSXD   (0x63u | QH_X_W)
#define QH_X_MOVZX8   (0xb6u | QH_X_0F | QH_X_BRM)
#define QH_X_MOVZX16  (0xb7u | QH_X_0F)
#define QH_X_MOVSX8   (0xbeu | QH_X_0F | QH_X_BRM)
#define QH_X_MOVSX16  (0xbfu | QH_X_0F)
#define QH_X_IMUL     (0xafu | QH_X_0F)
#define QH_X_CMOV     (0x40u | QH_X_0F) /* + condition */
#define QH_X_BT       (0xa3u | QH_X_0F) /* bit reg of rm */
#define QH_X_POPCNT   (0xb8u | QH_X_0F | QH_X_F3)
#define QH_X_TZCNT    (0xbcu | QH_X_0F | QH_X_F3)
#define QH_X_LZCNT    (0xbdu | QH_X_0F | QH_X_F3)
#define QH_X_BSF      (0xbcu | QH_X_0F)
#define QH_X_BSR      (0xbdu | QH_X_0F)
#define QH_X_XADD     (0xc1u | QH_X_0F)
#define QH_X_CMPXCHG  (0xb1u | QH_X_0F)
#define QH_X_XCHG     0x87u
#define QH_X_MOVBE_LD (0xf0u | QH_X_0F38)
#define QH_X_MOVBE_ST (0xf1u | QH_X_0F38)
/* Groups: the number stands in place of the register */
#define QH_X_GRP_F7   0xf7u /* 0 test imm32, 2 not, 3 neg, 4 mul, 5 imul, 6 div, 7 idiv */
#define QH_X_GRP_FF   0xffu /* 0 inc, 1 dec, 2 call (no W), 4 jmp (no W), 6 push */
#define QH_X_SHIFT_CL 0xd3u /* 0 rol 1 ror 4 shl 5 shr 7 sar */
#define QH_X_SHIFT_I  0xc1u /* the same, by an 8-bit immediate */
#define QH_X_BT_I     (0xbau | QH_X_0F) /* 4 bt, by an 8-bit immediate */
#define QH_X_GRP_AE   (0xaeu | QH_X_0F) /* 2 ldmxcsr, 3 stmxcsr */
#define QH_X_IMUL_I   0x69u             /* reg = rm * imm32 */
/* VEX: reg, vvvv, rm */
#define QH_X_ANDN     (0xf2u | QH_X_0F38)
#define QH_X_SHLX     (0xf7u | QH_X_0F38 | QH_X_66) /* reg = rm << vvvv */
#define QH_X_SHRX     (0xf7u | QH_X_0F38 | QH_X_F2)
#define QH_X_SARX     (0xf7u | QH_X_0F38 | QH_X_F3)
#define QH_X_MULX     (0xf6u | QH_X_0F38 | QH_X_F2)  /* reg:vvvv = rdx * rm */
#define QH_X_RORX     (0xf0u | QH_X_0F3A | QH_X_F2)  /* reg = rm ror imm8; no vvvv */
#define QH_X_MOV_LD8  (0x8au | QH_X_BYTE | QH_X_BRM) /* the low byte of reg = rm */
#define QH_X_MOV_LD16 (0x8bu | QH_X_66)
/* Vector registers; scalar forms with F3 are f32, with F2 f64. The same numbers serve VEX. */
#define QH_X_MOVD      (0x6eu | QH_X_0F | QH_X_66) /* xmm = r/m32; | W: movq */
#define QH_X_MOVD_ST   (0x7eu | QH_X_0F | QH_X_66) /* r/m32 = xmm; | W: movq */
#define QH_X_MOVQ      (0x7eu | QH_X_0F | QH_X_F3) /* xmm = xmm/m64, upper half 0 */
#define QH_X_MOVQ_ST   (0xd6u | QH_X_0F | QH_X_66) /* xmm/m64 = xmm */
#define QH_X_MOVAPS    (0x28u | QH_X_0F)
#define QH_X_MOVUPS    (0x10u | QH_X_0F)
#define QH_X_MOVUPS_ST (0x11u | QH_X_0F)
#define QH_X_MOVSS     (0x10u | QH_X_0F | QH_X_F3)
#define QH_X_MOVSS_ST  (0x11u | QH_X_0F | QH_X_F3)
#define QH_X_MOVSD     (0x10u | QH_X_0F | QH_X_F2)
#define QH_X_MOVSD_ST  (0x11u | QH_X_0F | QH_X_F2)
#define QH_X_FADD      (0x58u | QH_X_0F)
#define QH_X_FMUL      (0x59u | QH_X_0F)
#define QH_X_FSUB      (0x5cu | QH_X_0F)
#define QH_X_FDIV      (0x5eu | QH_X_0F)
#define QH_X_FSQRT     (0x51u | QH_X_0F)
#define QH_X_FMIN      (0x5du | QH_X_0F)
#define QH_X_FMAX      (0x5fu | QH_X_0F)
#define QH_X_CMPS      (0xc2u | QH_X_0F)             /* imm8 0: all ones if equal */
#define QH_X_CVTF      (0x5au | QH_X_0F)             /* F3: f32 to f64, F2: f64 to f32 */
#define QH_X_CVTI2F    (0x2au | QH_X_0F)             /* of an r/m32; | W: 64 */
#define QH_X_CVTTF2I   (0x2cu | QH_X_0F)             /* truncating */
#define QH_X_CVTF2I    (0x2du | QH_X_0F)             /* rounding as MXCSR says */
#define QH_X_ROUNDSS   (0x0au | QH_X_0F3A | QH_X_66) /* imm8: SSE4.1 */
#define QH_X_ROUNDSD   (0x0bu | QH_X_0F3A | QH_X_66)
#define QH_X_ROUNDPS   (0x08u | QH_X_0F3A | QH_X_66)
#define QH_X_ROUNDPD   (0x09u | QH_X_0F3A | QH_X_66)
#define QH_X_MOVMSKPS  (0x50u | QH_X_0F) /* signs of the lanes; | 66: of f64 */
#define QH_X_CVTDQ2PS  (0x5bu | QH_X_0F)
#define QH_X_CVTTPS2DQ (0x5bu | QH_X_0F | QH_X_F3)
#define QH_X_PTEST     (0x17u | QH_X_0F38 | QH_X_66) /* SSE4.1 */
#define QH_X_PCMPEQD   (0x76u | QH_X_0F | QH_X_66)
#define QH_X_PSLLD_I   (0x72u | QH_X_0F | QH_X_66) /* 6: rm <<= imm8 */
/* VEX: reg = reg + vvvv * rm and its kin, f32; | W: f64 */
#define QH_X_FMADD231  (0xb9u | QH_X_0F38 | QH_X_66)
#define QH_X_FMSUB231  (0xbbu | QH_X_0F38 | QH_X_66)
#define QH_X_FNMADD231 (0xbdu | QH_X_0F38 | QH_X_66)
#define QH_X_FNMSUB231 (0xbfu | QH_X_0F38 | QH_X_66)
#define QH_X_UCOMIS    (0x2eu | QH_X_0F) /* | 66 for f64 */
#define QH_X_COMIS     (0x2fu | QH_X_0F)
#define QH_X_ANDPS     (0x54u | QH_X_0F)
#define QH_X_ANDNPS    (0x55u | QH_X_0F)
#define QH_X_ORPS      (0x56u | QH_X_0F)
#define QH_X_XORPS     (0x57u | QH_X_0F)

/* Halves of vector registers. SSE4.1: half imm8 of reg = rm, rm = half imm8 of reg. */
#define QH_X_PINSRQ     (0x22u | QH_X_0F3A | QH_X_66 | QH_X_W)
#define QH_X_PEXTRQ     (0x16u | QH_X_0F3A | QH_X_66 | QH_X_W)
#define QH_X_INSERTPS   (0x21u | QH_X_0F3A | QH_X_66) /* SSE4.1, imm8 14: low f32 alone */
#define QH_X_PUNPCKLQDQ (0x6cu | QH_X_0F | QH_X_66)
#define QH_X_MOVHLPS    (0x12u | QH_X_0F)             /* low half of reg = high half of xmm rm */
#define QH_X_PCLMUL     (0x44u | QH_X_0F3A | QH_X_66) /* PCLMULQDQ, imm8 */
#define QH_X_PSRLDQ_I   (0x73u | QH_X_0F | QH_X_66)   /* 3: rm >>= 8 * imm8 */

#endif
