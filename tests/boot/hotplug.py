#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks, network cards and switches come and go while Linux writes to another disk and pings.

hotplug.py [--rounds N] HOST

In each round a disk with its node, a card with its network and the upper port of a PCI Express switch
are plugged into three root ports, used by the guest, and taken out again. Descriptors, threads and
memory of the host are the same after the last round as after the first ones.
"""
import argparse
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

import guest
import pci
import virtio

LIMIT = 60  # seconds for a step of a round
WARM = 3    # rounds until pools and caches are what they will be

# Debian's kernel has no driver for slots, so the shell plays one for all three ports: slot control is
# at 0x70, slot status at 0x72 with the button in bit 0 and presence in bit 6.
SLOTS = r"""
d=/sys/bus/pci/devices
power() { printf "$2" | dd of=$d/0000:00:0$1.0/config bs=2 seek=56 count=1 conv=notrunc 2>/dev/null; }
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
(while :; do
    dd if=/dev/urandom of=/x bs=64k count=4 2>/dev/null
    dd if=/x of=/dev/vda bs=64k conv=fsync 2>/dev/null
    echo 3 > /proc/sys/vm/drop_caches
    cmp -n 262144 /x /dev/vda || echo "BAD data"
done) &
(while :; do ping -c 20 -i 0.05 -s 1200 -W 5 10.0.2.2 > /dev/null || echo "BAD ping"; done) &
echo ready
while :; do
    for p in 4 5 6; do
        s=$(dd if=$d/0000:00:0$p.0/config bs=1 skip=114 count=1 2>/dev/null | od -An -tu1)
        for card in $(echo $d/0000:00:0$p.0/0000:*); do :; done
        if [ $((s & 1)) = 1 ]; then
            printf '\001\000' | dd of=$d/0000:00:0$p.0/config bs=2 seek=57 count=1 conv=notrunc \
                2>/dev/null
            [ -e $card/remove ] && echo 1 > $card/remove
            power $p '\300\007'
        elif [ $((s & 64)) = 64 ] && ! [ -e $card/vendor ]; then
            power $p '\300\001'
            echo 1 > /sys/bus/pci/rescan
            for card in $(echo $d/0000:00:0$p.0/0000:*); do :; done
            if [ -e $card/vendor ]; then
                case $p in
                4) n=; for i in $(seq 50); do n=$(echo $card/virtio*/block/*/dev)
                    [ -e $n ] && break; sleep 0.1; done
                    n=${n%/dev}; dd if=/dev/${n##*/} of=/dev/null bs=4k count=16 2>/dev/null &&
                    dd if=/x of=/dev/${n##*/} bs=4k count=16 conv=fsync 2>/dev/null && echo used 4;;
                5) n=; for i in $(seq 50); do n=$(echo $card/virtio*/net/*)
                    [ -e $n ] && break; sleep 0.1; done
                    ip link set ${n##*/} up && echo used 5;;
                6) echo used 6;;
                esac
            fi
        fi
    done
done
"""


class Guest(threading.Thread):
    """Lines of the guest's console."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.lines, self.seen = stream, queue.Queue(), []

    def run(self):
        for line in self.stream:
            text = line.decode(errors="replace").strip()
            self.seen.append(text)
            self.lines.put(text)

    def wait(self, *wanted, limit=LIMIT):
        """Until each of the lines has come."""
        left, until = set(wanted), time.monotonic() + limit
        while left:
            try:
                line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty as error:
                raise TimeoutError("the guest did not say %s" % ", ".join(left)) from error
            if line.startswith("BAD"):
                raise ValueError("the guest says: " + line)
            left.discard(line)


def descriptors(pid):
    """What is open, but module files: a build that goes on meanwhile brings new ones."""
    folder = "/proc/%d/fd" % pid
    found = []
    for number in os.listdir(folder):
        try:
            found.append(os.readlink(os.path.join(folder, number)))
        except FileNotFoundError:
            pass  # was closed meanwhile
    return sorted(name for name in found if ".so" not in os.path.basename(name))


class Counts:
    """What the host's process holds."""

    def __init__(self, pid):
        self.open = descriptors(pid)
        self.descriptors = len(self.open)
        self.threads = len(os.listdir("/proc/%d/task" % pid))
        with open("/proc/%d/status" % pid) as status:
            fields = dict(line.split(":", 1) for line in status)
        self.kilobytes = int(fields["RssAnon"].split()[0])

    def __str__(self):
        return "%d descriptors, %d threads, %d KiB" % (self.descriptors, self.threads,
                                                       self.kilobytes)


