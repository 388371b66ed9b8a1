#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Manners in a terminal: raw while it is used, as it was on every way out."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time

from cli import HOST, Tap

TIMEOUT = 20
TIOCGPTN = 0x80045430  # <asm-generic/ioctls.h>: number of a pseudo terminal
RAW_BITS = termios.ECHO | termios.ICANON


class Terminal:
    """The program on a pseudo terminal of its own."""

    def __init__(self, program, args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # who started us may ignore them
            # a sanitizer would keep these signals for itself
            os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + \
                ":handle_segv=0:handle_sigbus=0:handle_abort=0"
            try:
                os.execv(program, [program] + args)
            finally:
                os._exit(127)
        # a second descriptor, so that the settings can be read when the program has gone
        number = struct.unpack("I", fcntl.ioctl(self.fd, TIOCGPTN, bytes(4)))[0]
        self.slave = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY)
        self.text = b""

    def read_until(self, wanted):
        end = time.monotonic() + TIMEOUT
        while wanted not in self.text and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.fd, 4096)
                except OSError:
                    break
        return wanted in self.text

    def type(self, keys):
        os.write(self.fd, keys)

    def local_flags(self):
        return termios.tcgetattr(self.slave)[3]

    def wait_flags(self, raw):
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if bool(self.local_flags() & RAW_BITS) != raw:
                return True
            time.sleep(0.01)
        return False

    def wait(self):
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            select.select([self.fd], [], [], 0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None

    def close(self):
        os.close(self.fd)
        os.close(self.slave)


def settings(terminal):
    # c_cc has bytes and numbers; the list compares as a whole
    return termios.tcgetattr(terminal.slave)


def start(legacy, more=()):
    """The program at work; with the terminal's settings from before."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    os.close(master)
    os.close(slave)
    terminal = Terminal(legacy, ["-M", "virt", "-S", "-bios", "none", *more])
    return terminal, before


def test_ways_out(tap, legacy):
    ways = [("Ctrl-A x", b"\x01x", None), ("quit", b"\x01cquit\r", None)]
    ways += [(s.name, None, s) for s in
             (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV,
              signal.SIGABRT, signal.SIGBUS)]
    for name, keys, number in ways:
        terminal, before = start(legacy)
        raw = terminal.wait_flags(raw=True)
        terminal.type(b"\x01h")
        ready = terminal.read_until(b"Ctrl-A x")
        if keys is not None:
            terminal.type(keys)
        else:
            os.kill(terminal.pid, number)
        status = terminal.wait()
        good = raw and ready and status is not None and settings(terminal) == before
        if keys is not None or number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            good = good and status == 0
        else:
            good = good and os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
        tap.check(f"{name} leaves the terminal as it was",
                  None if good else f"raw {raw} ready {ready} status {status} {terminal.text}")
        terminal.close()


def test_stop(tap, legacy):
    terminal, _ = start(legacy)
    terminal.wait_flags(raw=True)
    os.kill(terminal.pid, signal.SIGTSTP)
    os.waitpid(terminal.pid, os.WUNTRACED)
    tap.check("while it is stopped the terminal is the shell's",
              None if terminal.local_flags() & RAW_BITS == RAW_BITS else "raw")
    os.kill(terminal.pid, signal.SIGCONT)
    tap.check("and raw again afterwards", None if terminal.wait_flags(raw=True) else "cooked")
    terminal.type(b"\x01x")
    tap.check("and it still ends well", None if terminal.wait() == 0 else "it does not")
    terminal.close()


def test_interrupt_key(tap, legacy):
    terminal, _ = start(legacy)
    terminal.wait_flags(raw=True)
    terminal.type(b"\x03\x1a\x1c\x01h")
    tap.check("the guest gets Ctrl-C, Ctrl-Z and Ctrl-\\",
              None if terminal.read_until(b"Ctrl-A x") else terminal.text)
    terminal.type(b"\x01x")
    terminal.wait()
    terminal.close()
    terminal, _ = start(legacy, ["-serial", "stdio", "-monitor", "none"])
    terminal.wait_flags(raw=True)
    time.sleep(0.2)
    terminal.type(b"\x03")
    tap.check("with -serial stdio Ctrl-C ends the program",
              None if terminal.wait() == 0 else terminal.text)
    terminal.close()


def test_monitor(tap, legacy):
    terminal, _ = start(legacy)
    terminal.wait_flags(raw=True)
    terminal.type(b"\x01c")
    greeted = terminal.read_until(b"(qemu)")
    terminal.type(b"info status\r")
    answered = terminal.read_until(b"paused")
    terminal.text = b""
    terminal.type(b"quit\x01c\x01c")
    prompted = terminal.read_until(b"(qemu)")
    terminal.type(b"info status\r")
    alive = terminal.read_until(b"paused")
    tap.check("Ctrl-A c reaches the monitor", None if greeted and answered else terminal.text)
    tap.check("coming back to it shows a prompt and drops a half-typed line",
              None if prompted and alive else terminal.text)
    terminal.type(b"\x01x")
    terminal.wait()
    terminal.close()


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        legacy = os.path.join(folder, "qemu-system-riscv64")
        os.symlink(HOST, legacy)
        test_ways_out(tap, legacy)
        test_stop(tap, legacy)
        test_interrupt_key(tap, legacy)
        test_monitor(tap, legacy)
    tap.end()


if __name__ == "__main__":
    sys.exit(main())
