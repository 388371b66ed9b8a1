#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that loaded nothing answers about modules, targets, machines and CPU models without
opening a module: the dynamic loader itself tells what it opened (LD_DEBUG=files).

probe-no-code.py HOST MODULE_DIRECTORY
"""
import json
import os
import subprocess
import sys
import tempfile

QUESTIONS = ["query-modules", "query-targets", "query-machines", "query-cpu-definitions"]


def probe(host, modules, more=()):
    """(answers by question, files that the loader opened)"""
    with tempfile.TemporaryDirectory() as work:
        trace = os.path.join(work, "trace")
        environment = dict(os.environ, LD_DEBUG="files", LD_DEBUG_OUTPUT=trace,
                           QEMU_HOST_MODULE_PATH=modules)
        text = "".join(json.dumps({"execute": name, "id": name}) + "\n"
                       for name in ["qmp_capabilities", *QUESTIONS, "quit"])
        # the pipe stays open until the host has answered `quit` and gone
        process = subprocess.Popen([host, "-M", "none", "-display", "none", "-qmp", "stdio", *more],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        process.stdin.write(text.encode())
        process.stdin.flush()
        lines = process.stdout.read().splitlines()
        process.wait(60)
        process.stdin.close()
        opened = set()
        for name in os.listdir(work):
            with open(os.path.join(work, name), encoding="utf-8", errors="replace") as f:
                for line in f:
                    if "calling init:" in line:
                        opened.add(line.split("calling init:")[1].strip())
    answers = {}
    for line in lines:
        reply = json.loads(line)
        if reply.get("id") in QUESTIONS:
            answers[reply["id"]] = reply.get("return")
    return answers, opened


def is_module(path):
    return path.startswith("/proc/self/fd/") or "memfd:" in path or "/modules/" in path


def main():
    host, modules = sys.argv[1:3]
    answers, opened = probe(host, modules)
    _, opened_loaded = probe(host, modules, ["--load-target=riscv64"])
    names = {name: [entry["name"] for entry in answers.get(name) or []] for name in QUESTIONS}
    checks = [
        ("all four questions are answered", all(answers.get(name) for name in QUESTIONS)),
        ("the targets are listed", {"riscv32", "riscv64"} <= set(names["query-targets"])),
        ("the machines are listed", "virt" in names["query-machines"]),
        ("the CPU models are listed", {"rv64", "max"} <= set(names["query-cpu-definitions"])),
        ("the loader was traced", any("libc.so" in path for path in opened)),
        ("no module was opened", not any(is_module(path) for path in opened)),
        ("a loaded target is seen by the same trace", any(map(is_module, opened_loaded))),
    ]
    print("1..%d" % len(checks))
    for number, (name, good) in enumerate(checks, 1):
        print("%sok %d - %s" % ("" if good else "not ", number, name))
    if not all(good for _, good in checks):
        print("# %s\n# %s\n# %s" % (names, sorted(opened), sorted(opened_loaded)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
