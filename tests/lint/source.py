#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""House rules that can be read off the source text.

source.py RULE [ROOT]    prints one line a finding, exits 1 if there is any

layering  modules/ includes only abi/, its own folder, modules/support/; core/ no module
names     core/ and abi/ name no target and no device
sizes     functions, nesting, files stay below the limits of docs/style.md
paths     a path that a page of documentation names in backquotes exists
words     SPDX lines; no unfinished notes; no process exits below main.c; no schema conditionals
"""
import os
import re
import sys

SOURCE = (".c", ".h", ".def", ".inc")

# Words that only a target or a device has. Whole words, any case.
TARGETS = """riscv riscv32 riscv64 rv32 rv64 arm64 aarch64 armv7 armv8 x86 i386 s390 s390x mips mips64
ppc ppc64 powerpc sparc sparc64 m68k sh4 alpha hppa loongarch loongarch64 microblaze xtensa avr
tricore hexagon or1k openrisc""".split()
DEVICES = """ns16550 ns16550a 16550 plic aclint clint goldfish pl011 gicv2 gicv3 virtio nvme e1000
ich9 i8259 hpet""".split()

# Where a name of a host CPU may stand: code that is for that host.
HOST_CODE = ("core/os/", "core/jit/backend/")

# path: reason. One line each; a new row needs a reason that a reviewer accepts.
SIZE_EXEMPT = {
    "core/jit/backend/interp/exec.c:run": "one flat dispatch loop, a line or two an operation",
}
WORD_EXEMPT = {"tests/lint/source.py": "lists the words"}
END_EXEMPT = {"core/main.c": "the one place",
              "core/module/probe.c": "a forked child that must not run the host's exit handlers",
              "core/modcheck/trial.c": "the same"}


def files(root, folders, suffixes=SOURCE):
    for folder in folders:
        for base, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(base, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def strip_comments(text, strings=False):
    """Blank comments (and strings), keeping line numbers."""
    pattern = r"/\*.*?\*/|//[^\n]*"
    if strings:
        pattern += r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    else:
        pattern += r'|("(?:\\.|[^"\\\n])*")'

    def blank(match):
        if not strings and match.group(1):
            return match.group(0)
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(pattern, blank, text, flags=re.S)


def layering(root):
    for path in files(root, ("modules", "core", "abi")):
        parts = path.split("/")
        for number, line in enumerate(read(root, path).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            target = match.group(1)
            if "/" not in target:
                continue  # beside the file, or generated
            top = target.split("/")[0]
            if parts[0] == "modules":
                own = "modules/%s/" % parts[1]
                good = top in ("abi", "qapi") or target.startswith((own, "modules/support/"))
            elif parts[0] == "core":
                good = top in ("abi", "core", "qapi")
            else:
                good = top == "abi"
            if not good:
                yield path, number, 'must not include "%s"' % target


def names(root):
    words = re.compile(r"(?<![a-z0-9])(%s)(?![a-z0-9])" % "|".join(TARGETS + DEVICES), re.I)
    for path in files(root, ("core",)):
        if path.startswith(HOST_CODE):
            continue
        text = strip_comments(read(root, path))
        for number, line in enumerate(text.split("\n"), 1):
            # the ABI's constants may be called after the manual that defines the rule
            line = re.sub(r"\bQH_[A-Z0-9_]+", "", line)
            match = words.search(line.replace("_", " "))
            if match:
                yield path, number, "names '%s': the core knows no target and no device" % \
                    match.group(1)


def functions(text):
    """(name, first line, lines, deepest nesting) of each function body, by brace counting."""
    depth, name, start, deepest = 0, None, 0, 0
    lines = strip_comments(text, strings=True).split("\n")
    head = re.compile(r"^(?!typedef|struct|enum|union|static const|const|extern)[\w\s\*]*?"
                      r"([A-Za-z_]\w*)\s*\(")
    last = None
    for number, line in enumerate(lines, 1):
        if depth == 0:
            match = head.match(line)
            if match and not line.rstrip().endswith(";"):
                last = match.group(1)
            if line.startswith("{") and last:
                name, start, deepest = last, number, 1
        for char in line:
            if char == "{":
                depth += 1
                deepest = max(deepest, depth)
            elif char == "}":
                depth -= 1
                if depth == 0 and name:
                    yield name, start, number - start + 1, deepest - 1
                    name = last = None
        if depth == 0 and line.rstrip().endswith(";"):
            last = None


def sizes(root):
    for path in files(root, ("core", "modules", "abi", "tests"), (".c", ".h")):
        if path in SIZE_EXEMPT:
            continue
        text = read(root, path)
        count = text.count("\n")
        limit = 800 if path.endswith(".c") else 300 if path.startswith("abi/") else 200
        if count > limit:
            yield path, 1, "%d lines, the limit is %d" % (count, limit)
        if not path.endswith(".c"):
            continue
        for name, start, length, depth in functions(text):
            if path + ":" + name in SIZE_EXEMPT:
                continue
            if length > 80:
                yield path, start, "%s has %d lines, the limit is 80" % (name, length)
            if depth > 4:
                yield path, start, "%s nests %d levels, the limit is 4" % (name, depth)


def words(root):
    notes = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    ends = re.compile(r"\b(exit|_exit|abort|g_error|g_abort|quick_exit)\s*\(")
    everything = SOURCE + (".py", ".json", ".md", ".build", ".sh", ".decode")
    for path in files(root, ("abi", "core", "modules", "qapi", "tests", "packaging", "docs"),
                      everything):
        if path in WORD_EXEMPT:
            continue
        text = read(root, path)
        if "SPDX-License-Identifier:" not in text[:400] and not path.endswith(".json") \
                and "baseline/" not in path and "/golden/" not in path:
            yield path, 1, "no SPDX line"
        for number, line in enumerate(text.split("\n"), 1):
            match = notes.search(line)
            if match:
                yield path, number, "'%s' without an issue" % match.group(1)
        if path.startswith("core/") and path not in END_EXEMPT:
            for number, line in enumerate(strip_comments(text, True).split("\n"), 1):
                if ends.search(line):
                    yield path, number, "ends the process; only core/main.c may"
        if path.startswith("qapi/") and path.endswith(".json"):
            for number, line in enumerate(text.split("\n"), 1):
                if re.search(r"'if'\s*:", line):
                    yield path, number, "the schema has no conditionals"


def paths(root):
    tops = "abi|core|modules|qapi|tests|packaging|docs"
    named = re.compile(r"`((?:%s)/[\w./-]*\.(?:c|h|def|decode|json|py|md|build|inc))`" % tops)
    pages = [name for name in os.listdir(root) if name.endswith(".md")]
    for path in pages + list(files(root, ("docs", "abi", "modules"), (".md",))):
        for number, line in enumerate(read(root, path).split("\n"), 1):
            for match in named.finditer(line):
                if not os.path.exists(os.path.join(root, match.group(1))):
                    yield path, number, "names '%s', which does not exist" % match.group(1)


def main():
    rule = {"layering": layering, "names": names, "paths": paths, "sizes": sizes, "words": words}[sys.argv[1]]
    root = sys.argv[2] if len(sys.argv) > 2 else "."
    found = 0
    for path, number, what in rule(root):
        print("%s:%d: %s" % (path, number, what))
        found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
