#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What one probe costs: exec, greeting, all answers, quit.

probe.py HOST [RUNS]    HOST once for all targets, against every installed qemu-system-* in turn

Prints the median CPU time and wall time of HOST and of the sum over the peers, in one run,
alternating.
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import time

OURS = ["query-modules", "query-targets", "query-machines", "query-cpu-definitions"]
THEIRS = ["query-target", "query-machines", "query-cpu-definitions"]


def probe(command, questions):
    """(CPU seconds, wall seconds) of one probe."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    if "QMP" not in json.loads(process.stdout.readline()):
        raise RuntimeError("%s: no greeting" % command[0])
    for question in ["qmp_capabilities", *questions, "quit"]:
        process.stdin.write(b'{"execute": "%s"}\r\n' % question.encode())
        process.stdin.flush()
        while True:
            reply = json.loads(process.stdout.readline())
            if "return" in reply or "error" in reply:
                break
    process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start


def peers():
    seen, found = set(), []
    for path in sorted(glob.glob("/usr/bin/qemu-system-*")):
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            found.append(path)
    return found


def main():
    host, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9
    binaries = peers()
    arguments = ["-M", "none", "-display", "none", "-qmp", "stdio"]
    own, sums = [], []
    probe([host, *arguments], OURS)
    for _ in range(runs):
        own.append(probe([host, *arguments], OURS))
        total = [probe([binary, *arguments], THEIRS) for binary in binaries]
        sums.append(tuple(map(sum, zip(*total))) if total else (0, 0))
    for name, values in (("this host, all targets", own),
                         ("sum of %d qemu-system-*" % len(binaries), sums)):
        print("%-28s CPU %8.1f ms   wall %8.1f ms   (median of %d)" % (
            name, 1e3 * statistics.median(v[0] for v in values),
            1e3 * statistics.median(v[1] for v in values), runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
