# SPDX-License-Identifier: GPL-2.0-or-later
"""What the boot tests share: guests from the cache, initramfs images, runs with a time limit, TAP."""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUEST = os.path.join(ROOT, "tests", "guest")


class Target:
    """A kind of guest: Debian's name of its architecture, kernel, console, and the host's options."""

    def __init__(self, name, arch, image, console, tells_status, suite="trixie"):
        self.name, self.arch, self.suite = name, arch, suite
        self.image, self.console = image, console
        self.tells_status = tells_status  # the board has a device that ends the host with a status

    def of(self, suite):
        """The same with the kernel of another suite."""
        return Target(self.name, self.arch, self.image, self.console, self.tells_status, suite)

    def package(self):
        """The unpacked package of the kernel."""
        return fetch(self.suite, self.arch, "linux-image-" + self.arch)[0]

    def kernel(self):
        return glob.glob(self.package() + self.image)[0]

    def firmware(self):
        """What starts it, as options."""
        return ["-bios", firmware()] if self.name == "riscv64" else ["-cpu", "max"]

    def host(self, binary, *more, machine="virt"):
        return [binary, "--load-target=" + self.name, "-M", machine, "-display", "none", "-serial",
                "stdio", *more]


RISCV = Target("riscv64", "riscv64", "/boot/vmlinux-*", "ttyS0", True)
ARM = Target("aarch64", "arm64", "/boot/vmlinuz-*", "ttyAMA0", False)
TARGETS = {target.name: target for target in (RISCV, ARM)}


def fetch(suite, arch, *packages):
    """Directories of unpacked packages."""
    done = subprocess.run([os.path.join(GUEST, "fetch"), suite, arch, *packages],
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def backends(binary):
    """What -accel tcg,backend= can be here. Compiled code also without a threshold: then all code
    is compiled, otherwise both kinds take turns."""
    found = ["interp"]
    probe = subprocess.run([binary, "--load-target=riscv64", "-accel", "tcg,backend=jit", "-S", "-M",
                            "virt", "-bios", "none", "-display", "none", "-serial", "null", "-qmp",
                            "stdio"], input='{"execute":"qmp_capabilities"}{"execute":"quit"}',
                           text=True, capture_output=True, timeout=60, check=False)
    if probe.returncode == 0:
        found += ["jit,jit-threshold=0", "jit"]
    else:
        print("# " + probe.stderr.strip())
    return found


def kernel():
    """Debian's riscv64 kernel."""
    return RISCV.kernel()


def firmware():
    """OpenSBI from sid: with that of Debian 12 a hart now and then starts the kernel a second time
    (docs/design/plan.md)."""
    folder, = fetch("sid", "all", "opensbi")
    return glob.glob(folder + "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")[0]


def initrd(path, command=None, trees=(), files=(), target=RISCV):
    """An initramfs at @path that runs @command, or a shell."""
    folder, = fetch("trixie", target.arch, "busybox-static")
    arguments = [os.path.join(GUEST, "mkinitramfs"), path, "--busybox",
                 folder + "/usr/bin/busybox"]
    if command is not None:
        arguments += ["--exec", command]
    for tree in trees:
        arguments += ["--tree", tree]
    for pair in files:
        arguments += ["--file", pair]
    subprocess.run(arguments, check=True)
    return path


class Result:
    """What a run came to; status is None after the time limit."""

    def __init__(self, status, output, errors, seconds, cpu):
        self.status, self.output, self.errors = status, output, errors
        self.seconds, self.cpu = seconds, cpu


def run(arguments, limit):
    """Run @arguments without input; both outputs as text with plain line ends."""
    before, start = os.times(), time.monotonic()
    # A group of its own: at the time limit its children have to end, too, or the pipes stay open.
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    after = os.times()
    cpu = after.children_user + after.children_system - \
        before.children_user - before.children_system
    clean = [re.sub(r"\r+\n", "\n", text.decode(errors="replace")) for text in (out, err)]
    return Result(status, clean[0], clean[1], time.monotonic() - start, cpu)


def run_in_guest(host, command, limit, trees=(), files=(), append="", target=RISCV):
    """Boot with @host (a command line without -kernel and -initrd), run @command in the guest."""
    with tempfile.TemporaryDirectory() as work:
        image = initrd(os.path.join(work, "initrd"), command, trees, files, target)
        reader = [sys.executable, os.path.join(GUEST, "console.py")]
        return run(reader + ([] if target.tells_status else ["--mark"]) +
                   [*host, "-kernel", target.kernel(), "-initrd", image, "-append",
                    ("console=%s quiet loglevel=1 %s" % (target.console, append)).strip()], limit)


class Tap:
    """Results as they come, in the Test Anything Protocol."""

    def __init__(self):
        self.number = self.bad = 0

    def check(self, good, name, result=None):
        self.number += 1
        self.bad += not good
        print("%sok %d - %s" % ("" if good else "not ", self.number, name), flush=True)
        if not good and result is not None:
            text = "status %s after %.1f s\n%s\n%s" % (result.status, result.seconds,
                                                       result.output[-3000:],
                                                       result.errors[-3000:])
            print("\n".join("# " + line for line in text.split("\n")), flush=True)
        return good

    def note(self, text):
        print("# " + text, flush=True)

    def end(self):
        print("1..%d" % self.number, flush=True)
        return 1 if self.bad else 0
