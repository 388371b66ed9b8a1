#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's console on a frame buffer, seen and typed on through VNC and a WebSocket; passwords; a
client that does not read; bytes that make no sense.

vnc.py HOST
"""
import ctypes
import json
import os
import random
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import guest  # noqa: E402
import rfb  # noqa: E402
import virtio  # noqa: E402

LIMIT = 120
SHELL = 'setsid sh -c "exec sh </dev/tty1 >/dev/tty1 2>&1" &\necho ready\nsleep 600\n'


class Host:
    """A guest with a shell on its screen, and a QMP session."""

    def __init__(self, binary, work):
        pairs, load = virtio.module_files(work, ["bochs", "virtio_input"])
        image = guest.initrd(os.path.join(work, "initrd"), load + SHELL, files=pairs)
        self.serial, self.lock = os.path.join(work, "serial"), os.path.join(work, "locked")
        self.errors = os.path.join(work, "errors")
        qmp = os.path.join(work, "qmp")
        # a sanitizer keeps what was freed for a while; memory in use is looked at
        small = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                     ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [binary, "--load-target=riscv", "-M", "virt", "-m", "256M", "-bios",
                 guest.firmware(), "-kernel", guest.kernel(), "-initrd", image, "-append",
                 "console=tty0 console=ttyS0 quiet", "-device", "bochs-display,id=video,xres=800,"
                 "yres=600", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
                 "-serial", "file:" + self.serial, "-display", "web", "-vnc",
                 ":70,to=99,websocket=on", "-vnc", "unix:%s,id=locked,password=on" % self.lock,
                 "-qmp", "unix:%s,server=on,wait=off" % qmp],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=small)
        self.link = self.connect(qmp)
        self.lines, self.events = self.link.makefile("r"), []
        self.lines.readline()
        self.ask("qmp_capabilities")
        servers = self.ask("query-vnc-servers")["return"]
        ports = {end["websocket"]: int(end["service"]) for end in servers[0]["server"]}
        self.port, self.web = ports[False], ports[True]

    def connect(self, path):
        until = time.monotonic() + 30
        while True:
            try:
                return rfb.unix(path)
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    with open(self.errors, encoding="utf-8") as file:
                        print("# " + file.read(), flush=True)
                    raise
                time.sleep(0.1)

    def ask(self, command, **arguments):
        self.link.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            message = json.loads(self.lines.readline())
            if "event" in message:
                self.events.append(message["event"])
            else:
                return message

    def wait_serial(self, text):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            with open(self.serial, "rb") as file:
                if text in file.read():
                    return True
            time.sleep(0.2)
        return False

    def memory(self):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))


def look(client, seconds=2):
    """Updates for a while: a cursor that blinks never ends them."""
    socket_of = getattr(client.link, "link", client.link)
    socket_of.settimeout(seconds)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            client.request()
            client.update()
    except TimeoutError:
        pass
    socket_of.settimeout(30)
    return client.pixels


def dump(host, work):
    path = os.path.join(work, "screen.ppm")
    assert host.ask("screendump", filename=path) == {"return": {}}
    with open(path, "rb") as file:
        kind, size, most, data = file.read().split(b"\n", 3)
    assert (kind, size, most) == (b"P6", b"800 600", b"255"), (kind, size, most)
    return [data[i] << 16 | data[i + 1] << 8 | data[i + 2] for i in range(0, len(data), 3)]


def des_answer(password):
    nettle = ctypes.CDLL("libnettle.so.8")

    def answer(challenge):
        context, out = ctypes.create_string_buffer(1024), ctypes.create_string_buffer(16)
        key = bytes(rfb.reverse_bits(byte) for byte in password.ljust(8, b"\0")[:8])
        nettle.nettle_des_set_key(context, key)
        nettle.nettle_des_encrypt(context, ctypes.c_size_t(16), out, challenge)
        return out.raw
    return answer


def test_console(tap, host, work):
    tap.check(host.wait_serial(b"ready"), "the guest is up")
    client = rfb.Client(rfb.tcp(host.port))
    client.request(False)
    look(client)
    before = sum(1 for pixel in client.pixels if pixel)
    tap.check((client.width, client.height) == (800, 600) and before > 20,
              "VNC shows the console: %d by %d, %d pixels" % (client.width, client.height, before))
    client.type("echo Typed-by-$((20+3)) >/dev/ttyS0; ls /\n")
    tap.check(host.wait_serial(b"Typed-by-23"), "keys that are typed reach the shell")
    for number in (0x12, 0x2e, 0x23, 0x18, 0x39, 0x2b, 0x1c):  # echo \
        client.number(number, 1)
        client.number(number, 0)
    client.type("number >/dev/ttyS0\n")
    tap.check(host.wait_serial(b"\nnumber"), "and so do keys by their number")
    look(client, 2)
    host.ask("stop")
    client.request(False)
    look(client, 2)
    shown = dump(host, work)
    tap.check(client.pixels == shown and sum(1 for p in shown if p) > before,
              "ZRLE gives the pixels of screendump, more than before")
    web = rfb.Client(rfb.WebSocket(rfb.tcp(host.web), "localhost"), encodings=(rfb.EXTENDED,))
    web.request(False)
    look(web, 2)
    tap.check(web.pixels == shown and rfb.RAW in web.seen, "raw over a WebSocket gives the same")
    host.ask("cont")
    client.close()
    web.close()


def test_password(tap, host):
    tap.check(stat.S_IMODE(os.stat(host.lock).st_mode) == 0o600, "the socket is its owner's")

    def enter(password, version=b"RFB 003.008\n"):
        try:
            rfb.Client(rfb.unix(host.lock), answer=des_answer(password), version=version).close()
            return True
        except (PermissionError, ConnectionError):
            return False
    tap.check(not enter(b""), "no password is set: nobody gets in")
    host.ask("set_password", protocol="vnc", display="locked", password="secret")
    tap.check(enter(b"secret") and enter(b"secret", b"RFB 003.007\n") and not enter(b"Secret"),
              "the password lets in, another one does not")
    host.ask("expire_password", protocol="vnc", display="locked", time="now")
    tap.check(not enter(b"secret"), "not when it has expired")
    tap.check("error" in host.ask("set_password", protocol="vnc", password="x"),
              "a server without password=on takes none")


def test_deaf(tap, host):
    """Ten clients ask for whole screens and never read."""
    deaf = [rfb.Client(rfb.tcp(host.port), encodings=(rfb.EXTENDED,)) for _ in range(10)]
    before = host.memory()
    for client in deaf:
        client.link.setblocking(False)
        for _ in range(2000):
            try:
                client.request(False)
            except BlockingIOError:
                break
    start = time.monotonic()
    other = rfb.Client(rfb.tcp(host.port))
    other.request(False)
    other.update()
    tap.check(time.monotonic() - start < 15, "clients that do not read stop nobody")
    grown = host.memory() - before
    tap.check(grown < 100 << 10, "and cost %d KiB" % grown)
    for client in [*deaf, other]:
        client.close()


def hostile(rng, web):
    """A session whose bytes are damaged, cut or made up."""
    head = b"RFB 003.008\n\1\1" if not web else b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n" \
        b"Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n"
    body = bytearray(head + b"\x02\0\0\x02\0\0\0\x10\xff\xff\xfe\xcc" +
                     b"\0\0\0\0\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0" +
                     b"\3\0\0\0\0\0\xff\xff\xff\xff\4\1\0\0\0\0\xff\r\5\1\0\5\0\5" +
                     b"\xfb\0\x40\0\x40\0\1\0" + bytes(16) + b"\xff\0\0\1\0\0\0\0\0\0\0\x1e")
    for _ in range(rng.randrange(6)):
        body[rng.randrange(len(head) if rng.random() < 0.2 else len(body))] = rng.randrange(256)
    if rng.random() < 0.3:
        body = body[:rng.randrange(len(body))]
    return bytes(body) + (rng.randbytes(rng.randrange(400)) if rng.random() < 0.5 else b"")


def test_hostile(tap, host):
    rng = random.Random(23)
    for i in range(400):
        web = i % 2 == 1
        try:
            link = rfb.tcp(host.web if web else host.port, timeout=0.2)
            link.sendall(hostile(rng, web))
            link.shutdown(socket.SHUT_WR) if i % 3 else link.recv(4096)
            link.close()
        except OSError:
            pass
    time.sleep(1)
    client = rfb.Client(rfb.tcp(host.port))
    client.request(False)
    client.update()
    client.close()
    tap.check(host.ask("query-status")["return"]["running"], "400 hostile sessions harm nobody")
    tap.check({"VNC_CONNECTED", "VNC_INITIALIZED", "VNC_DISCONNECTED"} <= set(host.events),
              "events tell of clients")


def test_page(tap, host):
    with open(host.errors, encoding="utf-8") as file:
        port, token = re.search(r"http://127\.0\.0\.1:(\d+)/\?t=(\w{32})\b", file.read()).groups()
    link = rfb.tcp(int(port))
    link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    page = b""
    while data := link.recv(65536):
        page += data
    tap.check(page.startswith(b"HTTP/1.1 200 ") and page.endswith(b"</html>\n"), "the page is there")
    good = rfb.Client(rfb.WebSocket(rfb.tcp(int(port)), "x", "/ws?t=" + token))
    refused = 0
    for path in ("/ws", "/ws?t=", "/ws?t=" + token[:-1], "/ws?t=" + token + "0"):
        try:
            rfb.WebSocket(rfb.tcp(int(port)), "x", path)
        except ConnectionError as error:
            refused += " 403 " in str(error)
    tap.check(good.width == 800 and refused == 4, "its token is needed")
    good.close()


def main():
    tap = guest.Tap()
    with tempfile.TemporaryDirectory() as work:
        host = Host(sys.argv[1], work)
        try:
            test_console(tap, host, work)
            test_password(tap, host)
            test_deaf(tap, host)
            test_hostile(tap, host)
            test_page(tap, host)
            host.ask("quit")
            tap.check(host.process.wait(20) == 0, "the host ends")
        finally:
            host.process.kill()
            host.process.wait()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
