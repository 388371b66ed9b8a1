#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest RAM in a file that somebody makes shorter: the guest ends, the host does not.

memory-file.py HOST
"""
import os
import subprocess
import sys
import tempfile
import threading
import time

import guest
import pci

SIZE = 64 << 20


def case(tap, binary, name, running):
    """@running: a CPU meets the page that is gone; otherwise a command does."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "ram")
        with open(path, "wb") as out:
            out.truncate(SIZE)
        # jumps forth and back between two pages, so that both are looked at again and again
        program = os.path.join(work, "program")
        with open(program, "wb") as out:
            out.write(b"\x17\x43\x00\x00"    # auipc t1, 4: 16 KiB from here
                      b"\x83\x33\x03\x00"    # ld t2, 0(t1)
                      b"\x6f\xf0\xdf\xff")   # j . - 4
        process = subprocess.Popen(
            [binary, "--load-target=riscv", "-M", "virt,memory-backend=m", "-m", "64M",
             "-object", "memory-backend-file,id=m,size=64M,share=on,mem-path=" + path,
             "-bios", program, "-display", "none", "-serial", "null", "-monitor", "none",
             *([] if running else ["-S"]), "-qmp", "unix:%s/qmp,server=on,wait=off" % work],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        timer = threading.Timer(60, process.kill)
        timer.start()
        link = pci.Operator(work + "/qmp")
        link.connect()
        link.wait("QMP", None, 10)
        link.ask("qmp_capabilities")
        os.truncate(path, 0)
        if not running:
            link.ask("human-monitor-command", **{"command-line": "xp /4xw 0x80200000"})
        stopped = not running or link.wait("event", "STOP", 20) is not None
        until = time.monotonic() + 20
        status = link.ask("query-status")
        while status["return"]["status"] != "internal-error" and time.monotonic() < until:
            time.sleep(0.05)
            status = link.ask("query-status")
        refused = link.ask("cont")
        link.ask("quit")
        errors = process.communicate()[1]
        timer.cancel()
    tap.check(stopped and status is not None and
              status["return"]["status"] == "internal-error" and "error" in refused and
              ".ram'" in errors and "shorter" in errors and process.returncode == 0, name)
    if tap.bad:
        tap.note("%r %r %d %s" % (status, refused, process.returncode, errors))


def main():
    tap = guest.Tap()
    case(tap, sys.argv[1], "a CPU meets a page that is gone", True)
    case(tap, sys.argv[1], "a command meets a page that is gone", False)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
