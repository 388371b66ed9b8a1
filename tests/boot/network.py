#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux in a guest on networks that the machine must provide: a TAP device, passt.

network.py HOST [CASE...]

Not part of ./test: a TAP device needs /dev/net/tun and a namespace of users and networks of one's
own (the script makes one), passt has to be installed.
"""
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import guest
import virtio

MIB = 1 << 20
# what either side sends the other: 16 MiB, known by its digest
DATA = hashlib.shake_128(b"network").digest(16 * MIB)
DIGEST = hashlib.md5(DATA).hexdigest()
WORK = """
%s
mkfifo /tmp/open; busybox nc %s %d >/tmp/data <>/tmp/open; md5sum </tmp/data
busybox nc %s %d </tmp/data
"""


class Server(threading.Thread):
    """Sends the data to who comes first, takes it from who comes second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sockets = [socket.create_server(("0.0.0.0", 0)) for _ in range(2)]
        self.ports = [one.getsockname()[1] for one in self.sockets]
        self.got = b""

    def run(self):
        peer, _ = self.sockets[0].accept()
        with peer:
            peer.sendall(DATA)
        peer, _ = self.sockets[1].accept()
        with peer:
            while data := peer.recv(MIB):
                self.got += data


def transfer(tap, name, binary, address, setup, *devices):
    """16 MiB in, 16 MiB out; @address: this machine's as the guest sees it."""
    server = Server()
    server.start()
    command = WORK % (setup, address, server.ports[0], address, server.ports[1])
    with tempfile.TemporaryDirectory() as work:
        result = virtio.run(work, binary, ["virtio_net"], command, *devices)
    server.join(5)
    tap.check(result.status == 0 and result.output.split()[:1] == [DIGEST] and
              hashlib.md5(server.got).hexdigest() == DIGEST, name, result)


def case_tap(tap, binary):
    """With one queue, with two."""
    for queues, more, device in ((1, [], ""), (2, ["multi_queue"], ",mq=on")):
        for command in (["tuntap", "add", "dev", "tap0", "mode", "tap", *more],
                        ["addr", "add", "192.168.76.1/24", "dev", "tap0"],
                        ["link", "set", "tap0", "up"]):
            subprocess.run(["ip", *command], check=True)
        transfer(tap, "tap: 16 MiB each way, queues=%d" % queues, binary, "192.168.76.1",
                 "ip addr add 192.168.76.2/24 dev eth0; ip link set eth0 up; sleep 1", "-netdev",
                 "tap,id=n,ifname=tap0,script=no,downscript=no,queues=%d" % queues, "-device",
                 "virtio-net-pci,netdev=n" + device)
        subprocess.run(["ip", "link", "del", "tap0"], check=True)


def case_passt(tap, binary):
    """passt leads to this machine's loopback by the address of the router."""
    setup = "ip addr add 10.9.8.7/24 dev eth0; ip link set eth0 up; sleep 1"
    transfer(tap, "passt: 16 MiB each way", binary, "10.9.8.1", setup, "-netdev",
             "passt,id=n,address=10.9.8.7,netmask=24,gateway=10.9.8.1", "-device",
             "virtio-net-pci,netdev=n")


def main():
    if os.environ.get("IN_NAMESPACE") != "1" and "passt" not in sys.argv[2:]:
        os.environ["IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", sys.executable, *sys.argv])
    names = sys.argv[2:] or ["tap"]
    tap = guest.Tap()
    for name in names:
        if name == "passt" and not shutil.which("passt"):
            sys.exit("network.py: passt is not installed")
        globals()["case_" + name](tap, sys.argv[1])
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
