// SPDX-License-Identifier: GPL-2.0-or-later
// Something to debug: PE 0 counts at EL1, in a function, in a word of memory.
    .globl _start, loop, bump, bumped, counter
_start:
    mov     x0, #3 << 20        // CPACR_EL1.FPEN
    msr     cpacr_el1, x0
    isb
    adr     x0, stack
    mov     sp, x0              // gdb tells frames apart by it
    adr     x0, counter
    mov     x1, #0
loop:
    bl      bump
    add     x1, x1, #1
    fmov    d1, x1
    b       loop
    .type   bump, %function
bump:
    ldr     x2, [x0]
    add     x2, x2, #1
    str     x2, [x0]
bumped:
    ret
    .balign 16
counter:
    .quad   0, 0
    .skip   4096
stack:
