#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a host whose guest was made by mkinitramfs --exec; print what the command prints.

console.py [--mark] HOST [ARGUMENT...]    exits with the command's status, as the host does;
                                          --mark: the host cannot know it, the mark tells

The guest marks the output's start with \\x02 and its end with \\x03STATUS\\x03. Without the marks
the whole console goes to stderr and the exit status is the host's, or 1.
"""
import re
import subprocess
import sys


def main():
    by_mark = sys.argv[1] == "--mark"
    host = subprocess.Popen(sys.argv[2 if by_mark else 1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    seen, out, started = b"", sys.stdout.buffer, False
    while True:
        data = host.stdout.read1(65536)
        if not data:
            break
        seen += data.replace(b"\r\n", b"\n").replace(b"\r", b"")
        if not started and b"\x02\n" in seen:
            started = True
            seen = seen.split(b"\x02\n", 1)[1]
        # keep what may be the beginning of the end mark
        if started and b"\x03" not in seen:
            out.write(seen)
            out.flush()
            seen = b""
    status = host.wait()
    match = re.search(rb"\x03(\d+)\x03", seen) if started else None
    if match is None:
        sys.stderr.buffer.write(seen)
        print("console: the guest did not run the command to its end (host status %d)" % status,
              file=sys.stderr)
        return status or 1
    out.write(seen[:match.start()])
    out.flush()
    if by_mark and status == 0:
        return int(match.group(1))
    if status != int(match.group(1)):
        print("console: the command's status is %s, the host's %d" %
              (match.group(1).decode(), status), file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
