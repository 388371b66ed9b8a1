#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system on a disk: it starts with systemd, someone logs in, a package is installed over
the network in user space, it is switched off, and the image is whole.

root.py [--target riscv64|aarch64] HOST IMAGE [CASE...]    IMAGE as tests/guest/mkroot makes it; each case works on an overlay
                                of its own. Cases: mmio (by default), pci, nvme, scsi
"""
import argparse
import functools
import glob
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import guest

LIMIT = 2400
CASES = {
    "mmio": ["/dev/vda", "-device", "virtio-blk-device,drive=disk", "-device",
             "virtio-net-device,netdev=net"],
    "pci": ["/dev/vda", "-device", "virtio-blk-pci,drive=disk", "-device",
            "virtio-net-pci,netdev=net"],
    "nvme": ["/dev/nvme0n1", "-device", "nvme,drive=disk,serial=one", "-device",
             "virtio-net-pci,netdev=net"],
    "scsi": ["/dev/sda", "-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk", "-device",
             "virtio-net-pci,netdev=net"],
}


class Console:
    """The guest's serial line."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.text, self.at, self.end = "", 0, time.monotonic() + LIMIT
        self.ready = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for data in iter(lambda: self.process.stdout.read1(65536), b""):
            with self.ready:
                self.text += data.decode(errors="replace").replace("\r", "")
                self.ready.notify()

    def expect(self, pattern):
        """The first match after the last one."""
        with self.ready:
            while True:
                match = re.compile(pattern).search(self.text, self.at)
                if match:
                    self.at = match.end()
                    return match
                left = self.end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.ready.wait(1)):
                    raise AssertionError("no %r in the console" % pattern)
                self.ready.wait(min(left, 1))

    def run(self, command):
        """What @command prints in the guest's shell."""
        self.process.stdin.write(b"%s; echo st''atus=$?\n" % command.encode())
        self.process.stdin.flush()
        start = self.at
        status = self.expect(r"status=(\d+)\n").group(1)
        if status != "0":
            raise AssertionError("%s: status %s" % (command, status))
        return self.text[start:self.at]


def repository(folder, arch):
    """A flat archive with one package, as apt reads it."""
    guest.fetch("trixie", arch, "hello")
    cache = os.environ.get("QEMU_HOST_GUEST_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "qemu-host", "guest")
    package = glob.glob(cache + "/apt/trixie-%s/archives/hello_*.deb" % arch)[0]
    shutil.copy(package, os.path.join(folder, "hello.deb"))
    fields = subprocess.run(["dpkg-deb", "-f", package], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    with open(os.path.join(folder, "Packages"), "w", encoding="utf-8") as out:
        with open(package, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        out.write("%s\nFilename: ./hello.deb\nSize: %d\nSHA256: %s\n" %
                  (fields.strip(), os.path.getsize(package), digest))


def serve(folder):
    """A web server on the loopback; its port."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def session(console, port):
    """What somebody would do there."""
    console.expect(r"root@guest")
    console.run("stty -echo cols 200")
    console.run("systemctl is-system-running --wait || systemctl --failed --no-pager")
    console.run("for i in $(seq 60); do ip -4 addr | grep -q 10.0.2.15 && break; sleep 1; done; "
                "ip -4 addr | grep 10.0.2.15")
    console.run("echo 'deb [trusted=yes] http://10.0.2.2:%d ./' > /etc/apt/sources.list" % port)
    console.run("apt-get -q -o Acquire::Languages=none update")
    console.run("apt-get -q -y install hello")
    greeting = console.run("hello")
    console.process.stdin.write(b"poweroff\n")
    console.process.stdin.flush()
    return "Hello, world!" in greeting


def case(tap, target, binary, image, name):
    disk, *devices = CASES[name]
    with tempfile.TemporaryDirectory() as work:
        copy, archive = os.path.join(work, "disk.qcow2"), os.path.join(work, "archive")
        os.mkdir(archive)
        repository(archive, target.arch)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b",
                        os.path.abspath(image), copy], check=True)
        subprocess.run([os.path.join(guest.GUEST, "mkroot"), "--initrd",
                        os.path.join(work, "initrd"), "--target", target.name], check=True)
        console = Console(
            [*target.host(binary), "-m", "1G", "-smp", "2", *target.firmware(), "-kernel",
             target.kernel(), "-initrd", os.path.join(work, "initrd"), "-append",
             "console=" + target.console + " root=" + disk +
             " systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900",
             "-blockdev", "driver=qcow2,node-name=disk,file.driver=file,file.filename=" + copy,
             "-netdev", "user,id=net", *devices])
        result = guest.Result(None, "", "", 0, 0)
        try:
            good = session(console, serve(archive))
            result.status = console.process.wait(max(console.end - time.monotonic(), 1))
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            good, result.errors = False, str(problem)
        console.process.kill()
        console.process.wait()
        result.output = console.text
        tap.check(good and result.status == 0, name + ": a package is installed, power off", result)
        check = guest.run(["qemu-img", "check", copy], 120)
        tap.check(check.status == 0, name + ": the image is whole", check)


def main():
    tap = guest.Tap()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="riscv64", choices=sorted(guest.TARGETS))
    parser.add_argument("host")
    parser.add_argument("image")
    parser.add_argument("cases", nargs="*", default=["mmio"])
    args = parser.parse_args()
    for name in args.cases:
        case(tap, guest.TARGETS[args.target], args.host, args.image, name)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
