#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qcow2 images: ours and qemu-img's, both ways; random requests against a flat file.

qcow2.py BLOCKIO [--rounds N]    TAP on stdout
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import traceback

SIZE = 8 << 20
# Name, options for qemu-img create, what of them our own create takes (None: not ours to make).
VARIANTS = [
    ("v2", "compat=0.10", (65536, 2, 16, 0, 0)),
    ("v3", "compat=1.1", (65536, 3, 16, 0, 0)),
    ("512", "cluster_size=512", (512, 3, 16, 0, 0)),
    ("512v2", "cluster_size=512,compat=0.10", (512, 2, 16, 0, 0)),
    ("4k", "cluster_size=4k", (4096, 3, 16, 0, 0)),
    ("2M", "cluster_size=2M", (2 << 20, 3, 16, 0, 0)),
    ("r1", "refcount_bits=1,cluster_size=1k", (1024, 3, 1, 0, 0)),
    ("r2", "refcount_bits=2", (65536, 3, 2, 0, 0)),
    ("r4", "refcount_bits=4,cluster_size=512", (512, 3, 4, 0, 0)),
    ("r8", "refcount_bits=8", (65536, 3, 8, 0, 0)),
    ("r32", "refcount_bits=32", (65536, 3, 32, 0, 0)),
    ("r64", "refcount_bits=64,cluster_size=512", (512, 3, 64, 0, 0)),
    ("zstd", "compression_type=zstd", (65536, 3, 16, 1, 0)),
    ("lazy", "lazy_refcounts=on", None),
    ("ext", "extended_l2=on", (65536, 3, 16, 0, 1)),
    ("ext16", "extended_l2=on,cluster_size=16k", (16384, 3, 16, 0, 1)),
    ("meta", "preallocation=metadata", None),
    ("full", "preallocation=full,cluster_size=8k", None),
]


class Suite:
    def __init__(self, blockio, folder):
        self.blockio, self.folder = blockio, folder
        self.count = self.failed = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def ok(self, good, name, why=""):
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, name))
        if not good:
            for line in str(why).strip().split("\n")[:8]:
                print("# " + line)
        sys.stdout.flush()

    def img(self, *args, status=0):
        done = subprocess.run(["qemu-img", *args], capture_output=True, text=True, timeout=120,
                              check=False)
        if done.returncode != status:
            raise RuntimeError("qemu-img %s: %d %s%s" % (" ".join(args), done.returncode,
                                                         done.stdout[-500:], done.stderr[-500:]))
        return done.stdout

    def options(self, image, **more):
        return json.dumps({"driver": "qcow2", "discard": "unmap",
                           "file": {"driver": "file", "filename": self.path(image),
                                    "discard": "unmap"}, **more})

    def io(self, options, *args, status=0):
        done = subprocess.run([self.blockio, options, *map(str, args)], capture_output=True,
                              text=True, timeout=120, check=False)
        if done.returncode != status:
            raise RuntimeError("blockio %s: %d %s%s" % (" ".join(map(str, args)), done.returncode,
                                                        done.stdout[-500:], done.stderr[-500:]))
        return done.stdout

    def flat(self, name, size=SIZE, data=b""):
        with open(self.path(name), "wb") as f:
            f.write(data)
            f.truncate(size)
        return self.path(name)

    def case(self, name, function, *args):
        try:
            function(*args)
            self.ok(True, name)
        except (RuntimeError, subprocess.TimeoutExpired, AssertionError) as e:
            where = traceback.extract_tb(e.__traceback__)[-1]
            self.ok(False, name, "%s:%s %s %s" % (where.name, where.lineno, where.line, e))

    def agree(self, image, model, backed=False):
        """qemu-img finds no fault, and the same bytes as in the flat file. It looks for holes in
        the file below as well: with a backing file, or space that is not written to, maps differ.
        """
        self.img("check", "-q", "-f", "qcow2", self.path(image))
        self.img("compare", "-q", "-f", "qcow2", "-F", "raw", self.path(image), self.path(model))
        if not backed:
            theirs = json.loads(self.img("map", "--output=json", "-f", "qcow2", self.path(image)))
            ours = [line.split() for line in self.io(self.options(image), "map").splitlines()]
            zero = lambda spans: merge([(int(a), int(b), bool(int(c))) for a, b, c in spans])
            assert zero(ours) == zero([(m["start"], m["length"], m["zero"]) for m in theirs]), \
                "map differs"


