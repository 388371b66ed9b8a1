#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of the next minor version, built whole, and the modules of today; and the other way round.

usage: next.py --root SOURCE_ROOT --build BUILD --host HOST [--cc CC] [--all]

The tree that tests/abi/newer makes is built beside the build under test: the host, and two modules
(--all: all). Each module of today loads in that host, and Linux boots and runs a disk with them.
So does the template of the SDK, built against the recorded headers. Modules of that tree are refused
by today's host with both versions named, and load in it when they are built against today's headers.
With a higher major each refuses the other's.
"""

import argparse
import os
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import builds  # noqa: E402
import dump  # noqa: E402
import rules  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
import guest  # noqa: E402
import virtio  # noqa: E402

MINOR = 5
FEW = ["modules/null/null.so", "modules/serial/serial.so"]
DISK = """
dd if=/dev/urandom of=/x bs=64k count=4 2>/dev/null
dd if=/x of=/dev/vda bs=64k conv=fsync 2>/dev/null
echo 3 > /proc/sys/vm/drop_caches
cmp -n 262144 /x /dev/vda && exit 42
"""


class Trees:
    def __init__(self, args):
        self.args, self.cc = args, args.cc
        self.scratch = os.path.join(args.build, "tests/abi/next")
        os.makedirs(self.scratch, exist_ok=True)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def source(self, name, *options):
        tree = self.path(name)
        builds.run(os.path.join(HERE, "newer"), str(MINOR), tree, "--root", self.args.root, *options,
                   env=dict(os.environ, CC=self.cc))
        return tree

    def build(self, name, targets, *options, tree=None):
        return builds.build(tree or self.path(name), self.path(name + "-build"), self.cc, targets,
                            *options)


def template(args, folder):
    """The template of the SDK in @folder, built as people do against the recorded headers."""
    source = os.path.join(args.root, "packaging/template")
    headers = os.path.join(args.root, "abi/baseline", builds.versions(args.root))
    note = os.path.join(os.path.dirname(folder), "template-note.c")
    builds.run(sys.executable, os.path.join(args.root, "modules/gen-note.py"), "--abi-header",
               os.path.join(headers, "abi/base.h"), os.path.join(source, "module.json"), note)
    flags = builds.run("pkg-config", "--cflags", "--libs", "glib-2.0")
    builds.run(*shlex.split(args.cc), "-shared", "-fPIC", "-std=gnu17", "-fvisibility=hidden",
               "-I" + headers, "-o", os.path.join(folder, "sum.so"), note,
               *(os.path.join(source, name) for name in ("module.c", "sum.c")),
               "-Wl,-z,relro,-z,now,-z,noexecstack", *shlex.split(flags))


def refused(tap, title, loads, theirs, ours):
    wrong = {name: error for name, error in loads.items()
             if error is None or f"it needs ABI {theirs}, this host has {ours}" not in error}
    tap.check(title, loads and not wrong, wrong)


def boot(tap, host, folder):
    """Linux with a disk, by modules that are older than the host."""
    work = os.path.dirname(folder)
    disk = os.path.join(work, "disk")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    pairs, load = virtio.module_files(work, ["virtio_blk"])
    alone = os.path.join(work, "host-alone")  # load_all has put it there
    for backend in ("interp", "jit"):
        result = guest.run_in_guest(
            guest.RISCV.host(alone, "-bios", guest.firmware(), "-accel", "tcg,backend=" + backend,
                             "--module-path", folder, "-drive", f"if=none,id=a,format=raw,file={disk}",
                             "-device", "virtio-blk-pci,drive=a"), load + DISK, 200, files=pairs)
        tap.check(f"Linux boots and uses a disk with them ({backend})", result.status == 42,
                  f"status {result.status}\n{result.output[-2000:]}\n{result.errors[-2000:]}")


def minor(tap, trees, today, old):
    tree = trees.source("minor")
    now, later = builds.versions(trees.args.root), builds.versions(tree)
    problems = list(rules.broken(dump.dump(trees.args.root, trees.cc), dump.dump(tree, trees.cc)))
    tap.check(f"all that is added between {now} and {later} is allowed", not problems, problems)
    host, = trees.build("minor", ["core/qemu-host"])
    loads, _ = builds.load_all(host, old)
    for name, error in loads.items():
        tap.check(f"{name} of {now} loads in a host of {later}", error is None, error)
    boot(tap, host, old)
    new = trees.build("minor", ["modules"] if trees.args.all else FEW)
    folder = builds.gather(new, trees.path("minor-modules"))
    loads, _ = builds.load_all(host, folder)
    tap.check(f"modules of {later} load in a host of {later}",
              loads and not any(loads.values()), loads)
    loads, _ = builds.load_all(today, folder)
    refused(tap, f"modules of {later} are refused by a host of {now}, both versions named", loads,
            later, now)
    back = trees.build("back", FEW, "-Dmodule-abi=" + now, tree=tree)
    loads, _ = builds.load_all(today, builds.gather(back, trees.path("back-modules")))
    tap.check(f"modules of that tree, built against {now}, load in a host of {now}",
              len(loads) == len(FEW) and not any(loads.values()), loads)


def major(tap, trees, today, old):
    tree = trees.source("major", "--major")
    now, other = builds.versions(trees.args.root), builds.versions(tree)
    new = trees.build("major", ["modules"] if trees.args.all else FEW)
    loads, _ = builds.load_all(today, builds.gather(new, trees.path("major-modules")))
    refused(tap, f"modules of {other} are refused by a host of {now}, both versions named", loads,
            other, now)
    if trees.args.all:
        host, = trees.build("major", ["core/qemu-host"])
        loads, _ = builds.load_all(host, old)
        refused(tap, f"modules of {now} are refused by a host of {other}, both versions named",
                loads, now, other)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    tap = builds.Tap()
    trees = Trees(args)
    old = builds.gather(builds.built(args.build), trees.path("today-modules"))
    try:
        template(args, old)
        minor(tap, trees, args.host, old)
        major(tap, trees, args.host, old)
    except RuntimeError as error:
        tap.check("the trees build", False, error)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
