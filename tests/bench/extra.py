# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not a row of work: boot, start-up, memory, two vCPUs."""
import os
import subprocess
import time

import agent
import diskio
import sides

LIMIT = 300
SMP_ROWS = ["int", "sort", "sys", "mmap"]


class Extra:
    """One figure; @smaller: whether less is better."""

    def __init__(self, name, title, unit, goal=None, smaller=True):
        self.name, self.title, self.unit, self.goal, self.smaller = name, title, unit, goal, smaller


FIGURES = [
    Extra("boot", "exec to first line of init, CPU", "s", 1.5),
    Extra("boot-wall", "exec to first line of init, wall", "s"),
    Extra("greeting", "exec to QMP greeting", "ms", 5),
    Extra("first", "exec to first guest instruction seen", "ms", 6),
    Extra("memory", "resident above guest RAM, idle", "MiB", 30),
    Extra("idle", "idle guest, CPU", "%"),
    *(Extra("smp-" + name, "two vCPUs, speed-up of two copies of %s" % name, "x", smaller=False)
      for name in SMP_ROWS),
    Extra("contend", "two vCPUs on one atomic counter, wall", "s"),
    *(Extra(name, title, unit, smaller=False)
      for name, title, _, _, _, unit in diskio.DISK + diskio.NET),
    *(Extra(name + "-cpu", title + ", CPU", "us each") for name, title, _, _, _, _ in
      diskio.DISK + diskio.NET),
]
PARTS = ["boot", "startup", "resident", "smp", "io"]


def keep(values, side, name, value):
    values.setdefault(name, {}).setdefault(side.name, []).append(value)


def boot(emulators, values, runs):
    for _ in range(runs):
        for side in emulators:
            guest, cpu = side.boot()
            keep(values, side, "boot-wall", time.monotonic() - guest.start)
            keep(values, side, "boot", cpu)
            guest.stop()


def until_output(command):
    """Milliseconds from exec to the first byte on standard output."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    data = os.read(process.stdout.fileno(), 1)
    took = time.monotonic() - start
    process.kill()
    process.communicate()
    if not data:
        raise agent.Failure("no output: %s" % " ".join(command))
    return 1e3 * took


def startup(emulators, values, runs, out, compiler):
    payload, target = os.path.join(out, "first.elf"), emulators[0].target
    subprocess.run([compiler, "-nostdlib", "-static", "-Wl,-N", "-Wl,-Ttext=%#x" % target.address,
                    "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", "-o", payload,
                    os.path.join(sides.HERE, "first-%s.S" % target.name)], check=True)
    for _ in range(5 * runs):
        for side in emulators:
            keep(values, side, "greeting", until_output(
                [*side.command, "-M", "none", "-display", "none", "-qmp", "stdio"]))
            keep(values, side, "first", until_output(
                [*side.command, "-M", "virt", *target.options(), "-m", "128M", "-display", "none", "-serial", "stdio",
                 "-monitor", "none", target.option, side.visible(payload)]))


def resident(pid, ram):
    """MiB resident without guest RAM, which is the first mapping of just @ram bytes.

    Two mappings of the same pages of one file are counted once.
    """
    seen, key, found = {}, None, False
    with open("/proc/%d/smaps" % pid, encoding="ascii", errors="replace") as f:
        for line in f:
            words = line.split()
            if not words[0].endswith(":"):
                low, high = (int(word, 16) for word in words[0].split("-"))
                key = (words[3], words[4], words[2], low if words[4] == "0" else 0)
                if not found and high - low == ram:
                    found, key = True, None
            elif words[0] == "Rss:" and key:
                seen[key] = max(seen.get(key, 0), int(words[1]))
    if not found:
        raise agent.Failure("process %d maps no block of %d bytes as guest RAM" % (pid, ram))
    return sum(seen.values()) / 1024


def memory(emulators, values):
    """After boot the guest sleeps."""
    for side in emulators:
        guest, _ = side.boot(memory="512M")
        guest.order("sleep 2", LIMIT)
        before, start = guest.cpu(), time.monotonic()
        time.sleep(5)
        keep(values, side, "idle", 100 * (guest.cpu() - before) / (time.monotonic() - start))
        keep(values, side, "memory", resident(guest.process.pid, 512 << 20))
        guest.stop()


def smp(native, emulators, values, runs, scale):
    """Wall time, so that it says something only on an otherwise idle machine with two CPUs."""
    for side in [native, *emulators]:
        guest = side.boot(cpus=2)[0] if side is not native else side.ready()
        for name in SMP_ROWS:
            walls = [[], []]
            for _ in range(runs):
                for copies in (1, 2):
                    done = guest.measure("kernel %s %.6g %d" % (name, scale, copies), LIMIT)
                    walls[copies - 1].append(done.wall)
            keep(values, side, "smp-" + name, 2 * min(walls[0]) / min(walls[1]))
        for _ in range(runs):
            done = guest.measure("kernel contend %.6g 1" % scale, LIMIT)
            keep(values, side, "contend", done.wall)
        if side is not native:
            guest.stop()
