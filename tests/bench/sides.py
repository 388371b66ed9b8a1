# SPDX-License-Identifier: GPL-2.0-or-later
"""What is compared: this machine, this host and a peer; and what they run."""
import hashlib
import os
import shutil
import subprocess
import sys

import agent

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
import guest  # noqa: E402  (the boot tests' helper)

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-fno-tree-vectorize", "-ffp-contract=off",
         "-static", "-pthread"]
APPEND = "console=%s quiet loglevel=1 rdinit=/bench/agent SHELL=/usr/bin/dash"
BOOT_LIMIT = 300


class Target:
    """What is emulated: @guest: the boot tests' target; @cross: its compiler; @cpu: -cpu, for both
    emulators; @first: options that start a file, and the address that first-NAME.S is linked to."""

    def __init__(self, target, cpu, option, address):
        self.guest, self.name, self.arch = target, target.name, target.arch
        self.triplet = self.name + "-linux-gnu"
        self.cpu, self.option, self.address = cpu, option, address

    def of(self, cpu):
        return Target(self.guest, cpu or self.cpu, self.option, self.address)

    def options(self):
        """What every machine of it gets."""
        return ["-cpu", self.cpu] if self.cpu else []


TARGETS = {target.name: target for target in (
    Target(guest.RISCV, None, "-bios", 0x80000000),
    Target(guest.ARM, "cortex-a72", "-kernel", 0x40200000))}


def compile_kernels(compiler, output):
    """The agent with all kernels, for the machine that @compiler makes code for."""
    folder = os.path.join(HERE, "kernels")
    sources = sorted(os.path.join(folder, name) for name in os.listdir(folder)
                     if name.endswith(".c"))
    subprocess.run([compiler, *FLAGS, "-o", output, *sources, "-lm"], check=True)
    return output


def digest(*paths):
    """What the work is: rows of another source are other rows."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as f:
            total.update(f.read())
    return total.hexdigest()[:12]


def enter(root):
    """What runs a command with @root as its root."""
    if not root:
        return []
    return ["chroot", root] if os.getuid() == 0 else ["unshare", "--map-root-user", "chroot", root]


class Native:
    """This machine; @root: a folder to run the agent in as its root."""

    name = "native"

    def __init__(self, binary, root=None):
        self.binary, self.root, self.agent = binary, root, None

    def ready(self):
        """A running agent."""
        if not self.agent:
            self.agent = agent.Agent([*enter(self.root), self.binary], False, None,
                                     {**os.environ, "SHELL": "/usr/bin/dash"})
            self.agent.until("@ready", 10)
        return self.agent

    def stop(self):
        if self.agent:
            self.agent.stop()
            self.agent = None


class Emulator(Native):
    """@command: the program and what it needs; @root: a folder to run it in as its root."""

    def __init__(self, name, target, command, root, image, log, memory="1G"):
        super().__init__(None)
        self.target = target
        self.name, self.root, self.log, self.memory = name, root, log, memory
        self.command = [*enter(root), *command]
        self.image, self.broken = image, False
        self.copies = "/var/tmp/qemu-host-bench-%d" % os.getpid()
        self.version = self.ask_version(command[0])

    def ask_version(self, program):
        try:
            done = subprocess.run([*enter(self.root), program, "--version"], text=True, check=True,
                                  stdout=subprocess.PIPE)
        except (OSError, subprocess.CalledProcessError) as error:
            raise agent.Failure("%s --version: %s" % (program, error)) from error
        return done.stdout.split("\n")[0]

    def visible(self, path):
        """@path as the program sees it: with another root, a copy below that."""
        if not self.root:
            return path
        inside = os.path.join(self.copies, os.path.basename(path))
        os.makedirs(self.root + self.copies, exist_ok=True)
        if not os.path.exists(self.root + inside):
            shutil.copy(path, self.root + inside)
        return inside

    def clear(self):
        """Stop, and remove the copies."""
        self.stop()
        if self.root:
            shutil.rmtree(self.root + self.copies, ignore_errors=True)

    def arguments(self, image=None, memory=None, cpus=1, more=()):
        return [*self.command, "-M", "virt", *self.target.options(), "-m", memory or self.memory, "-smp", str(cpus),
                "-display", "none", "-serial", "stdio", "-monitor", "none",
                "-kernel", self.visible(self.target.guest.kernel()),
                "-initrd", self.visible(image or self.image),
                "-append", APPEND % self.target.guest.console, *more]

    def boot(self, image=None, memory=None, cpus=1, more=()):
        """A guest whose agent is ready, and the CPU seconds that took."""
        started = agent.Agent(self.arguments(image, memory, cpus, more), True, self.log)
        try:
            started.until("@ready", BOOT_LIMIT)
        except agent.Failure:
            started.stop()
            raise
        return started, started.cpu()

    def ready(self):
        if self.broken:
            raise agent.Failure("it did not boot before")
        if not self.agent:
            self.broken = True
            self.agent, _ = self.boot()
            self.broken = False
        return self.agent
