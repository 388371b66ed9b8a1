#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware starts the Debian installer from a disk, and keeps its variables in flash.

firmware.py HOST [CASE...]
"""
import glob
import hashlib
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

import guest
import virtio

sys.path.insert(0, guest.GUEST)
import fat  # noqa: E402  pylint: disable=wrong-import-position

LIMIT = 150
INSTALLER = "debian-installer-13-netboot-%s"
EXTLINUX = """default install
timeout 1
label install
  kernel /debian-installer/%s/linux
  initrd /debian-installer/%s/initrd.gz
  append --- quiet
"""
# UEFI Shell Specification 2.2: the first file system that has this file runs it
STARTUP = ("@echo -off\r\n"
           "\\debian-installer\\%s\\linux initrd=\\debian-installer\\%s\\initrd.gz "
           "--- quiet\r\n")


class Talk:
    """A host whose serial line is read until something is seen, and answered."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.text = ""
        self.end = time.monotonic() + LIMIT

    def expect(self, *patterns):
        """Which of @patterns is seen first, from here on; None at the time limit or the end."""
        while True:
            for number, pattern in enumerate(patterns):
                found = re.search(pattern, self.text)
                if found:
                    self.text = self.text[found.end():]
                    return number
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            data = self.process.stdout.read(65536)
            if not data:
                return None
            self.text += data.decode(errors="replace")

    def send(self, text):
        self.process.stdin.write(text.encode())

    def close(self):
        """Stop it at once: nothing was promised to be written that is not."""
        before = os.times()
        self.process.kill()
        self.process.wait()
        after = os.times()
        return after.children_user + after.children_system - before.children_user - \
            before.children_system


def disk(path, target=guest.RISCV):
    """The installer on a disk, for both kinds of firmware."""
    arch = target.arch
    folder, = guest.fetch("trixie", "all", INSTALLER % arch)
    files = fat.tree(glob.glob(folder + "/usr/lib/debian-installer/images/13/%s/text/"
                               "debian-installer/%s" % (arch, arch))[0],
                     "/debian-installer/" + arch)
    files = {name: value for name, value in files.items()
             if name.endswith(("/linux", "/initrd.gz"))}
    files["/extlinux/extlinux.conf"] = (EXTLINUX % (arch, arch)).encode()
    files["/startup.nsh"] = (STARTUP % (arch, arch)).encode()
    fat.write(path, 160, files)
    return path


def host(binary, *more):
    return [binary, "--load-target=riscv", "-M", "virt", "-m", "1G", "-bios", guest.firmware(),
            "-display", "none", "-serial", "stdio", "-nodefaults", *more]


def installer_disk(image):
    return ["-drive", "if=none,id=disk,format=raw,readonly=on,file=" + image,
            "-device", "virtio-blk-pci,drive=disk,bootindex=1"]


def u_boot():
    folder, = guest.fetch("trixie", "all", "u-boot-qemu")
    return folder + "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin"


def edk2(work):
    """-drive pairs for code, which is read only, and a copy of the empty variables."""
    folder, = guest.fetch("trixie", "all", "qemu-efi-riscv64")
    folder += "/usr/share/qemu-efi-riscv64/"
    variables = os.path.join(work, "variables")
    if not os.path.exists(variables):
        shutil.copy(folder + "RISCV_VIRT_VARS.fd", variables)
    return ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + folder +
            "RISCV_VIRT_CODE.fd", "-drive", "if=pflash,unit=1,format=raw,file=" + variables]


def arm_host(binary, *more):
    return guest.ARM.host(binary, "-m", "1G", "-nodefaults", *more)


def arm_edk2(work):
    """The same of AAVMF."""
    folder, = guest.fetch("trixie", "all", "qemu-efi-aarch64")
    variables = os.path.join(work, "variables")
    if not os.path.exists(variables):
        shutil.copy(folder + "/usr/share/AAVMF/AAVMF_VARS.fd", variables)
    return ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + folder +
            "/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd",
            "-drive", "if=pflash,unit=1,format=raw,file=" + variables]


def finish(tap, talk, good, name):
    tail = talk.text[-1500:]
    cpu = talk.close()
    tap.check(good, name)
    tap.note("%.1f s CPU" % cpu if good else repr(tail))


ITEMS = """
cd /sys/firmware/qemu_fw_cfg/by_name
cat opt/org.example/text/raw; echo
sha256sum < opt/org.example/file/raw
tr '\\n' '|' < bootorder/raw | tr -d '\\0'; echo
od -An -tu2 etc/boot-menu-wait/raw
od -An -tx1 ../by_key/3/raw 2>/dev/null; ls ../by_key | wc -l
"""


