/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 machine code, one call an instruction. An instruction is a number: opcode byte, map,
 * mandatory prefix and width as the opcode tables of the Intel SDM (volume 2, appendix A) give
 * them. Registers are 0..15; general and vector registers share the numbers, the opcode says which.
 * Code that does not fit is dropped and `full` is set, so that callers check once at the end.
 */
#ifndef QH_CORE_JIT_X86_64_ASM_H
#define QH_CORE_JIT_X86_64_ASM_H

#include "core/jit/backend/x86_64/opcodes.h"

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
    uint8_t base;  /* the register itself when is_reg */
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

/* Conditions, as in the low bits of jcc setcc cmovcc. */
enum {
    QH_IF_O,
    QH_IF_NO,
    QH_IF_B,
    QH_IF_AE,
    QH_IF_E,
    QH_IF_NE,
    QH_IF_BE,
    QH_IF_A,
    QH_IF_S,
    QH_IF_NS,
    QH_IF_PE,
    QH_IF_PO,
    QH_IF_L,
    QH_IF_GE,
    QH_IF_LE,
    QH_IF_G
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
/* Nops, so that what is @length bytes long and comes next ends at a multiple of @bytes. */
void qh_x_align_end(QhAsm *a, uint32_t bytes, uint32_t length);

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
void qh_x_call(QhAsm *a, QhXLabel *label);
void qh_x_bind(QhAsm *a, QhXLabel *label);
/* reg = the address of the label */
void qh_x_lea_label(QhAsm *a, uint32_t reg, QhXLabel *label);
/* A short forward jump: qh_x_here8 with the value returned puts its target here. */
uint32_t qh_x_jcc8(QhAsm *a, uint32_t cc);
uint32_t qh_x_jmp8(QhAsm *a);
void qh_x_here8(QhAsm *a, uint32_t jump);

/* To an address outside the buffer, given as it is when executing; within 2 GiB. */
void qh_x_jmp_to(QhAsm *a, const void *target);
void qh_x_jcc_to(QhAsm *a, uint32_t cc, const void *target);
void qh_x_call_to(QhAsm *a, const void *target);
void qh_x_lea_to(QhAsm *a, uint32_t reg, const void *target);
/* Any C function, however far; may change rax. */
void qh_x_call_far(QhAsm *a, void (*fn)(void));

static inline uint32_t qh_x_offset(const QhAsm *a)
{
    return (uint32_t)(a->at - a->base);
}

#endif
