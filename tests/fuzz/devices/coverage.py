#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of the modules' code the fuzzer of devices reaches, file by file.

coverage.py [--least PERCENT] BUILD STEPS [CLASS...]

BUILD is a build with b_coverage=true. Counts of earlier runs are forgotten first. Lines that only a
wrong setting on the command line reaches count as well.
"""
import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def lines_of(build, folder):
    """{file: {line: count}} of all objects below @folder."""
    found = {}
    notes = sorted(glob.glob(os.path.join(build, folder, "**", "*.gcno"), recursive=True))
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["gcov", "--json-format", *[os.path.abspath(note) for note in notes]],
                       cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for path in glob.glob(os.path.join(work, "*.gcov.json.gz")):
            with gzip.open(path) as source:
                data = json.load(source)
            for file in data["files"]:
                name = os.path.relpath(os.path.join(data["current_working_directory"],
                                                    file["file"]), ROOT)
                counts = found.setdefault(name, {})
                for line in file["lines"]:
                    number = line["line_number"]
                    counts[number] = max(counts.get(number, 0), line["count"])
    return found


def targets():
    """Folders of modules that are targets: devices are below their hw/."""
    found = []
    for path in glob.glob(os.path.join(ROOT, "modules", "*", "module.json")):
        with open(path) as source:
            if "target" in json.load(source).get("offers", {}):
                found.append(os.path.relpath(os.path.dirname(path), ROOT) + "/")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--least", type=float, default=0, help="fail below this, over all files")
    parser.add_argument("--lines", action="store_true", help="name the lines that were not reached")
    parser.add_argument("build")
    parser.add_argument("steps", type=int)
    parser.add_argument("classes", nargs="*")
    options = parser.parse_args()
    for path in glob.glob(os.path.join(options.build, "**", "*.gcda"), recursive=True):
        os.remove(path)
    fuzzer = os.path.join(options.build, "tests", "fuzz", "fuzz-devices")
    done = subprocess.run([fuzzer, str(options.steps), *options.classes], check=False)
    total = reached = 0
    skip = tuple(targets())
    for name, counts in sorted(lines_of(options.build, "modules").items()):
        hit = sum(1 for count in counts.values() if count)
        # a file without one line run belongs to no device: targets, net back ends
        if not name.startswith("modules/") or not name.endswith(".c") or "/tests/" in name \
                or hit == 0 or (name.startswith(skip) and "/hw/" not in name):
            continue
        total += len(counts)
        reached += hit
        print("%-44s %5d lines %5.1f %%" % (name, len(counts), 100 * hit / len(counts)))
        if options.lines:
            print("    " + " ".join(str(line) for line, count in sorted(counts.items())
                                    if not count))
    share = 100 * reached / max(total, 1)
    print("%-44s %5d lines %5.1f %%" % ("all", total, share))
    return 1 if done.returncode != 0 or share < options.least else 0


if __name__ == "__main__":
    sys.exit(main())
