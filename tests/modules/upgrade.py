#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages are upgraded and downgraded under a guest that runs and goes on loading modules.

upgrade.py [--rounds N] [--modules FOLDER] [--other FOLDER] HOST

The host's module files lie in a folder of their own, and Linux runs from a disk and checks what it
reads. In each round all files are replaced, as dpkg or as rpm does it, now and then with the folder
itself or after a removal; then the guest gets an NVMe disk and a network, whose modules are not
loaded; both are taken out again and the modules unloaded. The program's own file is replaced, too.
All the time the modules are those that the host found first, query-modules tells the others, and at
the end no descriptor, mapping or memory is left over. Then a module is removed for good. The other
version is the same files with another number, or those of --other.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for part in ("boot", "qmp"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), part))
import guest  # noqa: E402  (the folders must be in the path first)
import hotplug  # noqa: E402
import qmp  # noqa: E402
import virtio  # noqa: E402

WARM = 3    # rounds until pools and caches are what they will be
LIMIT = 60  # seconds for what a step waits for
DEMAND = ("nvme", "net-user")

# Debian's kernel has no driver for slots, so the shell plays one: slot control is at 0x70, slot
# status at 0x72 with the button in bit 0 and presence in bit 6.
GUEST = r"""
d=/sys/bus/pci/devices
slot=$d/0000:00:04.0
power() { printf "$1" | dd of=$slot/config bs=2 seek=56 count=1 conv=notrunc 2>/dev/null; }
dd if=/dev/urandom of=/x bs=64k count=4 2>/dev/null
(n=0; while :; do
    dd if=/x of=/dev/vda bs=64k conv=fsync 2>/dev/null
    echo 3 > /proc/sys/vm/drop_caches
    cmp -n 262144 /x /dev/vda || echo "BAD data"
    n=$((n + 1)); echo "count $n"; sleep 0.3
done) &
echo ready
while :; do
    s=$(dd if=$slot/config bs=1 skip=114 count=1 2>/dev/null | od -An -tu1)
    for card in $(echo $slot/0000:*); do :; done
    if [ $((s & 1)) = 1 ]; then
        printf '\001\000' | dd of=$slot/config bs=2 seek=57 count=1 conv=notrunc 2>/dev/null
        [ -e $card/remove ] && echo 1 > $card/remove
        power '\300\007'
    elif [ $((s & 64)) = 64 ] && ! [ -e $card/vendor ]; then
        power '\300\001'
        echo 1 > /sys/bus/pci/rescan
        for i in $(seq 50); do n=$(echo /dev/nvme*n1); [ -b $n ] && break; sleep 0.1; done
        dd if=/x of=$n bs=64k conv=fsync 2>/dev/null && echo 3 > /proc/sys/vm/drop_caches &&
            cmp -n 262144 /x $n && echo used
    fi
    sleep 0.1
done
"""


def version_of(data):
    return re.search(rb'"version":"([^"]*)"', data).group(1).decode()


def renumber(data):
    """The same module with another version in its note; the bytes stay as many."""
    return re.sub(rb'("version":")([^"]*)', lambda m: m[1] + re.sub(rb"\d", b"9", m[2]), data)


