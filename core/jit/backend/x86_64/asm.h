/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 machine code, one call an instruction. An instruction is a number: opcode byte, map,
 * mandatory prefix and width as the opcode tables of the Intel SDM (volume 2, appendix A) give
 * them. Registers are 0..15; general and vector registers share the numbers, the opcode says which.
 * Code that does not fit is dropped and `full` is set, so that callers check once at the end.
 */
#ifndef QH_CORE_JIT_X86_64_ASM_H
#define QH_CORE_JIT_X86_64_ASM_H

#include <glib.h>
#include <stdint.h>

enum { QH_RAX, QH_RCX, QH_RDX, QH_RBX, QH_RSP, QH_RBP, QH_RSI, QH_RDI, QH_R8, QH_R15 = 15 };

/* Code is written at `at`; it will run at `at + delta` (the executable mapping). */
typedef struct QhAsm {
    uint8_t *base, *at, *end;
    ptrdiff_t delta;
    gboolean full;
} QhAsm;

/* A register or memory operand (ModRM). */
typedef struct QhRm {
    uint8_t is_reg;
    uint8_t base; /* the register itself when is_reg */
    uint8_t index; /* QH_NO_INDEX: none; never rsp */
    uint8_t scale; /* log2 */
    int32_t disp;
} QhRm;
#define QH_NO_INDEX 0xffu

static inline QhRm qh_rm_reg(uint32_t reg)
{
    return (QhRm){.is_reg = 1, .base = reg & 15, .index = QH_NO_INDEX};
}

static inline QhRm qh_rm_mem(uint32_t base, int32_t disp)
{
    return (QhRm){.base = (uint8_t)base, .index = QH_NO_INDEX, .disp = disp};
}

static inline QhRm qh_rm_sib(uint32_t base, uint32_t index, uint32_t scale, int32_t disp)
{
    return (QhRm){
        .base = (uint8_t)base, .index = (uint8_t)index, .scale = (uint8_t)scale, .disp = disp};
}

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
#define QH_X_ADD    0x03u
#define QH_X_OR     0x0bu
#define QH_X_ADC    0x13u
#define QH_X_SBB    0x1bu
#define QH_X_AND    0x23u
#define QH_X_SUB    0x2bu
#define QH_X_XOR    0x33u
#define QH_X_CMP    0x3bu
#define QH_X_TO_RM  0x02u /* QH_X_ADD - QH_X_TO_RM ...: the destination is rm */
#define QH_X_TEST   0x85u
#define QH_X_MOV    0x8bu /* reg = rm */
#define QH_X_MOV_ST 0x89u /* rm = reg */
#define QH_X_MOV_ST8 (0x88u | QH_X_BYTE)
#define QH_X_MOV_ST16 (0x89u | QH_X_66)
#define QH_X_LEA    0x8du
#define QH_X_MOVSXD (0x63u | QH_X_W)
#define QH_X_MOVZX8  (0xb6u | QH_X_0F | QH_X_BRM)
#define QH_X_MOVZX16 (0xb7u | QH_X_0F)
#define QH_X_MOVSX8  (0xbeu | QH_X_0F | QH_X_BRM)
#define QH_X_MOVSX16 (0xbfu | QH_X_0F)
#define QH_X_IMUL   (0xafu | QH_X_0F)
#define QH_X_CMOV   (0x40u | QH_X_0F) /* + condition */
#define QH_X_BT     (0xa3u | QH_X_0F) /* bit reg of rm */
#define QH_X_POPCNT (0xb8u | QH_X_0F | QH_X_F3)
#define QH_X_TZCNT  (0xbcu | QH_X_0F | QH_X_F3)
#define QH_X_LZCNT  (0xbdu | QH_X_0F | QH_X_F3)
#define QH_X_BSF    (0xbcu | QH_X_0F)
#define QH_X_BSR    (0xbdu | QH_X_0F)
#define QH_X_XADD   (0xc1u | QH_X_0F)
#define QH_X_CMPXCHG (0xb1u | QH_X_0F)
#define QH_X_XCHG   0x87u
#define QH_X_MOVBE_LD (0xf0u | QH_X_0F38)
#define QH_X_MOVBE_ST (0xf1u | QH_X_0F38)
/* Groups: the number stands in place of the register */
#define QH_X_GRP_F7 0xf7u /* 0 test imm32, 2 not, 3 neg, 4 mul, 5 imul, 6 div, 7 idiv */
#define QH_X_GRP_FF 0xffu /* 0 inc, 1 dec, 2 call (no W), 4 jmp (no W), 6 push */
#define QH_X_SHIFT_CL 0xd3u /* 0 rol 1 ror 4 shl 5 shr 7 sar */
#define QH_X_SHIFT_I  0xc1u /* the same, by an 8-bit immediate */
#define QH_X_BT_I     (0xbau | QH_X_0F) /* 4 bt, by an 8-bit immediate */
#define QH_X_IMUL_I   0x69u /* reg = rm * imm32 */
/* VEX: reg, vvvv, rm */
#define QH_X_ANDN (0xf2u | QH_X_0F38)
#define QH_X_SHLX (0xf7u | QH_X_0F38 | QH_X_66) /* reg = rm << vvvv */
#define QH_X_SHRX (0xf7u | QH_X_0F38 | QH_X_F2)
#define QH_X_SARX (0xf7u | QH_X_0F38 | QH_X_F3)
/* Vector registers; scalar forms with F3 are f32, with F2 f64. The same numbers serve VEX. */
#define QH_X_MOVD    (0x6eu | QH_X_0F | QH_X_66) /* xmm = r/m32; | W: movq */
#define QH_X_MOVD_ST (0x7eu | QH_X_0F | QH_X_66) /* r/m32 = xmm; | W: movq */
#define QH_X_MOVQ    (0x7eu | QH_X_0F | QH_X_F3) /* xmm = xmm/m64, upper half 0 */
#define QH_X_MOVQ_ST (0xd6u | QH_X_0F | QH_X_66) /* xmm/m64 = xmm */
#define QH_X_MOVAPS  (0x28u | QH_X_0F)
#define QH_X_MOVUPS  (0x10u | QH_X_0F)
#define QH_X_MOVUPS_ST (0x11u | QH_X_0F)
#define QH_X_MOVSS   (0x10u | QH_X_0F | QH_X_F3)
#define QH_X_MOVSS_ST (0x11u | QH_X_0F | QH_X_F3)
#define QH_X_MOVSD   (0x10u | QH_X_0F | QH_X_F2)
#define QH_X_MOVSD_ST (0x11u | QH_X_0F | QH_X_F2)
#define QH_X_FADD    (0x58u | QH_X_0F)
#define QH_X_FMUL    (0x59u | QH_X_0F)
#define QH_X_FSUB    (0x5cu | QH_X_0F)
#define QH_X_FDIV    (0x5eu | QH_X_0F)
#define QH_X_FSQRT   (0x51u | QH_X_0F)
#define QH_X_UCOMIS  (0x2eu | QH_X_0F) /* | 66 for f64 */
#define QH_X_COMIS   (0x2fu | QH_X_0F)
#define QH_X_ANDPS   (0x54u | QH_X_0F)
#define QH_X_ANDNPS  (0x55u | QH_X_0F)
#define QH_X_ORPS    (0x56u | QH_X_0F)
#define QH_X_XORPS   (0x57u | QH_X_0F)

