#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of packages: what a module's `package` says, Debian's packages, RPM's, and the page.

usage: names.py [ROOT] (TAP on the standard output). Each check gets the text of the files it reads, so
that the second half can show for each that it finds what it is there for.
"""

import glob
import json
import os
import re
import sys

SPEC = "packaging/rpm/qemu-host.spec"
CONTROL = "packaging/debian/control"
CHANGELOG = "packaging/debian/changelog"
PAGE = "docs/design/packaging.md"
KNOWN = "modules/known.json"
# our own, which QEMU has no program for
OWN_TARGETS = ("null",)
# packages without a module
PLAIN = {"qemu-host", "qemu-host-compat", "qemu-host-dev"}


def read_tree(root):
    """Path -> text of all files that are compared."""
    paths = [SPEC, CONTROL, CHANGELOG, PAGE, KNOWN, "meson.build", "modules/virtio/classes.json"]
    paths += [os.path.relpath(p, root) for p in glob.glob(os.path.join(root, "modules/*/module.json"))]
    tree = {}
    for path in paths:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            tree[path] = file.read()
    return tree


def modules(tree):
    """Module -> what its JSON says: name, package, offers."""
    found = {}
    for path in sorted(tree):
        if path.endswith("/module.json"):
            told = json.loads(tree[path])
            found[told["name"]] = told
        elif path.endswith("/classes.json"):
            told = json.loads(tree[path])
            found[told["module"]["name"]] = dict(told["module"], offers=told["offers"])
    return found


def debian_packages(tree):
    return set(re.findall(r"^Package: (\S+)$", tree[CONTROL], re.M))


def rpm_packages(tree):
    """Under Debian's names: RPM says -devel."""
    names = {"qemu-host-" + name for name in re.findall(r"^%package (\S+)$", tree[SPEC], re.M)}
    return {"qemu-host-dev" if name == "qemu-host-devel" else name for name in names | {"qemu-host"}}


def check_packages(tree):
    """Every module is in a package that exists; every package has a module or is a plain one."""
    wanted = {told["package"] for told in modules(tree).values()} | PLAIN
    for path, there in (CONTROL, debian_packages(tree)), (SPEC, rpm_packages(tree)):
        for name in sorted(wanted - there):
            yield "%s has no package %s" % (path, name)
        for name in sorted(there - wanted):
            yield "%s: package %s has no module" % (path, name)


def check_page(tree):
    """The table of packages has all, and no other."""
    listed, last = set(), ""
    for row in re.findall(r"^\| (`qemu-host[^|]*) \|", tree[PAGE], re.M):
        for name in re.findall(r"`([\w-]+)`", row):
            # "`qemu-host-target-riscv`, `-arm`": the last part is another
            if name.startswith("-"):
                stem = "qemu-host-target" if last.startswith("qemu-host-target") else "qemu-host"
                name = stem + name
            last = name
            listed.add(name)
    for name in sorted(listed ^ debian_packages(tree)):
        yield "%s and %s differ in %s" % (PAGE, CONTROL, name)


def check_known(tree):
    """What is said of modules that may be absent is what they say of themselves."""
    built, packages = modules(tree), debian_packages(tree)
    for known in json.loads(tree[KNOWN]):
        name, package = known["name"], known["package"]
        if name in built and built[name]["package"] != package:
            yield "%s: %s is in %s, not in %s" % (KNOWN, name, built[name]["package"], package)
        if name not in built and package in packages:
            yield "%s: %s is not in %s, which exists" % (KNOWN, name, package)
        if not re.fullmatch(r"qemu-host-[a-z0-9][a-z0-9-]+", package):
            yield "%s: %s: '%s' is no name of a package" % (KNOWN, name, package)


def check_names(tree):
    """Links of qemu-host-compat: all targets and their further names."""
    wanted = set()
    for told in modules(tree).values():
        for target in told["offers"].get("target", []):
            if target["name"] not in OWN_TARGETS:
                wanted |= {target["name"], *target.get("aliases", [])}
    there = set(re.search(r"^%global compat_names (.*)$", tree[SPEC], re.M).group(1).split())
    for name in sorted(wanted ^ there):
        yield "%s: compat_names and the modules differ in %s" % (SPEC, name)


def check_versions(tree):
    version = re.search(r"^  version: '(.*)',$", tree["meson.build"], re.M).group(1)
    for path, pattern in ((SPEC, r"^Version: *(\S+)$"), (SPEC, r"^%changelog\n\* .* - (\S+)-\d+$"),
                          (CHANGELOG, r"\Aqemu-host \(([^-]+)-[^)]*\)")):
        found = re.search(pattern, tree[path], re.M)
        if found is None or found.group(1) != version:
            yield "%s has version %s, meson.build %s" % (path, found and found.group(1), version)


