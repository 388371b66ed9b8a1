#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux uses SCSI disks and CD-ROM drives behind virtio-scsi, and NVMe disks.

storage.py HOST [CASE...]
"""
import os
import struct
import sys
import tempfile
import time

import guest
import pci
import virtio

LIMIT = 240
BLOCK = 2048


def both(value, code):
    """A number in both byte orders, as ISO 9660 has them."""
    return struct.pack("<" + code, value) + struct.pack(">" + code, value)


def record(name, block, length, flags):
    """A directory record (ECMA-119 9.1)."""
    data = bytes([0, 0]) + both(block, "I") + both(length, "I") + bytes([120, 1, 1, 0, 0, 0, 0]) + \
        bytes([flags, 0, 0]) + both(1, "H") + bytes([len(name)]) + name
    data += bytes(len(data) % 2)
    return bytes([len(data)]) + data[1:]


def cd_image(path, text):
    """An ISO 9660 image with one file, /text, padded to a megabyte."""
    root = record(b"\0", 20, BLOCK, 2)
    descriptor = b"\1CD001\1\0" + b" " * 32 + b"TEST".ljust(32) + bytes(8) + both(512, "I") + \
        bytes(32) + both(1, "H") + both(1, "H") + both(BLOCK, "H") + both(10, "I") + \
        struct.pack("<II", 18, 0) + struct.pack(">II", 19, 0) + root + b" " * 623 + \
        (b"0" * 16 + b"\0") * 4 + b"\1\0"
    tables = [struct.pack(order + "BBIH", 1, 0, 20, 1) + b"\0\0" for order in "<>"]
    folder = root + record(b"\1", 20, BLOCK, 2) + record(b"TEXT.;1", 21, len(text), 0)
    with open(path, "wb") as out:
        for number, data in [(16, descriptor), (17, b"\xffCD001\1"), (18, tables[0]),
                             (19, tables[1]), (20, folder), (21, text)]:
            out.seek(number * BLOCK)
            out.write(data)
        out.truncate(1 << 20)


class Operator(pci.Operator):
    """Does the next of @steps, a function of this, each time the guest opens the tray."""

    def __init__(self, path, steps):
        super().__init__(path)
        self.steps = steps

    def run(self):
        self.connect()
        self.wait("QMP", None, 10)
        self.ask("qmp_capabilities")
        for step in self.steps:
            moved = {}
            while self.open and not moved.get("data", {}).get("tray-open"):
                moved = self.wait("event", "DEVICE_TRAY_MOVED", LIMIT) or {}
            while self.open and "error" in (step(self) or {}):
                time.sleep(0.3) # the guest has the drive locked
        while self.open:
            self.wait("event", "no event of this name", 1)
        self.link.close()


def run(work, binary, drivers, command, *devices):
    pairs, load = virtio.module_files(work, drivers)
    host = [binary, "--load-target=riscv", "-M", "virt", "-m", "256M", "-smp", "2", "-bios",
            guest.firmware(), "-display", "none", "-serial", "stdio", *devices]
    return guest.run_in_guest(host, load + command, LIMIT, files=pairs)


def disk(name, path):
    return ["-blockdev", "driver=raw,node-name=%s,discard=unmap,file.driver=file,file.filename=%s" %
            (name, path)]


# The first half is the same for both kinds of disks; names go by the order of probing.
COPY = """
sha256sum < $a
dd if=$a of=$b bs=1M 2>/dev/null; sync
for i in 1 2 3 4; do dd if=$a of=/dev/null bs=4k skip=$((i * 700)) count=600 2>/dev/null & done
wait
echo 3 > /proc/sys/vm/drop_caches
cmp $a $b && echo same
dd if=/dev/zero of=$b bs=1M seek=1 count=2 conv=notrunc 2>/dev/null
blkdiscard -o 4194304 -l 1048576 $b 2>/dev/null && echo discarded
sync
"""

SCSI = """
until [ -b /dev/sda ] && [ -b /dev/sdb ]; do sleep 0.1; done
a=/dev/sda b=/dev/sdb
grep -q HOUSE /sys/block/sda/device/vendor && a=/dev/sdb b=/dev/sda
""" + COPY + """
cat /sys/block/${b##*/}/device/model /sys/block/${b##*/}/queue/logical_block_size
dd if=/sys/block/${a##*/}/device/vpd_pg80 bs=1 skip=4 2>/dev/null; echo
# busybox has no eject: the kernel does it when the drive is closed
cd=/proc/sys/dev/cdrom/autoeject
mkdir -p /mnt
eject() { echo 1 > $cd; mount -t iso9660 -o ro /dev/sr0 /mnt; umount /mnt; echo 0 > $cd; }
expect() {
    for i in $(seq 100); do
        mount -t iso9660 -o ro /dev/sr0 /mnt 2>/dev/null && text=$(cat /mnt/text) && umount /mnt
        [ "$text" = "$1" ] && break
        sleep 0.3
    done
    echo $text
}
until [ -b /dev/sr0 ]; do sleep 0.1; done
expect "first medium"
eject; sleep 1
expect "second medium"
eject
for i in $(seq 100); do [ -b /dev/sdc ] && break; sleep 0.2; done
sha256sum < /dev/sdc
eject
for i in $(seq 100); do [ ! -e /sys/block/sdc ] && break; sleep 0.2; done
[ ! -e /sys/block/sdc ] && echo gone
"""


def same_on_host(tap, name, first, second):
    with open(first, "rb") as one, open(second, "rb") as two:
        want, got = one.read(), two.read()
    want = want[:1 << 20] + bytes(2 << 20) + want[3 << 20:]
    tap.check(want[:4 << 20] == got[:4 << 20] and want[5 << 20:] == got[5 << 20:] and
              got[4 << 20:5 << 20] in (bytes(1 << 20), want[4 << 20:5 << 20]),
              name + ": what the guest wrote is in the file")


def case_scsi(tap, binary):
    """Two disks, a CD that is ejected and changed, a third disk that comes and goes."""
    with tempfile.TemporaryDirectory() as work:
        paths = [os.path.join(work, name) for name in ("a", "b", "c", "one.iso", "two.iso", "qmp")]
        digests = [virtio.random_image(paths[0], 12), None, virtio.random_image(paths[2], 2)]
        with open(paths[1], "wb") as out:
            out.truncate(12 << 20)
        cd_image(paths[3], b"first medium\n")
        cd_image(paths[4], b"second medium\n")
        operator = Operator(paths[5], [
            lambda qmp: qmp.ask("blockdev-change-medium", id="cd", filename=paths[4]),
            lambda qmp: qmp.ask("device_add", driver="scsi-hd", id="third", drive="c",
                                bus="bus.0", lun=3, **{"scsi-id": 0}),
            lambda qmp: qmp.ask("device_del", id="third")])
        operator.start()
        result = run(work, binary, ["virtio_scsi", "sd_mod", "sr_mod", "isofs"], SCSI,
                     *disk("a", paths[0]), *disk("b", paths[1]), *disk("c", paths[2]),
                     "-drive", "if=none,id=m,media=cdrom,format=raw,readonly=on,file=" + paths[3],
                     "-device", "virtio-scsi-pci,id=bus,num_queues=2",
                     "-device", "scsi-hd,drive=a,serial=NUMBER-ONE",
                     "-device", "scsi-hd,drive=b,vendor=HOUSE,product=BRAND,"
                     "logical_block_size=4096,physical_block_size=4096",
                     "-device", "scsi-cd,id=cd,drive=m",
                     "-qmp", "unix:%s,server=on,wait=off" % paths[5])
        operator.join(5)
        output = result.output
        tap.check(result.status == 0 and output.count(digests[0]) == 1 and
                  all(line in output.split("\n") for line in ("same", "discarded", "4096")) and
                  "BRAND" in output and "NUMBER-ONE" in output,
                  "scsi: disks", result)
        tap.check("first medium\nsecond medium\n" in output,
                  "scsi: a CD is read, ejected and changed", result)
        tap.check(digests[2] in output and output.rstrip().endswith("gone"),
                  "scsi: a disk comes and goes", result)
        same_on_host(tap, "scsi", paths[0], paths[1])


NVME = """
until [ -b /dev/nvme0n1 ] && [ -b /dev/nvme1n1 ]; do sleep 0.1; done
for c in nvme0 nvme1; do
    grep -q NUMBER-ONE /sys/class/nvme/$c/serial && a=/dev/${c}n1 || { b=/dev/${c}n1; two=$c; }
done
""" + COPY + """
echo 1 > /sys/class/nvme/$two/reset_controller
sleep 1
echo 3 > /proc/sys/vm/drop_caches
cmp -n 1048576 $a $b && echo again
cat /sys/block/${b##*/}/queue/logical_block_size; echo number $(cat /sys/block/${b##*/}/nsid)
"""


def case_nvme(tap, binary):
    """A controller with a disk, one with a namespace of its own; a reset by the guest."""
    with tempfile.TemporaryDirectory() as work:
        first, second = os.path.join(work, "a"), os.path.join(work, "b")
        digest = virtio.random_image(first, 12)
        with open(second, "wb") as out:
            out.truncate(12 << 20)
        result = run(work, binary, ["nvme"], NVME, *disk("a", first), *disk("b", second),
                     "-device", "nvme,drive=a,serial=NUMBER-ONE",
                     "-device", "nvme,serial=two,id=two,max_ioqpairs=2",
                     "-device", "nvme-ns,bus=two,drive=b,nsid=7,logical_block_size=4096")
        lines = result.output.split("\n")
        tap.check(result.status == 0 and digest in result.output and
                  all(line in lines for line in ("same", "discarded", "again", "4096", "number 7")),
                  "nvme: disks", result)
        same_on_host(tap, "nvme", first, second)


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
