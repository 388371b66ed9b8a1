#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How the module host behaves with good modules: finding, loading, absence, watching.

usage: registry.py --load-one PROGRAM --root SOURCE_ROOT [--cc CC] MODULE...
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bad import Workshop  # noqa: E402

COMMAND = (
    ('#include "abi/device.h"', '#include "abi/command.h"\n#include "abi/device.h"'),
    ("static const QhOffer offer = {",
     "static gboolean run(void *ctx, const void *args, void *result, GError **error)\n"
     "{ return TRUE; }\n"
     "static const QhCommandOps command = {.size = sizeof(QhCommandOps), .run = run,"
     " .digest = \"none\"};\nstatic const QhOffer offer = {"),
    ('.kind = "device"', '.kind = "command"'),
    ('.name = "subject-device"', '.name = "query-gic-capabilities"'),
    (".interface = QH_DEVICE_INTERFACE", ".interface = QH_COMMAND_INTERFACE"),
    (".ops = &device", ".ops = &command"),
)


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.shop = Workshop(args, folder)
        self.count = self.failed = 0

    def run(self, *commands, env=None):
        done = subprocess.run([self.args.load_one, *commands], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60,
                              env=dict(os.environ, LC_ALL="C", **(env or {})))
        return done.stdout if done.returncode == 0 else f"status {done.returncode}\n{done.stdout}"

    def check(self, title, good, seen=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {title}")
        if not good:
            print("# " + str(seen)[:2000].replace("\n", "\n# "))

    def matches(self, title, pattern, seen):
        self.check(title, re.search(pattern, seen, re.M | re.S) and seen.endswith("alive\n"), seen)

    def directory(self, name, *modules):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        for module in modules:
            shutil.copy(module, path)
        return path


def same_state(seen):
    states = [re.sub(r"fds \d+", "", line) for line in seen.splitlines()
              if line.startswith("state:")]
    return len(states) > 1 and len(set(states)) == 1


def test_own_modules(bench):
    for module in bench.args.module:
        name = os.path.splitext(os.path.basename(module))[0]
        seen = bench.run("state", f"load={module}", "state", f"unload={name}", f"load={module}",
                         f"unload={name}", "state")
        bench.check(f"{name} loads twice and leaves no trace",
                    seen.count(": ok") == 4 and same_state(seen), seen)
    folder = bench.directory("own", *bench.args.module)
    names = [os.path.splitext(os.path.basename(m))[0] for m in bench.args.module]
    seen = bench.run(f"dir={folder}", "scan", *(f"load={n}" for n in names), "state",
                     *(f"unload={n}" for n in names), "state")
    bench.check("all modules live together", seen.count(": ok") == 2 * len(names) and
                same_state(seen), seen)


def test_listed_properties(bench):
    """Boards and targets may list properties, which have to be those of their tables."""
    null = next(m for m in bench.args.module if os.path.basename(m) == "null.so")
    with open(null, "rb") as file:
        data = file.read()
    for title, text, said in (
            ("board", b'"description":"RAM and a port"', "properties of machine 'null:board'"),
            ("target", b'"description":"Toy CPU of sixteen instructions"',
             "properties of cpu 'null'")):
        room = len(text) - len(b'"properties":[{"name":""}]')
        listed = b'"properties":[{"name":"%s"}]' % (b"x" * room)
        path = os.path.join(bench.directory("listed-" + title), "null.so")
        with open(path, "wb") as file:
            file.write(data.replace(text, listed, 1))
        bench.matches(f"a {title} that lists a property it has not", "error: .*" + re.escape(said),
                      bench.run(f"load={path}"))


def test_finding(bench, good, command):
    first = bench.directory("first", good)
    second = bench.directory("second", good, command)
    seen = bench.run(f"dir={first}", f"dir={second}", "scan", "modules")
    found = json.loads(seen.splitlines()[0])
    states = [(m["path"], m["state"], m.get("reason")) for m in found if "path" in m]
    bench.check("the first directory wins, the second file is told", states == [
        (f"{first}/subject.so", "available", None), (f"{second}/gic.so", "available", None),
        (f"{second}/subject.so", "refused", "duplicate")], states)
    absent = {m["name"]: m for m in found if m["state"] == "absent"}
    bench.check("known modules are listed with their packages",
                absent.get("s390x", {}).get("package") == "qemu-host-target-s390x", absent)
    here = bench.run(f"dir={second}", "scan", "fingerprint")
    again = bench.run(f"dir={second}", "scan", "scan", "fingerprint")
    less = bench.run(f"dir={first}", "scan", "fingerprint")
    bench.check("the fingerprint depends on the notes and on nothing else",
                here == again and here != less and re.match(r"fingerprint: [0-9a-f]{64}\n", here),
                here + again + less)
    env = {"QEMU_HOST_MODULE_PATH": f":{first}:/nowhere"}
    bench.matches("QEMU_HOST_MODULE_PATH is searched", r"^load: ok$",
                  bench.run("scan", "load=subject", env=env))
    bench.matches("a missing directory is no error", r"^suggest: ", bench.run(
        "dir=/nowhere/at/all", "scan", "suggest=target/x"))


def test_demand(bench, good, command):
    folder = bench.directory("demand", good, command)
    start = (f"dir={folder}", "scan")
    bench.matches("a device loads its module", r"event: loaded subject\nacquire: ok",
                  bench.run(*start, "acquire=device/subject-device"))
    bench.matches("a command does not", r"acquire: error: no loaded module fills slot "
                  r"'command/query-gic-capabilities'; module 'gic' of package test-package would, "
                  r"but it is not loaded\nabsence: command/query-gic-capabilities\|gic\|"
                  r"test-package\|not-loaded",
                  bench.run(*start, "acquire=command/query-gic-capabilities"))
    bench.matches("a loaded module fills it, an unloaded one does not",
                  r"load: ok\nacquire: ok\nevent: unloaded gic\nunload: ok\nacquire: error: no "
                  r"loaded module",
                  bench.run(*start, "load=gic", "acquire=command/query-gic-capabilities",
                            "release", "unload=gic", "acquire=command/query-gic-capabilities"))
    bench.matches("loading again is no error", r"load: ok\nload: ok",
                  bench.run(*start, "load=gic", "load=gic"))
    bench.matches("unloading twice is", r"unload: ok\nunload: error: cannot unload module 'gic': "
                  r"it is not loaded", bench.run(*start, "load=gic", "unload=gic", "unload=gic"))


def test_absence(bench):
    empty = bench.directory("empty")
    start = (f"dir={empty}", "scan")
    for slot, module in (("command/dump-skeys", "s390x"), ("command/query-sev", "x86"),
                         ("command/query-gic-capabilities", "arm"), ("target/mips64el", "mips"),
                         ("cpu/sparc64", "sparc"), ("machine/ppc64:pseries", "ppc"),
                         ("device/ns16550", "serial")):
        package = "devices" if module == "serial" else f"target-{module}"
        bench.matches(f"{slot} is known to be of {module}",
                      rf"no loaded module fills slot '{slot}'; module '{module}' of package "
                      rf"qemu-host-{package} would, but it is not installed\n",
                      bench.run(*start, f"acquire={slot}"))
    bench.matches("what nobody knows is said to be unknown",
                  r"fills slot 'device/flux', and no known module would\nabsence: device/flux\|-\|"
                  r"-\|unknown", bench.run(*start, "acquire=device/flux"))
    bench.matches("a target that is not there", r"target: error: no loaded module fills slot "
                  r"'target/aarch64'; module 'arm' of package qemu-host-target-arm",
                  bench.run(*start, "target=aarch64"))
    bench.matches("a module that is not there", r"load: error: cannot load module 'arm': no file "
                  r"of that name in .*; package qemu-host-target-arm has it",
                  bench.run(*start, "load=arm"))
    refused = bench.directory("refused")
    with open(os.path.join(refused, "arm.so"), "wb") as file:
        file.write(b"x" * 100)
    bench.matches("a refused one is said to be refused", r"module 'arm' of package "
                  r"qemu-host-target-arm would, but it was refused: it is no ELF file",
                  bench.run(f"dir={refused}", "scan", "acquire=command/query-gic-capabilities"))
    for name, near in (("riscv46", "riscv64"), ("aarch46", "aarch64"), ("x86-64", "x86_64"),
                       ("qqqqqqqq", "-")):
        bench.matches(f"'{name}' is near to {near}", rf"suggest: {near}\n",
                      bench.run(*start, f"suggest=target/{name}"))


def test_change(bench, good, command):
    folder = bench.directory("watched", good)
    run = subprocess.Popen([bench.args.load_one, f"dir={folder}", "scan", "fingerprint",
                            "watch=1500", "fingerprint", "load=gic"], stdout=subprocess.PIPE,
                           text=True)
    first = run.stdout.readline()
    time.sleep(0.3)
    shutil.copy(command, folder)
    rest = run.communicate(timeout=60)[0]
    bench.check("a new file is noticed", "event: changed -" in rest and "load: ok" in rest and
                first not in rest, first + rest)
    path = os.path.join(bench.directory("mended"), "subject.so")
    with open(path, "wb") as file:
        file.write(b"#!/bin/sh\n" * 20)
    run = subprocess.Popen([bench.args.load_one, f"dir={os.path.dirname(path)}", "scan",
                            "load=subject", "pause", "load=subject"], stdout=subprocess.PIPE,
                           stdin=subprocess.PIPE, text=True)
    first = run.stdout.readline() + run.stdout.readline()
    shutil.copy(good, path)
    rest = run.communicate("\n", timeout=60)[0]
    bench.check("a file that was mended loads", "error: cannot load" in first and
                "load: ok" in rest, first + rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load-one", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("module", nargs="+")
    args = parser.parse_args()
    os.environ.pop("QEMU_HOST_MODULE_PATH", None)
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        bench = Bench(args, folder)
        good = bench.shop.good
        command = bench.shop.build("gic", name="gic", replace=COMMAND, note=lambda t: t.replace(
            '"device":[{"name":"subject-device"}]',
            '"command":[{"name":"query-gic-capabilities"}]'))
        test_own_modules(bench)
        test_listed_properties(bench)
        test_finding(bench, good, command)
        test_demand(bench, good, command)
        test_absence(bench)
        test_change(bench, good, command)
    print(f"1..{bench.count}")
    sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
    main()