def case_items(tap, binary):
    """What the user says is what Linux finds: files, the order of booting."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "file")
        data = bytes(range(256)) * 512
        with open(path, "wb") as out:
            out.write(data)
        result = virtio.run(
            work, binary, ["qemu_fw_cfg"], ITEMS, "-fw_cfg", "name=opt/org.example/text,string=a,,b",
            "-fw_cfg", "opt/org.example/file,file=" + path,
            "-boot", "menu=on,strict=on,splash-time=1234", "-netdev", "user,id=n",
            "-device", "virtio-net-pci,netdev=n,bootindex=7,addr=4.0",
            "-blockdev", "null-co,node-name=d,size=1M",
            "-device", "pcie-root-port,id=port,addr=5,chassis=1",
            "-device", "virtio-blk-pci,drive=d,bus=port,bootindex=2",
            "-blockdev", "null-co,node-name=e,size=1M",
            "-device", "virtio-blk-device,drive=e,bootindex=3",
            "-blockdev", "null-co,node-name=f,size=1M", "-device", "qemu-xhci,addr=6",
            "-device", "usb-hub,port=2", "-device", "usb-storage,drive=f,port=2.1,bootindex=5")
    order = ("/pci@0000000030000000/pci-bridge@5/scsi@0/disk@0,0|"
             "/virtio-mmio@0000000010001000/disk@0,0|"
             "/pci@0000000030000000/usb@6/hub@2/storage@1/channel@0/disk@0,0|"
             "/pci@0000000030000000/ethernet@4/ethernet-phy@0|HALT")
    lines = result.output.split("\n")
    tap.check(result.status == 0 and lines[:1] == ["a,b"] and
              hashlib.sha256(data).hexdigest() in result.output and order in lines and
              "1234" in result.output, "Linux reads what the user said", result)


def case_u_boot(tap, binary):
    """U-Boot in supervisor mode finds extlinux.conf on the disk."""
    with tempfile.TemporaryDirectory() as work:
        talk = Talk(host(binary, "-kernel", u_boot(), *installer_disk(disk(work + "/disk"))))
        good = talk.expect(r"U-Boot 20\d\d") is not None and \
            talk.expect("Retrieving file: .*linux") is not None and \
            talk.expect("Select a language") is not None
        finish(tap, talk, good, "U-Boot starts the installer")


def case_edk2(tap, binary):
    """EDK2 runs from flash; its shell starts the kernel, which is an EFI program."""
    for name, begin, flash, target, version in (
            ("riscv64", host, edk2, guest.RISCV, "EDK2 firmware version"),
            ("aarch64", arm_host, arm_edk2, guest.ARM, "UEFI firmware .version")):
        with tempfile.TemporaryDirectory() as work:
            talk = Talk(begin(binary, *flash(work), *installer_disk(disk(work + "/disk", target))))
            good = talk.expect(version) is not None and \
                talk.expect("Press .*ESC.* in 5 seconds to skip") is not None
            talk.send("\r")
            good = good and talk.expect("Select a language") is not None
            finish(tap, talk, good, "EDK2 starts the installer on " + name)


def shell(talk):
    """Wait for EDK2's shell."""
    if talk.expect("Press .*ESC.* in 5 seconds to skip") is None:
        return False
    talk.send("\x1b")
    return talk.expect("Shell>") is not None


def case_arm_kernel(tap, binary):
    """With firmware in -bios the kernel goes through fw_cfg; Linux goes by the ACPI tables."""
    folder, = guest.fetch("trixie", "all", "qemu-efi-aarch64")
    for version, msi in (("2", "GICv2m"), ("3", "ITS@")):
        result = guest.run_in_guest(
            guest.ARM.host(binary, "-m", "1G", "-smp", "2", "-bios",
                           folder + "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
                           machine="virt,gic-version=" + version),
            "nproc; dmesg; cat /proc/interrupts; ls /sys/firmware/acpi/tables "
            "/sys/bus/platform/devices", LIMIT, append="acpi=force", target=guest.ARM)
        tap.check(result.status == 0 and result.output.startswith("2\n") and
                  all(part in result.output for part in
                      ("_OSC: OS now controls [PCIeHotplug", "ACPI: button: Power Button", msi,
                       "ARMH0061:00", "LNRO0005:1f", "SPCR", "DBG2", "PPTT", "GTDT")),
                  "ACPI with GICv" + version, result)
        tap.note("%.1f s CPU" % result.cpu)


def case_variables(tap, binary):
    """What EDK2 writes to its flash is there after the host was killed."""
    keep(tap, binary, host, edk2)
    keep(tap, binary, arm_host, arm_edk2)


def keep(tap, binary, begin, flash):
    with tempfile.TemporaryDirectory() as work:
        talk = Talk(begin(binary, *flash(work)))
        good = shell(talk)
        talk.send("setvar Kept -guid 12345678-1234-1234-1234-123456789abc -bs -rt -nv =0x4b45\r")
        good = good and talk.expect("Shell>") is not None
        finish(tap, talk, good, "a variable is set")
        talk = Talk(begin(binary, *flash(work), "-smbios", "type=1,serial=Number 5,sku=none"))
        good = shell(talk)
        talk.send("setvar Kept -guid 12345678-1234-1234-1234-123456789abc\r")
        good = good and talk.expect("45 4B") is not None
        talk.send("smbiosview -t 1\r")
        good = good and talk.expect("SerialNumber: Number 5") is not None
        finish(tap, talk, good, "it is there after a restart, and EDK2 shows what -smbios says")


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
