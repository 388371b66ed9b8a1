#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run meson's tests and count what they report, test case by test case.

run.py BUILD [SUITE...]    the last line is "N passed, N failed, N skipped"
"""
import os
import subprocess
import sys
import xml.etree.ElementTree as ET


def main():
    build, suites = sys.argv[1], sys.argv[2:]
    command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", "--num-processes",
               str(min(2, os.cpu_count() or 1)), "--timeout-multiplier", "4"]
    for suite in suites:
        command += ["--suite", suite]
    report = os.path.join(build, "meson-logs", "testlog.junit.xml")
    if os.path.exists(report):
        os.unlink(report)
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                       ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=0",
                       LSAN_OPTIONS="print_suppressions=0")
    status = subprocess.run(command, env=environment, check=False).returncode
    passed = failed = skipped = 0
    try:
        cases = ET.parse(report).getroot().iter("testcase")
    except (OSError, ET.ParseError) as error:
        print("run: no report of the tests: %s" % error)
        cases = []
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    if status != 0 and failed == 0:
        failed = 1  # a test that died without a report of its own
    sys.stdout.flush()
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
