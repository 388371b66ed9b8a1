#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a boot costs: Debian's riscv64 kernel to the first process and off again, alternating.

boot.py HOST [PEER] [RUNS]    PEER: another emulator with QEMU's command line (qemu-system-riscv64)
"""
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import guest  # noqa: E402  (the boot tests' helper)

BOARD = ["-M", "virt", "-m", "512M", "-display", "none", "-serial", "stdio", "-monitor", "none"]


def boot(command):
    result = guest.run_in_guest(command, "true", 300)
    if result.status != 0:
        raise RuntimeError("%s: %s" % (command[0], result.errors[-500:]))
    return result


def main():
    host = sys.argv[1]
    peer = sys.argv[2] if len(sys.argv) > 2 else "qemu-system-riscv64"
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    commands = [[host, "--load-target=riscv64", *BOARD], [peer, *BOARD]]
    results = [[], []]
    for _ in range(runs):
        for command, into in zip(commands, results):
            into.append(boot(command))
    for command, values in zip(commands, results):
        print("%-40s CPU %6.2f s   wall %6.2f s   (median of %d)" % (
            os.path.basename(command[0]), statistics.median(v.cpu for v in values),
            statistics.median(v.seconds for v in values), runs))
    ratio = statistics.median(a.cpu / b.cpu for a, b in zip(*results))
    print("CPU, host / peer: %.2f" % ratio)
    return 0


if __name__ == "__main__":
    sys.exit(main())
