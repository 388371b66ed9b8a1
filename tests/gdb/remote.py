# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of gdb's remote protocol that can also say what gdb never would, and hosts to talk to."""
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))

LONG = 30  # seconds; nothing here takes that long
RAM, RAM_END = 0x80000000, 0x80000000 + (128 << 20)


class Broken(AssertionError):
    """The stub said something that it may never say."""


def frame(data):
    """A packet with its checksum; @data is escaped already."""
    return b"$" + data + b"#%02x" % (sum(data) & 255)


def connect(path):
    """A socket to @path, which the host may not have made yet."""
    end = time.monotonic() + LONG
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(path)
            return line
        except OSError:
            line.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def listening(path):
    """Wait until somebody listens at @path, without a visit that he would notice (proc(5))."""
    end = time.monotonic() + LONG
    while True:
        with open("/proc/net/unix", encoding="utf-8") as table:
            rows = [row.split() for row in table]
        if any(row[-1] == path and row[3] == "00010000" for row in rows):
            return
        assert time.monotonic() < end, "nobody listens at " + path
        time.sleep(0.01)


class Remote:
    """gdb's side of a connection."""

    def __init__(self, path, acks=False):
        self.socket = connect(path)
        self.buffer = b""
        self.acks = True
        if not acks:
            assert self.ask("QStartNoAckMode") == "OK"
            self.acks = False
            self.socket.sendall(b"+")

    def close(self):
        """Hang up."""
        self.socket.close()

    def byte(self, limit=LONG):
        """The next byte; b"" when the stub hung up."""
        if not self.buffer:
            if not select.select([self.socket], [], [], limit)[0]:
                raise TimeoutError("no answer")
            try:
                self.buffer = self.socket.recv(65536)
            except ConnectionError:
                self.buffer = b""
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def packet(self, limit=LONG):
        """The data of the next packet, unescaped; None when the stub hung up."""
        byte = self.byte(limit)
        while byte != b"$":
            if not byte:
                return None
            if byte != b"+":
                raise Broken("%r outside of a packet" % byte)
            byte = self.byte(limit)
        data, total, escape = b"", 0, False
        while True:
            byte = self.byte(limit)
            if not byte:
                raise Broken("half a packet: %r" % data[:80])
            if byte == b"#":
                break
            total += byte[0]
            if byte == b"}" and not escape:
                escape = True
            else:
                data += bytes([byte[0] ^ 0x20]) if escape else byte
                escape = False
        if int(self.byte(limit) + self.byte(limit), 16) != total & 255:
            raise Broken("the checksum of %r is wrong" % data[:80])
        if self.acks:
            self.socket.sendall(b"+")
        return data

    def send(self, text):
        """A packet."""
        self.socket.sendall(frame(text if isinstance(text, bytes) else text.encode()))

    def ask(self, text, limit=LONG):
        """What is answered to a packet, as text."""
        self.send(text)
        reply = self.packet(limit)
        return None if reply is None else reply.decode("latin-1")

    def interrupt(self):
        """As Ctrl-C does."""
        self.socket.sendall(b"\x03")
        return self.packet().decode()

    def register(self, number):
        """A register as a number."""
        reply = self.ask("p%x" % number)
        return int.from_bytes(bytes.fromhex(reply), "little")

    def set_register(self, number, value, width=8):
        """Write one."""
        return self.ask("P%x=%s" % (number, value.to_bytes(width, "little").hex()))

    @property
    def pc(self):
        """Of the current thread (RISC-V: number 32)."""
        return self.register(32)

    def memory(self, address, length):
        """Bytes."""
        return bytes.fromhex(self.ask("m%x,%x" % (address, length)))

    def word(self, address):
        """8 bytes as a number."""
        return int.from_bytes(self.memory(address, 8), "little")


class Qmp:
    """Just enough of QMP."""

    def __init__(self, path):
        self.file = connect(path).makefile("rw")
        self.events = []
        json.loads(self.file.readline())
        self.ask("qmp_capabilities")

    def ask(self, command):
        """The reply's return."""
        self.file.write(json.dumps({"execute": command}) + "\n")
        self.file.flush()
        while True:
            message = json.loads(self.file.readline())
            if "event" not in message:
                return message["return"]
            self.events.append(message["event"])

    def status(self):
        """As query-status words it."""
        return self.ask("query-status")["status"]


def tool(name):
    """A cross tool."""
    for prefix in ("riscv64-linux-gnu-", "riscv64-unknown-elf-"):
        for folder in os.environ["PATH"].split(":"):
            if os.access(os.path.join(folder, prefix + name), os.X_OK):
                return prefix + name
    raise FileNotFoundError("no riscv64 " + name)


class Program:
    """guest.S, built; its symbols."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "guest.elf")
        subprocess.run([tool("gcc"), "-nostdlib", "-static", "-march=rv64imac_zicsr", "-mabi=lp64",
                        "-g", "-Wl,-N", "-Wl,--no-warn-rwx-segments", "-Wl,-Ttext=0x80000000", "-Wl,--build-id=none", "-o",
                        self.path, os.path.join(HERE, "guest.S")], check=True)
        listing = subprocess.run([tool("nm"), self.path], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout
        self.symbols = {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines()}
        # no label of its own: gdb would take it for a function
        self.symbols["after"] = self.symbols["loop"] + 4

    def __getattr__(self, name):
        return self.symbols[name]


class Host:
    """A machine with the program on it, a gdb socket and a QMP socket."""

    always = []  # arguments of every host

    def __init__(self, binary, program, *more, cpus=1, paused=True, gdb=None,
                 serial="null"):
        self.folder = tempfile.TemporaryDirectory(prefix="qh-gdb-")
        self.gdb = os.path.join(self.folder.name, "gdb")
        self.qmp = os.path.join(self.folder.name, "qmp")
        command = [binary, "--load-target=riscv64", "-M", "virt", "-m", "128M", "-smp", str(cpus),
                   "-bios", program.path, "-display", "none", "-serial", serial, "-monitor", "none",
                   "-qmp", "unix:%s,server=on,wait=off" % self.qmp]
        if gdb is None:
            gdb = "unix:%s,server=on,wait=off" % self.gdb
        command += ["-gdb", gdb] if gdb else []
        command += ["-S"] if paused else []
        self.process = subprocess.Popen(command + self.always + list(more),
                                        stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def wait(self):
        """The exit status."""
        return self.process.wait(LONG)

    def resident(self):
        """Bytes of memory that the host uses, guest RAM included."""
        with open("/proc/%d/statm" % self.process.pid, encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
