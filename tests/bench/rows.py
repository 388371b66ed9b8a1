# SPDX-License-Identifier: GPL-2.0-or-later
"""What the suite measures: groups of rows, and the goals they are held against."""
import extra


class Group:
    """@native: at most so many times the native time; @peer: so many times faster than the peer."""

    def __init__(self, name, title, native, peer, rows):
        self.name, self.title, self.native, self.peer, self.rows = name, title, native, peer, \
            rows.split()


GROUPS = [
    Group("integer", "integer", 1.6, 1.5, "int mul div branch sieve sort hash"),
    Group("memory", "memory", 3.0, 1.7, "ldst memseq chase16k chase512k chase32m memcpy str"),
    Group("float", "floating point", 2.5, 8, "matmul nbody"),
    Group("calls", "calls, returns, indirect jumps", 3.0, 7, "call indir interp"),
    Group("kernel", "kernel work", 6, 4, "sys mmap mprot fork exec pipe"),
    Group("programs", "programs", 3.5, 3,
          "mix python perl lua sqlite xz zstd gzip sh 7z openssl gcc"),
    Group("atomics", "atomics, clock", None, 1, "atomic cas clock"),
]

# Rows that are programs of Debian; the others are kernels.
PROGRAMS = "python perl lua sqlite xz zstd gzip sh 7z openssl gcc".split()


def names():
    return [row for group in GROUPS for row in group.rows]


def orders(name, scale):
    """What the agent is told for a row: the measured order, and one before it or None."""
    if name not in PROGRAMS:
        return "kernel %s %.6g 1" % (name, scale), None
    script = "exec dash /bench/programs.sh %%s %s %d" % (name, max(1, round(100 * scale)))
    return "timed " + script % "run", "shell " + script % "prepare"


def wanted(only):
    """The rows and the parts of extra.py that --only names, separated by commas; None: all."""
    if not only:
        kernels = [name for name in names() if name not in PROGRAMS]
        return kernels + PROGRAMS, list(extra.PARTS)
    chosen, parts = [], []
    for word in only.split(","):
        of_group = [group.rows for group in GROUPS if group.name == word]
        if of_group:
            chosen += of_group[0]
        elif word in names():
            chosen.append(word)
        elif word in extra.PARTS:
            parts.append(word)
        else:
            raise SystemExit("run: no row, group or part is called '%s'; there are %s; %s; %s" % (
                word, " ".join(names()), " ".join(group.name for group in GROUPS),
                " ".join(extra.PARTS)))
    return chosen, parts
