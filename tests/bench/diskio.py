# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk and network: the same guest with virtio devices, the same work, under each emulator.

Figures are of wall time, as seen from outside: requests or bytes a second.
"""
import os
import socket
import subprocess
import sys
import threading

import sides

sys.path.insert(0, os.path.join(sides.HERE, "..", "boot"))
import virtio  # noqa: E402  (which modules a driver needs)

MIB = 1 << 20
DISK_BYTES = 512 * MIB
LIMIT = 120
# name, title, what io/work.c is told, bytes of work, what counts as one, unit
DISK = [
    ("seq-read", "sequential read, 256 KiB x 4", "read 262144 4", 1024 * MIB, MIB, "MiB/s"),
    ("seq-write", "sequential write, 256 KiB x 4", "write 262144 4", 1024 * MIB, MIB, "MiB/s"),
    ("read-1", "random read, 4 KiB, depth 1", "randread 4096 1", 64 * MIB, 4096, "IOPS"),
    ("read-32", "random read, 4 KiB, depth 32", "randread 4096 32", 192 * MIB, 4096, "IOPS"),
    ("write-1", "random write, 4 KiB, depth 1", "randwrite 4096 1", 64 * MIB, 4096, "IOPS"),
    ("write-32", "random write, 4 KiB, depth 32", "randwrite 4096 32", 192 * MIB, 4096, "IOPS"),
]
NET = [
    ("net-out", "guest to host, TCP", "send", 512 * MIB, MIB, "MiB/s"),
    ("net-in", "host to guest, TCP", "receive", 512 * MIB, MIB, "MiB/s"),
    ("net-echo", "one byte there and back, TCP", "echo", 6000, 1, "/s"),
]


def compile_work(compiler, output):
    subprocess.run([compiler, *sides.FLAGS, "-o", output,
                    os.path.join(sides.HERE, "io", "work.c")], check=True)
    return output


def image(out, target, compiler, cross_agent):
    """An initramfs with the agent, the worker and the drivers; the order that loads them."""
    pairs, load = virtio.module_files(out, ["virtio_blk", "virtio_net"], target.guest)
    work = compile_work(compiler, os.path.join(out, "io-work"))
    folder, = sides.guest.fetch("trixie", target.arch, "busybox-static")
    path = sides.guest.initrd(os.path.join(out, "io.cpio"), files=[
        cross_agent + ":/bench/agent", work + ":/bench/work",
        folder + "/usr/bin/busybox:/bench/ash", *pairs], target=target.guest)
    ready = "busybox --install -s /bin; " + "; ".join(load.strip().split("\n")) + \
        "; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; sleep 1"
    return path, ready


class Server(threading.Thread):
    """The other end of `work net`, on this machine's loopback."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                try:
                    self.serve(peer)
                except OSError:
                    pass  # the guest's worker says so

    def serve(self, peer):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = b""
        while not words.endswith(b"\n"):
            words += peer.recv(1)
        kind, count = words.split()
        left = int(count)
        memory = bytearray(1 << 20)
        while left > 0:
            if kind == b"receive":
                left -= peer.send(memoryview(memory)[:min(left, len(memory))])
            else:
                got = peer.recv_into(memory, 1 if kind == b"echo" else len(memory))
                if not got:
                    return
                left -= got
                if kind == b"echo":
                    peer.sendall(b"x")
        if kind == b"send":
            peer.sendall(b"x")

    def stop(self):
        self.listener.close()


def arguments(disk):
    return ["-drive", "if=none,id=d,format=raw,file=" + disk, "-device", "virtio-blk-pci,drive=d",
            "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n",
            "-append", sides.APPEND.replace("/usr/bin/dash", "/bench/ash")]


def write_disk(path):
    """All blocks there, so that nothing is allocated while it is measured."""
    with open(path, "wb") as f:
        for _ in range(DISK_BYTES // MIB):
            f.write(os.urandom(1 << 16) * 16)


def measure(emulators, values, runs, out, compiler, cross_agent, scale):
    """Every row on every emulator, taking turns."""
    path, ready = image(out, emulators[0].target, compiler, cross_agent)
    server = Server()
    server.start()
    guests = {}
    try:
        for side in emulators:
            root = side.root or ""
            folder = side.copies if side.root else out
            os.makedirs(root + folder, exist_ok=True)
            disk = os.path.join(folder, "io-disk-" + side.name)
            write_disk(root + disk)
            guests[side], _ = side.boot(path, more=arguments(disk))
            guests[side].order("shell " + ready, LIMIT)
        for name, _, words, work, one, _ in DISK + NET:
            kind, target = ("disk", "/dev/vda " + words) if name in [row[0] for row in DISK] else \
                ("net", "10.0.2.2 %d %s" % (server.port, words))
            work = max(one, int(work * scale) // one * one)
            for _ in range(runs):
                for side, guest in guests.items():
                    order = "timed exec /bench/work %s %s %d" % (kind, target, work)
                    done = guest.measure(order, LIMIT)
                    values.setdefault(name, {}).setdefault(side.name, []).append(
                        work / one / done.wall)
                    values.setdefault(name + "-cpu", {}).setdefault(side.name, []).append(
                        1e6 * done.cpu / (work / one))
    finally:
        server.stop()
        for side, guest in guests.items():
            guest.stop()
            os.unlink((side.root or "") + os.path.join(side.copies if side.root else out,
                                                       "io-disk-" + side.name))
