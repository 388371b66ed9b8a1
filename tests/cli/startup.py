#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a start may cost, in counts that do not depend on how busy the machine is: libraries and
modules in memory, pages touched, reads, threads. Figures in seconds are tests/bench's.

usage: startup.py (TAP on the standard output). QEMU_HOST is the program, QEMU_HOST_MODULE_PATH has the
modules that were built.
"""

import os
import re
import subprocess
import sys

HOST = os.environ["QEMU_HOST"]
# What the program itself is linked with; a library that one module wants comes with that module.
LIBRARIES = {"ld-linux-x86-64", "libc", "libffi", "libglib-2", "libm", "libpcre2-8", "libpixman-1", "libz", "libzstd"}
# Of the device tree; boards have it.
OF_TARGET = "libfdt"
# Measured: 317 faults, 418 with a target; 71 reads, 3 of them for each of 17 modules.
MOST_FAULTS, MOST_FAULTS_TARGET = 650, 850
READS_OF_MODULE, OTHER_READS = 3, 40


class Started:
    """A host that has said its greeting, and what the kernel tells of it."""

    def __init__(self, *arguments):
        command = [HOST, "-M", "none", "-display", "none", "-qmp", "stdio", *arguments]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            try:
                self.greeting = process.stdout.readline()
                of = f"/proc/{process.pid}/"
                self.maps, self.io, self.stat = (open(of + name, encoding="ascii").read()
                                                 for name in ("maps", "io", "stat"))
                self.threads = len(os.listdir(of + "task"))
                self.descriptors = [os.readlink(of + "fd/" + fd) for fd in os.listdir(of + "fd")]
            finally:
                process.kill()

    def libraries(self):
        """Names without versions, of all files that hold code but the program's own."""
        files = {os.path.basename(line.split(maxsplit=5)[5].replace(" (deleted)", ""))
                 for line in self.maps.splitlines() if "/" in line and line.split()[1][2] == "x"}
        return {re.split(r"\.so|\.0\.so", name)[0] for name in files} - {os.path.basename(HOST)}

    def faults(self):
        return int(self.stat.rpartition(")")[2].split()[7])

    def reads(self):
        return int(re.search(r"^syscr: (\d+)$", self.io, re.M)[1])

    def module_files(self):
        return [name for name in self.descriptors if name.endswith(".so")]


def main():
    plain, target = Started(), Started("--load-target=riscv64")
    modules = len(plain.module_files())
    most_reads = READS_OF_MODULE * modules + OTHER_READS
    brought = {name for name in target.libraries() - plain.libraries() if not name.startswith(OF_TARGET)}
    checks = [
        ("there is a greeting", '"QMP"' in plain.greeting and '"QMP"' in target.greeting, plain.greeting),
        ("modules are found", modules > 5, plain.descriptors),
        ("no library more than the program needs", plain.libraries() <= LIBRARIES, plain.libraries() - LIBRARIES),
        ("a target brings its module and no other", brought == {"memfd:riscv"}, brought),
        ("few pages are touched", plain.faults() <= MOST_FAULTS, plain.faults()),
        ("few pages are touched with a target", target.faults() <= MOST_FAULTS_TARGET, target.faults()),
        ("little is read", plain.reads() <= most_reads, (plain.reads(), most_reads)),
        ("there are two threads at most", plain.threads <= 2, plain.threads),
    ]
    print(f"1..{len(checks)}")
    print(f"# faults {plain.faults()}, {target.faults()}; reads {plain.reads()}; modules {modules}; "
          f"threads {plain.threads}")
    for number, (name, good, seen) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            print(f"# {seen}")
    return 0 if all(good for _, good, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
