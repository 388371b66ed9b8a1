#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad module files: each must be refused by name and reason, in time, with the process unharmed.

usage: bad.py --load-one PROGRAM --modcheck PROGRAM --root SOURCE_ROOT [--cc CC] [--table] [CASE ...]

The numbers are those of the list in docs/design/modules.md. Every case is one run of load-one:
it notes the state of the process, loads the bad file, then a good one, and compares. Then
qemu-host-modcheck has to say the same of the file. Prints TAP;
--table prints a table of cases, answers and times instead.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cases import CASES  # noqa: E402  (the folder must be in the path first)

FAST_MS = 400      # for everything that needs no probe to fail; generous for a loaded machine
SLOW_MS = 15000    # for those that hang: the probe's limit, and the machine's load


class Workshop:
    """Compiles variations of subject.c."""

    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.root = args.root
        with open(os.path.join(args.root, "tests/modules/subject.c"), encoding="utf-8") as file:
            self.subject = file.read()
        flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout
        self.cflags = ["-O1", "-fPIC", "-fvisibility=hidden", "-w", "-D_GNU_SOURCE",
                       "-I" + args.root] + shlex.split(flags)
        self.notes = {}  # module.json -> C source of its note
        self.header = self.precompile()
        self.note_object = self.path("good", "note.o")
        self.cc("-c", "-o", self.note_object, self.note("good"))
        self.good = self.build("good", "subject")

    def path(self, case, name):
        folder = os.path.join(self.folder, case)
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, name)

    def run(self, *command):
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}\n{result.stdout}")

    def cc(self, *args):
        self.run(*shlex.split(self.args.cc), *args)

    def precompile(self):
        """What every variation includes, once: most of the time would go there."""
        header = self.path("good", "all.h")
        with open(header, "w", encoding="utf-8") as file:
            file.write('#include "abi/device.h"\n#include "abi/module.h"\n')
        self.cc(*self.cflags, "-x", "c-header", "-o", header + ".gch", header)
        return header

    def generate(self, description, folder):
        """The C source of the note for module.json @description."""
        with open(description, encoding="utf-8") as file:
            key = file.read()
        if key not in self.notes:
            source = os.path.join(folder, "generated-note.c")
            self.run(sys.executable, os.path.join(self.root, "modules/gen-note.py"),
                     "--abi-header", os.path.join(self.root, "abi/base.h"), description, source)
            with open(source, encoding="utf-8") as file:
                self.notes[key] = file.read()
        return self.notes[key]

    def note(self, case, change=None, name="subject"):
        module = {"name": name, "license": "MIT", "package": "test-package", "needs": {},
                  "offers": {"device": [{"name": "subject-device"}]}}
        raw = self.path(case, f"{name}.json")
        with open(raw, "w", encoding="utf-8") as file:
            json.dump(module, file)
        text = self.generate(raw, os.path.dirname(raw))
        source = self.path(case, f"{name}-note.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(note_source(change(note_text(text))) if change else text)
        return source

    def build(self, case, name="subject", replace=(), extra="", note=None, no_note=False,
              cflags=(), ldflags=("-lglib-2.0",), file=None):
        """A module in @case's folder; @replace: (old, new) in the source; @extra: more source."""
        text = self.subject.replace("/* BEFORE INIT */", extra)
        for old, new in replace:
            assert old in text, (case, old)
            text = text.replace(old, new)
        source = self.path(case, "subject.c")
        with open(source, "w", encoding="utf-8") as out:
            out.write(text)
        out = self.path(case, file or f"{name}.so")
        plain = note is None and name == "subject"
        sources = [source]
        if not no_note:
            sources.append(self.note_object if plain else self.note(case, note, name))
        include = ["-include", self.header] if not cflags else []
        self.cc("-shared", "-o", out, *self.cflags, *include, *cflags, *sources,
                "-Wl,-z,noexecstack", *ldflags)
        return out


    def build_target(self, case, *replace, note=None):
        """The toy target with changes; @replace: (file, old, new)."""
        folder = os.path.join(self.folder, case)
        shutil.copytree(os.path.join(self.root, "modules/null"), folder)
        for name, old, new in replace:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            assert old in text, (case, old)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(old, new))
        text = self.generate(os.path.join(folder, "module.json"), folder)
        with open(os.path.join(folder, "note.c"), "w", encoding="utf-8") as file:
            file.write(note_source(note(note_text(text))) if note else text)
        out = os.path.join(folder, "null.so")
        sources = [os.path.join(folder, f"{name}.c")
                   for name in ("module", "board", "cpu", "port", "translate", "note")]
        self.cc("-shared", "-o", out, *self.cflags, *sources, "-Wl,-z,noexecstack", "-lglib-2.0")
        return out


