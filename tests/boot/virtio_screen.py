#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux's drivers of the virtio graphics adapter and input devices.

virtio_screen.py HOST [CASE...]
"""
import sys
import tempfile

import guest
import virtio

GPU = """
cat /sys/class/graphics/fb0/name /sys/class/graphics/fb0/virtual_size
head -n 1 /sys/class/drm/card0-Virtual-1/modes
cat /sys/class/drm/card0-Virtual-1/status
wc -c < /sys/class/drm/card0-Virtual-1/edid
cat /sys/class/drm/card0-Virtual-2/status
cat /sys/class/vtconsole/vtcon*/name | grep -c 'frame buffer'
echo written > /dev/tty0 && yes 12345678 | head -c 1920000 > /dev/fb0 && echo filled
"""
SHOWN = ["virtio_gpudrmfb", "800,600", "800x600", "connected", "256", "disconnected", "1", "filled"]


def case_gpu(tap, binary):
    """The frame buffer console comes up in the size that the host proposes."""
    with tempfile.TemporaryDirectory() as work:
        for extra in ("", ",packed=on,blob=on"):
            result = virtio.run(work, binary, ["virtio-gpu"], GPU, "-device",
                                "virtio-gpu-pci,xres=800,yres=600,max_outputs=2" + extra)
            tap.check(result.status == 0 and result.output.split() == SHOWN,
                      "a console on the screen" + extra, result)


INPUT = """
grep -h '^N: Name=' /proc/bus/input/devices | sort
for i in 0 1 2 3; do cat /sys/class/input/input$i/capabilities/key; done
cat /sys/class/input/input*/uniq | grep -c SER
"""
NAMES = ['N: Name="QEMU Virtio %s"' % name for name in ("Keyboard", "Mouse", "MultiTouch", "Tablet")]


def case_input(tap, binary):
    """Keyboard, mouse, tablet and touch screen are what they say."""
    with tempfile.TemporaryDirectory() as work:
        result = virtio.run(work, binary, ["virtio_input", "evdev"], INPUT,
                            "-device", "virtio-keyboard-pci,serial=SER", "-device",
                            "virtio-mouse-pci", "-device", "virtio-tablet-pci", "-device",
                            "virtio-multitouch-pci")
    lines = result.output.split("\n")
    tap.check(result.status == 0 and [line for line in lines if "Name" in line] == NAMES and
              "1" in lines, "four devices", result)


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    cases = {name[5:]: function for name, function in sorted(globals().items())
             if name.startswith("case_")}
    for name, function in cases.items():
        if not wanted or name in wanted:
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
