#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A session of gdb-multiarch on a bare program of 64-bit Arm.

arm.py HOST
"""
import os
import subprocess
import sys
import tempfile

import remote
from session import Session

import guest  # from tests/boot

GCC = "aarch64-linux-gnu-gcc"


def build(folder):
    """guest-arm.S as an ELF file in RAM."""
    path = os.path.join(folder, "guest.elf")
    subprocess.run([GCC, "-nostdlib", "-static", "-g", "-Wl,-N", "-Wl,--no-warn-rwx-segments",
                    "-Wl,-Ttext=0x40200000", "-Wl,--build-id=none", "-o", path,
                    os.path.join(remote.HERE, "guest-arm.S")], check=True)
    return path


def converse(tap, program, gdb):
    """Registers that the state has, registers that are computed, breakpoints, watchpoints."""
    talk = Session("set architecture aarch64", "target remote " + gdb)
    talk.do("tbreak loop", "continue", "Temporary breakpoint 1, .*loop")
    talk.do("break bump", "continue", r"Breakpoint 2, bump \(\)")
    talk.do("info registers x30 sp", r"x30 +0x40200020 .*sp +0x4020")
    talk.do("x/2i $pc", r"=> 0x[0-9a-f]+ <bump>:\s+ldr\s+x2, \[x0\]")
    talk.do("info threads", r'CPU#0 aarch64')
    talk.do("print $cpsr", r"\[.*EL=1.*\]")
    talk.do("set $cpsr = $cpsr | 0x60000000", "print/x $cpsr >> 28", "= 0x6")
    talk.do("set $cpsr = $cpsr & ~0x40000000", "print $cpsr", r"\[(?!.* Z ).* C .*\]")
    talk.do("set var $v3.s.u[1] = 0x1234", "print/x $v3.s.u", "{0x0, 0x1234, 0x0, 0x0}")
    talk.do("set $fpsr = 0x11", "print/x $fpsr", "= 0x11")
    talk.do("set $fpcr = 0x400000", "print/x $fpcr", "= 0x400000")
    talk.do("print $pauth_cmask != 0", "= 1")
    talk.do("set var *(long *)&counter = 1000", "stepi", "stepi", "stepi", "info registers pc",
            "<bumped>")
    talk.do("print *(long *)&counter", "= 1001")
    talk.do("delete", "watch *(long *)&counter", "continue",
            r"Hardware watchpoint 3.*Old value = 1001.*New value = 1002.*bumped")
    talk.do("delete", "rwatch *(long *)&counter", "continue", r"watchpoint 4.*Value = 1002")
    talk.do("delete", "hbreak loop", "continue", "Breakpoint 5, .*loop")
    talk.do("print $d1.u != 0", "= 1")
    talk.do("monitor info registers", r"pstate +[0-9a-f]{8} [-N][-Z][-C][-V] DAIF EL1h")
    talk.do("detach", "detached")
    talk.run(tap, "a bare program with symbols", program)


def main():
    tap = guest.Tap()
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        program, gdb = build(folder), os.path.join(folder, "gdb")
        host = subprocess.Popen(
            [sys.argv[1], "--load-target=aarch64", "-M", "virt", "-cpu", "max", "-m", "128M",
             "-kernel", program, "-display", "none", "-serial", "null", "-monitor", "none", "-S",
             "-gdb", "unix:%s,server=on,wait=off" % gdb], stdin=subprocess.DEVNULL)
        try:
            remote.listening(gdb)
            converse(tap, program, gdb)
        finally:
            host.kill()
            host.wait()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
