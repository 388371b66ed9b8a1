/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that sequences are made of, as the assembler encodes them with empty fields,
 * each with the fields that the generator fills in; and the way in and out of a sequence.
 */
#include "sequences.h"

    .macro t fields, insn:vararg
    .balign 4, 0
    \insn
    .balign 4, 0
    .word \fields
    .endm

    .section .patterns, "a"
    .balign 4
    .globl patterns, patterns_end
patterns:
    .option norvc

    .irp op, add, sub, sll, slt, sltu, xor, srl, sra, or, and, mul, mulh, mulhsu, mulhu, div, divu, \
        rem, remu, sh1add, sh2add, sh3add, andn, orn, xnor, max, maxu, min, minu, rol, ror, clmul, \
        clmulh, clmulr, bclr, bext, binv, bset
    t XD|X1|X2, \op x0, x0, x0
    .endr
    .irp op, clz, ctz, cpop, sext.b, sext.h, zext.h, orc.b, rev8
    t XD|X1, \op x0, x0
    .endr
    .irp op, addi, slti, sltiu, xori, ori, andi
    t XD|X1|IMM, \op x0, x0, 0
    .endr
    .irp op, slli, srli, srai, rori, bclri, bexti, binvi, bseti
    t XD|X1|SHIFT, \op x0, x0, 0
    .endr
    t XD|U20, lui x0, 0
    t XD|U20, auipc x0, 0
    .irp op, lb, lbu, lh, lhu, lw
    t XD|LOAD, \op x0, 0(x0)
    .endr
    .irp op, sb, sh, sw
    t X2|STORE, \op x0, 0(x0)
    .endr
#if __riscv_xlen == 64
    .irp op, addw, subw, sllw, srlw, sraw, mulw, divw, divuw, remw, remuw, add.uw, sh1add.uw, \
        sh2add.uw, sh3add.uw, rolw, rorw
    t XD|X1|X2, \op x0, x0, x0
    .endr
    .irp op, clzw, cpopw /* ctzw: the reference of Debian 12 has it wrong */
    t XD|X1, \op x0, x0
    .endr
    t XD|X1|IMM, addiw x0, x0, 0
    t XD|X1|SHIFT, slli.uw x0, x0, 0
    .irp op, slliw, srliw, sraiw, roriw
    t XD|X1|SHIFT5, \op x0, x0, 0
    .endr
    t XD|LOAD, lwu x0, 0(x0)
    t XD|LOAD, ld x0, 0(x0)
    t X2|STORE, sd x0, 0(x0)
#endif

    .macro floats k
    .irp op, fadd.\k, fsub.\k, fmul.\k, fdiv.\k
    t FD|F1|F2|RM, \op f0, f0, f0
    .endr
    .irp op, fmadd.\k, fmsub.\k, fnmadd.\k, fnmsub.\k
    t FD|F1|F2|F3|RM, \op f0, f0, f0, f0
    .endr
    .irp op, fmin.\k, fmax.\k, fsgnj.\k, fsgnjn.\k, fsgnjx.\k
    t FD|F1|F2, \op f0, f0, f0
    .endr
    .irp op, feq.\k, flt.\k, fle.\k
    t XD|F1|F2, \op x0, f0, f0
    .endr
    t FD|F1|RM, fsqrt.\k f0, f0
    t XD|F1, fclass.\k x0, f0
    .irp op, fcvt.w.\k, fcvt.wu.\k
    t XD|F1|RM, \op x0, f0, rne
    .endr
    .irp op, fcvt.\k\().w, fcvt.\k\().wu
    t FD|X1|RM, \op f0, x0
    .endr
#if __riscv_xlen == 64
    .irp op, fcvt.l.\k, fcvt.lu.\k
    t XD|F1|RM, \op x0, f0, rne
    .endr
    .irp op, fcvt.\k\().l, fcvt.\k\().lu
    t FD|X1|RM, \op f0, x0
    .endr
#endif
    .endm
    floats s
    floats d
    floats h
    t FD|F1|RM, fcvt.s.d f0, f0
    t FD|F1|RM, fcvt.s.h f0, f0
    t FD|F1|RM, fcvt.d.s f0, f0
    t FD|F1|RM, fcvt.d.h f0, f0
    t FD|F1|RM, fcvt.h.s f0, f0
    t FD|F1|RM, fcvt.h.d f0, f0
    t XD|F1, fmv.x.w x0, f0
    t FD|X1, fmv.w.x f0, x0
    t XD|F1, fmv.x.h x0, f0
    t FD|X1, fmv.h.x f0, x0
#if __riscv_xlen == 64
    t XD|F1, fmv.x.d x0, f0
    t FD|X1, fmv.d.x f0, x0
