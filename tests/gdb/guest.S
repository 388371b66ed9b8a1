# SPDX-License-Identifier: GPL-2.0-or-later
# Something to debug: each hart counts, in a function, in a word of its own; `shared` is written by
# hart 0 only, each 256 rounds. Runs at the reset vector's target, in M-mode.
    .globl _start, loop, bump, bumped, finish, idle, counters, shared, text
_start:
    csrr    s0, mhartid
    la      sp, stack           # gdb tells frames apart by it
    la      a0, counters
    slli    t0, s0, 3
    add     a0, a0, t0
    la      s1, shared
    li      a1, 0
loop:
    jal     bump                # 4 bytes
    addi    a1, a1, 1
    andi    t2, a1, 255
    bnez    t2, loop
    bnez    s0, loop
    sd      a1, 0(s1)
    j       loop
bump:
    ld      t1, 0(a0)
    addi    t1, t1, 1
    sd      t1, 0(a0)
bumped:
    ret
# what a debugger can set pc to: the test device ends the host with status 5
finish:
    li      t0, 0x100000
    li      t1, 0x53333
    sw      t1, 0(t0)
idle:
    wfi
    j       idle

    .balign 4096
counters:
    .fill   8, 8, 0
shared:
    .dword  0
text:
    .asciz  "a text to be read"
    .balign 4096
stack:
