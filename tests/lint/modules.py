#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the built modules are: one exported symbol, few libraries, no mutable static data.

modules.py FILE...    exits 1 and names what is wrong
"""
import os
import re
import subprocess
import sys

# libfdt and libz are what boards need: device trees, packed kernels.
LIBRARIES = re.compile(r"(libc|libm|libglib-2\.0|libfdt|libz|ld-linux[-\w]*)\.so\.\d+$")
# What a back end's module is there to wrap.
WRAPPED = {"net-user": r"libslirp\.so\.\d+$", "block-nbd": r"libnbd\.so\.\d+$",
           "ui-vnc": r"libnettle\.so\.\d+$", "ui-sdl": r"libSDL2-2\.0\.so\.\d+$"}
# The C runtime's own: __dso_handle in .data, a flag of its exit handler in .bss.
MUTABLE_MAX = {".data": 8, ".bss": 8, ".tdata": 0, ".tbss": 0}


def lines(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def check(path):
    exported = [line.split()[-1] for line in lines("nm", "-D", "--defined-only", path)]
    if exported != ["qh_module"]:
        yield "exports %s, not qh_module alone" % (", ".join(exported) or "nothing")
    dynamic = lines("readelf", "-dW", path)
    for line in dynamic:
        needed = re.search(r"\(NEEDED\).*\[(.*)\]", line)
        wrapped = WRAPPED.get(os.path.basename(path).removesuffix(".so"))
        if needed and not LIBRARIES.match(needed.group(1)) and \
                not (wrapped and re.match(wrapped, needed.group(1))):
            yield "needs %s" % needed.group(1)
        if re.search(r"\((SONAME|RPATH|RUNPATH|TEXTREL)\)", line):
            yield "has %s" % line.split("(")[1].split(")")[0]
    for line in lines("size", "-A", path):
        words = line.split()
        if len(words) > 1 and int(words[1] if words[1].isdigit() else 0) > \
                MUTABLE_MAX.get(words[0], sys.maxsize):
            yield "%s has %s bytes: mutable static data" % (words[0], words[1])


def main():
    bad = 0
    for path in sys.argv[1:]:
        for problem in check(path):
            print("%s %s" % (os.path.basename(path), problem))
            bad += 1
    return 1 if bad or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
