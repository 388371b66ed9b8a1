#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Assemble the programs beside this file, run them on the virt board, compare what they print.

run.py COMPILER HOST [ARGUMENT...]   NAME.S prints what NAME.expected holds; a line
"/* run: OPTIONS */" adds options
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60
FLAGS = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-nostdlib", "-static",
         "-Wl,-N", "-Wl,-Ttext=0x80000000", "-Wl,--no-relax", "-Wl,--build-id=none"]
BOARD = ["-M", "virt", "-m", "64M", "-display", "none", "-serial", "stdio", "-monitor", "none"]


def run(compiler, host, source):
    """What the program prints, and what went wrong (None if nothing)."""
    with open(source) as f:
        options = re.findall(r"^/\* run: (.*) \*/$", f.read(), re.M)
    more = options[0].split() if options else []
    with tempfile.TemporaryDirectory() as work:
        binary = os.path.join(work, "program")
        subprocess.run([compiler, *FLAGS, "-o", binary, source], check=True,
                       stderr=subprocess.DEVNULL)
        try:
            done = subprocess.run([*host, *BOARD, *more, "-bios", binary], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            return (error.stdout or b"").decode(), "no end within %d s" % LIMIT
    trouble = None
    if done.returncode != 0:
        trouble = "status %d: %s" % (done.returncode, done.stderr.decode())
    return done.stdout.decode().replace("\r\n", "\n"), trouble


def main():
    compiler, host = sys.argv[1], sys.argv[2:]
    sources = sorted(glob.glob(os.path.join(HERE, "*.S")))
    bad = 0
    print("1..%d" % len(sources))
    for number, source in enumerate(sources, 1):
        with open(source[:-2] + ".expected") as f:
            expected = f.read().splitlines()
        output, trouble = run(compiler, host, source)
        lines = output.splitlines()
        good = trouble is None and lines == expected
        bad += not good
        print("%sok %d - %s" % ("" if good else "not ", number, os.path.basename(source)[:-2]))
        for line in range(max(len(lines), len(expected)) if not good else 0):
            pair = [text[line] if line < len(text) else "(nothing)" for text in (expected, lines)]
            if pair[0] != pair[1]:
                print("# line %d: %r, not %r" % (line + 1, pair[1], pair[0]))
        if trouble is not None:
            print("# " + trouble.replace("\n", "\n# "))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
