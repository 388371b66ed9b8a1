/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aarch64, EL1 with the MMU off: the other side of first.S. */
    .globl _start
    .equ COUNTS, 20000
_start:
    mov x19, #0x10000000
    mov x20, #0x40000000

1:  bl question /* 1: squares */
    cmn x0, #1
    b.eq 2f
    mul x0, x0, x0
    add x0, x0, #3
    bl reply
    b 1b
2:  mov x0, #1
    bl reply

    bl question /* 2: counting */
    add x1, x20, #0x10000
    mov w2, #COUNTS
3:  ldaxr x3, [x1]
    add x3, x3, #1
    stlxr w4, x3, [x1]
    cbnz w4, 3b
    subs w2, w2, #1
    b.ne 3b
    mov x0, #1
    bl reply

    add x21, x20, #0x20000
4:  bl question /* 3: run what is there */
    cmn x0, #1
    b.eq 5f
    dsb sy
    isb
    blr x21
    add x0, x0, #1
    bl reply
    b 4b
5:  mov x0, #1
    bl reply

    add x21, x20, #0x30000
    ldr w2, =0x00008067 /* jalr x0, 0(ra) */
    str w2, [x21, #4]
6:  bl question /* 4: write addi a0, x0, n */
    mov w2, #0x513
    orr w2, w2, w0, lsl #20
    str w2, [x21]
    dsb sy
    mov x0, #1
    bl reply
    b 6b

question:
1:  ldr x0, [x19]
    cbnz x0, 2f
    wfi
    b 1b
2:  str xzr, [x19]
    ret

reply:
    str x0, [x19, #8]
    ret
