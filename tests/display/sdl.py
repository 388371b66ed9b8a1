#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A window by SDL, whose driver for nothing saves what it would show: Linux's console is in it.

sdl.py HOST
"""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import guest  # noqa: E402
import virtio  # noqa: E402

LIMIT = 120
SHELL = "echo In-the-window >/dev/tty1\necho ready\nsleep 600\n"


def environment(**more):
    kept = {key: value for key, value in os.environ.items()
            if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    return {**kept, **more}


class Host:
    """A host with a window; frames are saved in @work."""

    def __init__(self, binary, work, *arguments):
        self.work = work
        self.process = subprocess.Popen(
            [os.path.abspath(binary), "--load-target=riscv", "-M", "virt", "-m", "256M", "-device",
             "bochs-display,xres=800,yres=600", "-qmp", "stdio", *arguments], cwd=work, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=environment(SDL_VIDEODRIVER="dummy", SDL_VIDEO_DUMMY_SAVE_FRAMES="1"))
        self.process.stdout.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        while "event" in (message := json.loads(self.process.stdout.readline())):
            pass
        return message

    def frames(self):
        """Complete ones, oldest first; others are removed to save space."""
        found = sorted(glob.glob(self.work + "/SDL_window*.bmp"))[:-1]
        for name in found[:-2]:
            os.unlink(name)
        return found[-2:]

    def end(self):
        self.ask("quit")
        return self.process.wait(20)


def load(path):
    """Width, height and rows of pixels of a bitmap."""
    with open(path, "rb") as file:
        data = file.read()
    start, = struct.unpack_from("<I", data, 10)
    width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    step, stride = bits // 8, (width * bits // 8 + 3) // 4 * 4
    rows = [[int.from_bytes(data[at:at + 3], "little") for at in
             range(start + y * stride, start + y * stride + width * step, step)]
            for y in range(height)]
    return width, height, rows[::-1]


def dump(host):
    path = os.path.join(host.work, "screen.ppm")
    assert host.ask("screendump", filename=path) == {"return": {}}
    with open(path, "rb") as file:
        _, size, _, data = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    return [[int.from_bytes(data[at:at + 3], "big") for at in
             range(y * width * 3, (y + 1) * width * 3, 3)] for y in range(height)]


def wait(host, good):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until and host.process.poll() is None:
        if good():
            return True
        time.sleep(0.2)
    return False


def test_console(tap, binary, work):
    pairs, modules = virtio.module_files(work, ["bochs"])
    image = guest.initrd(os.path.join(work, "initrd"), modules + SHELL, files=pairs)
    serial, frames = os.path.join(work, "serial"), os.path.join(work, "frames")
    os.mkdir(frames)
    host = Host(binary, frames, "-display", "sdl,window-close=off", "-bios", guest.firmware(),
                "-kernel", guest.kernel(), "-initrd", image, "-append",
                "console=tty0 console=ttyS0 quiet", "-serial", "file:" + serial)
    try:
        def ready():
            host.frames()
            with open(serial, "rb") as file:
                return b"ready" in file.read()

        def same():
            names = host.frames()
            if not names:
                return False
            width, height, rows = load(names[-1])
            lit = sum(1 for row in rows for pixel in row if pixel)
            differ = sum(1 for ours, real in zip(rows, dump(host)) for a, b in zip(ours, real)
                         if a != b)
            return (width, height) == (800, 600) and lit > 20 and differ <= 200  # a cursor blinks

        tap.check(wait(host, ready), "the guest is up")
        tap.check(wait(host, same), "the window shows the console")
        options = host.ask("query-display-options")["return"]
        tap.check(options == {"type": "sdl", "window-close": False},
                  "query-display-options tells what was given: %s" % options)
        tap.check(host.end() == 0, "the host ends")
    finally:
        host.process.kill()
        host.process.wait()


def test_full_screen(tap, binary, work):
    frames = os.path.join(work, "full")
    os.mkdir(frames)
    host = Host(binary, frames, "-display", "sdl", "-full-screen", "-S", "-serial", "null")
    try:
        def full():
            found = glob.glob(frames + "/SDL_window*.bmp")
            return found and os.path.getsize(found[0]) > 1024 * 768 * 3

        tap.check(wait(host, full), "-full-screen fills the screen of 1024 by 768")
        tap.check(host.end() == 0, "and the host ends")
    finally:
        host.process.kill()
        host.process.wait()


def test_refused(tap, binary):
    for value, driver, message in (
            ("sdl", "no-such", "-display sdl: cannot open the display of this session: no-such"),
            ("sdl", "x11", "-display sdl: cannot open the display of this session: x11"),
            ("sdl,gl=on", "dummy", "'gl=on': windows are drawn without the graphics processor"),
            ("sdl,grab-mod=x", "dummy", "grab-mod")):
        done = subprocess.run(
            [binary, "--load-target=riscv", "-M", "virt", "-S", "-serial", "null", "-display", value],
            env=environment(SDL_VIDEODRIVER=driver, DISPLAY=":4242"), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False)
        tap.check(done.returncode in (1, 2) and message in done.stderr,
                  "-display %s with driver %s: %s" % (value, driver, done.stderr.strip()))


def main():
    tap = guest.Tap()
    with tempfile.TemporaryDirectory() as work:
        test_refused(tap, sys.argv[1])
        test_full_screen(tap, sys.argv[1], work)
        test_console(tap, sys.argv[1], work)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
