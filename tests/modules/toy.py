#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs for the toy target of modules/null end as they must.

usage: toy.py HOST
"""

import os
import struct
import subprocess
import sys
import tempfile


def run(host, image):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "image.bin")
        with open(path, "wb") as file:
            file.write(image)
        return subprocess.run([host, "-M", "board", "--load-target=null", "-kernel", path, "-serial",
                               "stdio", "-display", "none"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)


def insn(opcode, d=0, s=0, imm=0):
    return opcode | d << 8 | s << 12 | (imm & 0xffff) << 16


def start(*program):
    """Jump over the vector; an exception powers off with 100 + cause; r2 is the port."""
    code = [insn(0x21, 1, 0, 12), insn(0x0a, 14, 14, 100), insn(0x12, 14, 2, 8),
            insn(0x02, 2, 0, 0xf000), *program]
    return struct.pack(f"<{len(code)}I", *code)


CASES = [
    # title, program after the start, exit status
    ("arithmetic", [insn(1, 3, 0, 40), insn(0x0a, 3, 3, 2), insn(0x12, 3, 2, 8)], 42),
    ("a loop", [insn(1, 3, 0, 5), insn(1, 4, 0, 0), insn(0x0a, 4, 4, 3), insn(0x0a, 3, 3, -1),
                insn(0x20, 3, 0, -2), insn(0x12, 4, 2, 8)], 15),
    ("memory", [insn(1, 3, 0, 77), insn(0x13, 3, 0, 0x400), insn(0x11, 5, 0, 0x400),
                insn(0x12, 5, 2, 8)], 77),
    ("no such instruction", [0xff], 101),
    ("word access at an odd address", [insn(0x10, 3, 0, 1)], 102),
    ("nothing there", [insn(0x02, 3, 0, 0x7000), insn(0x10, 3, 3, 0)], 103),
    ("code that rewrites itself", [
        insn(0x11, 3, 0, 0x26), insn(0x0a, 3, 3, 1),  # the immediate at 0x24 + 2
        insn(0x13, 3, 0, 0x26), insn(0x21, 1, 0, 0x20),
        insn(0x0a, 0, 0, 0), insn(1, 4, 0, 8), insn(0x12, 4, 2, 8)], 9),
]


def main():
    host, = sys.argv[1:]
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (title, program, status) in enumerate(CASES, 1):
        done = run(host, start(*program))
        good = done.returncode == status
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {title}")
        if not good:
            print(f"# status {done.returncode}, not {status}: {done.stderr!r}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
