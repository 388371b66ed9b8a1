#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the built modules are: what qemu-host-modcheck asks of every module, and few libraries.

modules.py MODCHECK FILE...    exits 1 and names what is wrong
"""
import json
import os
import re
import subprocess
import sys

# libfdt and libz are what boards need: device trees, packed kernels.
LIBRARIES = re.compile(r"(libc|libm|libglib-2\.0|libfdt|libz|ld-linux[-\w]*)\.so\.\d+$")
# What a back end's module is there to wrap.
WRAPPED = {"net-user": r"libslirp\.so\.\d+$", "block-nbd": r"libnbd\.so\.\d+$",
           "ui-vnc": r"libnettle\.so\.\d+$", "ui-sdl": r"libSDL2-2\.0\.so\.\d+$"}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def check(modcheck, path):
    for problem in json.loads(run(modcheck, "--quick", "--json", path))[0]["problems"]:
        yield "%s: %s" % (problem["check"], problem["problem"])
    wrapped = WRAPPED.get(os.path.basename(path).removesuffix(".so"))
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", path)):
        if not LIBRARIES.match(needed) and not (wrapped and re.match(wrapped, needed)):
            yield "needs %s" % needed


def main():
    bad = 0
    for path in sys.argv[2:]:
        for problem in check(sys.argv[1], path):
            print("%s %s" % (os.path.basename(path), problem))
            bad += 1
    return 1 if bad or len(sys.argv) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
