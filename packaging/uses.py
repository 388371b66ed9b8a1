# SPDX-License-Identifier: GPL-2.0-or-later
"""What people do with installed packages, whatever kind they are of.

A room has `install(*names)` and `remove(*names)` for packages of ours, and `upgrade()` for all that
are installed. Everything else is the same for deb and rpm, and is checked here.
"""

import glob
import json
import os
import re
import shutil
import subprocess

import guests
import rooms

GUEST = os.path.join(rooms.ROOT, "tests", "guest")
MACHINE = ["--load-target=riscv64", "-M", "virt", "-m", "512M", "-serial", "stdio", "-kernel",
           "/guest/kernel", "-initrd", "/guest/initrd", "-append", "console=ttyS0 quiet",
           "-device", "pcie-root-port,id=port,addr=4"]
# Debian's kernel has no driver for slots: power is bit 10 of slot control, off when it is set.
LOOK = r"""printf '\300\001' | dd of=/sys/bus/pci/devices/0000:00:04.0/config bs=2 seek=56 count=1 \
conv=notrunc 2>/dev/null; echo 1 > /sys/bus/pci/rescan; sleep 1; cat /sys/bus/pci/devices/*/device"""


def make_guest(room):
    """Debian's kernel for riscv64, and a shell."""
    fetched = subprocess.run([GUEST + "/fetch", "trixie", "riscv64", "linux-image-riscv64",
                              "busybox-static"], check=True, stdout=subprocess.PIPE, text=True)
    linux, busybox = fetched.stdout.split()
    os.makedirs(room.outside("/guest"))
    shutil.copy(glob.glob(linux + "/boot/vmlinux-*")[0], room.outside("/guest/kernel"))
    subprocess.run([GUEST + "/mkinitramfs", room.outside("/guest/initrd"), "--busybox",
                    busybox + "/usr/bin/busybox"], check=True)


def target(qmp, name):
    return [t for t in qmp.ask("query-targets")["return"] if t["name"] == name][0]


def module(qmp, name):
    return [m for m in qmp.ask("query-modules")["return"] if m["name"] == name][0]


def check_core_alone(tap, room):
    """Returns the machine: it goes on."""
    room.install("qemu-host")
    done = room.run("qemu-host", "--version")
    tap.check("the core alone starts", None if "qemu-host" in done.stdout else done.stdout)
    empty = guests.Machine(room, "empty")
    found = target(empty.qmp, "riscv64")
    tap.check("query-targets names a target that is not installed, and its package",
              None if not found["installed"] and found.get("package") == "qemu-host-target-riscv"
              else found)
    reply = json.dumps(empty.qmp.ask("query-gic-capabilities"))
    tap.check("a command whose slot is empty names the package",
              None if "qemu-host-target-arm" in reply and "error" in reply else reply)
    done = room.run("qemu-host", "--load-target=riscv64", check=False)
    tap.check("so does --load-target, on the command line",
              None if done.returncode == 1 and "qemu-host-target-riscv" in done.stdout
              else done.stdout)
    return empty


def check_target(tap, room, empty):
    """Add a target to the host @empty, which ends; returns the machine of a guest."""
    room.install("qemu-host-devices", "qemu-host-target-riscv")
    tap.check("a host that runs hears of the new target",
              None if empty.qmp.event("MODULES_CHANGED") else "no MODULES_CHANGED")
    found = target(empty.qmp, "riscv64")
    tap.check("and has it at once", None if found["installed"] else found)
    tap.check("the host ends with 0", empty.quit())
    machine = guests.Machine(room, "guest", *MACHINE)
    machine.expect(r"~ # ")
    name = machine.shell("uname -sm")
    tap.check("Debian's kernel boots to a shell", None if name == "Linux riscv64" else name)
    return machine


def check_upgrade(tap, room, machine, old, new):
    """Upgrade all packages from version @old to @new while @machine runs."""
    machine.type("(while :; do echo x >> /ticks; sleep 1; done) &\n")
    room.upgrade()
    tap.check("the packages are upgraded",
              None if new in room.run("qemu-host", "--version").stdout else "the program is not")
    tap.check("a machine that runs hears of the upgrade",
              None if machine.qmp.event("MODULES_CHANGED") else "no MODULES_CHANGED")
    found = module(machine.qmp, "riscv")
    good = found["state"] == "loaded" and found["version"] == old
    tap.check("it keeps the module that it runs on", None if good else found)
    there = found.get("on-disk", {})
    tap.check("and tells which one is there now", None if there.get("version") == new else found)
    before = machine.shell("wc -l < /ticks")
    reply = machine.qmp.ask("device_add", driver="qemu-xhci", id="usb", bus="port")
    tap.check("a further module loads into it", None if "return" in reply else reply)
    found = module(machine.qmp, "usb")
    tap.check("of the build that the machine belongs to", None if found["version"] == old else found)
    cards = machine.shell(LOOK)
    tap.check("and its guest sees the new controller", None if "0x000d" in cards.split() else cards)
    after = machine.shell("wc -l < /ticks")
    tap.check("the guest has gone on all the time", None if int(after) > int(before) else after)


def check_removal(tap, room, machine):
    module(machine.qmp, "riscv")
    machine.qmp.events.clear()  # what has come until now was for the upgrade
    room.remove("qemu-host-target-riscv", "qemu-host-devices")
    tap.check("a machine that runs hears of a removal",
              None if machine.qmp.event("MODULES_CHANGED") else "no MODULES_CHANGED")
    answer = machine.shell("echo $((6*7))")
    tap.check("the guest goes on when its packages are removed", None if answer == "42" else answer)
    found = module(machine.qmp, "riscv")
    good = found["state"] == "loaded" and found.get("on-disk", {}).get("change") == "removed"
    tap.check("the target still is loaded, and said to be removed", None if good else found)
    tap.check("the machine ends with 0", machine.quit())


def check_compat(tap, room):
    room.install("qemu-host-compat", "qemu-host-devices", "qemu-host-target-riscv",
                 "qemu-host-target-arm")
    for name in ("riscv64", "riscv32", "aarch64", "arm64"):
        done = room.run("qemu-system-" + name, "-M", "help")
        tap.check(f"qemu-system-{name} has its board",
                  None if re.search(r"^ *virt ", done.stdout, re.M) else done.stdout)
    pages = room.shell("cd /usr/share/man/man1; for i in qemu-system-*; do test -f $i || echo $i; "
                       "done; ls qemu-system-arm64.1.gz >/dev/null").stdout
    tap.check("the manual has them", pages)


def run_life(tap, room, old, new, publish):
    """
    From the core alone to the removal of what a running guest uses. @publish makes version @new the
    one that `upgrade` finds.
    """
    machine = None
    try:
        machine = check_core_alone(tap, room)
        machine = check_target(tap, room, machine)
        publish()
        check_upgrade(tap, room, machine, old, new)
        check_removal(tap, room, machine)
    finally:
        if machine is not None:
            machine.kill()
