#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qemu-host-modcheck for package builds: notes, what packages provide and require.

usage: note.py --modcheck PROGRAM --modules BUILT_MODULES --root SOURCE_ROOT
"""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile


def elf(text, wide=True, big=False, owner=b"QEMUHOST\0", extra=b""):
    """The least file that has a note: file header, one program header, the note."""
    order = ">" if big else "<"
    head, phdr = (64, 56) if wide else (52, 32)
    data = text.encode() + b"\0"
    data += b"\0" * (-len(data) % 4)
    name = owner + b"\0" * (-len(owner) % 4)
    note = extra + struct.pack(order + "III", len(owner), len(text) + 1, 1) + name + data
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + b"\0" * 9
    word = "Q" if wide else "I"
    header = ident + struct.pack(order + "HHI" + word * 3 + "IHHHHHH", 3, 21, 1, 0, head, 0, 0,
                                 head, phdr, 1, 0, 0, 0)
    at = head + phdr
    if wide:
        program = struct.pack(order + "IIQQQQQQ", 4, 4, at, at, at, len(note), len(note), 4)
    else:
        program = struct.pack(order + "IIIIIIII", 4, at, at, at, len(note), len(note), 4, 4)
    return header + program + note


def note(**more):
    return json.dumps({"format": 1, "name": "odd", "version": "2.5", "license": "MIT",
                       "abi": [1, 0], "needs": {}, "offers": {}, **more})


class Kit:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def ask(self, *words, stdin=""):
        done = subprocess.run([self.args.modcheck, *words], input=stdin, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout, done.stderr

    def module(self, name):
        return os.path.join(self.args.modules, name, name + ".so")

    def abi(self):
        with open(os.path.join(self.args.root, "abi/base.h"), encoding="utf-8") as file:
            return re.findall(r"define QH_ABI_M\w+ (\d+)", file.read())


def good_cases(kit):
    major, minor = kit.abi()
    toy, serial = kit.module("null"), kit.module("serial")
    yield "--abi", kit.ask("--abi"), (0, f"{major}.{minor}\n", "")
    yield "--abi=deb", kit.ask("--abi=deb"), (0, f"qemu-host-abi-{major} (= {minor})\n", "")
    yield "--abi=rpm", kit.ask("--abi=rpm"), (0, f"qemu-host-abi({major}) = {major}.{minor}\n", "")
    with open(os.path.join(kit.args.root, "meson.build"), encoding="utf-8") as file:
        version = re.search(r"^  version: '(.*)'", file.read(), re.M).group(1)
    deb = f"qemu-host-target-null (= {version})\n"
    rpm = (f"qemu-host-module(null) = {version}\nqemu-host-module(serial) = {version}\n"
           f"qemu-host-target(null) = {version}\n")
    yield "what a target provides, deb", kit.ask("--provides=deb", toy, serial), (0, deb, "")
    yield "what modules provide, rpm", kit.ask("--provides=rpm", toy, serial), (0, rpm, "")
    yield ("names from standard input", kit.ask("--provides=rpm", stdin=f"{toy}\n{serial}\n\n"),
           (0, rpm, ""))
    yield ("one relation for two modules", kit.ask("--requires=deb", toy, serial),
           (0, f"qemu-host-abi-{major} (>= {minor})\n", ""))
    yield ("what a module requires, rpm", kit.ask("--requires=rpm", toy),
           (0, f"qemu-host-abi({major}) >= {major}.{minor}\n", ""))
    for title, wide, big in (("64 bits, little", True, False), ("64 bits, big", True, True),
                             ("32 bits, little", False, False), ("32 bits, big", False, True)):
        path = kit.file("other.so", elf(note(), wide, big))
        yield f"note of another machine, {title}", kit.ask("--note", path), (0, note() + "\n", "")
    gnu = struct.pack("<III", 4, 4, 3) + b"GNU\0abcd"
    path = kit.file("second.so", elf(note(), extra=gnu))
    yield "a note behind another", kit.ask("--note", path), (0, note() + "\n", "")
    path = kit.file("newer.so", elf(note(abi=[3, 14])))
    yield ("a module for another ABI", kit.ask("--requires=deb", path),
           (0, "qemu-host-abi-3 (>= 14)\n", ""))
    path = kit.file("upper.so", elf(note(offers={"target": [{"name": "Sparc_V9"}]})))
    yield ("a name that Debian does not take", kit.ask("--provides=deb", path),
           (0, "qemu-host-target-sparc-v9 (= 2.5)\n", ""))


def bad_cases(kit):
    toy = kit.module("null")
    whole = elf(note())
    usage = "it takes files, or one of"
    for title, words, status, text in (
            ("nothing to do", [], 2, usage),
            ("two things at once", ["--note", "--abi"], 2, usage),
            ("files for --abi", ["--abi=deb", toy], 2, usage),
            ("no time", ["--time=0", toy], 2, "--time takes from 1 to 3600"),
            ("time that is no number", ["--time=long", toy], 2, "long"),
            ("an unknown option", ["--frobnicate"], 2, "Unknown option --frobnicate"),
            ("unknown packages", ["--provides=ebuild", toy], 2, "known are deb and rpm"),
            ("unknown packages of the host", ["--abi=ebuild"], 2, "known are deb and rpm"),
            ("no such file", ["--note", kit.folder + "/none.so"], 1, "none.so': it cannot be op"),
            ("a directory", ["--note", kit.folder], 1, "it is no regular file"),
            ("a script", ["--note", __file__], 1, "it is no ELF file"),
            ("another program", ["--note", "/bin/sh"], 1, "it has no QEMUHOST note"),
            ("an empty file", ["--note", kit.file("empty", b"")], 1, "it is no ELF file"),
            ("a file cut short", ["--note", kit.file("cut", whole[:130])], 1, "no QEMUHOST note"),
            ("a note of nobody", ["--note", kit.file("n", elf(note(), owner=b"NOBODYS\0\0"))], 1,
             "no QEMUHOST note"),
            ("a note longer than the file",
             ["--note", kit.file("long", whole.replace(struct.pack("<III", 9, len(note()) + 1, 1),
                                                       struct.pack("<III", 9, 1 << 31, 1)))],
             1, "no QEMUHOST note"),
            ("a damaged note", ["--requires=deb", kit.file("d", elf("{"))], 1, "note is damaged"),
            ("a version with a blank", ["--provides=rpm", kit.file("v", elf(note(version="1 2")))],
             1, "version '1 2' of module 'odd' can be no package's"),
            ("a version without a digit",
             ["--provides=deb", kit.file("u", elf(note(version="undefined")))], 1,
             "version 'undefined'")):
        got = kit.ask(*words)
        yield title, got[0] == status and not got[1] and text in got[2], got
    got = kit.ask("--provides=deb", kit.folder + "/none.so", toy)
    yield ("a good file beside a bad one", got[0] == 1 and "none.so" in got[2] and
           got[1].startswith("qemu-host-target-null"), got)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modcheck", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--root", required=True)
    args = parser.parse_args()
    failed = count = 0
    with tempfile.TemporaryDirectory(prefix="modcheck-") as folder:
        kit = Kit(args, folder)
        cases = [(title, got == expected, f"{got} is not {expected}")
                 for title, got, expected in good_cases(kit)]
        for title, good, seen in cases + list(bad_cases(kit)):
            count += 1
            failed += not good
            print(f"{'ok' if good else 'not ok'} {count} - {title}")
            if not good:
                print(f"# {seen}")
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
