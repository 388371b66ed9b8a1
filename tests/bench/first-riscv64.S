# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose first instructions are seen outside: a byte to the serial port, then the end.
# QEMU's virt board: 16550 at 0x10000000, test device at 0x100000 (0x5555: end, status 0).
    .globl _start
_start:
    li t0, 0x10000000
    li t1, '!'
    sb t1, 0(t0)
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
1:  j 1b
