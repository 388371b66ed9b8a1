#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's own drivers use the virtio devices.

virtio.py HOST [CASE...]
"""
import glob
import hashlib
import lzma
import os
import random
import sys
import tempfile

import guest

LIMIT = 240
# what each driver needs besides what Debian's kernel has built in, in the order of loading
NEEDS = {
    "qemu_fw_cfg": [],
    "virtio_mmio": [], "virtio_blk": [], "virtio-rng": [], "virtio_balloon": [], "virtio_input": [],
    "virtio_scsi": ["scsi_common", "scsi_mod"], "sd_mod": ["crc-t10dif"],
    "sr_mod": ["cdrom"], "isofs": [], "nvme": ["nvme-auth", "nvme-core"],
    "virtio-gpu": ["drm", "drm_kms_helper", "drm_shmem_helper", "virtio_dma_buf"], "evdev": [],
    "9p": ["netfs", "9pnet", "9pnet_virtio"], "vmw_vsock_virtio_transport":
    ["vsock", "vmw_vsock_virtio_transport_common"],
    "virtio_net": ["failover", "net_failover"], "uio": [], "uio_pci_generic": [], "gpio_keys": [],
    "bochs": ["drm", "drm_kms_helper", "ttm", "drm_ttm_helper", "drm_vram_helper"],
}


def module_files(work, drivers, target=guest.RISCV):
    """--file pairs for mkinitramfs, and the shell lines that load them."""
    folder = target.package()
    found = {os.path.basename(path).split(".")[0]: path
             for kind in ("usr/lib/modules/*/kernel/**/*.ko.xz", "lib/modules/*/kernel/**/*.ko")
             for path in glob.glob(os.path.join(folder, kind), recursive=True)}
    pairs, lines = [], []
    for name in [part for driver in drivers for part in [*NEEDS[driver], driver]]:
        if name not in found:
            continue  # built in
        path = os.path.join(work, name + ".ko")
        unpack = lzma.open if found[name].endswith(".xz") else open
        with unpack(found[name], "rb") as source, open(path, "wb") as out:
            out.write(source.read())
        pairs.append(path + ":/modules/" + name + ".ko")
        lines.append("insmod /modules/%s.ko || exit 90" % name)
    return pairs, "\n".join(lines) + "\n"


def run(work, binary, drivers, command, *devices, smp="2"):
    pairs, load = module_files(work, drivers)
    host = [binary, "--load-target=riscv", "-M", "virt", "-m", "512M", "-smp", smp, "-bios",
            guest.firmware(), "-display", "none", "-serial", "stdio", *devices]
    return guest.run_in_guest(host, load + command, LIMIT, files=pairs)


NET = """
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; sleep 1
cat /sys/class/net/eth0/address
ping -c 3 -W 5 10.0.2.2 >/dev/null && echo answered
ping -c 3 -W 5 -s 1400 10.0.2.2 >/dev/null && echo answered-large
ip link set eth0 promisc on; ip link set eth0 address 52:54:00:00:00:99; ip link set eth0 down
"""


PINGED = ["52:54:00:aa:bb:cc", "answered", "answered-large"]


def case_net(tap, binary):
    """The network card, by pings to the router of the network in user space."""
    with tempfile.TemporaryDirectory() as work:
        result = run(work, binary, ["virtio_mmio", "virtio_net"], NET, "-netdev", "user,id=n",
                     "-device", "virtio-net-device,netdev=n,mac=52:54:00:aa:bb:cc")
        tap.check(result.status == 0 and result.output.split() == PINGED, "pings come back", result)
        result = run(work, binary, ["virtio_net"], NET, "-netdev", "user,id=n", "-device",
                     "virtio-net-pci,netdev=n,mac=52:54:00:aa:bb:cc,packed=on")
        tap.check(result.status == 0 and result.output.split() == PINGED, "pci: pings come back",
                  result)


CONSOLE = """
for i in $(seq 50); do
    [ -c /dev/hvc0 ] && [ -c /dev/vport0p1 ] && grep -q org /sys/class/virtio-ports/*/name && break
    sleep 0.1
done 2>/dev/null
cat /sys/class/virtio-ports/*/name
echo first > /dev/hvc0
for i in 1 2 3 4 5 6 7 8; do cat /bin/busybox; done > /dev/vport0p1
sha256sum < /bin/busybox; sleep 1
"""


def case_console(tap, binary):
    """A console and a port with a name: eight times busybox goes out whole."""
    with tempfile.TemporaryDirectory() as work:
        first, second = os.path.join(work, "first"), os.path.join(work, "second")
        result = run(work, binary, ["virtio_mmio"], CONSOLE,
                     "-chardev", "file,id=a,path=" + first, "-chardev", "file,id=b,path=" + second,
                     "-device", "virtio-serial-device", "-device", "virtconsole,chardev=a",
                     "-device", "virtserialport,chardev=b,name=org.example.0")
        with open(first, "rb") as one, open(second, "rb") as two:
            text, data = one.read(), two.read()
    digest = hashlib.sha256(data[:len(data) // 8]).hexdigest()
    tap.check(result.status == 0 and "org.example.0" in result.output and b"first" in text and
              digest in result.output and data == data[:len(data) // 8] * 8,
              "what the guest wrote to its ports is in the files", result)


def case_balloon(tap, binary):
    """The guest gives memory up, as much as it is told."""
    with tempfile.TemporaryDirectory() as work:
        result = run(work, binary, ["virtio_mmio", "virtio_balloon"],
                     "for i in $(seq 100); do sleep 0.1; set -- $(grep MemTotal /proc/meminfo); "
                     "[ $2 -lt 262144 ] && echo smaller && break; done; "
                     "dd if=/dev/urandom of=/big bs=1M count=64 2>/dev/null; wc -c < /big",
                     "-device", "virtio-balloon-device,target=256M,free-page-reporting=on,"
                     "guest-stats-polling-interval=1")
    tap.check(result.status == 0 and result.output.split() == ["smaller", "67108864"],
              "the balloon is blown up", result)


def case_rng(tap, binary):
    """The entropy source of a legacy and of a modern transport."""
    with tempfile.TemporaryDirectory() as work:
        result = run(work, binary, ["virtio_mmio", "virtio-rng"],
                     "cat /sys/class/misc/hw_random/rng_available; "
                     "dd if=/dev/hwrng bs=1k count=64 2>/dev/null | wc -c",
                     "-device", "virtio-rng-device")
    tap.check(result.status == 0 and "virtio_rng.0" in result.output and
              "65536" in result.output.split(), "bytes from /dev/hwrng", result)


def random_image(path, megabytes):
    data = random.Random(megabytes).randbytes(1 << 20)
    with open(path, "wb") as out:
        for number in range(megabytes):
            out.write(bytes([number]) + data[1:])
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


BLK = """
for i in size serial; do echo $(cat /sys/block/vda/$i); done
sha256sum < /dev/vda
dd if=/dev/vda of=/dev/vdb bs=1M 2>/dev/null; sync
for i in 1 2 3 4; do dd if=/dev/vda of=/dev/null bs=4k skip=$((i * 700)) count=600 2>/dev/null & done
wait
echo 3 > /proc/sys/vm/drop_caches
cmp /dev/vda /dev/vdb && echo same
blkdiscard -z -o 1048576 -l 2097152 /dev/vdb 2>/dev/null || dd if=/dev/zero of=/dev/vdb bs=1M \
    seek=1 count=2 conv=notrunc 2>/dev/null
