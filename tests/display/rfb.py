# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of RFB 3.8 (RFC 6143) for the tests, over TCP, a UNIX socket, or a WebSocket."""
import base64
import hashlib
import os
import socket
import struct
import zlib

RAW, ZRLE, RESIZE, CURSOR, POINTER, KEYS, LEDS, EXTENDED = 0, 16, -223, -239, -257, -258, -261, -308


class WebSocket:
    """What a socket's sendall and recv are, over RFC 6455."""

    def __init__(self, link, host, path="/"):
        self.link, self.buffer = link, b""
        key = base64.b64encode(os.urandom(16))
        link.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
                     b"Sec-WebSocket-Protocol: binary\r\n\r\n" %
                     (path.encode(), host.encode(), key))
        head = b""
        while b"\r\n\r\n" not in head:
            data = link.recv(4096)
            if not data:
                raise ConnectionError(head.decode(errors="replace"))
            head += data
        head, self.raw = head.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        if " 101 " not in self.head.split("\r\n")[0]:
            raise ConnectionError(self.head)
        proof = base64.b64encode(hashlib.sha1(
            key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        assert proof in self.head, self.head

    def send_frame(self, opcode, data, final=True):
        mask = os.urandom(4)
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) \
            if size < 65536 else b"\xff" + struct.pack(">Q", size)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.link.sendall(bytes([opcode | (0x80 if final else 0)]) + length + mask + body)

    def sendall(self, data):
        half = len(data) // 2  # in two fragments, with a ping between them
        self.send_frame(2, data[:half], final=False)
        self.send_frame(9, b"hello")
        self.send_frame(0, data[half:])

    def take(self, n):
        while len(self.raw) < n:
            data = self.link.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.raw += data
        data, self.raw = self.raw[:n], self.raw[n:]
        return data

    def recv(self, n):
        while not self.buffer:
            first, size = self.take(2)
            size = struct.unpack(">H", self.take(2))[0] if size == 126 else \
                struct.unpack(">Q", self.take(8))[0] if size == 127 else size
            data = self.take(size)
            if first & 15 == 2:
                self.buffer = data
            elif first & 15 == 8:
                return b""
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def message(self):
        """One whole message, of any number of frames."""
        whole = b""
        while True:
            first, size = self.take(2)
            size = struct.unpack(">H", self.take(2))[0] if size == 126 else \
                struct.unpack(">Q", self.take(8))[0] if size == 127 else size
            data = self.take(size)
            if first & 15 < 8:
                whole += data
                if first & 0x80:
                    return whole

    def close(self):
        self.link.close()


def reverse_bits(byte):
    return int("{:08b}".format(byte)[::-1], 2)


class Client:
    """One connection; @encodings are asked for. Pixels are kept as 32-bit words."""

    def __init__(self, link, encodings=(ZRLE, EXTENDED, CURSOR, POINTER, KEYS, LEDS), shared=True,
                 answer=None, version=b"RFB 003.008\n"):
        self.link, self.seen, self.inflate = link, {}, zlib.decompressobj()
        assert self.read(12) == b"RFB 003.008\n"
        link.sendall(version)
        if version == b"RFB 003.003\n":
            kind = struct.unpack(">I", self.read(4))[0]
        else:
            kinds = self.read(self.read(1)[0])
            kind = kinds[0]
            link.sendall(bytes([kind]))
        self.kind = kind
        if kind == 2:
            link.sendall(answer(self.read(16)))
        if kind == 2 or version == b"RFB 003.008\n":
            status = struct.unpack(">I", self.read(4))[0]
            if status:
                size = struct.unpack(">I", self.read(4))[0]
                raise PermissionError(self.read(size).decode())
        link.sendall(b"\1" if shared else b"\0")
        self.width, self.height = struct.unpack(">HH", self.read(4))
        self.read(16)
        self.name = self.read(struct.unpack(">I", self.read(4))[0]).decode()
        self.pixels = [0] * (self.width * self.height)
        link.sendall(struct.pack(">BxH", 2, len(encodings) + 1) +
                     b"".join(struct.pack(">i", one) for one in (*encodings, RAW)))

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.link.recv(n - len(data))
            if not part:
                raise ConnectionError("closed after %d of %d bytes" % (len(data), n))
            data += part
        return data

    def request(self, incremental=True):
        self.link.sendall(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def key(self, symbol, down):
        self.link.sendall(struct.pack(">BBxxI", 4, down, symbol))

    def number(self, number, down):
        self.link.sendall(struct.pack(">BBHII", 255, 0, down, 0, number))

    def press(self, symbol):
        self.key(symbol, 1)
        self.key(symbol, 0)

    def type(self, text):
        for letter in text:
            shift = letter.isupper() or letter in "~!@#$%^&*()_+{}|:\"<>?"
            if shift:
                self.key(0xffe1, 1)
            self.press(0xff0d if letter == "\n" else ord(letter))
            if shift:
                self.key(0xffe1, 0)

    def pointer(self, x, y, buttons=0):
        self.link.sendall(struct.pack(">BBHH", 5, buttons, x, y))

    def put(self, x, y, width, height, words):
        for row in range(height):
            at = (y + row) * self.width + x
            self.pixels[at:at + width] = words[row * width:(row + 1) * width]

    def zrle_tile(self, data, at, count, width):
        """One tile: its pixels and where it ends."""
        def pixel(place):
            return data[place] | data[place + 1] << 8 | data[place + 2] << 16
        kind = data[at]
        at += 1
        if kind == 0:
            return [pixel(at + 3 * i) for i in range(count)], at + 3 * count
        if kind == 1:
            return [pixel(at)] * count, at + 3
        assert 2 <= kind <= 16, kind
        colours = [pixel(at + 3 * i) for i in range(kind)]
        at += 3 * kind
        bits = 1 if kind == 2 else 2 if kind <= 4 else 4
        words = []
        stride = (width * bits + 7) // 8
        for row in range(count // width):
            line = int.from_bytes(data[at:at + stride], "big")
            words += [colours[line >> (stride * 8 - bits * (i + 1)) & ((1 << bits) - 1)]
                      for i in range(width)]
            at += stride
        return words, at

    def zrle(self, x, y, width, height):
        packed = self.read(struct.unpack(">I", self.read(4))[0])
        data, at = self.inflate.decompress(packed), 0
        for top in range(0, height, 64):
            for left in range(0, width, 64):
                w, h = min(64, width - left), min(64, height - top)
                words, at = self.zrle_tile(data, at, w * h, w)
                self.put(x + left, y + top, w, h, words)
        assert at == len(data), (at, len(data))

    def rectangle(self):
        x, y, width, height, encoding = struct.unpack(">HHHHi", self.read(12))
        self.seen[encoding] = (x, y, width, height)
        if encoding == RAW:
            data = self.read(width * height * 4)
            self.put(x, y, width, height, struct.unpack("<%dI" % (width * height), data))
        elif encoding == ZRLE:
            self.zrle(x, y, width, height)
        elif encoding in (EXTENDED, RESIZE):
            if encoding == EXTENDED:
                self.read(4 + 16 * self.read(4)[0] - 4)
            if (width, height) != (self.width, self.height):
                self.width, self.height = width, height
                self.pixels = [0] * (width * height)
        elif encoding == CURSOR:
            self.read(width * height * 4 + (width + 7) // 8 * height)
        elif encoding == LEDS:
            self.leds = self.read(1)[0]
        elif encoding not in (POINTER, KEYS):
            raise ValueError("encoding %d" % encoding)

    def update(self):
        """Read one FramebufferUpdate."""
        kind = self.read(1)[0]
        while kind == 250:
            self.read(3)
            kind = self.read(1)[0]
        assert kind == 0, kind
        self.read(1)
        for _ in range(struct.unpack(">H", self.read(2))[0]):
            self.rectangle()

    def close(self):
        self.link.close()


def tcp(port, host="127.0.0.1", timeout=30):
    link = socket.create_connection((host, port), timeout=timeout)
    link.settimeout(timeout)
    return link


def unix(path, timeout=30):
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(timeout)
    link.connect(path)
    return link
