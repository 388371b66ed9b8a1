#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Deterministic mode: two runs of one boot are the same, to the instruction.

determinism.py HOST [ACCEL...]

The guest prints what depends on time and chance: the kernel's log with its time stamps, counts of
interrupts, random numbers. Any instruction more or less, or an interrupt taken elsewhere, shows.
"""
import sys

import guest

LIMIT = 240
COMMAND = "dmesg; cat /proc/uptime /proc/interrupts /proc/sys/kernel/random/uuid; date; " \
    "i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; cat /proc/uptime"


def run(binary, *more):
    return guest.run_in_guest([binary, "--load-target=riscv", "-M", "virt", "-m", "512M",
                               "-display", "none", "-serial", "stdio", *more], COMMAND, LIMIT)


def main():
    tap = guest.Tap()
    binary, accels = sys.argv[1], sys.argv[2:] or ["tcg"]
    for accel in accels:
        for cpus in ("1", "2"):
            given = ["-accel", accel, "-smp", cpus, "-icount", "shift=3,sleep=off",
                     "-rtc", "base=2026-01-31T12:00:00"]
            first, second = run(binary, *given, "-seed", "7"), run(binary, *given, "-seed", "7")
            same = first.status == 0 and len(first.output) > 5000 and \
                "2026" in first.output and first.output == second.output
            tap.check(same, "-accel %s -smp %s: twice the same" % (accel, cpus), second)
    other = run(binary, "-icount", "shift=3,sleep=off", "-seed", "8",
                "-rtc", "base=2026-01-31T12:00:00")
    tap.check(other.status == 0 and other.output != first.output,
              "another seed gives other random numbers", other)
    slow = run(binary, "-icount", "shift=auto")
    tap.check(slow.status == 0, "shift=auto boots", slow)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