def ask(link, command, **arguments):
    reply = link.ask(command, **arguments)
    if reply is None or "error" in reply:
        raise ValueError("%s: %r" % (command, reply))


def take_out(link, name):
    """A guest that was busy has not seen the button: the host lets it be pressed again."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        link.ask("device_del", id=name)
        while True:
            event = link.wait("event", "DEVICE_DELETED", 12)
            if event is None:
                break
            if event["data"].get("device") == name:
                return
    raise TimeoutError("%s was not taken out" % name)


def one_round(link, console, disk):
    ask(link, "blockdev-add", **{"driver": "raw", "node-name": "hot",
                                 "file": {"driver": "file", "filename": disk}})
    ask(link, "netdev_add", type="user", id="hotnet")
    ask(link, "device_add", driver="virtio-blk-pci", id="d", bus="p4", drive="hot")
    ask(link, "device_add", driver="virtio-net-pci", id="n", bus="p5", netdev="hotnet")
    ask(link, "device_add", driver="x3130-upstream", id="u", bus="p6")
    console.wait("used 4", "used 5", "used 6")
    for name in ("d", "n", "u"):
        take_out(link, name)
    ask(link, "blockdev-del", **{"node-name": "hot"})
    ask(link, "netdev_del", id="hotnet")


def soak(tap, process, console, link, disk, rounds):
    console.wait("ready", limit=240)
    link.connect()
    link.wait("QMP", None, 10)
    ask(link, "qmp_capabilities")
    first = None
    for number in range(rounds):
        one_round(link, console, disk)
        if number == min(WARM, rounds // 2):
            first = Counts(process.pid)
            tap.note("after %d rounds: %s" % (number + 1, first))
        elif number % 20 == 19:
            tap.note("after %d rounds: %s" % (number + 1, Counts(process.pid)))
    tap.check(True, "%d rounds of a disk, a network card and a port" % rounds)
    time.sleep(12)  # idle threads of pools end
    last = Counts(process.pid)
    tap.note("at the end: %s" % last)
    if not tap.check(last.descriptors <= first.descriptors, "no descriptor is left over"):
        tap.note("then: %s\n# now: %s" % (" ".join(first.open), " ".join(last.open)))
    tap.check(last.threads <= first.threads, "no thread is left over")
    # code that is translated for the first time takes memory, too: about 100 KiB in a round would be
    # what a forgotten device takes
    tap.check(last.kilobytes - first.kilobytes < 16384 + 40 * rounds, "no memory is left over")
    link.ask("quit")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("host")
    options = parser.parse_args()
    tap = guest.Tap()
    with tempfile.TemporaryDirectory() as work:
        pairs, load = virtio.module_files(work, ["virtio_blk", "virtio_net"])
        image = guest.initrd(os.path.join(work, "initrd"), load + SLOTS, files=pairs)
        disks = [os.path.join(work, name) for name in ("disk", "hot")]
        for path in disks:
            with open(path, "wb") as out:
                out.truncate(8 << 20)
        ports = [part for n in (4, 5, 6) for part in
                 ("-device", "pcie-root-port,id=p%d,chassis=%d,slot=%d,addr=%d" % (n, n, n, n))]
        process = subprocess.Popen(
            [options.host, "--load-target=riscv", "-M", "virt", "-m", "256M", "-bios",
             guest.firmware(), "-display", "none", "-serial", "stdio", "-monitor", "none",
             "-kernel", guest.kernel(), "-initrd", image, "-append",
             "console=ttyS0 quiet loglevel=1", "-qmp",
             "unix:%s/qmp,server=on,wait=off" % work,
             "-drive", "if=none,id=a,format=raw,file=" + disks[0],
             "-device", "virtio-blk-pci,drive=a,addr=2", "-netdev", "user,id=b",
             "-device", "virtio-net-pci,netdev=b,addr=3", *ports],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        console = Guest(process.stdout)
        console.start()
        limit = threading.Timer(240 + 60 * options.rounds, process.kill)
        limit.start()
        try:
            soak(tap, process, console, pci.Operator(work + "/qmp"), disks[1], options.rounds)
        except (TimeoutError, ValueError) as error:
            tap.check(False, str(error))
            tap.note("\n# ".join(console.seen[-20:]))
        finally:
            limit.cancel()
            process.kill()
            process.wait()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
