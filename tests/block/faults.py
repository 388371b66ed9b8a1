#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Images that break: kills under write load, hostile headers, mutated images, locks.

faults.py BLOCKIO [--kills N] [--mutations N] [--faults N] [--jobs N]    TAP on stdout
"""
import argparse
import concurrent.futures
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

from qcow2 import SIZE, Suite, noise


def kill_round(s, n, options):
    """One kill at a random moment: no block is lost that was flushed, none is torn; qemu-img finds
    leaks at most, and nothing once the image was opened again."""
    r = random.Random(n)
    s.img("create", "-q", "-f", "qcow2", "-o", options, s.path("k.qcow2"), str(SIZE))
    seen = [0] * 4
    for life in range(2):
        with open(s.path("log"), "wb") as log:
            done = subprocess.Popen([s.blockio, s.options("k.qcow2"), "pour", str(n)], stdout=log)
            time.sleep(r.uniform(0.02, 0.4))
            done.kill()
            done.wait()
        flushed = [0] * 4
        with open(s.path("log"), encoding="ascii") as log:
            for line in log.read().split("\n")[:-1]:
                thread, number = line.split()
                flushed[int(thread)] = int(number)
        status = subprocess.run(["qemu-img", "check", "-q", s.path("k.qcow2")], timeout=60,
                                capture_output=True, check=False).returncode
        assert status in (0, 3), "qemu-img check says %d" % status
        if life == 0:
            s.io(s.options("k.qcow2"), "poured", n, *flushed)
            s.img("check", "-q", s.path("k.qcow2"))
            # the second life begins its numbers again, so from an empty image
            s.img("create", "-q", "-f", "qcow2", "-o", options, s.path("k.qcow2"), str(SIZE))
        else:
            s.io(s.options("k.qcow2"), "poured", n, *flushed)
        seen = [max(a, b) for a, b in zip(seen, flushed)]


def kills(s, rounds):
    kinds = ["cluster_size=512", "cluster_size=64k", "cluster_size=4k,compat=0.10",
             "extended_l2=on", "refcount_bits=1,cluster_size=2k"]
    for n in range(rounds):
        kill_round(s, n + 1, kinds[n % len(kinds)])


def header(offset, form, value):
    return [(offset, struct.pack(">" + form, value))]


# What is wrong, and where.
HOSTILE = [
    ("magic", header(0, "I", 0x514649fc)),
    ("version 1", header(4, "I", 1)),
    ("version 4", header(4, "I", 4)),
    ("backing name behind the cluster", header(8, "Q", 1 << 40) + header(16, "I", 10)),
    ("backing name too long", header(8, "Q", 600) + header(16, "I", 5000)),
    ("backing name in the header", header(8, "Q", 8) + header(16, "I", 8)),
    ("backing name at the end", header(8, "Q", 65535) + header(16, "I", 100)),
    ("clusters of 256", header(20, "I", 8)),
    ("clusters of 4M", header(20, "I", 22)),
    ("clusters of 2^64", header(20, "I", 64)),
    ("huge disk", header(24, "Q", 1 << 62)),
    ("disk of 2^64", header(24, "Q", (1 << 64) - 512)),
    ("encrypted", header(32, "I", 1)),
    ("luks", header(32, "I", 2)),
    ("no L1 entries", header(36, "I", 0)),
    ("2^32 L1 entries", header(36, "I", 0xffffffff)),
    ("L1 too large", header(36, "I", 0x500000)),
    ("L1 not aligned", header(40, "Q", 0x30001)),
    ("L1 behind the end", header(40, "Q", 1 << 50)),
    ("L1 at 2^64", header(40, "Q", 0xffffffffffff0000)),
    ("L1 nowhere", header(40, "Q", 0)),
    ("refcount table not aligned", header(48, "Q", 0x10200)),
    ("refcount table behind the end", header(48, "Q", 1 << 50)),
    ("refcount table nowhere", header(48, "Q", 0)),
    ("no refcount table", header(56, "I", 0)),
    ("refcount table too large", header(56, "I", 0x7fffffff)),
    ("2^32 snapshots", header(60, "I", 0xffffffff)),
    ("snapshots not aligned", header(60, "I", 1) + header(64, "Q", 0x50001)),
    ("snapshots behind the end", header(60, "I", 1) + header(64, "Q", 1 << 50)),
    ("snapshot with a huge L1", header(60, "I", 1) + header(64, "Q", 0)),
    ("unknown feature", header(72, "Q", 1 << 5)),
    ("unknown feature 63", header(72, "Q", 1 << 63)),
    ("data file that nobody gave", header(72, "Q", 1 << 2)),
    ("corrupt bit", header(72, "Q", 1 << 1)),
    ("compression bit alone", header(72, "Q", 1 << 3)),
    ("compression type alone", header(104, "B", 1)),
    ("compression type 9", header(72, "Q", 1 << 3) + header(104, "B", 9)),
    ("counts of 128 bits", header(96, "I", 7)),
    ("header of 0", header(100, "I", 0)),
    ("header of 2^31", header(100, "I", 1 << 31)),
    ("header not a multiple of 8", header(100, "I", 109)),
    ("extension longer than the cluster", header(112, "II"[0], 0x12345678) +
     header(116, "I", 0x7fffffff)),
    ("backing format too long", header(112, "I", 0xe2792aca) + header(116, "I", 200)),
]


def hostile(s, name, changes):
    s.img("create", "-q", "-f", "qcow2", s.path("h.qcow2"), str(SIZE))
    with open(s.path("h.qcow2"), "r+b") as f:
        for offset, data in changes:
            f.seek(offset)
            f.write(data)
    before = time.monotonic()
    text = s.io(s.options("h.qcow2"), "read", 0, 512, status=4)
    assert text.strip(), "no error"
    assert time.monotonic() - before < 5, "slow"
    del name


MUTATED = [("cluster_size=512", []), ("cluster_size=4k", ["-c"]),
           ("extended_l2=on,cluster_size=16k", []), ("compat=0.10", [])]


def mutate(s, kind, rounds, seed):
    options, flags = MUTATED[kind]
    good, bad = "good%d.qcow2" % kind, "bad%d.qcow2" % kind
    s.img("convert", "-q", *flags, "-f", "raw", "-O", "qcow2", "-o", options, s.path("model.raw"),
          s.path(good))
    s.img("snapshot", "-c", "one", s.path(good))
    if "compat=0.10" not in options:
        s.img("bitmap", "--add", s.path(good), "marks")
    done = subprocess.run([s.blockio, s.options(good), "mutate", s.path(bad), str(seed),
                           str(rounds)],
                          capture_output=True, text=True, timeout=6 * 3600, check=False)
    assert done.returncode == 0, "%s: %d %s%s" % (options, done.returncode, done.stdout[-300:],
                                                  done.stderr[-300:])
    return "%s: %s" % (options, done.stdout.strip().split("\n")[-1])


def mutations(s, rounds, seed, jobs):
    """Damaged bytes in header and tables: an answer, and no crash, within a second of CPU time."""
    r = random.Random(seed)
    seeds = [r.randrange(1 << 30) for _ in MUTATED]
    s.flat("model.raw", data=noise(3, SIZE))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(mutate, s, kind, rounds // len(MUTATED), seeds[kind])
                for kind in range(len(MUTATED))]
        for run in runs:
            print("# " + run.result(), flush=True)


def fault_at(s, options, kind, error, n, partial):
    """The n-th request to the file fails, once; whether there were so many."""
    s.img("create", "-q", "-f", "qcow2", "-o", options, s.path("f.qcow2"), str(SIZE))
    rule = {"event": kind, "errno": error, "once": True, "x-skip": n, "x-partial": partial}
    node = {"driver": "qcow2", "discard": "unmap",
            "file": {"driver": "blkdebug", "inject-error": [rule],
                     "image": {"driver": "file", "filename": s.path("f.qcow2")}}}
    done = subprocess.run([s.blockio, json.dumps(node), "exercise", str(n), "30"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 4), done
    status = subprocess.run(["qemu-img", "check", "-q", s.path("f.qcow2")], timeout=60,
                            capture_output=True, check=False).returncode
    assert status in (0, 3), "%s %d %d: qemu-img check says %d" % (kind, error, n, status)
    s.io(s.options("f.qcow2"), "read", 0, 512)
    s.img("check", "-q", s.path("f.qcow2"))
    return done.returncode == 4 or int(done.stdout) > 0


def fault_injection(s, most):
    """EIO, ENOSPC and writes that end in their middle, at each request in turn."""
    kinds = [(kind, error, partial) for kind in ("write", "flush", "read") for error in (5, 28)
             for partial in (False, True) if not partial or kind == "write"]
    for i, (kind, error, partial) in enumerate(kinds):
        options = ("cluster_size=512", "cluster_size=64k", "extended_l2=on")[i % 3]
        hits = sum(fault_at(s, options, kind, error, n, partial) for n in range(most))
        print("# %s, error %d%s: %d of %d struck" % (kind, error, ", partial" if partial else "",
                                                     hits, most))
        assert hits > 0, kind


def locks(s):
    s.img("create", "-q", "-f", "qcow2", s.path("l.qcow2"), str(SIZE))
    done = subprocess.Popen([s.blockio, s.options("l.qcow2"), "pour", "1"],
                            stdout=subprocess.PIPE)
    try:
        done.stdout.readline()
        text = s.io(s.options("l.qcow2"), "read", 0, 512, status=4)
        assert 'Failed to get "write" lock' in text, text
        text = s.io(s.options("l.qcow2", **{"read-only": True}), "read", 0, 512, status=4)
        assert "lock" in text, text
        theirs = subprocess.run(["qemu-img", "resize", "-q", s.path("l.qcow2"), "16M"],
                                capture_output=True, text=True, check=False)
        assert theirs.returncode == 1 and "lock" in theirs.stderr, theirs.stderr
        off = json.loads(s.options("l.qcow2", **{"read-only": True}))
        off["file"]["locking"] = "off"
        s.io(json.dumps(off), "read", 0, 512)
    finally:
        done.kill()
        done.wait()
    s.io(s.options("l.qcow2"), "read", 0, 512)


def backing_names(s):
    """A name in an image is a path, whatever it looks like, and its format is never guessed."""
    s.flat("b.raw", 1 << 20, b"QFI\xfb" + b"x" * 512)
    for name, fmt, wanted in (("json:{\"driver\":\"null-co\"}", "raw", "No such file"),
                              ("nbd://localhost/x", "raw", "No such file"),
                              ("b.raw", None, "not its format"),
                              ("/dev/null", "raw", "no regular file"),
                              ("b.raw", "raw", None)):
        s.img("create", "-q", "-f", "qcow2", s.path("x.qcow2"), str(SIZE))
        args = ["-b", name] + (["-F", fmt] if fmt else [])
        if fmt is None:
            with open(s.path("x.qcow2"), "r+b") as f:
                f.seek(600)
                f.write(b"b.raw")
                f.seek(8)
                f.write(struct.pack(">QI", 600, 5))
        else:
            s.img("rebase", "-u", "-q", "-f", "qcow2", *args, s.path("x.qcow2"))
        text = s.io(s.options("x.qcow2"), "read", 0, 512, status=4 if wanted else 0)
        assert wanted is None or wanted in text, text
    with open(s.path("self"), "wb"):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("blockio")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--mutations", type=int, default=400)
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="images that are mutated at a time")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        s = Suite(os.path.abspath(args.blockio), folder)
        s.case("%d rounds of kills" % args.kills, kills, s, args.kills)
        for name, changes in HOSTILE:
            s.case("header: " + name, hostile, s, name, changes)
        s.case("%d mutated images" % args.mutations, mutations, s, args.mutations, args.seed,
               args.jobs)
        s.case("faults at requests 1 to %d" % args.faults, fault_injection, s, args.faults)
        s.case("locks", locks, s)
        s.case("names of backing files", backing_names, s)
        print("1..%d" % s.count)
        return 1 if s.failed else 0


if __name__ == "__main__":
    sys.exit(main())
