# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk with one FAT32 partition, as firmware boots from (Microsoft, FAT32 File System
Specification 1.03). write(path, megabytes, {"/name": bytes or a file's path})."""
import os
import struct

SECTOR, SECTORS_PER_CLUSTER, RESERVED = 512, 4, 32
CLUSTER = SECTOR * SECTORS_PER_CLUSTER
START = 2048  # of the partition
END_OF_CHAIN = 0x0fffffff
CLUSTERS_MIN = 65525  # with fewer it would be FAT16 (3.5)


class Folder:
    """Names of a directory, in order; entries are Folders or contents."""

    def __init__(self):
        self.entries = {}
        self.cluster = 0


def short_name(name, taken):
    """A unique name of 8 and 3 characters for @name, which is kept in long entries."""
    base, _, tail = name.upper().rpartition(".")
    if not base:
        base, tail = tail, ""
    keep = [c for c in base if c.isalnum() or c in "_-"]
    for number in range(1, 10000):
        mark = "~%d" % number
        short = "".join(keep)[:8 - len(mark)] + mark
        result = short.ljust(8).encode() + "".join(c for c in tail if c.isalnum())[:3].ljust(3).encode()
        if result not in taken:
            taken.add(result)
            return result
    raise ValueError("too many names like " + name)


def checksum(short):
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xff
    return total


def long_entries(name, short):
    text = name.encode("utf-16-le") + b"\0\0"
    text += b"\xff" * (-len(text) % 26)
    parts = [text[i:i + 26] for i in range(0, len(text), 26)]
    out = b""
    for number in range(len(parts), 0, -1):
        part = parts[number - 1]
        order = number | (0x40 if number == len(parts) else 0)
        out += bytes([order]) + part[:10] + bytes([0x0f, 0, checksum(short)]) + part[10:22] + \
            b"\0\0" + part[22:]
    return out


def entry(short, attributes, cluster, size):
    return struct.pack("<11sBBBHHHHHHHI", short, attributes, 0, 0, 0, 0x5821, 0x5821,
                       cluster >> 16, 0, 0x5821, cluster & 0xffff, size)


class Volume:
    """Clusters that are given out front to back, and the table that chains them."""

    def __init__(self, out, sectors):
        self.out, self.sectors = out, sectors
        clusters = (sectors - RESERVED) // SECTORS_PER_CLUSTER
        self.fat_sectors = (clusters * 4 + SECTOR - 1) // SECTOR + 1
        self.data = RESERVED + 2 * self.fat_sectors
        self.room = (sectors - self.data) // SECTORS_PER_CLUSTER
        self.fat = [0x0ffffff8, END_OF_CHAIN]
        if self.room < CLUSTERS_MIN:
            raise ValueError("a disk with FAT32 has more than 130 MiB")

    def reserve(self, size):
        """The first of as many clusters as @size bytes take; 0 for none."""
        count = (size + CLUSTER - 1) // CLUSTER
        first = len(self.fat)
        if count == 0:
            return 0
        if first - 2 + count > self.room:
            raise ValueError("the disk is too small")
        self.fat += list(range(first + 1, first + count)) + [END_OF_CHAIN]
        return first

    def put(self, cluster, data):
        self.out.seek((START + self.data + (cluster - 2) * SECTORS_PER_CLUSTER) * SECTOR)
        self.out.write(data)

    def finish(self):
        boot = struct.pack("<3s8sHBHBHHBHHHIIIHHIHH12sBBBI11s8s", b"\xeb\x58\x90", b"QEMUHOST",
                           SECTOR, SECTORS_PER_CLUSTER, RESERVED, 2, 0, 0, 0xf8, 0, 63, 255,
                           START, self.sectors, self.fat_sectors, 0, 0, 2, 1, 6, bytes(12),
                           0x80, 0, 0x29, 0x12345678, b"FIRMWARE   ", b"FAT32   ")
        boot = boot.ljust(510, b"\0") + b"\x55\xaa"
        info = b"RRaA" + bytes(480) + b"rrAa" + struct.pack("<II", 0xffffffff, 0xffffffff)
        info = info.ljust(510, b"\0") + b"\x55\xaa"
        for at in (0, 6):
            self.out.seek((START + at) * SECTOR)
            self.out.write(boot + info)
        table = struct.pack("<%dI" % len(self.fat), *self.fat)
        for copy in range(2):
            self.out.seek((START + RESERVED + copy * self.fat_sectors) * SECTOR)
            self.out.write(table)


def content(value):
    if isinstance(value, bytes):
        return value
    with open(value, "rb") as source:
        return source.read()


def fill(volume, folder, parent):
    """Write what is in @folder, then itself; directories need no more than they say here."""
    size = 64 + sum(32 * (2 + (2 * len(name) + 27) // 26) for name in folder.entries)
    folder.cluster = volume.reserve(size)
    listing, taken = b"", set()
    if parent is not None:
        listing += entry(b".          ", 0x10, folder.cluster, 0)
        listing += entry(b"..         ", 0x10, 0 if parent.cluster == 2 else parent.cluster, 0)
    for name, value in folder.entries.items():
        short = short_name(name, taken)
        listing += long_entries(name, short)
        if isinstance(value, Folder):
            fill(volume, value, folder)
            listing += entry(short, 0x10, value.cluster, 0)
            continue
        data = content(value)
        cluster = volume.reserve(len(data))
        if data:
            volume.put(cluster, data)
        listing += entry(short, 0x20, cluster, len(data))
    volume.put(folder.cluster, listing.ljust(-(-size // CLUSTER) * CLUSTER, b"\0"))


def tree(folder, prefix):
    """{"/prefix/...": path} for all files below @folder."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(at, name)
            found[prefix + "/" + os.path.relpath(path, folder)] = path
    return found


def write(path, megabytes, files):
    root = Folder()
    for name, value in files.items():
        *steps, last = name.strip("/").split("/")
        at = root
        for step in steps:
            at = at.entries.setdefault(step, Folder())
        at.entries[last] = value
    sectors = megabytes * 2048 - START
    with open(path, "wb") as out:
        out.truncate(megabytes << 20)
        out.seek(446)
        out.write(struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0xef, b"\xfe\xff\xff", START,
                              sectors))
        out.seek(510)
        out.write(b"\x55\xaa")
        volume = Volume(out, sectors)
        fill(volume, root, None)
        volume.finish()
