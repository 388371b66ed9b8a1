# SPDX-License-Identifier: GPL-2.0-or-later
"""The other end of kernels/agent.c: orders out, marks in, clocks read in between."""
import os
import select
import subprocess
import time


class Failure(Exception):
    """A side did not do what it was told; the text says what it printed instead."""


def process_cpu(pid):
    """CPU seconds of all threads of @pid, ended ones too: clock_getcpuclockid(3) of it."""
    return time.clock_gettime((~pid << 3) | 2)


class Measure:
    """One run: CPU seconds, wall seconds, the answer (a checksum, what was printed)."""

    def __init__(self, cpu, wall, answer):
        self.cpu, self.wall, self.answer = cpu, wall, answer


class Agent:
    """A started agent; @emulated: it runs in a guest, whose emulator is the child process."""

    def __init__(self, command, emulated, log, environment=None):
        self.emulated, self.pending = emulated, b""
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=log, env=environment)

    def cpu(self):
        return process_cpu(self.process.pid)

    def until(self, word, limit):
        """The lines before one that starts with @word, and that one."""
        before, deadline = [], time.monotonic() + limit
        while True:
            while b"\n" in self.pending:
                line, self.pending = self.pending.split(b"\n", 1)
                text = line.decode(errors="replace").replace("\r", "")
                if text.startswith(word):
                    return before, text
                before.append(text)
                if text.startswith("@done"):
                    raise Failure("'%s' came instead of '%s'" % (text, word))
            left = deadline - time.monotonic()
            ready = select.select([self.process.stdout], [], [], max(0, left))[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise Failure("no '%s' %s; the last lines: %r" % (
                    word, "before the end" if ready else "within %d s" % limit,
                    [*before, self.pending.decode(errors="replace")][-8:]))
            self.pending += data

    def send(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Failure("cannot send '%s': %s" % (line, error)) from error

    def order(self, line, limit):
        """An order without marks; what it printed."""
        self.send(line)
        lines, done = self.until("@done", limit)
        if done != "@done 0":
            raise Failure("%s: %s: %r" % (line, done, lines[-8:]))
        return lines

    def measure(self, line, limit, at_begin=None, at_end=None):
        """An order with marks; what is to be called at them, outside the measured time."""
        self.send(line)
        self.until("@begin", limit)
        time.sleep(0.001)  # until the guest waits for the answer
        if at_begin:
            at_begin()
        cpu, wall = self.cpu(), time.monotonic()
        self.send("")
        lines, end = self.until("@end", limit)
        wall = time.monotonic() - wall
        time.sleep(0.001)
        cpu = self.cpu() - cpu
        if at_end:
            at_end()
        self.send("")
        self.until("@done", limit)
        _, status, checksum, own_cpu, own_wall = end.split()
        if status != "0":
            raise Failure("%s: status %s: %r" % (line, status, lines[-8:]))
        if not self.emulated:
            cpu, wall = int(own_cpu) / 1e9, int(own_wall) / 1e9
        return Measure(cpu, wall, "\n".join([*lines, checksum]))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
