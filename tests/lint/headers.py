#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every header compiles alone.

headers.py ROOT BUILD COMPILER [FLAG...]    exits 1 and names the headers that do not
"""
import os
import subprocess
import sys


def main():
    root, build, compiler, *flags = sys.argv[1:]
    bad = 0
    for folder in ("abi", "core", "modules"):
        for base, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if not name.endswith(".h") or "/baseline/" in base + "/":
                    continue
                path = os.path.relpath(os.path.join(base, name), root)
                command = [compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                           "-fsyntax-only", "-I" + root, "-I" + build, *flags, "-x", "c", "-"]
                done = subprocess.run(command, input='#include "%s"\n' % path, text=True,
                                      capture_output=True, check=False)
                if done.returncode != 0:
                    print("%s does not compile alone:\n%s" % (path, done.stderr))
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
