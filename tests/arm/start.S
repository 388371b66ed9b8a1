/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same program under Linux (user mode) and on the bare board "virt" at EL1: with a stack pointer
 * at the start it is Linux. Both have it at the same addresses, so that addresses in registers compare
 * equal. On the board a flat map makes all RAM normal memory, as a program under Linux sees it.
 */
    .arch armv8-a+fp+simd
    .section .start, "ax"
    .globl _start, put_bytes, enter, leave
_start:
    mov x1, sp
    cbz x1, bare
    adr x0, signals
    mov x1, #0
    mov x2, #0
    mov x8, #132 /* sigaltstack */
    svc #0
    adr x19, signal_numbers
1:  ldrb w0, [x19], #1
    cbz w0, 2f
    adr x1, action
    mov x2, #0
    mov x3, #8
    mov x8, #134 /* rt_sigaction */
    svc #0
    b 1b
2:  adrp x1, stack_top
    add x1, x1, :lo12:stack_top
    mov sp, x1
    bl run
    bl flush
    mov x0, #0
    mov x8, #94 /* exit_group */
    svc #0

signal_numbers: .byte 4, 5, 7, 8, 11, 0 /* SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV */
    .balign 8
signals: .quad signal_stack
    .word 0, 0
    .quad 16384
action: .quad on_signal, 0x08000004 /* SA_ONSTACK | SA_SIGINFO */, 0, 0

