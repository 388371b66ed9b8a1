#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's own drivers use the virtio devices.

virtio.py HOST [CASE...]
"""
import glob
import lzma
import os
import sys
import tempfile

import guest

LIMIT = 240
# what each driver needs besides what Debian's kernel has built in, in the order of loading
NEEDS = {
    "virtio_mmio": [], "virtio_blk": [], "virtio-rng": [], "virtio_balloon": [], "virtio_input": [],
    "virtio_scsi": ["scsi_common", "scsi_mod"], "sd_mod": ["crc-t10dif", "sd_mod"],
    "virtio_net": ["failover", "net_failover"],
}


def module_files(work, drivers):
    """--file pairs for mkinitramfs, and the shell lines that load them."""
    folder, = guest.fetch("trixie", "riscv64", "linux-image-riscv64")
    found = {os.path.basename(path).split(".")[0]: path
             for path in glob.glob(folder + "/usr/lib/modules/*/kernel/**/*.ko.xz", recursive=True)}
    pairs, lines = [], []
    for name in [part for driver in drivers for part in [*NEEDS[driver], driver]]:
        if name not in found:
            continue  # built in
        path = os.path.join(work, name + ".ko")
        with lzma.open(found[name]) as source, open(path, "wb") as out:
            out.write(source.read())
        pairs.append(path + ":/modules/" + name + ".ko")
        lines.append("insmod /modules/%s.ko || exit 90" % name)
    return pairs, "\n".join(lines) + "\n"


def run(work, binary, drivers, command, *devices, smp="2"):
    pairs, load = module_files(work, drivers)
    host = [binary, "--load-target=riscv", "-M", "virt", "-m", "512M", "-smp", smp, "-bios",
            guest.firmware(), "-display", "none", "-serial", "stdio", *devices]
    return guest.run_in_guest(host, load + command, LIMIT, files=pairs)


def case_rng(tap, binary):
    """The entropy source of a legacy and of a modern transport."""
    with tempfile.TemporaryDirectory() as work:
        result = run(work, binary, ["virtio_mmio", "virtio-rng"],
                     "cat /sys/class/misc/hw_random/rng_available; "
                     "dd if=/dev/hwrng bs=1k count=64 2>/dev/null | wc -c",
                     "-device", "virtio-rng-device")
    tap.check(result.status == 0 and "virtio_rng.0" in result.output and
              "65536" in result.output.split(), "bytes from /dev/hwrng", result)


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    cases = {name[5:]: function for name, function in sorted(globals().items())
             if name.startswith("case_")}
    for name, function in cases.items():
        if not wanted or name in wanted:
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