/* Conditions, as in the low bits of jcc setcc cmovcc. */
enum {
    QH_IF_O, QH_IF_NO, QH_IF_B, QH_IF_AE, QH_IF_E, QH_IF_NE, QH_IF_BE, QH_IF_A,
    QH_IF_S, QH_IF_NS, QH_IF_PE, QH_IF_PO, QH_IF_L, QH_IF_GE, QH_IF_LE, QH_IF_G
};

/* One instruction with a ModRM byte; the forms with an immediate append it. */
void qh_x(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm);
void qh_x_i8(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm, uint32_t imm);
void qh_x_i32(QhAsm *a, uint32_t op, uint32_t reg, QhRm rm, uint32_t imm);
/* VEX-encoded; vvvv: the second register, 0 if the instruction has none (it is inverted here). */
void qh_x_vex(QhAsm *a, uint32_t op, uint32_t reg, uint32_t vvvv, QhRm rm);
void qh_x_vex_i8(QhAsm *a, uint32_t op, uint32_t reg, uint32_t vvvv, QhRm rm, uint32_t imm);

/* rm op= imm with the shortest encoding; @op: QH_X_ADD ... QH_X_CMP, | QH_X_W. */
void qh_x_alu_i(QhAsm *a, uint32_t op, QhRm rm, int32_t imm);
/* reg = imm, the shortest way; does not touch the flags. */
void qh_x_mov_i(QhAsm *a, uint32_t reg, uint64_t imm);
/* [mem] = imm, @bytes 1 2 4 8 (sign-extended from 32 bits) */
void qh_x_st_i(QhAsm *a, uint32_t bytes, QhRm mem, int32_t imm);
void qh_x_setcc(QhAsm *a, uint32_t cc, uint32_t reg); /* the low byte only */
void qh_x_bswap(QhAsm *a, uint32_t width64, uint32_t reg);
void qh_x_bytes(QhAsm *a, const void *bytes, uint32_t n);
void qh_x_byte(QhAsm *a, uint32_t byte);
void qh_x_u32(QhAsm *a, uint32_t word);
void qh_x_align(QhAsm *a, uint32_t bytes); /* with nops */

static inline void qh_x_mov(QhAsm *a, uint32_t width64, uint32_t to, uint32_t from)
{
    qh_x(a, QH_X_MOV | (width64 ? QH_X_W : 0), to, qh_rm_reg(from));
}

/*
 * Places in the code. Zeroed before use; jumps may come before or after qh_x_bind. All jumps are
 * 5 or 6 bytes; those with 8 in the name are 2 and reach 127 bytes forward.
 */
typedef struct QhXLabel {
    uint32_t bound; /* offset from base, + 1 */
    uint32_t chain; /* offset of the last jump's displacement that waits for it, + 1 */
} QhXLabel;
void qh_x_jmp(QhAsm *a, QhXLabel *label);
void qh_x_jcc(QhAsm *a, uint32_t cc, QhXLabel *label);
void qh_x_bind(QhAsm *a, QhXLabel *label);
/* A short forward jump: qh_x_here8 with the value returned puts its target here. */
uint32_t qh_x_jcc8(QhAsm *a, uint32_t cc);
uint32_t qh_x_jmp8(QhAsm *a);
void qh_x_here8(QhAsm *a, uint32_t jump);

/* To an address outside the buffer, given as it is when executing; within 2 GiB. */
void qh_x_jmp_to(QhAsm *a, const void *target);
void qh_x_jcc_to(QhAsm *a, uint32_t cc, const void *target);
void qh_x_call_to(QhAsm *a, const void *target);
/* Any C function, however far; may change rax. */
void qh_x_call_far(QhAsm *a, void (*fn)(void));

static inline uint32_t qh_x_offset(const QhAsm *a)
{
    return (uint32_t)(a->at - a->base);
}

#endif
