#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's arm64 kernels on the board virt: CPU models, GICs, PSCI, disks and networks, firmware.

arm.py HOST [CASE...]
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading

import boot
import guest
import pci
import virtio

LIMIT = 240
HERE = os.path.dirname(os.path.abspath(__file__))
ARM = guest.ARM


def run(binary, command, *more, machine="virt", drivers=(), target=ARM, append=""):
    with tempfile.TemporaryDirectory() as work:
        pairs, load = virtio.module_files(work, drivers, target)
        host = target.host(binary, "-m", "512M", *more, machine=machine)
        return guest.run_in_guest(host, (load if drivers else "") + command, LIMIT, files=pairs,
                                  append=append, target=target)


def has(result, *parts):
    return result.status == 0 and all(re.search(part, result.output) for part in parts)


def case_exec(tap, binary):
    """A command's output and status come through; what the guest sees of the board."""
    result = run(binary, "uname -m; grep -c ^processor /proc/cpuinfo; cat /proc/interrupts; exit 7")
    tap.check(result.status == 7 and re.search(r"aarch64\n1\n", result.output) and
              re.search(r"GIC-0 +27 Level +arch_timer", result.output), "a command in the guest",
              result)
    tap.note("boot, command, power off: %.1f s, %.1f s of CPU" % (result.seconds, result.cpu))


def case_models(tap, binary):
    """Other CPU models, and GICv3 with its ITS."""
    for model, part in (("cortex-a72", "0xd08"), ("max", "0x051")):
        result = run(binary, "grep 'CPU part' /proc/cpuinfo; cat /proc/interrupts", "-cpu", model,
                     machine="virt,gic-version=3")
        tap.check(has(result, part, r"GICv3 +27 Level +arch_timer"), "%s with GICv3" % model,
                  result)
        tap.note("%.1f s of CPU" % result.cpu)


def case_el2(tap, binary):
    """virtualization=on: Linux stays at EL2 with VHE, and keeps a hypervisor there without."""
    for model, version, mode in (("max", "3", "VHE mode initialized"),
                                 ("cortex-a72", "2", "Hyp nVHE mode initialized")):
        result = run(binary, "dmesg | grep -e 'started at' -e kvm; nproc", "-cpu", model, "-smp",
                     "2", machine="virt,virtualization=on,gic-version=" + version)
        tap.check(has(result, "started at EL2", mode, r"\n2\n"), "%s at EL2" % model, result)


SMP = "nproc; for i in 0 1 2 3; do taskset -c $i sh -c 'i=0; while [ $i -lt 500 ]; do " \
    "i=$((i+1)); done' & done; wait; echo 0 > /sys/devices/system/cpu/cpu3/online && nproc; " \
    "echo 1 > /sys/devices/system/cpu/cpu3/online && nproc"


def case_smp(tap, binary):
    """Four PEs through PSCI; one is turned off and on again."""
    for version in ("2", "3"):
        result = run(binary, SMP, "-smp", "4", machine="virt,gic-version=" + version)
        tap.check(result.status == 0 and result.output.split() == ["4", "3", "4"],
                  "four PEs with GICv" + version, result)
        tap.note("%.1f s of CPU" % result.cpu)


def case_bookworm(tap, binary):
    """The kernel of Debian 12, 6.1."""
    result = run(binary, "uname -r; nproc", "-smp", "4", target=ARM.of("bookworm"))
    tap.check(has(result, r"6\.1\.", r"\n4\n"), "Debian 12's kernel", result)


DISK = "cat /sys/block/vda/size; dd if=/dev/zero of=/dev/vda bs=64k count=16 conv=fsync " \
    "2>/dev/null && dd if=/dev/vda bs=64k count=16 2>/dev/null | md5sum; " \
    "ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; sleep 1; " \
    "ping -c 3 -W 5 10.0.2.2 >/dev/null && echo answered; cat /proc/interrupts"


def case_devices(tap, binary):
    """A disk and a network, over PCI with MSI-X through the v2m frame and the ITS, and over MMIO."""
    for name, machine, suffix, line in (
            ("PCI, v2m", "virt,gic-version=2", "pci", r"MSI"),
            ("PCI, ITS", "virt,gic-version=3", "pci", r"ITS-(PCI-)?MSI"),
            ("PCI, INTx", "virt,gic-version=3,its=off", "pci", r"GICv3 +3[5-8] "),
            ("MMIO", "virt", "device", r"GIC-0 +(4[89]|[5-7][0-9]) ")):
        with tempfile.TemporaryDirectory() as work:
            image = os.path.join(work, "disk")
            with open(image, "wb") as file:
                file.truncate(4 << 20)
            result = run(binary, DISK, "-smp", "2", "-drive", "if=none,id=d,format=raw,file=" + image,
                         "-device", "virtio-blk-%s,drive=d" % suffix, "-netdev", "user,id=n",
                         "-device", "virtio-net-%s,netdev=n" % suffix, machine=machine,
                         drivers=["virtio_mmio", "virtio_blk", "virtio_net"])
        tap.check(has(result, "^8192\n", "b6d81b360a5672d80c27430f39153e2c", "answered", line), name,
                  result)


