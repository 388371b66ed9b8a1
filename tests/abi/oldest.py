#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each module builds against the oldest headers of this major version, and loads in today's host.

usage: oldest.py --root SOURCE_ROOT --build BUILD --host HOST [--cc CC] [--all]

While the headers of today are those of the oldest version, but for comments, what the build has
made is what would be made, so only two modules are built once more; --all builds them all.
"""

import argparse
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import builds  # noqa: E402
import dump  # noqa: E402

FEW = ("null", "serial")


def oldest(root):
    major = builds.versions(root).split(".")[0]
    found = [tuple(int(n) for n in os.path.basename(path).split("."))
             for path in glob.glob(os.path.join(root, "abi/baseline", major + ".*"))]
    return ".".join(str(number) for number in min(found))


def same_headers(root, version):
    folder = os.path.join(root, "abi/baseline", version, "abi")
    today = {os.path.basename(path): dump.bare(dump.read(path)).split() for path in
             glob.glob(os.path.join(root, "abi/*.h")) + [os.path.join(root, "abi/ir-ops.def")]}
    recorded = {name: dump.read(os.path.join(folder, name)).split() for name in os.listdir(folder)}
    return today == recorded


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    tap = builds.Tap()
    version = oldest(args.root)
    every = args.all or not same_headers(args.root, version)
    scratch = os.path.join(args.build, "tests/abi/oldest")
    os.makedirs(scratch, exist_ok=True)
    targets = ["modules"] if every else [f"modules/{name}/{name}.so" for name in FEW]
    try:
        made = builds.build(args.root, os.path.join(scratch, "build"), args.cc, targets,
                            "-Dmodule-abi=" + version)
    except RuntimeError as error:
        tap.check(f"the modules build against the headers of {version}", False, error)
        return tap.end()
    expected = len(builds.built(args.build)) if every else len(FEW)
    tap.check(f"{len(made)} modules build against the headers of {version}",
              len(made) == expected, made)
    rest = [] if every else [path for path in builds.built(args.build)
                             if os.path.basename(path)[:-3] not in FEW]
    loads, abi = builds.load_all(args.host, builds.gather(made + rest,
                                                          os.path.join(scratch, "modules")))
    for name, error in loads.items():
        tap.check(f"{name} of {version} loads in today's host", error is None and
                  abi.get(name) == version, f"{error}; ABI {abi.get(name)}")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
