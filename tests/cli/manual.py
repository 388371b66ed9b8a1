#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages: they render without a warning, are found by name, and lack nothing.

usage: manual.py FOLDER SCHEMA MODCHECK (where the build puts the pages; qapi-introspect.json; the
program qemu-host-modcheck)
"""

import importlib
import json
import os
import re
import subprocess
import sys

from cli import HOST, Tap

PAGES = ["qemu-host.1", "qemu-host-modcheck.1", "qemu-host-module.7", "qemu-host-qmp.7"]
# What mandoc says of every page of ours, for a reason.
ACCEPTED = ("missing date",  # two builds of one source are the same
            "referenced manual not found", "new sentence, new line", "input text line longer")


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80",
                               "MAN_KEEP_FORMATTING": "", "GROFF_NO_SGR": "1"})
    return done.stdout, done.stderr


def rendered(path):
    """What a reader sees, without overstrikes and hyphens at the ends of lines."""
    text, errors = run("groff", "-man", "-ww", "-Tutf8", "-P-bcu", "-rHY=0", path)
    return text.replace("\u2010", "-").replace("\u2212", "-"), errors


def test_page(tap, folder, name):
    path = os.path.join(folder, name)
    _, errors = rendered(path)
    tap.check(f"groff has nothing to say about {name}", errors)
    _, errors = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path)
    tap.check(f"man has nothing to say about {name}", errors)
    found, _ = run("lexgrog", path)
    stem = name.rsplit(".", 1)[0]
    tap.check(f"whatis will know {name}",
              None if re.search(rf': "{re.escape(stem)} - [^"]{{15,70}}"$', found.strip()) else found)
    text, _ = run("mandoc", "-Tlint", path)
    tap.check(f"mandoc accepts {name}",
              [l for l in text.splitlines() if not any(a in l for a in ACCEPTED)])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    tap.check(f"what is indented in {name} ends",
              None if text.count("\n.RS") == text.count("\n.RE") else text.count("\n.RS"))


def missing(text, names, form):
    return [n for n in names if not re.search(form.format(re.escape(n)), text, re.M)]


def test_options(tap, folder):
    table = json.loads(run(HOST, "--dump-options=json")[0])
    text, _ = rendered(os.path.join(folder, "qemu-host.1"))
    for dash, names in (("-", [o["name"] for o in table["options"]]),
                        ("-", [o["alias"] for o in table["options"] if "alias" in o])):
        tap.check(f"qemu-host.1 has all {len(names)} names of options",
                  missing(text, [dash + n for n in names], r"^ +(-\S+, )?-?{}\b"))
    keys = [p["name"] for o in table["options"] for p in o["parameters"]]
    tap.check(f"qemu-host.1 has all {len(keys)} keys", missing(text, keys, r"\b{}="))
    pages = set(re.findall(r"\bqemu-host[a-z-]*\(\d\)", text))
    tap.check("the pages that it refers to are there",
              sorted(pages - {re.sub(r"\.(\d)$", r"(\1)", p) for p in PAGES}))


def test_modcheck(tap, folder, modcheck):
    text, _ = rendered(os.path.join(folder, "qemu-host-modcheck.1"))
    names = re.findall(r"--[a-z-]+", run(modcheck, "--help")[0])
    tap.check(f"qemu-host-modcheck.1 has all {len(names)} options",
              missing(text, names, r"^ +(-\w, )?{}\b") if len(names) > 6 else names)


def test_module(tap, folder):
    """Every kind of slot has its line."""
    text, _ = rendered(os.path.join(folder, "qemu-host-module.7"))
    sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..",
                                    "modules"))
    kinds = importlib.import_module("gen-note").KINDS
    tap.check("qemu-host-module.7 has all kinds of slots",
              missing(text, [k for k in kinds if k != "cpu-model"], r"\b{}/[A-Z]"))
    tap.check("qemu-host-module.7 has all kinds of offers", missing(text, list(kinds), r"\b{}\b"))


def test_schema(tap, folder, schema):
    with open(schema, encoding="utf-8") as file:
        entries = json.load(file)
    text, _ = rendered(os.path.join(folder, "qemu-host-qmp.7"))
    for kind in ("command", "event"):
        names = [e["name"] for e in entries if e["meta-type"] == kind]
        tap.check(f"qemu-host-qmp.7 has all {len(names)} {kind}s",
                  missing(text, names, r"^   {}$") if len(names) > 20 else names)
    values = {v for e in entries if e["meta-type"] == "enum" for v in e["values"]}
    tap.check(f"qemu-host-qmp.7 has all {len(values)} values",
              missing(text, sorted(values), r"^       {}\b"))
    members = {m["name"] for e in entries if e["meta-type"] == "object" for m in e["members"]}
    tap.check(f"qemu-host-qmp.7 has all {len(members)} members",
              missing(text, sorted(members), r"^       {}: "))


def main():
    folder, schema, modcheck = sys.argv[1:]
    tap = Tap()
    for name in PAGES:
        test_page(tap, folder, name)
    test_options(tap, folder)
    test_modcheck(tap, folder, modcheck)
    test_module(tap, folder)
    test_schema(tap, folder, schema)
    tap.end()


if __name__ == "__main__":
    main()
