#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's riscv64 kernel boots, in the ways people start it.

boot.py HOST [CASE...]
"""
import glob
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

import guest

LIMIT = 240
HERE = os.path.dirname(os.path.abspath(__file__))


def headless(binary, *more):
    return [binary, "--load-target=riscv", "-M", "virt", "-m", "512M", "-display", "none",
            "-serial", "stdio", *more]


def case_exec(tap, binary):
    """A command's output and status come through."""
    result = guest.run_in_guest(headless(binary), "uname -m; echo to-stderr >&2; exit 7", LIMIT)
    tap.check(result.status == 7 and "riscv64" in result.output.splitlines(),
              "a command's status leaves the host", result)
    tap.note("boot, command, power off: %.1f s, %.1f s of CPU" % (result.seconds, result.cpu))


def case_smp(tap, binary):
    """Four harts come up and take interrupts."""
    command = "nproc; grep -c ^processor /proc/cpuinfo; " \
        "for i in 0 1 2 3; do taskset -c $i sh -c 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); done'" \
        " & done; wait; echo done"
    result = guest.run_in_guest(headless(binary, "-smp", "4", "-bios", guest.firmware()),
                                command, LIMIT)
    tap.check(result.status == 0 and result.output.split() == ["4", "4", "done"],
              "four harts run at once", result)


def case_lockstep(tap, binary):
    """Two harts, all compiled code beside the interpreter, from the firmware to the end."""
    host = headless(binary, "-smp", "2", "-bios", guest.firmware(), "-accel",
                    "tcg,backend=jit,lockstep=16")
    result = guest.run_in_guest(host, "nproc", LIMIT)
    if len(guest.backends(binary)) > 1:
        tap.check(result.status == 0 and result.output.split() == ["2"],
                  "compiled code does what the interpreter does", result)
    else:
        tap.check("lockstep" in result.errors, "lockstep needs a compiler", result)
    tap.note("%.1f s of CPU" % result.cpu)


def case_legacy(tap, binary):
    """The name qemu-system-riscv64 and QEMU's own command line."""
    with tempfile.TemporaryDirectory() as work:
        link = os.path.join(work, "qemu-system-riscv64")
        os.symlink(os.path.abspath(binary), link)
        host = [link, "-machine", "virt", "-cpu", "rv64", "-smp", "2", "-m", "512", "-nographic",
                "-bios", guest.firmware()]
        result = guest.run_in_guest(host, "cat /proc/sys/kernel/ostype", LIMIT)
    tap.check(result.status == 0 and "Linux" in result.output.split(),
              "qemu-system-riscv64 with QEMU's command line", result)


def converse(arguments, steps, limit):
    """Run on a terminal: for each (pattern, answer) wait, then type. Returns (status, text)."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(arguments[0], arguments)
    text, deadline = "", time.monotonic() + limit
    for pattern, answer in [*steps, (None, None)]:
        while pattern is None or not re.search(pattern, text):
            left = deadline - time.monotonic()
            ready = select.select([terminal], [], [], max(0, left))[0] if left > 0 else []
            try:
                data = os.read(terminal, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                break
            text += data.decode(errors="replace")
        else:
            text = ""
            os.write(terminal, answer.encode())
            continue
        break
    if time.monotonic() > deadline:
        os.kill(child, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    return status, text


def case_shell(tap, binary):
    """A shell on the terminal, and poweroff ends the host with 0."""
    with tempfile.TemporaryDirectory() as work:
        image = guest.initrd(os.path.join(work, "initrd"))
        command = headless(binary) + ["-kernel", guest.kernel(), "-initrd", image,
                                      "-append", "console=ttyS0 quiet"]
        status, text = converse(command, [(r"~ # ", "echo $((6 * 7))-\n"), (r"42-", "poweroff\n")],
                                LIMIT)
    if not tap.check(status == 0, "a shell on the terminal; poweroff ends with 0"):
        tap.note("status %s: %r" % (status, text[-2000:]))


def case_escape(tap, binary):
    """Ctrl-A x ends the host."""
    with tempfile.TemporaryDirectory() as work:
        image = guest.initrd(os.path.join(work, "initrd"))
        command = [binary, "--load-target=riscv", "-M", "virt", "-m", "512M", "-nographic",
                   "-kernel", guest.kernel(), "-initrd", image, "-append", "console=ttyS0 quiet"]
        status, text = converse(command, [(r"OpenSBI", "\x01x")], LIMIT)
    if not tap.check(status == 0, "Ctrl-A x ends the host with 0"):
        tap.note("status %s: %r" % (status, text[-2000:]))


def case_reboot(tap, binary):
    """reboot resets the board; -no-reboot makes it the end."""
    with tempfile.TemporaryDirectory() as work:
        image = guest.initrd(os.path.join(work, "initrd"), "busybox reboot -f")
        command = headless(binary, "-no-reboot") + ["-kernel", guest.kernel(), "-initrd", image,
                                                    "-append", "console=ttyS0 quiet"]
        result = guest.run(command, LIMIT)
        tap.check(result.status == 0, "-no-reboot ends on a reset", result)
        image = guest.initrd(os.path.join(work, "initrd"))
        command = headless(binary) + ["-kernel", guest.kernel(), "-initrd", image, "-append",
                                      "console=ttyS0 quiet"]
        status, text = converse(command, [(r"~ # ", "reboot\n"), (r"OpenSBI", ""),
                                          (r"~ # ", "poweroff\n")], LIMIT)
        if not tap.check(status == 0, "the board boots again after a reset"):
            tap.note("status %s: %r" % (status, text[-2000:]))


def case_riscv32(tap, binary):
    """OpenSBI and a supervisor payload on a 32-bit hart."""
    folder, = guest.fetch("sid", "all", "opensbi")
    firmware = glob.glob(folder + "/usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin")[0]
    with tempfile.TemporaryDirectory() as work:
        payload = os.path.join(work, "payload")
        subprocess.run(["riscv64-unknown-elf-gcc", "-march=rv32ima_zicsr", "-mabi=ilp32", "-nostdlib",
                        "-static", "-Wl,-N", "-Wl,-Ttext=0x80400000", "-Wl,--build-id=none", "-o", payload,
                        os.path.join(HERE, "payload32.S")], check=True)
        result = guest.run([binary, "--load-target=riscv32", "-M", "virt", "-m", "128M", "-display",
                            "none", "-serial", "stdio", "-bios", firmware, "-kernel", payload],
                           LIMIT)
    tap.check(result.status == 0 and "payload: fine" in result.output, "OpenSBI on riscv32", result)


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    cases = {name[5:]: function for name, function in sorted(globals().items())
             if name.startswith("case_")}
    for name, function in cases.items():
        if not wanted or name in wanted:
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
