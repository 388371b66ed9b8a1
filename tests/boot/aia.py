#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux with the interrupt controllers of the advanced interrupt architecture.

aia.py HOST
"""
import re
import sys
import tempfile

import guest
import virtio

LIMIT = 120
COMMAND = """
dd if=/dev/vda of=/dev/null bs=64k 2>/dev/null && echo read
cat /proc/interrupts
"""


def run(binary, machine, *more):
    with tempfile.TemporaryDirectory() as work:
        pairs, load = virtio.module_files(work, ["virtio_blk"])
        host = [binary, "--load-target=riscv", "-M", machine, "-m", "512M", "-smp", "2", "-bios",
                guest.firmware(), "-display", "none", "-serial", "stdio",
                "-blockdev", "null-co,node-name=d,size=1M",
                "-device", "virtio-blk-pci,drive=d,num-queues=2", *more]
        return guest.run_in_guest(host, load + COMMAND, LIMIT, files=pairs)


def counted(text, name):
    """Interrupts of @name, over both CPUs and all lines: which queue a read takes is Linux's."""
    found = re.findall(r"^ *\d+: +(\d+) +(\d+) +%s$" % name, text, re.M)
    return sum(int(first) + int(second) for first, second in found)


def main():
    tap = guest.Tap()
    binary = sys.argv[1]
    result = run(binary, "virt,aia=aplic-imsic,aia-guests=1")
    text = result.output
    tap.check(result.status == 0 and "read" in text.split() and
              counted(text, r"PCI-MSIX-\S+ +\d+ Edge +virtio0-req.*") > 0 and
              counted(text, r"APLIC-MSI-\S+ +10 Level .* ttyS0") > 0,
              "aplic-imsic: MSI-X of a disk, wired interrupts as messages", result)
    result = run(binary, "virt,aia=aplic")
    text = result.output
    tap.check(result.status == 0 and "read" in text.split() and
              counted(text, r"APLIC-DIRECT +\d+ Level .*virtio0") > 0 and
              counted(text, r"APLIC-DIRECT +10 Level .* ttyS0") > 0,
              "aplic: wired interrupts of a disk", result)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