def note_text(source):
    """The JSON inside the generated source."""
    body = "".join(re.findall(r'\.ascii \\"(.*)\\"\\n"', source))
    return re.sub(r"\\\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), body).rstrip("\0")


def note_source(data, owner=b"QEMUHOST\0", kind=1):
    data = data.encode() if isinstance(data, str) else data
    words = ", ".join(str(b) for b in data) or "0"
    size = len(data)
    owner_words = ", ".join(str(b) for b in owner)
    return (f'__asm__(".pushsection .note.qemu-host, \\"a\\", %note\\n.balign 4\\n'
            f'.long {len(owner)}, {size}, {kind}\\n.byte {owner_words}\\n.balign 4\\n'
            f'.byte {words}\\n.balign 4\\n.popsection\\n");\n')


def told_reason(lines, path):
    """The reason code that query-modules would give for @path."""
    for line in lines:
        if line.startswith("[{"):
            for module in json.loads(line):
                if module.get("path") == path and module["state"] == "refused":
                    return module["reason"] if module.get("message") else "no message"
    return None


def check_answer(case, path, output, code, took_ms):
    """What is wrong with the answer; None when nothing is."""
    lines = output.splitlines()
    answers = [line for line in lines if line.startswith(case.get("word", "load") + ":")]
    answer = (answers + [""])[min(case.get("nth", 0), len(answers))]
    states = [line for line in lines if line.startswith("state:")]
    if case.get("ok") or case.get("either"):  # a good file stays open
        states = [re.sub(r"fds \d+", "", line) for line in states]
    if code != 0 or not lines or lines[-1] != "alive":
        return f"the host ended with status {code}"
    if case.get("ok"):
        if not answer.endswith(": ok"):
            return f"should load, but: {answer}"
    elif not case.get("either"):
        if " error: " not in answer:
            return f"should be refused, but: {answer or 'no answer'}"
        shown = case.get("shown", os.path.basename(path))
        if shown not in answer:
            return f"does not name '{shown}': {answer}"
    if not re.search(case["expect"], output):
        return f"does not match '{case['expect']}': {answer}"
    reason = told_reason(lines, path)
    if case.get("reason") and reason != case["reason"]:
        return f"the reason is '{reason}', not '{case['reason']}'"
    if len(states) == 2 and states[0] != states[1]:
        return f"the process has changed: {states[0]} -> {states[1]}"
    if not case.get("either") and case.get("after", True) and not case.get("ok") and "load: ok" not in lines:
        return f"cannot load a good module afterwards: {lines[-2:]}"
    limit = SLOW_MS if case.get("slow") else FAST_MS
    return None if took_ms <= limit else f"took {took_ms} ms, more than {limit}"


def run_case(shop, number, case):
    name = f"case{number}"
    made = case["make"](shop, name)
    if made is None:
        return "cannot be made on this machine", "", 0
    path, commands = made if isinstance(made, tuple) else (made, None)
    plain = commands is None and not any(
        case.get(key) for key in ("ok", "either", "during"))
    if commands is None:
        commands = ["state", f"load={path}", "state"]
        if not case.get("ok"):
            commands.append(f"load={shop.good}")
    commands.append("modules")
    env = dict(os.environ, LC_ALL="C", **case.get("env", {}))
    env.pop("QEMU_HOST_MODULE_PATH", None)
    best = None
    for _ in range(1 if case.get("slow") else 3):
        start = time.monotonic()
        run = subprocess.Popen([shop.args.load_one] + commands, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
        try:
            if case.get("during"):
                output = case["during"](run, path)
            else:
                output = run.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            run.kill()
            return "the host hangs", "", 60000
        took = int((time.monotonic() - start) * 1000)
        text = output.decode(errors="replace")
        problem = check_answer(case, path, text, run.returncode, took)
        if problem is None:
            best = (None, text, took)
            break
        best = (problem, text, took)
        if case.get("during") or "took" not in problem:
            break
    if best[0] is None and plain:
        best = (check_tool(shop, case, path), *best[1:])
    answer = next((line for line in best[1].splitlines() if "error: " in line or ": ok" in line),
                  "")
    return best[0], answer.replace(shop.folder, "..."), best[2]


def check_tool(shop, case, path):
    """What is wrong with what qemu-host-modcheck says of the file; None when nothing is."""
    env = dict(os.environ, LC_ALL="C", **case.get("env", {}))
    env.pop("QEMU_HOST_MODULE_PATH", None)
    done = subprocess.run([shop.args.modcheck, "--quick", "--json", path], env=env, timeout=90,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    try:
        problems = json.loads(done.stdout)[0]["problems"]
    except (ValueError, IndexError) as error:
        return f"modcheck: status {done.returncode}, {error}: {done.stderr!r}"
    if done.returncode != 1 or not problems:
        return f"modcheck finds nothing, status {done.returncode}"
    if not any(re.search(case["expect"], problem["problem"]) for problem in problems):
        return f"modcheck does not say '{case['expect']}': {problems}"
    if case.get("reason") and case["reason"] not in [problem["check"] for problem in problems]:
        return f"modcheck does not give the reason '{case['reason']}': {problems}"
    return None


def try_case(shop, number, case):
    """Making the bad file may fail, too; that is a failure of the case, not of them all."""
    try:
        return run_case(shop, number, case)
    except Exception as error:  # noqa: BLE001
        return f"cannot be made: {error!r}", "", 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load-one", required=True)
    parser.add_argument("--modcheck", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    chosen = {n: c for n, c in CASES.items() if not args.case or n in args.case}
    # Not /tmp itself: the folder belongs to us, and its parents to root or us.
    with tempfile.TemporaryDirectory(prefix="bad-modules-") as folder:
        os.chmod(folder, 0o755)
        shop = Workshop(args, folder)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = {n: pool.submit(try_case, shop, n, c) for n, c in chosen.items()}
        results = {n: f.result() for n, f in futures.items()}
        for root, dirs, _ in os.walk(folder):
            for entry in dirs:
                os.chmod(os.path.join(root, entry), 0o755)
    failed = 0
    if not args.table:
        print(f"1..{len(results)}")
    for index, (number, (problem, answer, took)) in enumerate(results.items(), 1):
        title = chosen[number]["title"]
        failed += problem is not None
        if args.table:
            print(f"{number:>4} {'FAIL' if problem else 'ok':4} {took:6} ms  {title}: "
                  f"{problem or answer}")
        else:
            print(f"{'not ok' if problem else 'ok'} {index} - {number} {title}")
            print(f"# {problem or answer} ({took} ms)")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
