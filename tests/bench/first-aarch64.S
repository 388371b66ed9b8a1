// SPDX-License-Identifier: GPL-2.0-or-later
// A guest whose first instructions are seen outside: a byte to the serial port, then the end.
// QEMU's virt board: PL011 at 0x09000000; PSCI by hvc (DEN 0022: SYSTEM_OFF).
    .globl _start
_start:
    mov x0, #0x09000000
    mov w1, #'!'
    strb w1, [x0]
    mov w0, #0x84000000
    add w0, w0, #8
    hvc #0
1:  b 1b
