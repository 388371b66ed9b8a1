#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Module files that are replaced, removed and brought back while a host holds them.

usage: replaced.py --load-one PROGRAM --root SOURCE_ROOT [--cc CC]

Two modules: "subject" is loaded before anything changes, "gic" is wanted afterwards. Each exists in
version 1 and version 2. dpkg and rpm both write a new file beside the old one and rename it over.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bad import Workshop  # noqa: E402
from registry import COMMAND  # noqa: E402

WAIT = "watch=900"  # longer than a host takes to call it settled, also on a loaded machine


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.shop = Workshop(args, folder)
        self.count = self.failed = 0
        self.files = {}
        for version in ("1", "2"):
            self.files["subject", version] = self.make("subject", version)
            self.files["gic", version] = self.make("gic", version)
        self.files["gic", "abi"] = self.make("gic", "3", ('"abi":[1,0]', '"abi":[7,3]'))

    def make(self, name, version, *more, **options):
        def note(text):
            text = re.sub(r'"version":"[^"]*"', f'"version":"{version}"', text)
            if name == "gic":
                text = text.replace('"device":[{"name":"subject-device"}]',
                                    '"command":[{"name":"query-gic-capabilities"}]')
            for old, new in more:
                assert old in text, (old, text)
                text = text.replace(old, new)
            return text
        replace = list(COMMAND) if name == "gic" else []
        # other code, so that the files differ in more than their notes
        replace.append(("g_malloc0(16)", f"g_malloc0(16 + {int(version)})"))
        case = f"{name}-{version}-{len(more)}-{len(options)}"
        return self.shop.build(case, name=name, replace=replace, note=note, **options)

    def directory(self, *files):
        """A new folder of modules in version 1."""
        folder = tempfile.mkdtemp(dir=self.folder)
        os.chmod(folder, 0o755)
        for name in files or ("subject", "gic"):
            self.put(folder, name, "1")
        return folder

    def put(self, folder, name, version, suffix=".dpkg-new"):
        path = os.path.join(folder, name + ".so")
        shutil.copy(self.files[name, version], path + suffix)
        os.rename(path + suffix, path)

    def run(self, *commands, env=None):
        """Run load-one; a function among the commands is called while it pauses there."""
        words = ["pause" if callable(command) else command for command in commands]
        run = subprocess.Popen([self.args.load_one, *words], stdin=subprocess.PIPE, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=dict(os.environ, LC_ALL="C", **(env or {})))
        lines = []
        for action in filter(callable, commands):
            for line in run.stdout:
                if line == "paused\n":
                    break
                lines.append(line)
            action()
            run.stdin.write("\n")
            run.stdin.flush()
        lines += run.communicate(timeout=60)[0].splitlines(keepends=True)
        return "".join(lines) if run.returncode == 0 else f"status {run.returncode}\n" + \
            "".join(lines)

    def check(self, title, good, seen=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {title}", flush=True)
        for line in [] if good else str(seen).splitlines():
            print("# " + line[:400])

    def matches(self, title, pattern, seen):
        self.check(title, re.search(pattern, seen, re.M | re.S) and seen.endswith("alive\n"), seen)


def told(seen, name, nth=-1):
    """What the n-th answer of query-modules says of @name: state, version, on-disk."""
    answers = [json.loads(line) for line in seen.splitlines() if line.startswith("[{")]
    for module in answers[nth] if answers else []:
        if module.get("name") == name and module["state"] != "absent":
            return module["state"], module.get("version"), module.get("on-disk")
    return None


def descriptors(seen):
    return [int(number) for number in re.findall(r"^state:.* fds (\d+)", seen, re.M)]


def test_upgrade(bench):
    for suffix, manager in ((".dpkg-new", "dpkg"), (";65fa1c2e", "rpm")):
        folder = bench.directory()
        seen = bench.run(f"dir={folder}", "scan", "load=subject", "modules",
                         lambda: [bench.put(folder, name, "2", suffix)
                                  for name in ("gic", "subject")],
                         "scan", "modules", "load=gic", "modules", "unload=gic", "load=gic")
        bench.check(f"{manager} upgrades: what was found first is loaded, again and again",
                    len(re.findall("^load: ok", seen, re.M)) == 3 and told(seen, "gic")[:2] == ("loaded", "1"), seen)
        new = {"change": "replaced", "version": "2", "abi": "1.0"}
        bench.check(f"{manager} upgrades: the difference is told",
                    told(seen, "gic", 0) == ("available", "1", None) and
                    told(seen, "gic", 1) == ("available", "1", new) and
                    told(seen, "subject") == ("loaded", "1", new) and
                    told(seen, "gic") == ("loaded", "1", new), seen)
        bench.check(f"{manager} upgrades: one event", seen.count("event: changed") == 1, seen)


def test_demand(bench):
    folder = bench.directory()
    seen = bench.run(f"dir={folder}", "scan", "load=gic", lambda: bench.put(folder, "subject", "2"),
                     "acquire=device/subject-device", "modules", "release")
    bench.check("demand loads what was found first, without a scan in between",
                "acquire: ok" in seen and told(seen, "subject")[:2] == ("loaded", "1"), seen)
    seen = bench.run(f"dir={folder}", "scan", "fingerprint",
                     lambda: bench.put(folder, "subject", "1"), "scan", "modules", "load=subject", "modules", "fingerprint")
    prints = re.findall(r"fingerprint: (\w+)", seen)
    bench.check("with nothing loaded the new file is taken",
                told(seen, "subject", 0) == ("available", "1", None) and
                told(seen, "subject")[:2] == ("loaded", "1") and len(set(prints)) == 2, seen)


def test_other_abi(bench):
    folder = bench.directory()
    seen = bench.run(f"dir={folder}", "scan", "load=subject",
                     lambda: bench.put(folder, "gic", "abi"), "scan", "modules", "load=gic",
                     "modules", "unload=gic", f"load={folder}/gic.so")
    disk = told(seen, "gic")[2]
    bench.check("a file of another ABI is told, with both versions, and ours is loaded",
                "load: ok\n[" in seen and told(seen, "gic")[:2] == ("loaded", "1") and
                disk["abi"] == "7.3" and disk["reason"] == "abi-too-new" and
                re.search(r"needs ABI 7\.3, this host has 1\.", disk["message"]), seen)
    bench.matches("asked for by path it is refused, with both versions",
                  r"unload: ok\nload: error: cannot load module '[^']*/gic.so': it needs ABI 7\.3, "
                  r"this host has 1\.", seen)


def test_path(bench):
    folder = bench.directory()
    path = os.path.join(folder, "gic.so")
    seen = bench.run(f"dir={folder}", "scan", "load=subject", "load=gic",
                     lambda: bench.put(folder, "gic", "2"), f"load={path}", "scan", "unload=gic",
                     f"load={path}", "modules", "unload=gic", "load=gic", "scan", "modules")
    bench.matches("the path of a replaced file that is loaded is refused",
                  r"load: error: cannot load module '[^']*/gic.so': module 'gic' is loaded already",
                  seen)
    bench.check("after unloading, the path loads what is there now, and so does the name then",
                told(seen, "gic", 0) == ("loaded", "2", None) and
                told(seen, "gic") == ("loaded", "2", None), seen)


def test_removal(bench):
    folder = bench.directory()
    seen = bench.run(f"dir={folder}", "scan", "load=subject",
                     lambda: [os.unlink(os.path.join(folder, name + ".so"))
                              for name in ("subject", "gic")],
                     "scan", "modules", "acquire=device/subject-device", "release", "load=gic",
                     "modules", "unload=gic", "load=gic", "modules", "unload=subject",
                     "acquire=device/subject-device")
    gone = {"change": "removed"}
    bench.check("removal disturbs nothing that is loaded or wanted later",
                "acquire: ok" in seen and seen.count("load: ok") >= 2 and
                told(seen, "subject", 0) == ("loaded", "1", gone) and
                told(seen, "gic", 1) == ("loaded", "1", gone), seen)
    bench.matches("what was removed and unloaded is refused, by its name",
                  r"unload: ok\n(event: changed -\n)?load: error: cannot load module 'gic': no file "
                  r"of that name in "
                  + re.escape(folder), seen)
    bench.matches("and an empty slot says so", r"unload: ok\nacquire: error: no loaded module fills"
                  r" slot 'device/subject-device'", seen)
    bench.check("it is no longer listed", told(seen, "gic", 2) is None, seen)


def test_directory(bench):
    folder = bench.directory()

    def anew():
        os.rename(folder, folder + ".old")
        os.mkdir(folder, 0o755)
        for name in ("subject", "gic"):
            bench.put(folder, name, "2")

    def removed():
        shutil.rmtree(folder)

    def back():
        os.mkdir(folder, 0o755)
        for name in ("subject", "gic"):
            bench.put(folder, name, "1")

    seen = bench.run(f"dir={folder}", "scan", "load=subject", anew, "load=gic", "scan", "modules")
    bench.check("a directory that was made anew: ours is loaded, the other told",
                told(seen, "gic") == ("loaded", "1", {"change": "replaced", "version": "2",
                                                       "abi": "1.0"}), seen)
    seen = bench.run(f"dir={folder}", "scan", "load=subject", "watch=50", removed, WAIT, "modules",
                     back, WAIT, "modules", lambda: bench.put(folder, "gic", "2"), WAIT, "modules",
                     "load=gic", "modules")
    bench.check("a directory that goes, comes and changes is noticed each time",
                told(seen, "gic", 0) == ("available", "2", {"change": "removed"}) and
                told(seen, "gic", 1)[2]["version"] == "1" and
                told(seen, "gic", 2) == ("available", "2", None) and
                told(seen, "gic", 3) == ("loaded", "2", None) and
                seen.count("event: changed") == 3, seen)


def test_same_again(bench):
    folder = bench.directory()
    seen = bench.run(f"dir={folder}", "scan", "load=subject",
                     lambda: bench.put(folder, "gic", "1"), "scan", "modules")
    bench.check("the same module in a new file is no difference, and no event",
                told(seen, "gic") == ("available", "1", None) and "event: changed" not in seen,
                seen)
    path = os.path.join(folder, "gic.so")
    seen = bench.run(f"dir={folder}", "scan", "load=subject",
                     lambda: shutil.copyfile(bench.files["gic", "2"], path), "scan", "load=gic",
                     "modules")
    bench.check("a file that was written over is what it is now",
                told(seen, "gic") == ("loaded", "2", None), seen)


def test_library(bench):
    folder = bench.directory()
    library = os.path.join(folder, "libgone.so.1")
    source = os.path.join(folder, "gone.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("int gone(void) { return 1; }\n")
    bench.shop.cc("-shared", "-fPIC", "-o", library, source, "-Wl,-soname,libgone.so.1")
    needy = bench.make("gic", "4", ldflags=("-Wl,--no-as-needed", library, "-lglib-2.0"))
    bench.files["gic", "needy"] = needy
    bench.put(folder, "gic", "needy")
    env = {"LD_LIBRARY_PATH": folder}
    seen = bench.run(f"dir={folder}", "scan", "load=gic", "modules", env=env)
    bench.check("a module with a library of its own loads", told(seen, "gic")[0] == "loaded", seen)
    gone = f"dir={folder}", "scan", "load=subject"
    seen = bench.run(*gone, lambda: os.rename(library, library + ".old"), "load=gic", env=env)
    bench.matches("without the library it is refused", r"load: error: .*libgone", seen)
    os.rename(library + ".old", library)
    seen = bench.run(*gone, lambda: [os.rename(library, library + ".old"),
                                     bench.put(folder, "gic", "2")], "load=gic", "modules", env=env)
    bench.check("when an upgrade took the library along, the file that is there now is loaded",
                told(seen, "gic") == ("loaded", "2", None), seen)


def test_duplicates(bench):
    first, second = bench.directory(), bench.directory("gic")
    seen = bench.run(f"dir={first}", f"dir={second}", "scan", "scan", "modules",
                     lambda: os.unlink(os.path.join(first, "gic.so")), "scan", "modules",
                     "load=gic")
    states = [[m["state"] for m in json.loads(line) if m["name"] == "gic" and "path" in m]
              for line in seen.splitlines() if line.startswith("[{")]
    bench.check("the second file of a name is refused at each scan, until the first is gone",
                states == [["available", "refused"], ["available"]] and "load: ok" in seen,
                states)


def test_many(bench, rounds=1000):
    folder = bench.directory()
    commands = [f"dir={folder}", "scan", "load=subject", "scan", "state"]
    for number in range(rounds):
        version = "12"[number % 2]
        commands += [lambda v=version: [bench.put(folder, "gic", v),
                                        bench.put(folder, "subject", v)], "scan"]
    seen = bench.run(*commands, "state", "load=gic", "modules")
    counts = descriptors(seen)
    bench.check(f"{rounds} replacements leave no descriptor behind",
                len(counts) == 2 and counts[0] == counts[1] and
                told(seen, "gic")[:2] == ("loaded", "1"), (counts, seen[-500:]))
    folder = bench.directory("subject")
    commands = [f"dir={folder}", "scan", "load=subject", "watch=20", "state"]
    for number in range(12):
        commands += [lambda v="21"[number % 2]: bench.put(folder, "subject", v), "watch=260"]
    seen = bench.run(*commands, "state")
    counts, events = descriptors(seen), seen.count("event: changed")
    bench.check("nor do changes that are noticed", len(counts) == 2 and counts[0] == counts[1] and
                events > 5, (counts, events))


def test_restless(bench):
    folder = bench.directory()

    over = threading.Event()

    def restless():
        while not over.wait(0.1):
            with open(os.path.join(folder, "log"), "w", encoding="utf-8"):
                pass

    thread = threading.Thread(target=restless)
    bench.put(folder, "gic", "2")
    seen = bench.run(f"dir={folder}", "scan", "load=subject", "watch=20",
                     lambda: [thread.start(), bench.put(folder, "gic", "1")], "watch=6500")
    over.set()
    thread.join()
    bench.check("a folder that never rests is looked at all the same", "event: changed" in seen,
                seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load-one", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    args = parser.parse_args()
    os.environ.pop("QEMU_HOST_MODULE_PATH", None)
    with tempfile.TemporaryDirectory(prefix="replaced-") as folder:
        bench = Bench(args, folder)
        for test in (test_upgrade, test_demand, test_other_abi, test_path, test_removal,
                     test_directory, test_same_again, test_library, test_duplicates, test_many,
                     test_restless):
            test(bench)
    print(f"1..{bench.count}")
    sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
    main()
