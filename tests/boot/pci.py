#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on the PCI Express bus of virt: what it lists, edu's registers and INTx, ports, hot plug.

pci.py HOST [CASE...]
"""
import json
import os
import socket
import sys
import tempfile
import threading
import time

import guest
import virtio

LIMIT = 240
LIST = "for d in /sys/bus/pci/devices/*; do echo ${d##*/} $(cat $d/vendor $d/device $d/class); done\n"
# $1: the device; its first BAR's address is in $bar
ENABLE = """d=/sys/bus/pci/devices/$1
echo 1 > $d/enable
set -- $(head -1 $d/resource)
bar=$1
"""


class Operator(threading.Thread):
    """Plugs a device and takes it out again, over QMP, until the host has gone. What happens before
    the guest is up it does not see."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.buffer, self.link, self.open = path, b"", None, True

    def connect(self):
        for _ in range(200):
            self.link = socket.socket(socket.AF_UNIX)
            try:
                self.link.connect(self.path)
                return
            except OSError:
                self.link.close()
                time.sleep(0.1)

    def wait(self, key, name, seconds):
        """The next message with that key (and name); None when it does not come in time."""
        until = time.monotonic() + seconds
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                message = json.loads(line)
                if key in message and name in (None, message[key]):
                    return message
            self.link.settimeout(max(until - time.monotonic(), 0.01))
            try:
                data = self.link.recv(4096)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            self.open = data != b""
            if not self.open:
                return None
            self.buffer += data

    def ask(self, command, **arguments):
        text = json.dumps({"execute": command, "arguments": arguments, "id": command})
        try:
            self.link.sendall(text.encode())
        except OSError:
            self.open = False
        return self.wait("id", command, 20) if self.open else None

    def run(self):
        self.connect()
        self.wait("QMP", None, 10)
        self.ask("qmp_capabilities")
        while self.open:
            self.ask("device_add", driver="edu", id="e", bus="p")
            time.sleep(4)
            # a guest that was not up has not seen the button: ask again
            for _ in range(LIMIT // 11):
                self.ask("device_del", id="e")
                if not self.open or self.wait("event", "DEVICE_DELETED", 11) is not None:
                    break
            time.sleep(2)
        self.link.close()


def boot(binary, command, *devices, modules=()):
    with tempfile.TemporaryDirectory() as work:
        pairs, load = virtio.module_files(work, modules)
        host = [binary, "--load-target=riscv", "-M", "virt", "-m", "256M", "-bios",
                guest.firmware(), "-display", "none", "-serial", "stdio", *devices]
        return guest.run_in_guest(host, load + command, LIMIT, files=pairs)


def has(result, *parts):
    return result.status == 0 and all(part in result.output for part in parts)


def case_list(tap, binary):
    """What libvirt puts on a command line, and a switch, and a bridge to conventional PCI."""
    port = ('{"driver":"pcie-root-port","port":%d,"chassis":%d,"id":"pci.%d","bus":"pcie.0",'
            '"multifunction":%s,"addr":"%s"}')
    result = boot(
        binary, LIST,
        "-device", port % (8, 1, 1, "true", "0x1"), "-device", port % (9, 2, 2, "false", "0x1.0x1"),
        "-device", "x3130-upstream,id=up,bus=pci.1", "-device",
        "xio3130-downstream,id=down,bus=up,chassis=5,slot=1", "-device", "edu,bus=down",
        "-device", "pcie-pci-bridge,id=old,addr=3", "-device", "edu,bus=old,addr=5")
    tap.check(has(result, "0000:00:00.0 0x1b36 0x0008 0x060000",
                  "0000:00:01.0 0x1b36 0x000c 0x060400", "0000:00:01.1 0x1b36 0x000c 0x060400",
                  "0000:01:00.0 0x104c 0x8232 0x060400", "0000:02:00.0 0x104c 0x8233 0x060400",
                  "0000:03:00.0 0x1234 0x11e8 0x00ff00", "0000:00:03.0 0x1b36 0x000e 0x060400",
                  ":05.0 0x1234 0x11e8 0x00ff00"), "Linux lists ports, switch and bridge", result)


def case_edu(tap, binary):
    """Registers through BAR 0; its interrupt arrives at a driver behind a root port."""
    command = "set -- 0000:01:00.0\n" + ENABLE + """
echo id $(devmem $bar 32)
devmem $((bar + 4)) 32 0x12345678
echo live $(devmem $((bar + 4)) 32)
devmem $((bar + 8)) 32 10
sleep 1
echo factorial $(devmem $((bar + 8)) 32)
echo "1234 11e8" > /sys/bus/pci/drivers/uio_pci_generic/new_id
(dd if=/dev/uio0 bs=4 count=1 2>/dev/null | od -An -tu4; echo interrupt taken) &
sleep 1
devmem $((bar + 0x60)) 32 1
wait
grep uio /proc/interrupts
"""
    result = boot(binary, command, "-device", "pcie-root-port,id=p", "-device", "edu,bus=p",
                  modules=["uio", "uio_pci_generic"])
    tap.check(has(result, "id 0x010000ED", "live 0xEDCBA987", "factorial 0x00375F00",
                  "interrupt taken", "uio_pci_generic"), "edu's registers and INTx", result)


# Debian's riscv64 kernel has no driver for slots, so the shell plays it. Slot control is at 0x70 of
# the port, slot status at 0x72: bit 0 is the button. 0x01c0 is power on, 0x07c0 power off.
SLOTS = r"""
d=/sys/bus/pci/devices
power() { printf "$1" | dd of=$d/0000:00:01.0/config bs=2 seek=56 count=1 conv=notrunc 2>/dev/null; }
pressed() { [ $(($(dd if=$d/0000:00:01.0/config bs=1 skip=114 count=1 2>/dev/null | od -An -tu1) & 1)) = 1 ]; }
for i in 1 2; do
    until [ -e $d/0000:01:00.0 ]; do power '\300\001'; echo 1 > /sys/bus/pci/rescan; sleep 1; done
    echo plugged $i $(cat $d/0000:01:00.0/device)
    until pressed; do sleep 1; done
    printf '\001\000' | dd of=$d/0000:00:01.0/config bs=2 seek=57 count=1 conv=notrunc 2>/dev/null
    echo 1 > $d/0000:01:00.0/remove
    power '\300\007'
    echo gone $i
done
"""


def case_hotplug(tap, binary):
    """A device comes and goes while Linux runs."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "qmp")
        operator = Operator(path)
        operator.start()
        result = boot(binary, SLOTS, "-device", "pcie-root-port,id=p,chassis=1", "-qmp",
                      "unix:%s,server=on,wait=off" % path)
        operator.join(5)
    tap.check(has(result, "plugged 1 0x11e8", "gone 1", "plugged 2 0x11e8", "gone 2"),
              "a device comes and goes twice", result)


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