/* struct ucontext of arm64: uc_mcontext at 176, with fault_address, regs[31], sp, pc, pstate. */
on_signal:
    mrs x3, tpidr_el0
    ldr x4, [x2, #176 + 8 + 32 * 8] /* pc */
    str x4, [x3, #800]
    str x0, [x3, #808]
    adr x4, leave
    str x4, [x2, #176 + 8 + 32 * 8]
    mov x8, #139 /* rt_sigreturn; sp is at the frame again */
    ret

bare:
    adrp x1, stack_top
    add x1, x1, :lo12:stack_top
    msr sp_el0, x1
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr vbar_el1, x1
    mov x1, #3 << 20
    msr cpacr_el1, x1
    adrp x2, on_board
    mov w1, #1
    str w1, [x2, :lo12:on_board]
    /* 1 GiB blocks for EL0: devices, then RAM, as Arm D8.3 has them; 39-bit addresses, 4 KiB granule.
     * What EL0 may write EL1 does not execute, so EL1 goes to a second view of the RAM, the third GiB,
     * before the first becomes EL0's. */
    adrp x2, table
    add x2, x2, :lo12:table
    mov x1, #0x441 /* AF, EL0 too, attribute 0, block */
    str x1, [x2]
    mov x1, #0x705 /* AF, inner shareable, attribute 1 */
    movk x1, #0x4000, lsl #16
    str x1, [x2, #8]
    str x1, [x2, #16]
    mov x1, #0xff00 /* 0: device nGnRnE; 1: write-back */
    msr mair_el1, x1
    ldr x1, =0x0000000180803519 /* T0SZ 25, EPD1, write-back, inner shareable, 36 bits */
    msr tcr_el1, x1
    msr ttbr0_el1, x2
    isb
    tlbi vmalle1
    dsb sy
    mrs x1, vbar_el1
    mov x4, #0x40000000
    add x1, x1, x4
    msr vbar_el1, x1
    mrs x1, sctlr_el1
    ldr x3, =0x0480d005 /* UCI, SPAN, UCT, DZE, I, C, M */
    orr x1, x1, x3
    bic x1, x1, #2 /* A: unaligned accesses are made */
    bic x1, x1, #0x18 /* SA, SA0: so are those off any SP, as the reference has it */
    msr sctlr_el1, x1
    isb
    adrp x3, second_view
    add x3, x3, :lo12:second_view
    add x3, x3, x4
    br x3
second_view:
    ldr x1, [x2, #8]
    orr x1, x1, #0x40 /* EL0 too */
    str x1, [x2, #8]
    dsb sy
    tlbi vmalle1
    dsb sy
    isb
    msr spsr_el1, xzr
    sub x3, x3, x4
    add x3, x3, #(at_el0 - second_view)
    msr elr_el1, x3
    eret
at_el0:
    bl run
    bl flush
power_off:
    svc #0

    .balign 2048
vectors:
    .rept 8
    b unexpected
    .balign 128
    .endr
    b on_trap /* synchronous, from EL0 */
    .balign 128
    .rept 7
    b unexpected
    .balign 128
    .endr

unexpected:
    ldr x0, =0x84000008 /* PSCI SYSTEM_OFF */
    hvc #0

/* x30 is free. What on_signal does. */
on_trap:
    mrs x30, esr_el1
    lsr x30, x30, #26
    cmp x30, #0x15 /* svc: the end */
    b.eq unexpected
    mrs x30, tpidr_el0
    str x0, [x30, #816]
    mrs x0, elr_el1
    str x0, [x30, #800]
    mrs x0, esr_el1
    str x0, [x30, #808]
    adr x0, leave
    and x0, x0, #0x3fffffff
    orr x0, x0, #0x40000000
    msr elr_el1, x0
    ldr x0, [x30, #816]
    eret

/*
 * enter(state, code): run @code from the registers in @state, which takes what they are when the
 * code jumps to leave: x0-x30, sp, nzcv, fpcr, fpsr, v0-v31 from 288, then pc and number of an
 * exception at 800. x28 points to the buffer; x30 is not kept.
 */
enter:
    stp x29, x30, [sp, #-112]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x2, sp
    str x2, [x0, #824]
    msr tpidr_el0, x0
    clrex
    mov x30, x0
    str x1, [x30, #832]
    ldp x1, x2, [x30, #248] /* sp, nzcv */
    mov sp, x1
    msr nzcv, x2
    ldp x1, x2, [x30, #264]
    msr fpcr, x1
    msr fpsr, x2
    add x0, x30, #288
    .altmacro
    .macro vpair op, a, b
    \op q\a, q\b, [x0, #\a * 16]
    .endm
    .macro vall op
    .set i, 0
    .rept 16
    vpair \op, %i, %(i + 1)
    .set i, i + 2
    .endr
    .endm
    vall ldp
    ldp x0, x1, [x30]
    ldp x2, x3, [x30, #16]
    ldp x4, x5, [x30, #32]
    ldp x6, x7, [x30, #48]
    ldp x8, x9, [x30, #64]
    ldp x10, x11, [x30, #80]
    ldp x12, x13, [x30, #96]
    ldp x14, x15, [x30, #112]
    ldp x16, x17, [x30, #128]
    ldp x18, x19, [x30, #144]
    ldp x20, x21, [x30, #160]
    ldp x22, x23, [x30, #176]
    ldp x24, x25, [x30, #192]
    ldp x26, x27, [x30, #208]
    ldp x28, x29, [x30, #224]
    ldr x30, [x30, #832]
    br x30

leave:
    mrs x30, tpidr_el0
    stp x0, x1, [x30]
    stp x2, x3, [x30, #16]
    stp x4, x5, [x30, #32]
    stp x6, x7, [x30, #48]
    stp x8, x9, [x30, #64]
    stp x10, x11, [x30, #80]
    stp x12, x13, [x30, #96]
    stp x14, x15, [x30, #112]
    stp x16, x17, [x30, #128]
    stp x18, x19, [x30, #144]
    stp x20, x21, [x30, #160]
    stp x22, x23, [x30, #176]
    stp x24, x25, [x30, #192]
    stp x26, x27, [x30, #208]
    stp x28, x29, [x30, #224]
    mov x0, sp
    mrs x1, nzcv
    stp x0, x1, [x30, #248]
    mrs x0, fpcr
    mrs x1, fpsr
    stp x0, x1, [x30, #264]
    add x0, x30, #288
    vall stp
    msr fpcr, xzr
    ldr x0, [x30, #824]
    mov sp, x0
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret

/* put_bytes(text, length): to standard output, or to the PL011. */
    .globl put_bytes
put_bytes:
    adrp x2, on_board
    ldr w2, [x2, :lo12:on_board]
    cbz w2, 3f
    mov x3, #0x09000000
1:  cbz x1, 4f
    ldr w4, [x3, #0x18] /* UARTFR.TXFF */
    tbnz w4, #5, 1b
    ldrb w4, [x0], #1
    strb w4, [x3]
    sub x1, x1, #1
    b 1b
3:  mov x2, x1
    mov x1, x0
    mov x0, #1
    mov x8, #64 /* write */
    svc #0
4:  ret

    .bss
    .balign 4096
table: .space 4096
signal_stack: .space 16384
    .space 16384
stack_top:
on_board: .space 8
