# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaging ELF files on purpose: fields by name in a 64-bit little-endian file."""

import struct

HEADER = {"class": (4, "B"), "data": (5, "B"), "ei_version": (6, "B"), "osabi": (7, "B"),
          "type": (16, "H"), "machine": (18, "H"), "version": (20, "I"), "phoff": (32, "Q"),
          "shoff": (40, "Q"), "phentsize": (54, "H"), "phnum": (56, "H"), "shnum": (60, "H")}
PHDR = {"type": (0, "I"), "flags": (4, "I"), "offset": (8, "Q"), "vaddr": (16, "Q"),
        "filesz": (32, "Q"), "memsz": (40, "Q"), "align": (48, "Q")}
PT = {"LOAD": 1, "DYNAMIC": 2, "INTERP": 3, "NOTE": 4, "TLS": 7, "GNU_EH_FRAME": 0x6474e550,
      "GNU_STACK": 0x6474e551, "GNU_RELRO": 0x6474e552}
DT = {"NULL": 0, "NEEDED": 1, "PLTRELSZ": 2, "PLTGOT": 3, "HASH": 4, "STRTAB": 5, "SYMTAB": 6,
      "RELA": 7, "RELASZ": 8, "RELAENT": 9, "STRSZ": 10, "SYMENT": 11, "INIT": 12, "FINI": 13,
      "JMPREL": 23, "INIT_ARRAY": 25, "FINI_ARRAY": 26, "INIT_ARRAYSZ": 27, "FLAGS": 30,
      "GNU_HASH": 0x6ffffef5, "VERSYM": 0x6ffffff0, "VERNEED": 0x6ffffffe,
      "VERNEEDNUM": 0x6fffffff, "FLAGS_1": 0x6ffffffb}


class Elf:
    def __init__(self, data):
        self.data = bytearray(data)

    def _put(self, base, field, value):
        offset, code = field
        struct.pack_into("<" + code, self.data, base + offset,
                         value & (1 << 8 * struct.calcsize(code)) - 1)

    def _get(self, base, field):
        offset, code = field
        return struct.unpack_from("<" + code, self.data, base + offset)[0]

    def header(self, **fields):
        for name, value in fields.items():
            self._put(0, HEADER[name], value)
        return self

    def phdrs(self):
        start = self._get(0, HEADER["phoff"])
        return [start + 56 * i for i in range(self._get(0, HEADER["phnum"]))]

    def find(self, kind, nth=0):
        found = [at for at in self.phdrs() if self._get(at, PHDR["type"]) == PT[kind]]
        return found[nth]

    def phdr(self, kind, nth=0, **fields):
        at = self.find(kind, nth)
        for name, value in fields.items():
            self._put(at, PHDR[name], value)
        return self

    def value(self, kind, name, nth=0):
        return self._get(self.find(kind, nth), PHDR[name])

    def offset_of(self, address):
        for at in self.phdrs():
            start = self._get(at, PHDR["vaddr"])
            if self._get(at, PHDR["type"]) == 1 and \
                    start <= address < start + self._get(at, PHDR["filesz"]):
                return self._get(at, PHDR["offset"]) + address - start
        raise ValueError(f"address {address:#x} is in no segment")

    def entries(self):
        at = self.value("DYNAMIC", "offset")
        while True:
            tag, value = struct.unpack_from("<QQ", self.data, at)
            yield at, tag, value
            if tag == 0:
                return
            at += 16

    def has(self, name):
        return any(tag == DT[name] for _, tag, _ in self.entries())

    def dynamic(self, name, value=None, tag=None):
        """The value of an entry; with @value or @tag, change it."""
        for at, found, now in self.entries():
            if found == DT[name]:
                struct.pack_into("<QQ", self.data, at, found if tag is None else tag,
                                 now if value is None else value & (1 << 64) - 1)
                return now if value is None and tag is None else self
        raise ValueError(f"no DT_{name}")

    def word(self, address, value, code="I"):
        struct.pack_into("<" + code, self.data, self.offset_of(address), value)
        return self

    def replace(self, old, new):
        assert self.data.count(old) >= 1 and len(old) == len(new), (old, new)
        self.data = bytearray(bytes(self.data).replace(old, new))
        return self
