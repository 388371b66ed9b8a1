#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules and hosts of different minor versions.

usage: versions.py --root SOURCE_ROOT --build BUILD --load-one PROGRAM [--cc CC]

A newer host is made: the module host of the tree that tests/abi/newer makes, whose device table has
one more method and whose properties have one more member. A module of today must load in it and see
zeros where it says nothing; a module of that time must load in today's host when it needs nothing
new, and be refused with both versions named when it does. A host of another major refuses it.
"""

import argparse
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../modules"))

NEWER = 5
CHECK = """/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "abi/device.h"
#include "core/module/registry.h"
#include "core/module/services.h"
#include <stdio.h>

const void *qh_service_find(QhHost *host, const char *name, uint32_t major, uint32_t min_minor,
                            GError **error)
{
    return name;
}

int main(int argc, char **argv)
{
    g_autoptr(QhRegistry) registry = qh_registry_new(NULL);
    g_autoptr(GError) error = NULL;
    QhSlotRef ref = {0};

    if (!qh_registry_load(registry, argv[1], &error) ||
        !qh_registry_acquire(registry, "device", "subject-device", &ref, &error)) {
        printf("error: %s\\n", error->message);
        return 1;
    }
#if QH_ABI_MAJOR == 1
    const QhDeviceOps *ops = ref.ops;
    const QhPropertyTable *table = ops->properties;
    printf("size %d later %d more %s extra %d,%d reset %d\\n", ops->size == sizeof(*ops),
           ops->later == NULL, table->properties[1].name, (int)table->properties[0].later,
           (int)table->properties[1].later, ops->reset != NULL);
#endif
    qh_slot_release(&ref);
    return 0;
}
"""


def change(path, *pairs):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in pairs:
        if old not in text:
            raise RuntimeError(f"{path} has no '{old}'")
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def later_tree(root, folder, name, *options):
    tree = os.path.join(folder, name)
    run(os.path.join(os.path.dirname(os.path.abspath(__file__)), "newer"), str(NEWER), tree, "--root",
        root, *options)
    return tree


def run(*command, check=True):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and result.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}\n{result.stdout}")
    return result.stdout


class Kit:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.cc = shlex.split(args.cc)
        self.flags = shlex.split(run("pkg-config", "--cflags", "--libs", "glib-2.0"))
        self.tree = later_tree(args.root, folder, "newer")

    def host(self, tree):
        """The module host of @tree and what it needs."""
        out, check = os.path.join(tree, "host"), os.path.join(self.folder, "check.c")
        with open(check, "w", encoding="utf-8") as file:
            file.write(CHECK)
        sources = [path for path in glob.glob(os.path.join(tree, "core/module/*.c")) +
                   glob.glob(os.path.join(tree, "core/json/*.c"))
                   if not path.endswith("/services.c")]
        known = glob.glob(os.path.join(self.args.build, "core/module/known-modules.c"))
        run(*self.cc, "-w", "-O1", "-std=gnu17", "-D_GNU_SOURCE", "-I" + tree,
            "-I" + self.args.build, "-o", out, check, *sources, *known,
            os.path.join(tree, "core/os/fp-mode.c"), *self.flags, "-lm")
        return out

    def module(self, root, name, *pairs, abi=None):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        source = os.path.join(folder, "subject.c")
        shutil.copy(os.path.join(self.args.root, "tests/modules/subject.c"), source)
        change(source, *pairs)
        description = os.path.join(folder, "module.json")
        extra = f', "abi": {abi}' if abi else ""
        with open(description, "w", encoding="utf-8") as file:
            file.write('{"name": "subject", "license": "MIT", "package": "p", "needs": {}, '
                       f'"offers": {{"device": [{{"name": "subject-device"}}]}}{extra}}}')
        note = os.path.join(folder, "note.c")
        run(sys.executable, os.path.join(root, "modules/gen-note.py"), description, note)
        out = os.path.join(folder, "subject.so")
        run(*self.cc, "-w", "-shared", "-fPIC", "-fvisibility=hidden", "-I" + root, "-o", out,
            source, note, "-Wl,-z,noexecstack", *self.flags)
        return out


def cases(kit):
    """(title, whether it went well, what was seen)"""
    host = kit.host(kit.tree)
    today = kit.module(kit.args.root, "today", (".abi_minor = QH_ABI_MINOR", ".abi_minor = 0"),
                       abi="[1, 0]")
    seen = run(host, today, check=False)
    yield ("a module of minor 0 loads in a newer host, what it lacks is zero",
           "size 1 later 1 more more extra 0,0 reset 1" in seen, seen)

    newer = kit.module(kit.tree, "newer-modest", (".abi_minor = QH_ABI_MINOR", ".abi_minor = 0"),
                       (".reset = reset,", ".reset = reset, .later = (void (*)(void))reset,"),
                       abi="[1, 0]")
    seen = run(kit.args.load_one, f"load={newer}", "acquire=device/subject-device", check=False)
    yield ("a module of newer headers that needs nothing new loads",
           "load: ok" in seen and "acquire: ok" in seen, seen)
    seen = run(host, newer, check=False)
    yield ("the same module in the newer host is whole",
           "size 1 later 0 more more" in seen, seen)

    demanding = kit.module(kit.tree, "demanding")
    seen = run(kit.args.load_one, f"load={demanding}", check=False)
    yield ("a module that needs a newer minor is refused, both versions named",
           f"needs ABI 1.{NEWER}, this host has 1." in seen and "alive" in seen, seen)

    major = kit.host(later_tree(kit.args.root, kit.folder, "major", "--major"))
    seen = run(major, today, check=False)
    yield ("a module of today is refused by a host of another major, both versions named",
           f"it needs ABI 1.0, this host has 2.{NEWER}" in seen, seen)
    other = kit.module(kit.args.root, "other", (".abi_major = QH_ABI_MAJOR", ".abi_major = 2"),
                       abi="[2, 0]")
    seen = run(kit.args.load_one, f"load={other}", check=False)
    yield ("a module of another major is refused, both versions named",
           "needs ABI 2.0, this host has 1." in seen and "alive" in seen, seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--load-one", required=True)
    parser.add_argument("--cc", default="cc")
    args = parser.parse_args()
    failed = 0
    count = 0
    with tempfile.TemporaryDirectory(prefix="versions-") as folder:
        for title, good, seen in cases(Kit(args, folder)):
            count += 1
            failed += not good
            print(f"{'ok' if good else 'not ok'} {count} - {title}")
            if not good:
                print("# " + seen.replace("\n", "\n# "))
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
