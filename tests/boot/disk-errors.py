#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that fail under Linux: the machine stops and goes on, limits hold, interfaces make devices.

disk-errors.py HOST
"""
import json
import os
import socket
import sys
import tempfile
import threading
import time

import guest
import virtio

MB = 1 << 20
# vda stops the machine twice, for one request at a time, vdb reports, vdc swallows; vdd has a limit of 1 MiB a second
WORK = """
dd if=/dev/zero bs=64k count=64 2>/dev/null | tr '\\0' 'A' > /tmp/a
dd if=/tmp/a of=/dev/vda bs=64k oflag=direct 2>/dev/null && sync && echo stopped-ok
dd if=/dev/vdb of=/dev/null bs=64k count=4 2>/dev/null || echo reported
dd if=/dev/vdc of=/dev/null bs=64k count=4 2>/dev/null && echo ignored
read before rest < /proc/uptime
dd if=/dev/vdd of=/dev/null bs=128k count=16 iflag=direct 2>/dev/null
read after rest < /proc/uptime
echo took $(( ${after%.*} - ${before%.*} ))
"""


def node(name, path, *rules):
    return json.dumps({"driver": "raw", "node-name": name, "file": {
        "driver": "blkdebug", "image": {"driver": "file", "filename": path},
        "inject-error": list(rules)}})


class Watch(threading.Thread):
    """Lets the machine go on when a disk has stopped it, and looks at what it says meanwhile."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.events, self.seen = path, [], []

    def command(self, stream, name):
        stream.write(json.dumps({"execute": name}) + "\n")
        stream.flush()
        while True:
            answer = json.loads(stream.readline())
            if "event" not in answer:
                return answer.get("return")
            self.events.append(answer)

    def run(self):
        while not os.path.exists(self.path):
            time.sleep(0.05)
        link = socket.socket(socket.AF_UNIX)
        link.connect(self.path)
        stream = link.makefile("rw")
        stream.readline()
        self.command(stream, "qmp_capabilities")
        stopped = 0
        for line in stream:
            self.events.append(json.loads(line))
            stops = [e for e in self.events if e.get("event") == "STOP"]
            if len(stops) > stopped:
                stopped = len(stops)
                status = self.command(stream, "query-status")["status"]
                disks = {d["qdev"].split("/")[-2]: d.get("io-status")
                         for d in self.command(stream, "query-block")}
                self.seen.append((status, disks.get("a"), disks.get("b")))
                self.command(stream, "cont")


def case_errors(tap, binary):
    with tempfile.TemporaryDirectory() as work:
        disks = []
        for name in "abcd":
            disks.append(os.path.join(work, name))
            with open(disks[-1], "wb") as out:
                out.truncate(8 * MB)
        rules = [[{"event": "write_aio", "errno": 28, "x-skip": 0, "once": True},
                  {"event": "write_aio", "errno": 5, "x-skip": 0, "once": True}],
                 [{"event": "read_aio", "errno": 5, "sector": 300}],
                 [{"event": "read_aio", "errno": 5, "sector": 300}]]
        arguments = []
        for name, path, rule, policy in zip("abc", disks, rules, (
                "werror=stop", "rerror=report", "rerror=ignore")):
            arguments += ["-blockdev", node("n" + name, path, *rule), "-device",
                          "virtio-blk-pci,id=%s,drive=n%s,%s" % (name, name, policy)]
        arguments += ["-drive", "if=virtio,format=raw,throttling.bps-total=1M,file=" + disks[3],
                      "-qmp", "unix:%s/qmp,server=on,wait=off" % work]
        watch = Watch(work + "/qmp")
        watch.start()
        result = virtio.run(work, binary, ["virtio_blk"], WORK, *arguments)
        lines = result.output.split()
        tap.check(result.status == 0 and "stopped-ok" in lines and "ignored" in lines,
                  "a guest whose disk failed goes on", result)
        tap.check("reported" in lines, "an error is reported", result)
        tap.check(sorted(watch.seen) == [("io-error", "failed", "ok"),
                                         ("io-error", "nospace", "ok")],
                  "the machine stops as io-error, and the disk says so: %s" % watch.seen, result)
        actions = sorted((e["data"]["action"], e["data"]["nospace"]) for e in watch.events
                         if e.get("event") == "BLOCK_IO_ERROR")
        tap.check(("stop", True) in actions and ("stop", False) in actions and
                  ("report", False) in actions and ("ignore", False) in actions,
                  "events say what was done: %s" % sorted(set(actions)), result)
        with open(disks[0], "rb") as written:
            tap.check(written.read(4 * MB) == b"A" * (4 * MB), "what was tried again is written")
        took = int(lines[lines.index("took") + 1]) if "took" in lines else 0
        tap.check(took >= 1, "a limit holds: 2 MiB took %d s of 1 MiB/s" % took, result)


def main():
    tap = guest.Tap()
    case_errors(tap, sys.argv[1])
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
