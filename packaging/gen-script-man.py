#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page of one of our Python programs from what it says about itself.

usage: gen-script-man.py SCRIPT NAME VERSION OUT

The first sentence of the program's docstring is the page's title, the usage and the options are those
that --help prints, and the paragraphs of the docstring are the description; indented ones stay as they
are.
"""

import ast
import os
import re
import subprocess
import sys

from roff import bold, roff, title


def docstring(script):
    with open(script, encoding="utf-8") as file:
        return ast.get_docstring(ast.parse(file.read()))


def help_of(script):
    """What --help prints about usage, arguments and options: heading -> lines."""
    # wide, so that a usage is one line; the colours of newer versions of Python would be noise
    environment = dict(os.environ, COLUMNS="1000", NO_COLOR="1", PYTHONDONTWRITEBYTECODE="1")
    text = subprocess.run([sys.executable, script, "--help"], check=True, env=environment,
                          stdout=subprocess.PIPE, text=True).stdout
    usage = re.match(r"usage: \S+ (.*)\n", text).group(1)
    sections = re.findall(r"^(?:positional arguments|options):\n((?:  .*\n)+)", text, re.M)
    return usage, "".join(sections)


def paragraphs(text):
    """The paragraphs but for the usage, which --help knows better."""
    lines = []
    for part in text.split("\n\n"):
        if part.startswith("usage:"):
            continue
        lines.append(".PP")
        if part.startswith(" ") or "\n  " in part:
            lines += [".nf", *(roff(line) or r"\&" for line in part.split("\n")), ".fi"]
        else:
            lines += [roff(line) for line in part.split("\n")]
    return lines[1:]


def options(text):
    lines = []
    for line in text.splitlines():
        found = re.match(r"  (\S.*?)(?:  +(.*))?$", line)
        if found is None:  # a name so long that its text stands in the next line
            lines.append(roff(line.strip()))
            continue
        lines += [".TP", bold(found.group(1)), roff(found.group(2) or "")]
    return [line for line in lines if line]


def page(script, name, version):
    first, _, rest = docstring(script).partition("\n\n")
    usage, listed = help_of(script)
    what = first.rstrip(".")
    return "\n".join([
        title(name, 1, version, "User Commands"),
        ".SH NAME", f"{roff(name)} \\- {roff(what[0].lower() + what[1:])}",
        ".SH SYNOPSIS", f"{bold(name)} {roff(usage)}",
        ".SH DESCRIPTION", *paragraphs(rest),
        ".SH OPTIONS", *options(listed),
        ".SH SEE ALSO", ".BR qemu\\-host (1)", ""])


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    script, name, version, out = sys.argv[1:]
    text = page(script, name, version)
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
