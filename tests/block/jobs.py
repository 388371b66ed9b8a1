#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs, overlays, bitmaps and snapshots over QMP, looked at with qemu-img.

jobs.py HOST BLOCKIO [nbd]    TAP on stdout; with "nbd" that module as well
"""
import json
import os
import subprocess
import sys
import tempfile
import time

from qcow2 import Suite
from qmp import Host

MB = 1 << 20
SIZE = 16 * MB


def node(name, path, **more):
    return {"driver": "qcow2", "node-name": name, "discard": "unmap",
            "file": {"driver": "file", "filename": path}, **more}


def disk(s, host, name, *images):
    """A chain of nodes NAME0 ... from the lowest up, over images that are there."""
    below = None
    for i, image in enumerate(images):
        host.call("blockdev-add", **node("%s%d" % (name, i), s.path(image), backing=below))
        below = "%s%d" % (name, i)
    return below


def chain(s, depth):
    """Images c0 ... of which c<i> has i+1 in megabyte i and 0xee in the last."""
    for i in range(depth):
        more = ["-b", s.path("c%d" % (i - 1)), "-F", "qcow2"] if i else []
        s.img("create", "-q", "-f", "qcow2", *more, s.path("c%d" % i), str(SIZE))
        io = ["-c", "write -P %d %dM 1M" % (i + 1, i), "-c", "write -P %d 15M 1M" % (0xe0 + i)]
        subprocess.run(["qemu-io", "-f", "qcow2", *io, s.path("c%d" % i)], check=True,
                       capture_output=True)
    return ["c%d" % i for i in range(depth)]


def has(s, image, *patterns, fmt="qcow2"):
    """PATTERNS: (byte, megabyte)"""
    done = subprocess.run(["qemu-io", "-r", "-f", fmt, s.path(image)] +
                          [x for p, m in patterns for x in ("-c", "read -P %d %dM 1M" % (p, m))],
                          capture_output=True, text=True, check=False)
    assert "failed" not in done.stdout and done.returncode == 0, done.stdout + done.stderr


def depth_of(s, image):
    return len(json.loads(s.img("info", "-U", "--output=json", "--backing-chain", s.path(image))))


def stream(s, host):
    """All of the chain, then a part, while there are writes."""
    top = disk(s, host, "s", *chain(s, 4))
    assert "backing chain" in host.error("block-stream", job_id="j", device="s1", base_node="s2")
    host.call("block-stream", job_id="j", device=top, base_node="s0", speed=4 * MB)
    host.io(top, "write -P 0x77 2M 1M")
    assert host.call("query-block-jobs")[0]["speed"] == 4 * MB
    host.call("block-job-set-speed", device="j", speed=0)
    host.ends("j")
    host.event("BLOCK_JOB_COMPLETED", device="j")
    for pattern, at in ((1, 0), (2, 1), (0x77, 2), (4, 3), (0xe3, 15), (0, 9)):
        host.io(top, "read -P %d %dM 1M" % (pattern, at))
    host.call("blockdev-del", node_name="s2")
    host.call("blockdev-del", node_name="s1")
    assert depth_of(s, "c3") == 2
    host.call("block-stream", job_id="j", device=top)
    host.ends("j")
    host.call("blockdev-del", node_name="s0")
    host.call("blockdev-del", node_name=top)
    assert depth_of(s, "c3") == 1
    s.img("check", "-q", s.path("c3"))
    has(s, "c3", (1, 0), (2, 1), (0x77, 2), (4, 3), (0xe3, 15), (0, 9))


def commit_middle(s, host):
    """What is in the middle goes down; names of files do as well as nodes."""
    top = disk(s, host, "m", *chain(s, 4))
    host.error("block-commit", job_id="j", device=top, top_node="m2", base_node="m2")
    host.error("block-commit", job_id="j", device=top, top=s.path("nothing"))
    host.call("block-commit", job_id="j", device=top, top=s.path("c2"), base=s.path("c0"))
    host.ends("j")
    for pattern, at in ((1, 0), (2, 1), (3, 2), (4, 3), (0xe3, 15)):
        host.io(top, "read -P %d %dM 1M" % (pattern, at))
    for name in (top, "m2", "m1", "m0"):
        host.call("blockdev-del", node_name=name)
    assert depth_of(s, "c3") == 2
    has(s, "c0", (1, 0), (2, 1), (3, 2), (0xe2, 15))
    has(s, "c3", (1, 0), (2, 1), (3, 2), (4, 3), (0xe3, 15))
    for image in ("c0", "c3"):
        s.img("check", "-q", s.path(image))


def commit_active(s, host):
    """The one that is written to goes down, and the base takes its place; also by the monitor."""
    chain(s, 2)
    host.call("blockdev-add", **node("a0", s.path("c0"), **{"read-only": True}))
    host.call("blockdev-add", **node("a1", s.path("c1"), backing="a0"))
    host.call("block-commit", job_id="j", device="a1")
    host.event("BLOCK_JOB_READY", device="j")
    host.io("a1", "write -P 0x55 4M 1M")
    host.call("job-complete", id="j")
    host.ends("j")
    host.call("blockdev-del", node_name="a1")
    host.io("a0", "read -P 0x55 4M 1M")
    host.call("blockdev-del", node_name="a0")
    has(s, "c0", (1, 0), (2, 1), (0xe1, 15), (0x55, 4))
    s.img("check", "-q", s.path("c0"))


def cancel(s, host):
    """Pause, resume, cancel; what is cancelled leaves all as it was."""
    top = disk(s, host, "x", *chain(s, 3))
    host.call("block-stream", job_id="j", device=top, speed=MB, auto_dismiss=False)
    host.call("job-pause", id="j")
    host.event("JOB_STATUS_CHANGE", id="j", status="paused")
    assert "already paused" in host.error("job-pause", id="j")
    host.error("job-complete", id="j")
    host.error("job-dismiss", id="j")
    host.call("job-resume", id="j")
    host.call("job-cancel", id="j")
    host.event("BLOCK_JOB_CANCELLED", device="j")
    assert host.call("query-jobs")[0]["status"] == "concluded"
    host.call("job-dismiss", id="j")
    assert host.call("query-jobs") == []
    host.io(top, "read -P 2 1M 1M")
    assert depth_of(s, "c2") == 3
    host.call("block-stream", job_id="k", device=top, auto_finalize=False)
    host.event("BLOCK_JOB_PENDING", id="k")
    host.call("job-finalize", id="k")
    host.ends("k")
    for name in (top, "x1", "x0"):
        host.call("blockdev-del", node_name=name)
    assert depth_of(s, "c2") == 1


def mirror(s, host):
    top = disk(s, host, "m", *chain(s, 2))
    host.call("drive-mirror", job_id="j", device=top, target=s.path("t"), sync="full",
              format="qcow2", node_name="t", copy_mode="background")
    host.event("BLOCK_JOB_READY", device="j")
    host.io(top, "write -P 0x66 5M 1M")
    host.call("block-job-complete", device="j")
    host.ends("j")
    host.call("drive-mirror", job_id="j", device=top, target=s.path("t2"), sync="top")
    host.event("BLOCK_JOB_READY", device="j")
    host.call("block-job-cancel", device="j")
    host.event("BLOCK_JOB_COMPLETED", device="j")
    host.ends("j")
    for name in (top, "m0"):
        host.call("blockdev-del", node_name=name)
    has(s, "t", (1, 0), (2, 1), (0x66, 5), (0xe1, 15))
    has(s, "t2", (1, 0), (2, 1), (0x66, 5), (0xe1, 15))
    assert (depth_of(s, "t"), depth_of(s, "t2")) == (1, 2)


def mirror_blocking(s, host):
    """copy-mode=write-blocking: what is written is in the copy at once, although the job itself has
    all but no speed; so is a discard. Where it cannot be copied the job hears of it, not the guest;
    a write over what has not been copied yet is left to the job."""
    for image in "ab":
        s.img("create", "-q", "-f", "raw", s.path("mb" + image), str(SIZE))
        host.call("blockdev-add", driver="raw", node_name=image, discard="unmap",
                  file={"driver": "blkdebug" if image == "b" else "file", "node-name": "file-" + image,
                        **({"image": {"driver": "file", "filename": s.path("mb" + image)}}
                           if image == "b" else {"filename": s.path("mb" + image)})})
    for mode in ("background", "write-blocking"):
        host.call("blockdev-mirror", job_id="j", device="a", target="b", sync="none", speed=1,
                  copy_mode=mode, on_target_error="stop")
        host.event("BLOCK_JOB_READY", device="j")
        for at in range(8):
            host.io("a", "write -P %d %dM 1M" % (0x11 * (at + 1), at))
            host.io("a", "write -P 0x99 %dM 700" % at)
        host.io("a", "write -z 3M 64k")
        host.io("a", "write -P 0x77 %d 3" % (8 * MB - 1))
        with open(s.path("mbb"), "rb") as copy, open(s.path("mba"), "rb") as source:
            same = copy.read() == source.read()
        assert same == (mode == "write-blocking"), mode
        host.call("block-job-cancel", device="j", force=True)
        host.event("BLOCK_JOB_CANCELLED", device="j")
        host.ends("j")
    # the end of a whole one, with writes before the copier comes there and after
    host.call("blockdev-mirror", job_id="j", device="a", target="b", sync="full", speed=MB,
              copy_mode="write-blocking")
    host.io("a", "write -P 0x21 0 100k")
    host.io("a", "write -P 0x22 %d 1M" % (15 * MB - 4096))
    host.call("block-job-set-speed", device="j", speed=0)
    host.event("BLOCK_JOB_READY", device="j")
    host.io("a", "write -P 0x23 9M 100k")
    host.call("block-job-complete", device="j")
    host.ends("j")
    for name in ("a", "file-a", "b", "file-b"):
        host.hmp("qemu-io %s flush" % name)
    host.call("blockdev-del", node_name="a")
    host.call("blockdev-del", node_name="b")
    s.img("compare", "-q", s.path("mba"), s.path("mbb"))
    # a copy that cannot be written: the guest's write is good, the job stops
    host.call("blockdev-add", driver="raw", node_name="a",
              file={"driver": "file", "filename": s.path("mba")})
    host.call("blockdev-add", driver="raw", node_name="b", file={
        "driver": "blkdebug", "inject-error": [{"event": "write_aio", "errno": 5}],
        "image": {"driver": "file", "filename": s.path("mbb")}})
    host.call("blockdev-mirror", job_id="j", device="a", target="b", sync="none",
              copy_mode="write-blocking", on_target_error="report")
    host.event("BLOCK_JOB_READY", device="j")
    host.io("a", "write -P 0x31 0 64k")
    host.io("a", "read -P 0x31 0 64k")
    host.event("BLOCK_JOB_ERROR", device="j")
    host.ends("j")
    host.call("blockdev-del", node_name="a")
    host.call("blockdev-del", node_name="b")


def backup(s, host):
    """Full, then incremental ones along a bitmap, of which one fails; the chain has it all."""
    s.img("create", "-q", "-f", "qcow2", s.path("b"), str(SIZE))
    host.call("blockdev-add", **node("b", s.path("b")))
    host.io("b", "write -P 1 0 1M")
    host.call("transaction", actions=[
        {"type": "block-dirty-bitmap-add", "data": {"node": "b", "name": "m", "persistent": True}},
        {"type": "drive-backup", "data": {"device": "b", "target": s.path("full"),
                                          "sync": "full", "format": "qcow2", "job-id": "j"}}])
    host.ends("j")
    host.io("b", "write -P 2 1M 1M")
    assert bitmap_count(host, "b") == MB
    # a target that is too small: the bitmap stays as it is
    s.img("create", "-q", "-f", "qcow2", s.path("small"), str(MB))
    host.call("blockdev-add", **node("small", s.path("small")))
    host.error("blockdev-backup", job_id="j", device="b", target="small", sync="incremental",
               bitmap="m")
    host.error("blockdev-backup", job_id="j", device="b", target="small", sync="bitmap", bitmap="m")
    host.error("blockdev-backup", job_id="j", device="b", target="small", sync="full", bitmap="m")
    host.call("blockdev-del", node_name="small")
    assert bitmap_count(host, "b") == MB
    below = "full"
    for i in range(2):
        s.img("create", "-q", "-f", "qcow2", "-b", s.path(below), "-F", "qcow2",
              s.path("inc%d" % i), str(SIZE))
        host.call("drive-backup", job_id="j", device="b", target=s.path("inc%d" % i),
                  sync="incremental", bitmap="m", format="qcow2", mode="existing")
        host.io("b", "write -P %d 2M 1M" % (3 + i))
        host.ends("j")
        assert bitmap_count(host, "b") == MB
        below = "inc%d" % i
    host.call("blockdev-del", node_name="b")
    has(s, "full", (1, 0), (0, 1), (0, 2))
    s.img("rebase", "-u", "-q", "-F", "qcow2", "-b", s.path("full"), s.path("inc0"))
    has(s, "inc0", (1, 0), (2, 1), (0, 2))
    has(s, "inc1", (1, 0), (2, 1), (3, 2))
    info = json.loads(s.img("info", "--output=json", s.path("b")))
    marks = info["format-specific"]["data"]["bitmaps"]
    assert marks == [{"flags": ["auto"], "name": "m", "granularity": 65536}], marks
    s.img("check", "-q", s.path("b"))


def bitmap_count(host, name, bitmap="m"):
    for one in host.call("query-named-block-nodes"):
        if one["node-name"] == name:
            return [m["count"] for m in one["dirty-bitmaps"] if m["name"] == bitmap][0]
    return None


def bitmaps(s, host):
    """They are kept in the image, by us and by qemu-img; one of a crash is inconsistent."""
    s.img("create", "-q", "-f", "qcow2", s.path("b"), str(SIZE))
    s.img("bitmap", "--add", "-g", "32k", s.path("b"), "theirs")
    host.call("blockdev-add", **node("b", s.path("b")))
    host.io("b", "write 3M 1M")
    assert bitmap_count(host, "b", "theirs") == MB
    host.call("block-dirty-bitmap-add", node="b", name="m", persistent=True, granularity=65536)
    host.call("block-dirty-bitmap-add", node="b", name="gone")
    assert "already exists" in host.error("block-dirty-bitmap-add", node="b", name="m")
    host.error("block-dirty-bitmap-add", node="b", name="n", granularity=1000)
    host.error("block-dirty-bitmap-add", node="b", name="")
    host.io("b", "write 0 1M")
    host.call("block-dirty-bitmap-disable", node="b", name="m")
    host.io("b", "write 8M 1M")
    assert bitmap_count(host, "b") == MB
    host.call("block-dirty-bitmap-merge", node="b", target="m", bitmaps=["theirs"])
    assert bitmap_count(host, "b") == 3 * MB
    host.error("block-dirty-bitmap-merge", node="b", target="m", bitmaps=["theirs", "none"])
    host.error("transaction", actions=[
        {"type": "block-dirty-bitmap-clear", "data": {"node": "b", "name": "m"}},
        {"type": "block-dirty-bitmap-remove", "data": {"node": "b", "name": "theirs"}},
        {"type": "block-dirty-bitmap-enable", "data": {"node": "b", "name": "m"}},
        {"type": "abort", "data": {}}])
    assert bitmap_count(host, "b") == 3 * MB
    assert bitmap_count(host, "b", "theirs") == 3 * MB
    host.call("blockdev-del", node_name="b")
    s.img("check", "-q", s.path("b"))
    info = json.loads(s.img("info", "--output=json", s.path("b")))
    names = {m["name"]: m["flags"] for m in info["format-specific"]["data"]["bitmaps"]}
    assert names == {"theirs": ["auto"], "m": []}, names
    host.call("blockdev-add", **node("b", s.path("b")))
    assert bitmap_count(host, "b") == 3 * MB
    host.call("block-dirty-bitmap-remove", node="b", name="theirs")
    host.call("block-dirty-bitmap-clear", node="b", name="m")
    host.call("block_resize", node_name="b", size=2 * SIZE)
    host.call("block-dirty-bitmap-enable", node="b", name="m")
    host.io("b", "write 31M 64k")
    host.call("blockdev-del", node_name="b")
    s.img("check", "-q", s.path("b"))
    host.call("blockdev-add", **node("b", s.path("b")))
    assert bitmap_count(host, "b") == 65536
    raw = {"driver": "raw", "node-name": "r", "file": {"driver": "null-co", "size": SIZE}}
    host.call("blockdev-add", **raw)
    host.error("block-dirty-bitmap-add", node="r", name="m", persistent=True)
    host.call("blockdev-del", node_name="r")
    host.call("blockdev-del", node_name="b")


def crash(s, binary):
    s.img("create", "-q", "-f", "qcow2", s.path("b"), str(SIZE))
    host = Host(binary)
    host.call("blockdev-add", **node("b", s.path("b")))
    host.call("block-dirty-bitmap-add", node="b", name="m", persistent=True)
    host.quit()
    host = Host(binary)
    host.call("blockdev-add", **node("b", s.path("b")))
    host.io("b", "write 0 1M")
    host.io("b", "flush")
    host.kill()
    with Host(binary) as host:
        host.call("blockdev-add", **node("b", s.path("b")))
        one, = [n for n in host.call("query-named-block-nodes") if n["node-name"] == "b"]
        assert one["dirty-bitmaps"][0]["inconsistent"], one["dirty-bitmaps"]
        assert "inconsistent" in host.error("block-dirty-bitmap-clear", node="b", name="m")
        host.call("block-dirty-bitmap-remove", node="b", name="m")
    s.img("check", "-q", s.path("b"))
    info = json.loads(s.img("info", "--output=json", s.path("b")))
    assert "bitmaps" not in info["format-specific"]["data"], info


def overlays(s, host):
    """blockdev-snapshot-sync, alone and in transactions that fail."""
    for name in "uv":
        s.img("create", "-q", "-f", "qcow2", s.path(name), str(SIZE))
        host.call("blockdev-add", **node(name, s.path(name)))
        host.io(name, "write -P 1 0 1M")
    host.error("transaction", actions=[
        {"type": "blockdev-snapshot-sync",
         "data": {"node-name": "u", "snapshot-file": s.path("u1"), "snapshot-node-name": "u1"}},
        {"type": "blockdev-snapshot-sync",
         "data": {"node-name": "v", "snapshot-file": s.path("no/such"),
                  "snapshot-node-name": "v1"}}])
    names = [n["node-name"] for n in host.call("query-named-block-nodes")]
    assert "u1" not in names, names
    host.call("blockdev-del", node_name="v")
    device = {"driver": "virtio-blk-pci", "id": "d", "drive": "u"}
    host.call("device_add", **device)
    host.call("blockdev-snapshot-sync", node_name="u", snapshot_file=s.path("u2"),
              snapshot_node_name="u2")
    host.io("d", "write -P 2 0 1M")
    host.call("change-backing-file", device="d", image_node_name="u2", backing_file="u")
    host.hmp("info block")
    assert host.call("query-block")[0]["inserted"]["node-name"] == "u2"
    has_backing = json.loads(s.img("info", "-U", "--output=json", s.path("u2")))
    assert has_backing["backing-filename"] == "u", has_backing


def internal(s, host):
    """Snapshots inside an image, counted as qemu-img counts."""
    for options in ("cluster_size=64k", "cluster_size=512", "extended_l2=on", "compat=0.10"):
        s.img("create", "-q", "-f", "qcow2", "-o", options, s.path("i"), str(SIZE))
        host.call("blockdev-add", **node("i", s.path("i")))
        for i in range(3):
            host.io("i", "write -P %d 0 1M" % (i + 1))
            host.call("blockdev-snapshot-internal-sync", device="i", name="snap%d" % i)
        assert "already exists" in host.error("blockdev-snapshot-internal-sync", device="i",
                                              name="snap1")
        host.io("i", "write -P 9 512k 64k")
        host.error("blockdev-snapshot-delete-internal-sync", device="i")
        host.error("blockdev-snapshot-delete-internal-sync", device="i", name="none")
        gone = host.call("blockdev-snapshot-delete-internal-sync", device="i", name="snap1")
        assert (gone["id"], gone["name"]) == ("2", "snap1"), gone
        host.io("i", "write -P 8 768k 64k")
        host.call("blockdev-del", node_name="i")
        s.img("check", "-q", s.path("i"))
        has_parts = ["-c", "read -P 3 0 512k", "-c", "read -P 9 512k 64k", "-c",
                     "read -P 8 768k 64k"]
        out = subprocess.run(["qemu-io", "-f", "qcow2", *has_parts, s.path("i")],
                             capture_output=True, text=True, check=True).stdout
        assert "failed" not in out, out
        s.img("snapshot", "-a", "snap0", s.path("i"))
        has(s, "i", (1, 0))
        s.img("snapshot", "-a", "snap2", s.path("i"))
        has(s, "i", (3, 0))
        s.img("check", "-q", s.path("i"))
    s.img("create", "-q", "-f", "qcow2", "-o", "refcount_bits=1", s.path("i"), str(SIZE))
    host.call("blockdev-add", **node("i", s.path("i")))
    host.io("i", "write -P 1 0 1M")
    assert "narrow" in host.error("blockdev-snapshot-internal-sync", device="i", name="x")
    host.io("i", "write -P 2 0 1M")
    host.call("blockdev-del", node_name="i")
    s.img("check", "-q", s.path("i"))


def filters(s, host):
    """Faults by rules and states, what is read is kept, limits that are shared."""
    chain(s, 2)
    image = {"driver": "null-co", "size": MB, "read-zeroes": True}
    host.call("blockdev-add", driver="blkdebug", node_name="d", image=image, inject_error=[
        {"event": "write_aio", "errno": 28, "sector": 8, "once": True},
        {"event": "read_aio", "state": 2}], set_state=[
            {"event": "flush_to_disk", "state": 1, "new_state": 2},
            {"event": "flush_to_disk", "state": 2, "new_state": 1}])
    host.io("d", "write 0 4k")
    assert "No space" in host.hmp('qemu-io d "write 0 8k"')
    host.io("d", "write 0 8k")
    host.io("d", "read 0 4k")
    host.io("d", "flush")
    assert "Input/output error" in host.hmp('qemu-io d "read 0 4k"')
    host.io("d", "flush")
    host.io("d", "read 0 4k")
    host.error("blockdev-add", driver="blkdebug", node_name="e", image=image, inject_error=[
        {"event": "write_aio", "errno": 0}])
    host.call("block-set-write-threshold", node_name="d", write_threshold=8192)
    host.error("block-set-write-threshold", node_name="nothing", write_threshold=8192)
    host.io("d", "write 0 8k")
    host.io("d", "write 8k 4k")
    host.event("BLOCK_WRITE_THRESHOLD", node_name="d", amount_exceeded=4096)
    host.call("blockdev-del", node_name="d")
    disk(s, host, "k", "c0", "c1")
    host.call("blockdev-add", driver="copy-on-read", node_name="cor", file="k1")
    host.io("cor", "read -P 1 0 1M")
    host.io("cor", "read -P 0 5M 1M")
    host.io("cor", "write -P 7 6M 1M")
    host.io("cor", "read -P 7 6M 1M")
    for name in ("cor", "k1", "k0"):
        host.call("blockdev-del", node_name=name)
    s.img("rebase", "-u", "-q", "-b", "", s.path("c1"))
    has(s, "c1", (1, 0), (7, 6), (0, 5), (2, 1))
    s.img("check", "-q", s.path("c1"))
    host.call("object-add", qom_type="throttle-group", id="g",
              limits={"iops-total": 100, "iops-total-max": 100})
    host.error("object-add", qom_type="throttle-group", id="h",
               limits={"iops-total": 100, "iops-read": 100})
    for name in ("t0", "t1"):
        host.call("blockdev-add", driver="throttle", node_name=name, throttle_group="g",
                  file=image)
    before = time.monotonic()
    for i in range(130):  # 100 in a burst, then 100 a second for both
        host.io("t%d" % (i % 2), "read 0 512")
    assert 0.2 < time.monotonic() - before, "no limit"
    host.error("object-del", id="g")
    for name in ("t0", "t1"):
        host.call("blockdev-del", node_name=name)
    host.call("object-del", id="g")


def nbd(s, host):
    """A disk of qemu-nbd; one that is lost and comes back."""
    s.flat("n.raw", SIZE, b"a" * MB)
    server = {"type": "unix", "path": s.path("nbd.sock")}

    def serve(*more):
        process = subprocess.Popen(["qemu-nbd", "-t", "-e", "8", "-f", "raw", "-k",
                                    s.path("nbd.sock"), "-x", "disk", *more, s.path("n.raw")])
        while not os.path.exists(s.path("nbd.sock")):
            time.sleep(0.01)
        return process

    assert "connect" in host.error("blockdev-add", driver="nbd", node_name="n", server=server,
                                   export="disk")
    host.error("blockdev-add", driver="nbd", node_name="n", server={"type": "unix"})
    process = serve("--discard=unmap")
    try:
        host.error("blockdev-add", driver="nbd", node_name="n", server=server, export="none")
        host.call("blockdev-add", driver="nbd", node_name="n", server=server, export="disk",
                  discard="unmap", reconnect_delay=10)
        host.io("n", "read -P 97 0 1M")
        host.io("n", "write -P 5 2M 3M")
        host.io("n", "write -z -u 3M 1M")
        host.io("n", "discard 4M 64k")
        host.io("n", "flush")
        host.io("n", "read -P 5 2M 1M")
        host.io("n", "read -P 0 3M 1M")
        host.call("drive-mirror", job_id="j", device="n", target=s.path("copy"), sync="full",
                  format="qcow2")
        host.event("BLOCK_JOB_READY", device="j")
        host.call("job-cancel", id="j")
        host.ends("j")
        process.kill()
        process.wait()
        os.unlink(s.path("nbd.sock"))
        process = serve()
        host.io("n", "read -P 5 2M 1M")
        host.call("blockdev-del", node_name="n")
        process.kill()
        process.wait()
        os.unlink(s.path("nbd.sock"))
        process = serve("--read-only")
        host.error("blockdev-add", driver="nbd", node_name="n", server=server, export="disk")
        host.call("blockdev-add", driver="nbd", node_name="n", server=server, export="disk",
                  read_only=True)
        host.io("n", "read -P 97 0 1M")
        host.call("blockdev-del", node_name="n")
    finally:
        process.kill()
        process.wait()
    has(s, "n.raw", (97, 0), (5, 2), (0, 3), fmt="raw")


def snapshot_option(s, binary):
    """-snapshot: the image stays as it is, unless what was written is committed."""
    s.flat("r.raw", SIZE)
    with Host(binary, "-snapshot", "-hda", s.path("r.raw")) as host:
        host.io("virtio0", "write -P 5 0 1M")
        host.io("virtio0", "read -P 5 0 1M")
    has(s, "r.raw", (0, 0), fmt="raw")
    with Host(binary, "-drive", "snapshot=on,format=raw,id=d,file=" + s.path("r.raw")) as host:
        host.io("d", "write -P 6 0 1M")
        assert host.hmp("commit d") == ""
        assert "Backing file:" in host.hmp("info block d")
    has(s, "r.raw", (6, 0), fmt="raw")


def monitor(s, binary):
    """The human monitor's commands on disks."""
    chain(s, 2)
    with Host(binary, "-drive", "if=none,id=d,format=qcow2,file=" + s.path("c1")) as host:
        assert "d (#block" in host.hmp("info block"), host.hmp("info block")
        assert host.hmp("info block-jobs") == \
            "No active jobs\n"
        assert host.hmp("block_resize d 32M") == ""
        assert host.hmp("drive_backup -f d %s" % s.path("bb")) == ""
        host.ends("d")
        assert host.hmp("snapshot_blkdev d %s" % s.path("over")) == ""
        assert host.hmp("snapshot_blkdev_internal d one") == ""
        assert host.hmp("snapshot_delete_blkdev_internal d one") == ""
        assert host.hmp("block_stream d 1M") == ""
        assert "Type stream, device d" in host.hmp("info block-jobs")
        assert host.hmp("block_job_set_speed d 0") == ""
        host.ends("d")
        assert "Error" in host.hmp("block_job_pause d")
        assert "OK" in host.hmp("drive_add 0 if=none,id=e,format=qcow2,file=" + s.path("bb"))
        assert host.hmp("drive_del e") == ""
        assert "Error" in host.hmp("drive_del e")
        assert "Error" in host.hmp("eject d")
        assert host.hmp("block_set_io_throttle d 0 0 0 100 0 0") == ""
        assert "iops=100" in host.hmp("info block d")
        for line in ("block_resize", "block_resize d x", "qemu-io d", "qemu-io d nothing",
                     "qemu-io none \"read 0 1\"", "commit", "snapshot_blkdev d"):
            assert "Error" in host.hmp(line), line


def main():
    binary, blockio = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        s = Suite(blockio, folder)
        for test in (stream, commit_middle, commit_active, cancel, mirror,
                     mirror_blocking, backup, bitmaps,
                     overlays, internal,
                     filters, *([nbd] if "nbd" in sys.argv[3:] else [])):
            def one(function=test):
                with Host(binary) as host:
                    function(s, host)
            s.case(test.__name__.replace("_", " "), one)
        for test in (crash, snapshot_option, monitor):
            s.case(test.__name__.replace("_", " "), test, s, binary)
        print("1..%d" % s.count)
        return 1 if s.failed else 0


if __name__ == "__main__":
    sys.exit(main())