class Packages:
    """What a package manager does to the folder of modules."""

    def __init__(self, folder, first, other, program):
        self.folder, self.sets, self.now = folder, (first, other), 0
        self.program = program
        os.mkdir(folder, 0o755)
        self.install(first, "{}")

    def install(self, files, temporary):
        for name, data in files.items():
            path = os.path.join(self.folder, name)
            beside = os.path.join(self.folder, temporary.format(name))
            with open(beside, "wb") as file:
                file.write(data)
            if beside != path:
                os.rename(beside, path)

    def dpkg(self, files):
        """The old file stays linked until the new one has its name."""
        for name in files:
            os.link(os.path.join(self.folder, name), os.path.join(self.folder, name + ".dpkg-tmp"))
        self.install(files, "{}.dpkg-new")
        for name in files:
            os.unlink(os.path.join(self.folder, name + ".dpkg-tmp"))

    def rpm(self, files):
        self.install(files, "{};673f2a10")

    def again(self, files):
        """Removed, and installed once more."""
        for name in files:
            os.unlink(os.path.join(self.folder, name))
        self.install(files, "{}.dpkg-new")

    def anew(self, files):
        """The folder goes as well."""
        shutil.rmtree(self.folder)
        os.mkdir(self.folder, 0o755)
        self.install(files, "{};673f2a10")

    def change(self, number):
        """The next version; the ways take turns. Returns the way's name."""
        self.now = 1 - self.now
        way = ("dpkg", "rpm", "dpkg", "rpm", "again", "dpkg", "rpm", "anew")[number // 2 % 8]
        getattr(self, way)(self.sets[self.now])
        shutil.copy(self.program, self.program + ".dpkg-new")
        os.rename(self.program + ".dpkg-new", self.program)
        return way


class Problem(Exception):
    """Something is not as it must be."""


def must(good, what):
    if not good:
        raise Problem(what)


class Soak:
    def __init__(self, packages, client, console, disk):
        self.packages, self.client, self.console, self.disk = packages, client, console, disk
        self.events = {}
        self.versions = {name[:-3]: version_of(data) for name, data in packages.sets[0].items()}
        self.others = {name[:-3]: version_of(data) for name, data in packages.sets[1].items()}

    def wait(self, name, /, **members):
        """Until that event comes; it is counted, and so are those before it."""
        while True:
            data = self.client.wait_event(name, LIMIT)
            self.events[name] = self.events.get(name, 0) + 1
            if all(data.get(key) == value for key, value in members.items()):
                return

    def check_told(self):
        """What is in force is of the first version; the difference is told when there is one."""
        for module in self.client.execute("query-modules"):
            if module["state"] == "absent" or "path" not in module:
                continue
            name, disk = module["name"], module.get("on-disk")
            must(module["state"] != "refused", f"{name} is refused: {module.get('message')}")
            must(module["version"] == self.versions[name], f"{name} is {module['version']}")
            if self.packages.now == 0:
                must(disk is None, f"{name} differs: {disk}")
            else:
                must(disk and disk["change"] == "replaced" and
                     disk["version"] == self.others[name], f"{name} is told as {disk}")

    def take_out(self, name):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            self.client.ask("device_del", id=name)
            try:
                self.wait("DEVICE_DELETED", device=name)
                return
            except (AssertionError, TimeoutError):
                pass  # a guest that was busy has not seen the button
        raise Problem(f"{name} was not taken out")

    def one_round(self, number):
        execute = self.client.execute
        self.packages.change(number)
        self.wait("MODULES_CHANGED")
        self.check_told()
        if number % 2:
            execute("module-load", name="nvme")
        execute("blockdev-add", **{"driver": "raw", "node-name": "hot",
                                   "file": {"driver": "file", "filename": self.disk}})
        execute("netdev_add", type="user", id="net")
        execute("device_add", driver="nvme", id="d", bus="p4", drive="hot", serial="one")
        for name in DEMAND:
            self.wait("MODULE_LOADED")
        self.console.wait("used", limit=LIMIT)
        self.check_told()
        self.take_out("d")
        execute("blockdev-del", **{"node-name": "hot"})
        execute("netdev_del", id="net")
        for name in DEMAND:
            execute("module-unload", name=name)
            self.wait("MODULE_UNLOADED", name=name)


def removal(tap, made, name="nvme"):
    """A package that is removed while its module is not loaded; then while it is no longer."""
    execute, path = made.client.execute, os.path.join(made.packages.folder, name + ".so")
    os.unlink(path)
    made.wait("MODULES_CHANGED")
    told = next(m for m in execute("query-modules") if m["name"] == name)
    tap.check(told["state"] == "available" and told["on-disk"] == {"change": "removed"},
              f"a module whose file was removed is there, and told so: {told['on-disk']}")
    execute("module-load", name=name)
    execute("module-unload", name=name)
    load = made.client.ask("module-load", name=name)
    plug = made.client.ask("device_add", driver=name, id="d", bus="p4")
    tap.check(all("error" in reply and "qemu-host-devices" in reply["error"]["desc"]
                  for reply in (load, plug)),
              "once it was unloaded, asking for it names the package that has it")
    if "error" not in load or "error" not in plug:
        tap.note(f"{load} {plug}")
    made.packages.install({name + ".so": made.packages.sets[0][name + ".so"]}, "{}.dpkg-new")
    execute("module-load", name=name)
    tap.check(True, "and when that is installed again it loads")


def maps(pid):
    """Mappings that have a file or are code; those of pools come and go."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return sum(1 for line in file if "/memfd:" in line and ".so" in line)


class Counts(hotplug.Counts):
    """Module files count here, unlike where builds go on meanwhile."""

    def __init__(self, pid):
        super().__init__(pid)
        self.open = []
        for n in os.listdir(f"/proc/{pid}/fd"):
            try:
                self.open.append(os.readlink(f"/proc/{pid}/fd/{n}"))
            except FileNotFoundError:
                pass  # closed since the folder was read
        self.open.sort()
        self.descriptors = len(self.open)
        self.maps = maps(pid)

    def __str__(self):
        return f"{super().__str__()}, {self.maps} mappings of modules"


def soak(tap, process, work, rounds, made):
    made.console.wait("ready", limit=240)
    first = None
    for number in range(rounds):
        made.one_round(number)
        if number == min(WARM, rounds // 2):
            first = Counts(process.pid)
            tap.note(f"after {number + 1} rounds: {first}")
        elif number % 20 == 19:
            tap.note(f"after {number + 1} rounds: {Counts(process.pid)}")
    tap.check(True, f"{rounds} rounds: {rounds * len(made.versions)} files replaced, "
              f"{rounds * len(DEMAND)} modules loaded on demand and unloaded")
    made.console.lines.queue.clear()
    reached = max(int(line.split()[1]) for line in made.console.seen if line.startswith("count "))
    made.console.wait(f"count {reached + 3}", limit=LIMIT)
    tap.check(made.client.execute("query-status")["status"] == "running" and
              not any(line.startswith("BAD") for line in made.console.seen),
              f"the guest has counted to {reached + 3} and found no wrong byte")
    time.sleep(11)  # idle threads of pools end
    last = Counts(process.pid)
    tap.note(f"at the end: {last}; events: {made.events}")
    if not tap.check(last.descriptors <= first.descriptors, "no descriptor is left over"):
        tap.note("then: %s\n# now: %s" % (" ".join(first.open), " ".join(last.open)))
    # of the pools' threads one more or less may just be there
    tap.check(last.maps <= first.maps and last.threads <= first.threads + 2,
              "no mapping of a module and no thread is left over")
    # code that is translated for the first time takes memory, too: about 100 KiB in a round would
    # be what a forgotten device takes
    tap.check(last.kilobytes - first.kilobytes < 16384 + 40 * rounds, "no memory is left over")
    changed = made.events["MODULES_CHANGED"] + \
        sum(event["event"] == "MODULES_CHANGED" for event in made.client.events)
    tap.check(rounds <= changed <= 2 * rounds and
              made.events["MODULE_LOADED"] == rounds * len(DEMAND),
              f"events: {changed} changes in {rounds} rounds, each load and unload once")
    removal(tap, made)
    made.client.ask("quit")
    tap.check(process.wait(30) == 0, "the host ends as it should")


def read_modules(folder):
    found = {}
    for path in glob.glob(os.path.join(folder, "*.so")) + \
            glob.glob(os.path.join(folder, "*", "*.so")):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = file.read()
    return found


def start(work, host, folder):
    pairs, load = virtio.module_files(work, ["virtio_blk", "nvme"])
    image = guest.initrd(os.path.join(work, "initrd"), load + GUEST, files=pairs)
    disks = [os.path.join(work, name) for name in ("disk", "hot")]
    for path in disks:
        with open(path, "wb") as out:
            out.truncate(8 << 20)
    return disks[1], subprocess.Popen(
        [host, "--module-path", folder, "--load-target=riscv", "-M", "virt", "-m", "256M", "-bios",
         guest.firmware(), "-display", "none", "-serial", "stdio", "-monitor", "none", "-kernel",
         guest.kernel(), "-initrd", image, "-append", "console=ttyS0 quiet loglevel=1", "-qmp",
         f"unix:{work}/qmp,server=on,wait=on", "-drive", "if=none,id=a,format=raw,file=" + disks[0],
         "-device", "virtio-blk-pci,drive=a,addr=2", "-device",
         "pcie-root-port,id=p4,chassis=4,slot=4,addr=4"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def connect(path):
    """The host needs a moment until it listens."""
    for _ in range(300):
        try:
            return qmp.Client(path)
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.1)
    raise Problem("the host does not listen")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--modules")
    parser.add_argument("--other")
    parser.add_argument("host")
    options = parser.parse_args()
    tap = guest.Tap()
    built = options.modules or os.path.join(os.path.dirname(options.host), "..", "modules")
    first = read_modules(built)
    other = read_modules(options.other) if options.other else \
        {name: renumber(data) for name, data in first.items()}
    other = {name: other[name] for name in first}
    with tempfile.TemporaryDirectory(prefix="upgrade-") as work:
        # away from its build, where it finds no modules but those it is told
        host = shutil.copy(options.host, os.path.join(work, "host"))
        packages = Packages(os.path.join(work, "modules"), first, other, host)
        disk, process = start(work, host, packages.folder)
        console = hotplug.Guest(process.stdout)
        console.start()
        limit = threading.Timer(240 + 60 * options.rounds, process.kill)
        limit.start()
        try:
            made = Soak(packages, connect(work + "/qmp"), console, disk)
            soak(tap, process, work, options.rounds, made)
        except (Problem, AssertionError, TimeoutError, ValueError, OSError) as error:
            tap.check(False, f"{type(error).__name__}: {error}")
            tap.note("\n# ".join(console.seen[-20:]))
        finally:
            limit.cancel()
            process.kill()
            process.wait()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