def debian_depends(tree, package):
    text = re.search(r"^Package: %s\n((?:.+\n?)*)" % re.escape(package), tree[CONTROL], re.M)
    return text is not None and re.search(r"^Depends:[^:]*\bqemu-host-devices\b", text.group(1), re.M)


def check_boards(tree):
    """A target whose boards are of common devices comes with these, on either side."""
    for told in modules(tree).values():
        offers = told["offers"]
        needed = "target" in offers and told["name"] not in OWN_TARGETS
        short = told["package"][len("qemu-host-"):]
        rpm = re.search(r"^%%package %s\n((?:.+\n)*)" % re.escape(short), tree[SPEC], re.M)
        rpm = rpm is not None and "Requires:       qemu-host-devices\n" in rpm.group(1)
        for path, there in (SPEC, rpm), (CONTROL, debian_depends(tree, told["package"])):
            if needed and not there:
                yield "%s: %s does not need qemu-host-devices" % (path, told["package"])


def weak_relations(text, pattern):
    """(kind, name) of what a package recommends and suggests."""
    return {(kind, name) for kind, names in re.findall(pattern, text, re.M)
            for name in re.split(r",\s*", names.strip()) if name}


def check_weak(tree):
    """Both kinds of packages recommend and suggest the same."""
    for name in sorted(debian_packages(tree) - {"qemu-host-dev"}):
        debian = re.search(r"^Package: %s\n((?:.+\n?)*)" % re.escape(name), tree[CONTROL], re.M)
        start = "%package " + name[len("qemu-host-"):] if name != "qemu-host" else "Name:"
        spec = re.search(r"^%s\s((?:.*\n)*?)%%description" % re.escape(start), tree[SPEC], re.M)
        left = weak_relations(debian.group(1), r"^(Recommends|Suggests): (.*)$")
        right = weak_relations(spec.group(1), r"^(Recommends|Suggests): (.*)$") if spec else set()
        for kind, other in sorted(left ^ right):
            yield "%s: only one of %s and %s %s %s" % (name, CONTROL, SPEC, kind.lower(), other)


CHECKS = [check_packages, check_page, check_known, check_names, check_versions, check_boards,
          check_weak]

# A file, what is changed in it, and what has to be found then.
FAULTS = [
    (check_packages, "modules/riscv/module.json", "qemu-host-target-riscv", "qemu-host-target-rv",
     "has no package qemu-host-target-rv"),
    (check_packages, SPEC, "%package ui-sdl", "%package ui-gtk", "has no package qemu-host-ui-sdl"),
    (check_packages, CONTROL, "Package: qemu-host-dev\n", "Package: qemu-host-devel\n",
     "has no package qemu-host-dev"),
    (check_packages, CONTROL, "Package: qemu-host-block-nbd\n", "Package: qemu-host-block-rbd\n",
     "package qemu-host-block-rbd has no module"),
    (check_page, PAGE, "`-ui-vnc`", "`-ui-vpn`", "differ in qemu-host-ui-vpn"),
    (check_known, KNOWN, '"name": "serial", "package": "qemu-host-devices"',
     '"name": "serial", "package": "qemu-host-serial"', "serial is in qemu-host-devices"),
    (check_known, KNOWN, "qemu-host-target-avr", "qemu-host-devices", "avr is not in"),
    (check_known, KNOWN, "qemu-host-target-avr", "avr", "is no name of a package"),
    (check_names, SPEC, "compat_names riscv32 ", "compat_names ", "differ in riscv32"),
    (check_names, SPEC, "compat_names riscv32 ", "compat_names riscv32 null ", "differ in null"),
    (check_versions, SPEC, "\nVersion:        ", "\nVersion:        9", "has version 9"),
    (check_versions, CHANGELOG, "qemu-host (", "qemu-host (9", "has version 9"),
    (check_boards, SPEC, "Requires:       qemu-host-devices\n", "", "does not need"),
    (check_boards, CONTROL, "Depends: qemu-host-devices, ", "Depends: ", "does not need"),
    (check_weak, SPEC, "Recommends:     opensbi\n", "", "recommends opensbi"),
    (check_weak, SPEC, "Suggests:       qemu-host-compat\n", "", "suggests qemu-host-compat"),
]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    tree = read_tree(root)
    print("1..%d" % (len(CHECKS) + len(FAULTS)))
    number = 0
    for check in CHECKS:
        number += 1
        findings = list(check(tree))
        for finding in findings:
            print("# " + finding)
        print("%sok %d %s" % ("not " if findings else "", number, check.__name__))
    for check, path, old, new, wanted in FAULTS:
        number += 1
        changed = dict(tree, **{path: tree[path].replace(old, new)})
        findings = list(check(changed))
        good = changed != tree and any(wanted in finding for finding in findings)
        if not good:
            print("# '%s' -> '%s' in %s gave %s" % (old, new, path, findings))
        print("%sok %d %s finds: %s" % ("" if good else "not ", number, check.__name__, wanted))


if __name__ == "__main__":
    main()