#endif
    .irp op, flh, flw, fld, flw, fld
    t FD|LOAD, \op f0, 0(x0)
    .endr
    .irp op, fsh, fsw, fsd, fsw, fsd
    t F2|STORE, \op f0, 0(x0)
    .endr
    .irp op, csrrw, csrrs, csrrc
    t XD|X1, \op x0, fflags, x0
    t XD|U5, \op\()i x0, fflags, 0
    t XD|U5, \op\()i x0, fcsr, 0
    .endr
    t XD, csrrs x0, fcsr, x0
    t XD, csrrs x0, frm, x0
    t XD|MODE, csrrwi x0, frm, 0
    t XD|MODE, csrrwi x0, frm, 0

    .option rvc
    .irp op, c.add, c.mv
    t CX|C2, \op a0, a0
    .endr
    .irp op, c.sub, c.xor, c.or, c.and
    t CXP|C2P, \op s0, s0
    .endr
    .irp op, c.li, c.addi, c.lui
    t CX|C6, \op a0, 1
    .endr
    .irp op, c.srli, c.srai
    t CXP|CSHIFT, \op s0, 1
    .endr
    t CX|CSHIFT, c.slli a0, 1
    t CXP|C6, c.andi s0, 1
    t C2P|C8, c.addi4spn s0, sp, 4
    t C2P|CMEM, c.lw s0, 0(s1)
    t C2P|CMEM, c.sw s0, 0(s1)
    t CF2P|CMEM, c.fld fs0, 0(s1)
    t CF2P|CMEM, c.fsd fs0, 0(s1)
    t CX|CLSP, c.lwsp a0, 0(sp)
    t C2|CSSP, c.swsp a0, 0(sp)
    t CFD|CLSP, c.fldsp f0, 0(sp)
    t CF2|CSSP, c.fsdsp f0, 0(sp)
#if __riscv_xlen == 64
    .irp op, c.subw, c.addw
    t CXP|C2P, \op s0, s0
    .endr
    t CX|C6, c.addiw a0, 1
    t C2P|CMEM, c.ld s0, 0(s1)
    t C2P|CMEM, c.sd s0, 0(s1)
    t CX|CLSP, c.ldsp a0, 0(sp)
    t C2|CSSP, c.sdsp a0, 0(sp)
#else
    t CF2P|CMEM, c.flw fs0, 0(s1)
    t CF2P|CMEM, c.fsw fs0, 0(s1)
    t CFD|CLSP, c.flwsp f0, 0(sp)
    t CF2|CSSP, c.fswsp f0, 0(sp)
#endif
patterns_end:

    /* For atomics, by themselves: their address is aligned first. */
    .option norvc
    .globl atomics, atomics_end
atomics:
    .irp op, amoswap, amoadd, amoxor, amoand, amoor, amomin, amomax, amominu, amomaxu
    t XD|X2|ORDER, \op\().w x0, x0, (s11)
#if __riscv_xlen == 64
    t XD|X2|ORDER, \op\().d x0, x0, (s11)
#endif
    .endr
atomics_end:

#if __riscv_xlen == 64
#define LOAD_X  ld
#define STORE_X sd
#else
#define LOAD_X  lw
#define STORE_X sw
#endif
#define X_BYTES (__riscv_xlen / 8)
#define F_AT    (32 * X_BYTES)
#define FCSR_AT (F_AT + 32 * 8)

    .text
    .option rvc
    .globl see_code, enter
see_code:
    fence.i
    ret

/* enter(code, registers): s9 and s10 are of use here only before and after. */
enter:
    addi sp, sp, -256
    .irp n, 1, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    STORE_X x\n, \n * X_BYTES (sp)
    .endr
    lla t0, saved
    STORE_X sp, 0(t0)
    STORE_X a1, X_BYTES (t0)
    mv s10, a0
    mv s9, a1
    LOAD_X t0, FCSR_AT (s9)
    csrw fcsr, t0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, \
        25, 26, 27, 28, 29, 30, 31
    fld f\n, F_AT + 8 * \n (s9)
    .endr
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 27, \
        28, 29, 30, 31
    LOAD_X x\n, \n * X_BYTES (s9)
    .endr
    lla s9, back
    jr s10
back:
    lla s9, saved
    LOAD_X s9, X_BYTES (s9)
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, \
        27, 28, 29, 30, 31
    STORE_X x\n, \n * X_BYTES (s9)
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, \
        25, 26, 27, 28, 29, 30, 31
    fsd f\n, F_AT + 8 * \n (s9)
    .endr
    csrr t0, fcsr
    STORE_X t0, FCSR_AT (s9)
    csrw fcsr, zero
    lla t0, saved
    LOAD_X sp, 0(t0)
    .irp n, 1, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    LOAD_X x\n, \n * X_BYTES (sp)
    .endr
    addi sp, sp, 256
    ret

    .bss
    .balign 8
saved: .space 16

    .section .area, "awx", @nobits
    .globl area
area: .space AREA_BYTES