sync
"""


def disks(tap, work, name, binary, drivers, first_device, second_device):
    """Two disks: what is read, written and flushed is what is on the host."""
    first, second = os.path.join(work, "first"), os.path.join(work, "second")
    digest = random_image(first, 12)
    with open(second, "wb") as out:
        out.truncate(12 << 20)
    result = run(work, binary, drivers, BLK,
                 "-drive", "if=none,id=a,format=raw,readonly=on,file=" + first,
                 "-drive", "if=none,id=b,format=raw,aio=io_uring,file=" + second,
                 "-device", first_device + ",drive=a,serial=ONE",
                 "-device", second_device + ",drive=b")
    lines = result.output.split("\n")
    tap.check(result.status == 0 and lines[:2] == ["24576", "ONE"] and
              digest in result.output and "same" in lines, name + ": sums of disks agree", result)
    with open(first, "rb") as one, open(second, "rb") as two:
        want, got = one.read(), two.read()
    want = want[:1 << 20] + bytes(2 << 20) + want[3 << 20:]
    tap.check(want == got, name + ": what the guest wrote is in the file")


def case_blk(tap, binary):
    """Disks on legacy transports; on PCI, modern and not, with both kinds of rings."""
    with tempfile.TemporaryDirectory() as work:
        disks(tap, work, "mmio", binary, ["virtio_mmio", "virtio_blk"], "virtio-blk-device",
              "virtio-blk-device,queue-size=64,num-queues=2")
        disks(tap, work, "pci", binary, ["virtio_blk"], "virtio-blk-pci",
              "virtio-blk-pci,packed=on,num-queues=2")
        disks(tap, work, "pci, plain", binary, ["virtio_blk"], "virtio-blk-pci,vectors=0",
              "virtio-blk-pci,event_idx=off,indirect_desc=off,page-per-vq=on,in_order=on")
        disks(tap, work, "pci, packed and plain", binary, ["virtio_blk"],
              "virtio-blk-pci-non-transitional,packed=on,event_idx=off",
              "virtio-blk-pci,packed=on,indirect_desc=off,queue-size=16")


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
