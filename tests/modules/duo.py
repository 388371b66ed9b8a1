#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two targets in one process: a machine with a CPU of each, which talk, count and write code.

duo.py HOST FOLDER-OF-MODULES-DUO
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
import guest  # pylint: disable=wrong-import-position

TOOLS = {"first": ("riscv64-unknown-elf-gcc", ["-march=rv64ima", "-mabi=lp64"]),
         "second": ("aarch64-linux-gnu-gcc", [])}
FAILURES = {1: "an answer of the second CPU", 2: "the end of the questions", 3: "the common count",
            4: "code that the first CPU wrote", 5: "code that the second CPU wrote"}


def build(folder, name):
    compiler, flags = TOOLS[name]
    program, raw = os.path.join(folder, name), os.path.join(folder, name + ".bin")
    subprocess.run([compiler, *flags, "-nostdlib", "-static", "-Wl,-Ttext=0", "-Wl,--build-id=none",
                    os.path.join(HERE, "duo", name + ".S"), "-o", program], check=True,
                   stderr=subprocess.DEVNULL)
    subprocess.run([compiler.replace("gcc", "objcopy"), "-O", "binary", "-j", ".text", program, raw],
                   check=True)
    return raw


def loaded(host, *modules):
    """Names of the targets that a host without a machine has then, and what it said besides."""
    done = subprocess.run([host, *modules, "-M", "none", "-display", "none", "-qmp", "stdio"],
                          input='{"execute":"qmp_capabilities"}{"execute":"query-targets","id":1}'
                                '{"execute":"quit"}',
                          text=True, capture_output=True, timeout=60, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    targets = [answer["return"] for answer in answers if answer.get("id") == 1]
    return {target["name"] for target in (targets or [[]])[0] if target["loaded"]}, done.stderr


def probe(tap, host):
    """Both described at once; and neither without being asked for."""
    both, errors = loaded(host[0], "--load-target=riscv,arm")
    if not tap.check({"riscv64", "aarch64"} <= both, "--load-target=riscv,arm has both"):
        tap.note(errors.strip())
    one, _ = loaded(host[0], "--load-target=riscv64")
    tap.check("riscv64" in one and "aarch64" not in one, "--load-target=riscv64 has no Arm")


def main():
    tap = guest.Tap()
    host = [sys.argv[1]]
    os.environ["QEMU_HOST_MODULE_PATH"] = sys.argv[2]
    probe(tap, host)
    with tempfile.TemporaryDirectory() as folder:
        programs = [build(folder, name) for name in ("first", "second")]
        for backend in [*guest.backends(host[0]), "jit,lockstep=1", "jit,jit-threshold=0,lockstep=1"]:
            # lockstep runs everything twice over the same memory, so there the CPUs take turns
            turns = ["-icount", "shift=2"] if "lockstep" in backend else []
            result = guest.run([*host, "--load-target=riscv64", "-M",
                                "duo,second=aarch64,first-program=%s,second-program=%s" % tuple(programs),
                                "-accel", "tcg,backend=" + backend, *turns, "-display", "none"], 100)
            tap.check(result.status == 0, "riscv64 and aarch64 under " + backend, result)
            if result.status in FAILURES:
                tap.note("wrong: " + FAILURES[result.status])
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