def merge(spans):
    out = []
    for start, length, zero in spans:
        if out and out[-1][2] == zero and out[-1][0] + out[-1][1] == start:
            out[-1] = (out[-1][0], out[-1][1] + length, zero)
        else:
            out.append((start, length, zero))
    return out


def noise(seed, size):
    r = random.Random(seed)
    return b"".join(r.choice((b"\0" * 4096, r.randbytes(4096), b"abcd" * 1024))
                    for _ in range(size // 4096))


def variant(s, name, options, requests):
    model = s.flat("model.raw")
    s.img("create", "-q", "-f", "qcow2", "-o", options, s.path("x.qcow2"), str(SIZE))
    for seed in (1, 2):
        s.io(s.options("x.qcow2"), "random", seed, requests, model)
        s.agree("x.qcow2", "model.raw", name == "meta")
    s.io(s.options("x.qcow2", **{"read-only": True}), "verify", model)


def theirs(s, name, options):
    """Written by qemu-img, plain and compressed, read by us, then written on by us."""
    model = s.flat("model.raw", data=noise(name, SIZE))
    for flags in ([], ["-c"]):
        if flags and ("ext" in name or "full" in name or "meta" in name):
            continue
        s.img("convert", "-q", *flags, "-f", "raw", "-O", "qcow2", "-o", options, model,
              s.path("x.qcow2"))
        s.io(s.options("x.qcow2"), "verify", model)
        s.io(s.options("x.qcow2"), "random", 3, 60, model)
        s.agree("x.qcow2", "model.raw", name == "meta")


def ours(s, name, create):
    model = s.flat("model.raw")
    s.flat("x.qcow2", 0)
    plain = json.dumps({"driver": "file", "filename": s.path("x.qcow2")})
    s.io(plain, "create", SIZE, *create)
    s.img("check", "-q", "-f", "qcow2", s.path("x.qcow2"))
    s.io(s.options("x.qcow2"), "random", 4, 80, model)
    s.agree("x.qcow2", "model.raw")


def backing(s, fmt, depth):
    model = s.flat("model.raw", data=noise(depth, SIZE))
    s.img("convert", "-q", "-f", "raw", "-O", fmt, model, s.path("c0"))
    for i in range(1, depth + 1):
        s.img("create", "-q", "-f", "qcow2", "-o", "cluster_size=%d" % (512 << i % 8), "-b",
              s.path("c%d" % (i - 1)), "-F", fmt if i == 1 else "qcow2", s.path("c%d" % i))
        s.io(s.options("c%d" % i), "random", i, 60, model)
    top = "c%d" % depth
    s.io(s.options(top, **{"read-only": True}), "verify", model)
    s.agree(top, "model.raw", backed=True)


def short_backing(s):
    s.flat("b.raw", 1 << 20, b"x" * (1 << 20))
    s.flat("model.raw", SIZE, b"x" * (1 << 20))
    s.img("create", "-q", "-f", "qcow2", "-b", s.path("b.raw"), "-F", "raw", s.path("x.qcow2"),
          str(SIZE))
    s.io(s.options("x.qcow2"), "verify", s.path("model.raw"))
    s.io(s.options("x.qcow2"), "random", 9, 100, s.path("model.raw"))
    s.agree("x.qcow2", "model.raw", backed=True)


def data_file(s, raw):
    model = s.flat("model.raw")
    s.img("create", "-q", "-f", "qcow2", "-o",
          "data_file=%s,data_file_raw=%s" % (s.path("d.raw"), raw), s.path("x.qcow2"), str(SIZE))
    more = {"data-file": {"driver": "file", "filename": s.path("d.raw")}}
    s.io(s.options("x.qcow2", **more), "random", 5, 150, model)
    s.img("check", "-q", s.path("x.qcow2"))
    s.img("compare", "-q", "-f", "qcow2", "-F", "raw", s.path("x.qcow2"), model)
    if raw == "on":
        s.img("compare", "-q", "-f", "raw", "-F", "raw", s.path("d.raw"), model)


def snapshots(s):
    """Their snapshots share clusters with what we write."""
    model = s.flat("model.raw", data=noise(7, SIZE))
    s.img("convert", "-q", "-f", "raw", "-O", "qcow2", model, s.path("x.qcow2"))
    before = s.flat("before.raw", data=noise(7, SIZE))
    s.img("snapshot", "-c", "one", s.path("x.qcow2"))
    s.io(s.options("x.qcow2"), "random", 6, 150, model)
    s.agree("x.qcow2", "model.raw")
    s.img("snapshot", "-a", "one", s.path("x.qcow2"))
    s.agree("x.qcow2", os.path.basename(before))
    s.img("snapshot", "-d", "one", s.path("x.qcow2"))
    s.io(s.options("x.qcow2"), "random", 8, 50, before)
    s.agree("x.qcow2", os.path.basename(before))


def resize(s, cluster):
    model = s.flat("model.raw")
    s.img("create", "-q", "-f", "qcow2", "-o", "cluster_size=%d" % cluster, s.path("x.qcow2"),
          str(SIZE))
    s.io(s.options("x.qcow2"), "random", 1, 100, model)
    for size in (SIZE * 3, SIZE + 512, SIZE // 2, SIZE):
        s.io(s.options("x.qcow2"), "resize", size)
        os.truncate(model, size)
        s.io(s.options("x.qcow2"), "random", size, 50, model)
        s.agree("x.qcow2", "model.raw")


def leaks(s):
    """What a kill left is found at the next open."""
    s.img("create", "-q", "-f", "qcow2", s.path("x.qcow2"), str(SIZE))
    s.io(s.options("x.qcow2"), "write", 0, 1 << 20, 7)
    done = subprocess.Popen([s.blockio, s.options("x.qcow2"), "pour", "5"],
                            stdout=subprocess.PIPE)
    for _ in range(4):
        done.stdout.readline()
    done.kill()
    done.wait()
    s.io(s.options("x.qcow2"), "read", 0, 512)
    s.img("check", "-q", s.path("x.qcow2"))


def dirty(s):
    """The dirty bit of lazy reference counts: all counts are made anew."""
    s.img("create", "-q", "-f", "qcow2", "-o", "lazy_refcounts=on", s.path("x.qcow2"), str(SIZE))
    s.io(s.options("x.qcow2"), "write", 0, 1 << 20, 7)
    with open(s.path("x.qcow2"), "r+b") as f:
        f.seek(79)
        f.write(b"\1")
        f.seek(2 * 65536 + 8)
        f.write(b"\0" * 32)
    s.img("check", "-q", s.path("x.qcow2"), status=2)
    s.io(s.options("x.qcow2"), "read", 0, 512)
    s.img("check", "-q", s.path("x.qcow2"))


def main():
    blockio = os.path.abspath(sys.argv[1])
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 120
    with tempfile.TemporaryDirectory() as folder:
        s = Suite(blockio, folder)
        for name, options, create in VARIANTS:
            s.case("random requests on %s" % name, variant, s, name, options, requests)
            s.case("images of qemu-img: %s" % name, theirs, s, name, options)
            if create is not None:
                s.case("images of ours: %s" % name, ours, s, name, create)
        for fmt in ("raw", "qcow2"):
            for depth in (1, 3):
                s.case("backing chain of %d on %s" % (depth, fmt), backing, s, fmt, depth)
        s.case("backing chain of 8", backing, s, "qcow2", 8)
        s.case("a short backing file", short_backing, s)
        s.case("data file", data_file, s, "off")
        s.case("raw data file", data_file, s, "on")
        s.case("internal snapshots of qemu-img", snapshots, s)
        for cluster in (512, 65536):
            s.case("resize, clusters of %d" % cluster, resize, s, cluster)
        s.case("leaks are found", leaks, s)
        s.case("dirty bit", dirty, s)
        print("1..%d" % s.count)
        return 1 if s.failed else 0


if __name__ == "__main__":
    sys.exit(main())
