#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every ABI header compiles alone, as C and as C++, without a warning.

usage: headers.py --root SOURCE_ROOT [--cc CC] [--cxx CXX]
"""

import argparse
import glob
import os
import shlex
import shutil
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    args = parser.parse_args()
    flags = shlex.split(subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True,
                                       stdout=subprocess.PIPE, text=True).stdout)
    languages = [(args.cc, "c", "gnu17")]
    if shutil.which(shlex.split(args.cxx)[0]):
        languages.append((args.cxx, "c++", "gnu++17"))
    count, failed = 0, 0
    for path in sorted(glob.glob(os.path.join(args.root, "abi", "*.h"))):
        name = os.path.relpath(path, args.root)
        for compiler, language, standard in languages:
            result = subprocess.run(
                [*shlex.split(compiler), "-x", language, "-std=" + standard, "-Wall", "-Wextra",
                 "-Werror", "-fsyntax-only", "-I" + args.root, *flags, "-"],
                input=f'#include "{name}"\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True)
            count += 1
            good = result.returncode == 0
            failed += not good
            print(f"{'ok' if good else 'not ok'} {count} - {name} as {language}")
            if not good:
                print("# " + result.stdout.replace("\n", "\n# "))
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
