#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each lint finds what it is there to find: a small bad tree per rule."""
import os
import subprocess
import sys
import tempfile

SPDX = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
LONG = "void f(void)\n{\n" + "    g();\n" * 90 + "}\n"
DEEP = "void f(void)\n{\n" + "if (a) {\n" * 6 + "}\n" * 6 + "}\n"

CASES = [
    ("layering", "modules/a/a.c", SPDX + '#include "core/host/host.h"\n'),
    ("layering", "modules/a/a.c", SPDX + '#include "modules/b/b.h"\n'),
    ("layering", "core/x/x.c", SPDX + '#include "modules/a/a.h"\n'),
    ("names", "core/x/x.c", SPDX + "int riscv_thing;\n"),
    ("names", "core/x/x.c", SPDX + 'const char *a = "aarch64";\n'),
    ("sizes", "core/x/x.c", SPDX + LONG),
    ("sizes", "core/x/x.c", SPDX + DEEP),
    ("sizes", "core/x/x.c", SPDX + "int a;\n" * 900),
    ("paths", "docs/x.md", "see `core/none.c`\n"),
    ("words", "core/x/x.c", "int a;\n"),
    ("words", "core/x/x.c", SPDX + "/* " + "TO" + "DO later */\n"),
    ("words", "core/x/x.c", SPDX + "void f(void)\n{\n    exit(1);\n}\n"),
    ("words", "qapi/x.json", "{ 'struct': 'A', 'data': {}, 'if': 'X' }\n"),
]
GOOD = [
    ("layering", "modules/a/a.c", SPDX + '#include "abi/cpu.h"\n#include "modules/a/b.h"\n'),
    ("names", "core/x/x.c", SPDX + "/* as on riscv */ int warm, charm;\n"),
    ("sizes", "core/x/x.c", SPDX + "static const int t[] = {\n" + "    1,\n" * 90 + "};\n"),
    ("paths", "docs/x.md", "see `docs/x.md` and `core/`\n"),
    ("words", "core/x/x.c", SPDX + "int exit_status;\n"),
]


def run(rule, path, text):
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as root:
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full))
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
        return subprocess.run([sys.executable, os.path.join(here, "source.py"), rule, root],
                              stdout=subprocess.DEVNULL, check=False).returncode


def main():
    bad = 0
    tests = [(1, *case) for case in CASES] + [(0, *case) for case in GOOD]
    print("1..%d" % len(tests))
    for number, (want, rule, path, text) in enumerate(tests, 1):
        good = run(rule, path, text) == want
        bad += not good
        print("%sok %d - %s %s" % ("" if good else "not ", number, rule, path))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
