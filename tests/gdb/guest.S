# SPDX-License-Identifier: GPL-2.0-or-later
# Something to debug: each hart counts, in a function, in a word of its own; `shared` is written by
# hart 0 only, each 256 rounds. Runs at the reset vector's target, in M-mode.
    .globl _start, loop, bump, bumped, far, finish, idle, echo, echoed, counters, shared, text
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
    slli    t2, a1, 42
    bnez    t2, loop
far:                            # after 2^22 rounds, which takes some points of history
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

# another: sends back what comes in at the serial port, plus one, and adds it up in `shared`
echo:
    li      t0, 0x10000000
    la      s1, shared
    li      a1, 0
1:  addi    a2, a2, 1
    lbu     t1, 5(t0)
    andi    t1, t1, 1
    beqz    t1, 1b
    lbu     t2, 0(t0)
echoed:
    addi    t2, t2, 1
    sb      t2, 0(t0)
    add     a1, a1, t2
    sd      a1, 0(s1)
    j       1b

    .balign 4096
counters:
    .fill   8, 8, 0
shared:
    .dword  0
text:
    .asciz  "a text to be read"
    .balign 4096
stack:
