#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The suite itself: its kernels give the native answers in a guest, its table adds up.

test-suite.py HOST TARGET
"""
import os
import sys
import tempfile
import xml.etree.ElementTree as ET

import agent
import plot
import report
import rows
import sides

SCALE = 0.001


def check_kernels(tap, target, command):
    """One boot; every kernel on a thousandth of its work, and an order that fails."""
    with tempfile.TemporaryDirectory() as work:
        binaries = [sides.compile_kernels(compiler, os.path.join(work, compiler)) for compiler in
                    ("gcc", target.triplet + "-gcc")]
        image = sides.guest.initrd(os.path.join(work, "image"),
                                   files=[binaries[1] + ":/bench/agent"], target=target.guest)
        native = sides.Native(binaries[0])
        host = sides.Emulator("host", target, command, None, image, None)
        try:
            for name in [name for name in rows.names() if name not in rows.PROGRAMS] + ["contend"]:
                order = "kernel %s %g 1" % (name, SCALE)
                runs = [side.ready().measure(order, 60) for side in (native, host)]
                tap.check(runs[0].answer == runs[1].answer and runs[1].cpu > 0,
                          "%s: %s" % (name, runs[0].answer))
                if runs[0].answer != runs[1].answer:
                    tap.note("in the guest: %s" % runs[1].answer)
            try:
                host.ready().measure("kernel nothing 1 1", 60)
                tap.check(False, "an unknown kernel is an error")
            except agent.Failure as error:
                tap.check("@done 2" in str(error), "an unknown kernel is an error")
        except agent.Failure as error:
            tap.check(False, str(error))
        finally:
            native.stop()
            host.clear()


def check_dead(tap):
    """A host that ends at once is a failure of the row, and is not started again."""
    dead = sides.Emulator("host", sides.TARGETS["riscv64"], ["true"], None, "/nonexistent", None)
    for want in ("before the end", "did not boot before"):
        try:
            dead.ready()
            tap.check(False, "a host that ends at once is found out")
        except agent.Failure as error:
            tap.check(want in str(error), "a host that ends at once: %s" % want)


def check_table(tap):
    """Figures that are known: minimum of the runs, means, notes, the picture."""
    results = {"host": "h", "peer": "p", "runs": 2, "scale": 1, "extra": {
        "boot": {"host": [2.0, 1.0], "peer": [4.0]}}, "rows": {
            "call": {"native": [0.1, 0.2], "host": [0.2, 0.9], "peer": [0.8]},
            "indir": {"native": [0.1], "host": [0.8], "peer": [0.2]},
            "interp": {"native": [0.1], "host": [0.1], "peer": [0.1], "wrong": True},
            "sys": {"native": [0.1], "failed": ["host"]}}}
    calls = [group for group in rows.GROUPS if group.name == "calls"][0]
    means = report.group_means(results, calls, ("host", "peer"))
    tap.check(abs(means["host"] - 16 ** (1 / 3)) < 1e-9 and abs(means["gain"] - 1) < 1e-9,
              "geometric means of the minimum of the runs")
    lines = {line.split()[0]: line for line in report.text(results).split("\n") if line.strip()}
    tap.check(lines["call"].endswith("4.00  below the goal") and lines["indir"].endswith("slower")
              and "WRONG" in lines["interp"] and lines["sys"].endswith("failed: host")
              and "4.00" in lines["exec"].split(), "ratios, and a note where one is due")
    tap.check(len(list(ET.fromstring(plot.svg(results)).iter())) > 20, "the picture is XML")
    try:
        rows.wanted("call,nonsense")
        tap.check(False, "an unknown row is an error")
    except SystemExit as error:
        tap.check("'nonsense'" in str(error), "an unknown row is an error")


def main():
    tap = sides.guest.Tap()
    check_table(tap)
    check_dead(tap)
    target = sides.TARGETS[sys.argv[2]]
    check_kernels(tap, target, [sys.argv[1], "--load-target=" + target.name])
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
