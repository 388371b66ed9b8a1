# SPDX-License-Identifier: GPL-2.0-or-later
"""Running machines in rooms: a QMP client, and a guest with a shell on its serial line."""

import json
import os
import re
import select
import socket
import subprocess
import time


class Qmp:
    """A client of the socket @path."""

    def __init__(self, path, limit=30):
        self.link = socket.socket(socket.AF_UNIX)
        self.buffer, self.events = b"", []
        until = time.monotonic() + limit
        while True:
            try:
                self.link.connect(path)
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        self.greeting = self.message(limit)
        self.ask("qmp_capabilities")

    def message(self, limit):
        """The next message; None when none comes in time."""
        until = time.monotonic() + limit
        while b"\n" not in self.buffer:
            self.link.settimeout(max(until - time.monotonic(), 0.01))
            try:
                data = self.link.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise EOFError("the QMP server has gone")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, command, limit=60, **arguments):
        """The whole reply."""
        request = {"execute": command, "arguments": arguments}
        self.link.sendall(json.dumps(request).encode())
        while True:
            reply = self.message(limit)
            if reply is None:
                raise TimeoutError(f"no reply to {command}")
            if "event" not in reply:
                return reply
            self.events.append(reply)

    def event(self, name, limit=30):
        """Whether such an event has come since the last call, or comes in time."""
        until = time.monotonic() + limit
        while True:
            names = [e["event"] for e in self.events]
            if name in names:
                del self.events[:names.index(name) + 1]
                return True
            left = until - time.monotonic()
            message = self.message(left) if left > 0 else None
            if message is None:
                return False
            self.events.append(message)


class Machine:
    """qemu-host in a room. Its first serial line is our pipe, QMP is at self.qmp."""

    def __init__(self, room, name, *options, program="qemu-host"):
        path = f"/run/{name}.sock"
        if os.path.exists(room.outside(path)):
            os.unlink(room.outside(path))
        self.process = subprocess.Popen(
            room.command("timeout", "-k", "1", "1200", program, "-display", "none", "-qmp",
                         f"unix:{path},server=on,wait=off", *options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""
        try:
            self.qmp = Qmp(room.outside(path))
        except OSError as error:
            self.kill()
            said = self.process.stdout.read().decode(errors="replace")
            raise OSError(f"{program} does not answer: {error}\n{said}") from error

    def expect(self, pattern, limit=300):
        """Wait for @pattern on the serial line; the match, and what came before is forgotten."""
        until = time.monotonic() + limit
        while True:
            match = re.search(pattern, self.text)
            if match:
                self.text = self.text[match.end():]
                return match
            left = until - time.monotonic()
            ready = select.select([self.process.stdout], [], [], max(left, 0))[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready and left > 0 else b""
            if not data:
                raise TimeoutError(f"'{pattern}' did not come; the last was\n{self.text[-1500:]}")
            self.text += data.decode(errors="replace")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def shell(self, command, limit=120):
        """What the guest's shell prints for @command."""
        # the sums, because what is typed comes back, too
        self.type(f"echo start-$((40+2)); {command}; echo end-$((40+2))\n")
        found = self.expect(r"(?s)start-42\r?\n(.*?)end-42", limit)
        return found.group(1).replace("\r", "").strip()

    def quit(self):
        """End it; its status."""
        try:
            self.qmp.ask("quit")
        except (OSError, EOFError):
            pass
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process.stdin.close()
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)
