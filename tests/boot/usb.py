#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's own drivers use USB devices and the e1000e network card.

usb.py HOST [CASE...]
"""
import hashlib
import http.server
import os
import re
import socket
import struct
import sys
import tempfile
import threading
import time
import zlib

import firmware
import guest
import pci
import virtio

virtio.NEEDS.update({
    "xhci-pci": ["usb-common", "usbcore", "xhci-hcd"], "usbhid": ["hid", "hid-generic", "evdev"],
    "usb-storage": ["scsi_common", "scsi_mod", "crc-t10dif", "sd_mod"],
    "e1000e": ["pps_core", "ptp"],
})
STICK = ("-drive", "if=none,id=stick,format=raw,file=")


def disk(tap, work, name, binary, *devices):
    """A stick: its sum, what is written in the middle, what is read afterwards."""
    path = os.path.join(work, "stick")
    digest = virtio.random_image(path, 8)
    result = virtio.run(work, binary, ["xhci-pci", "usb-storage"], """
for i in $(seq 100); do [ -b /dev/sda ] && break; sleep 0.1; done
cat /sys/bus/usb/devices/*/product /sys/bus/usb/devices/*/serial
sha256sum < /dev/sda
dd if=/bin/busybox of=/dev/sda bs=64k seek=8 count=24 conv=notrunc 2>/dev/null
dd if=/dev/zero of=/dev/sda bs=1k seek=4001 count=99 conv=notrunc 2>/dev/null; sync
echo 3 > /proc/sys/vm/drop_caches
echo after $(sha256sum < /dev/sda)
dmesg | grep -E "reset|error|timed" | grep -i -E "usb [0-9]|sda"
true""", STICK[0], STICK[1] + path, *devices)
    with open(path, "rb") as file:
        after = hashlib.sha256(file.read()).hexdigest()
    tap.check(result.status == 0 and digest in result.output and after != digest and
              "after " + after in result.output and "QEMU USB HARDDRIVE" in result.output and
              "S1" in result.output and "reset" not in result.output,
              name + ": what the guest read and wrote is what is there", result)


def case_storage(tap, binary):
    """At super speed, and at high speed behind two hubs on the other controller."""
    with tempfile.TemporaryDirectory() as work:
        disk(tap, work, "super speed", binary, "-device", "qemu-xhci",
             "-device", "usb-storage,drive=stick,serial=S1")
        disk(tap, work, "hubs", binary, "-device", "nec-usb-xhci,id=usb",
             "-device", "usb-hub,bus=usb.0,port=2", "-device", "usb-hub,bus=usb.0,port=2.3",
             "-device", "usb-storage,drive=stick,serial=S1,bus=usb.0,port=2.3.8")


class Typist(pci.Operator):
    """Presses A, moves to a place and clicks, again and again until the host has gone."""

    def run(self):
        self.connect()
        self.wait("QMP", None, 10)
        self.ask("qmp_capabilities")
        place = [{"type": "abs", "data": {"axis": "x", "value": 0x4321}},
                 {"type": "abs", "data": {"axis": "y", "value": 0x1234}}]
        while self.open:
            self.ask("send-key", keys=[{"type": "qcode", "data": "a"}])
            for down in (True, False):
                button = {"type": "btn", "data": {"button": "left", "down": down}}
                self.ask("input-send-event", events=place + [button])
            place[0]["data"]["value"] ^= 1
            time.sleep(0.3)
        self.link.close()


EVENTS = """
for i in $(seq 100); do [ $(ls /dev/input | grep -c event) = 2 ] && break; sleep 0.1; done
for e in /sys/class/input/event*; do
    name=$(cat $e/device/name)
    echo "== $name"
    dd if=/dev/input/${e##*/} bs=24 count=12 2>/dev/null |
        hexdump -v -e '24/1 "%02x" "\\n"'
done
"""


def events(text):
    """Type, code and value of each, after two times of 8 bytes (linux/input.h)."""
    lines = re.findall("^[0-9a-f]{48}$", text, re.M)
    return {struct.unpack("<16xHHi", bytes.fromhex(line)) for line in lines}


def case_input(tap, binary):
    """Keys and movements of the host arrive as events of Linux."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "qmp")
        typist = Typist(path)
        typist.start()
        result = virtio.run(work, binary, ["xhci-pci", "usbhid"], EVENTS, "-qmp",
                            "unix:%s,server=on,wait=off" % path, "-device", "qemu-xhci",
                            "-device", "usb-kbd", "-device", "usb-hub,port=2",
                            "-device", "usb-tablet,port=2.1")
    keys, _, tablet = result.output.partition("QEMU USB Tablet")
    # KEY_A goes down and up; ABS_X, ABS_Y, BTN_LEFT
    tap.check(result.status == 0 and {(1, 30, 1), (1, 30, 0)} <= events(keys) and
              {(3, 1, 0x1234), (1, 272, 1), (1, 272, 0)} <= events(tablet) and
              {(3, 0, 0x4320), (3, 0, 0x4321)} & events(tablet),
              "keys, buttons and places", result)


class Plugger(pci.Operator):
    """Plugs a hub with a stick and takes both out with the hub, again and again."""

    def run(self):
        self.connect()
        self.wait("QMP", None, 10)
        self.ask("qmp_capabilities")
        while self.open:
            self.ask("device_add", driver="usb-hub", id="h", bus="usb.0", port="1")
            self.ask("device_add", driver="usb-storage", id="s", drive="stick", bus="usb.0",
                     port="1.2")
            time.sleep(4)
            self.ask("device_del", id="h")
            if self.open and self.wait("event", "DEVICE_DELETED", 10) is None:
                break
            time.sleep(2)
        self.link.close()


def case_hotplug(tap, binary):
    """A hub with a stick comes and goes under the guest's hands."""
    with tempfile.TemporaryDirectory() as work:
        path, image = os.path.join(work, "qmp"), os.path.join(work, "stick")
        digest = virtio.random_image(image, 4)
        plugger = Plugger(path)
        plugger.start()
        result = virtio.run(work, binary, ["xhci-pci", "usb-storage"], """
n=0
for i in $(seq 400); do
    d=$(ls /dev/sd? 2>/dev/null)
    if [ $n = 0 ] && [ -n "$d" ]; then
        dd if=$d of=/copy bs=64k 2>/dev/null && sha256sum < /copy && n=1 && echo plugged
    elif [ $n = 1 ] && [ -z "$d" ]; then
        echo gone; n=2
    elif [ $n = 2 ] && [ -n "$d" ]; then
        echo again; break
    fi
    sleep 0.1
done
true""", "-qmp", "unix:%s,server=on,wait=off" % path, "-device", "qemu-xhci,id=usb",
                            STICK[0], STICK[1] + image)
    tap.check(result.status == 0 and digest in result.output and
              re.search("plugged\ngone\nagain", result.output) is not None,
              "a hub and a stick come and go", result)


def case_u_boot(tap, binary):
    """Another driver: U-Boot lists a tree and reads the stick in it."""
    with tempfile.TemporaryDirectory() as work:
        image = os.path.join(work, "stick")
        virtio.random_image(image, 2)
        with open(image, "rb") as file:
            checksum = "==> %08x" % zlib.crc32(file.read(1 << 17))
        talk = firmware.Talk(firmware.host(
            binary, "-kernel", firmware.u_boot(), "-device", "qemu-xhci,id=usb", "-device",
            "usb-kbd", "-device", "usb-hub,bus=usb.0,port=2", STICK[0], STICK[1] + image,
            "-device", "usb-storage,drive=stick,bus=usb.0,port=2.4"))
        good = talk.expect("Hit any key") is not None
        talk.send("\n")
        good = good and talk.expect("=> ") is not None
        talk.send("usb reset; usb tree; usb read 81000000 0 100; crc32 81000000 20000\n")
        good = good and talk.expect("QEMU USB Keyboard") is not None and \
            talk.expect("QEMU USB HARDDRIVE") is not None and \
            talk.expect(checksum) is not None
        firmware.finish(tap, talk, good, "U-Boot reads a stick behind a hub")


class Sums(http.server.BaseHTTPRequestHandler):
    """GET gives the data."""
    data = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def log_message(self, *_):
        pass


def take(listener, sums):
    """Sums of what comes in over connections."""
    while True:
        try:
            link, _ = listener.accept()
        except OSError:
            return
        digest = hashlib.sha256()
        while True:
            data = link.recv(1 << 16)
            if not data:
                break
            digest.update(data)
        sums.append(digest.hexdigest())
        link.close()


def case_e1000e(tap, binary):
    """Eight megabytes in each direction arrive whole; large segments and small ones."""
    Sums.data = os.urandom(8 << 20)
    digest, sums = hashlib.sha256(Sums.data).hexdigest(), []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sums)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=take, args=(listener, sums), daemon=True).start()
    command = """
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
for i in $(seq 50); do [ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ] && break; sleep 0.1; done
cat /sys/class/net/eth0/address
ping -c 2 -W 5 10.0.2.2 > /dev/null && echo answered
wget -q -O /big http://10.0.2.2:%d/ && echo got $(sha256sum < /big)
nc 10.0.2.2 %d < /big
[ -e /dev/null ] && for n in 1 2 3; do head -c 1000 /big | nc 10.0.2.2 %d; done
ip link set eth0 promisc on; ip link set eth0 down; ip link set eth0 up; sleep 1
ping -c 1 -W 5 10.0.2.2 > /dev/null && echo answered-again
""" % (server.server_port, listener.getsockname()[1], listener.getsockname()[1])
    with tempfile.TemporaryDirectory() as work:
        result = virtio.run(work, binary, ["e1000e"], command, "-netdev", "user,id=n", "-device",
                            "e1000e,netdev=n,mac=52:54:00:aa:bb:cc")
    server.shutdown()
    listener.close()
    small = hashlib.sha256(Sums.data[:1000]).hexdigest()
    tap.check(result.status == 0 and result.output.split()[:2] == ["52:54:00:aa:bb:cc", "answered"]
              and "got " + digest in result.output and "answered-again" in result.output,
              "e1000e: what came is what was sent", result)
    tap.check(sums == [digest, small, small, small], "e1000e: and what went, too", result)


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    for name, function in sorted(globals().items()):
        if name.startswith("case_") and (not wanted or name[5:] in wanted):
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