def case_debug(tap, binary):
    """Breakpoints and watchpoints of the PE, and a counter that interrupts, by perf events."""
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "debug")
        subprocess.run(["aarch64-linux-gnu-gcc", "-O1", "-nostdlib", "-static", "-ffreestanding",
                        "-fno-stack-protector", "-o", program, os.path.join(HERE, "arm-debug.c")],
                       check=True)
        for model, machine in (("max", "virt,gic-version=3"), ("cortex-a57", "virt")):
            host = ARM.host(binary, "-m", "512M", "-cpu", model, machine=machine)
            result = guest.run_in_guest(host, "/debug", LIMIT, files=[program + ":/debug"],
                                        target=ARM)
            tap.check(result.output.split() == ["break", "05", "watch", "07", "read", "03",
                                                "sampled", "01"], model, result)


def case_button(tap, binary):
    """system_powerdown reaches Linux as a key; the guest ends itself."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "qmp")

        def press():
            operator = pci.Operator(path)
            operator.connect()
            operator.wait("QMP", None, 10)
            operator.ask("qmp_capabilities")
            while operator.open:
                operator.ask("system_powerdown")
                operator.wait("event", "SHUTDOWN", 3)
            operator.link.close()

        thread = threading.Thread(target=press, daemon=True)
        thread.start()
        result = run(binary, "dd if=/dev/input/event0 bs=24 count=1 2>/dev/null | od -An -tx2 | "
                     "head -2; echo pressed", "-qmp", "unix:%s,server=on,wait=off" % path,
                     drivers=["evdev", "gpio_keys"])
        thread.join(20)
    tap.check(has(result, r"0001 0074 0001 0000", "pressed"), "the power button", result)


def case_reboot(tap, binary):
    """reboot resets the board, all PEs; -no-reboot makes it the end."""
    with tempfile.TemporaryDirectory() as work:
        image = guest.initrd(os.path.join(work, "initrd"), target=ARM)
        command = ARM.host(binary, "-m", "512M", "-smp", "2", "-kernel", ARM.kernel(), "-initrd",
                           image, "-append", "console=ttyAMA0 quiet")
        status, text = boot.converse(command, [(r"~ # ", "reboot\n"), (r"Restarting", ""),
                                               (r"~ # ", "echo $(nproc)-\n"),
                                               (r"2-", "poweroff\n")], LIMIT)
        if not tap.check(status == 0, "the board boots again after a reset"):
            tap.note("status %s: %r" % (status, text[-2000:]))


def case_determinism(tap, binary):
    """Two PEs under -icount: the second one starts at the same instruction each time."""
    runs = [run(binary, "cat /proc/uptime /proc/interrupts", "-smp", "2", "-icount",
                "shift=3,sleep=off", "-seed", "7", "-rtc", "base=2026-01-31T12:00:00",
                machine="virt,gic-version=3") for _ in range(2)]
    tap.check(runs[0].status == 0 and "arch_timer" in runs[0].output and
              runs[0].output == runs[1].output, "twice the same", runs[1])
    tap.note("%.1f s of CPU" % (runs[0].cpu + runs[1].cpu))


def image(offset, size, flags):
    """The header of a kernel (Linux, booting.rst)."""
    return struct.pack("<QQQQ24x4sI", 0, offset, size, flags, b"ARM\x64", 0).ljust(4096, b"\0")


def case_refusals(tap, binary):
    """What the board does not have, and kernels that it cannot start."""
    with tempfile.TemporaryDirectory() as work:
        for machine, more, why in (
                ("secure=on", [], "there is no EL3"), ("mte=on", [], "memory has no tags"),
                ("ras=on", [], "not modelled"), ("iommu=smmuv3", [], "it takes one of: none"),
                ("gic-version=2", ["-smp", "9"], "serves 8 CPUs at most"),
                ("", ["-smp", "65"], "at most 64 CPUs"),
                ("highmem=off", ["-m", "4G"], "room for 3072 MiB of RAM with highmem=off"),
                ("", ["-m", "16M", "-kernel", ARM.kernel()], "larger than the 16 MiB"),
                ("", [image(0x80000000, 4096, 0)], "text offset"),
                ("", [image(0, 1 << 62, 0)], "more memory than the guest has"),
                ("", [image(0, 1 << 26, 0), "-m", "64M"], "do not fit into 64 MiB"),
                ("", [image(0, 4096, 1)], "a big-endian kernel")):
            if more and isinstance(more[0], bytes):
                path = os.path.join(work, "image")
                with open(path, "wb") as file:
                    file.write(more[0])
                more = ["-kernel", path, *more[1:]]
            result = guest.run(ARM.host(binary, "-S", *more, machine="virt," + machine), 10)
            tap.check(result.status == 1 and why in result.errors, why, result)


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
