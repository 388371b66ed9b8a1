#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gcc in the guest builds a program of several files; what it prints there is what it prints here.

compiler.py HOST    HOST: the emulator to test (any that takes QEMU's command line)
"""
import glob
import os
import subprocess
import sys
import tempfile

import guest

PACKAGES = """libc6 libgcc-s1 libstdc++6 zlib1g libzstd1 libgmp10 libmpfr6 libmpc3 libisl23
gcc-14-riscv64-linux-gnu cpp-14-riscv64-linux-gnu libgcc-14-dev binutils binutils-riscv64-linux-gnu
libbinutils libctf0 libjansson4 libsframe1 libc6-dev linux-libc-dev""".split()
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compiler")
# Both sides round after each operation.
FLAGS = "-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -ffp-contract=off".split()
LEVELS = ["-O0", "-O2"]
LIMIT = 900
SCRIPT = """exec 2>&1
cd /root/compiler
for level in %(levels)s; do
    for file in *.c; do
        riscv64-linux-gnu-gcc-14 %(flags)s $level -c $file -o ${file%%.c}.o || exit 1
    done
    riscv64-linux-gnu-gcc-14 *.o -o program$level -lm -pthread || exit 1
    echo "begin $level"; ./program$level; echo "end $level: $?"
done
"""


def native(folder, level):
    """What the program prints on this machine."""
    program = os.path.join(folder, "program")
    subprocess.run(["gcc", *FLAGS, level, *sorted(glob.glob(FOLDER + "/*.c")), "-o", program, "-lm",
                    "-pthread"], check=True)
    return subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout


def main():
    tap = guest.Tap()
    with tempfile.TemporaryDirectory() as folder:
        expected = {level: native(folder, level) for level in LEVELS}
    trees = guest.fetch("trixie", "riscv64", *PACKAGES)
    host = [sys.argv[1], "--load-target=riscv", "-M", "virt", "-m", "2G", "-display", "none",
            "-serial", "stdio", *sys.argv[2:]]
    files = [path + ":/root/compiler/" + os.path.basename(path)
             for path in sorted(glob.glob(FOLDER + "/*"))]
    script = SCRIPT % {"levels": " ".join(LEVELS), "flags": " ".join(FLAGS)}
    result = guest.run_in_guest(host, script, LIMIT, trees, files)
    for level in LEVELS:
        tap.check("begin %s\n%send %s: 0\n" % (level, expected[level], level) in result.output,
                  "built by gcc %s in the guest, it prints the same" % level, result)
    tap.check(expected["-O0"] == expected["-O2"], "and with every optimisation")
    tap.check(result.status == 0, "the guest ends with status 0", result)
    tap.note("%.1f s, %.1f s of CPU" % (result.seconds, result.cpu))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
