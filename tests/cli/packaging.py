#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The completions that the build made: they load, and lack no option.

usage: packaging.py FOLDER (where the build puts them)
"""

import json
import os
import re
import subprocess
import sys

from cli import HOST, Tap

# words on the line, the last of which is completed; what has to be among the answers
COMPLETIONS = [
    (["-mach"], "-machine"),
    (["--load"], "--load-target"),
    (["-machine", "vi"], "virt"),
    (["-M", "no"], "none"),
    (["-cpu", "rv6"], "rv64"),
    (["-device", "ns"], "ns16550"),
    (["--load-target", "riscv"], "riscv64"),
    (["-chardev", "ri"], "ringbuf"),
    (["-kernel", "/etc/pass"], "/etc/passwd"),
    (["-m", "1G", "-S", "-nogr"], "-nographic"),
]


def complete(script, words):
    """What bash offers; the script is loaded as bash loads it."""
    line = [HOST] + words
    code = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_qemu_host "$1"; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-euc", code, script] + line, capture_output=True, text=True,
                          timeout=30, check=False)
    return done.stdout.split(), done.stderr


def test_bash(tap, script, names):
    for words, wanted in COMPLETIONS:
        offered, errors = complete(script, words)
        tap.check(f"bash completes {' '.join(words)}",
                  None if wanted in offered and not errors else f"{offered} {errors}")
    offered, _ = complete(script, ["-"])
    tap.check("bash knows every option", sorted(set(names) - {o.lstrip("-") for o in offered}))


def test_zsh(tap, script, names):
    with open(script, encoding="utf-8") as file:
        text = file.read()
    specs = re.findall(r"^    '\*(-+)([^\[]+)\[(?:[^\]\\]|\\.|'\\'')+\](:.*)?' \\$", text, re.M)
    tap.check("zsh knows every option", sorted(set(names) - {name for _, name, _ in specs}))
    lines = [l for l in text.splitlines() if l.startswith("    '")]
    tap.check("every line of zsh's has its form", None if len(lines) == len(specs) else len(specs))
    odd = [l for l in lines if l.replace("'\\''", "").count("'") % 2]
    tap.check("quotes are closed", odd)


def main():
    folder = sys.argv[1]
    tap = Tap()
    table = json.loads(subprocess.run([HOST, "--dump-options=json"], capture_output=True, text=True,
                                      check=True).stdout)
    names = [o["name"] for o in table["options"]]
    test_bash(tap, os.path.join(folder, "qemu-host"), names)
    test_zsh(tap, os.path.join(folder, "_qemu-host"), names)
    tap.end()


if __name__ == "__main__":
    main()
