#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guest packages by their hash: what is pinned comes without the mirror's lists, other bytes do not come.

usage: fetch.py SOURCE (the top of the source tree)
"""

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading


class Tap:
    """@why is None or empty when the test passed."""

    count = failed = 0

    def check(self, name, why):
        self.count += 1
        self.failed += bool(why)
        print(f"{'not ok' if why else 'ok'} {self.count} - {name}", flush=True)
        for line in str(why or "").splitlines():
            print("# " + line)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def make_package(folder, words):
    """A package with one file; its path on the mirror and its SHA-256."""
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "DEBIAN"))
    with open(os.path.join(tree, "DEBIAN", "control"), "w", encoding="ascii") as control:
        control.write("Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
                      "Description: one file\n")
    with open(os.path.join(tree, "hello"), "w", encoding="ascii") as file:
        file.write(words)
    path = os.path.join(folder, "mirror", "pool", "hello_1_all.deb")
    os.makedirs(os.path.dirname(path))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, path], check=True,
                   stdout=subprocess.DEVNULL)
    with open(path, "rb") as file:
        return "pool/hello_1_all.deb", hashlib.sha256(file.read()).hexdigest()


def fetch(folder, port, *words):
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    env |= {"QEMU_HOST_GUEST_MIRROR": f"http://127.0.0.1:{port}", "QEMU_HOST_GUEST_DELAY": "0",
            "QEMU_HOST_GUEST_CACHE": os.path.join(folder, "cache"), "no_proxy": "127.0.0.1"}
    return subprocess.run([os.path.join(folder, "fetch"), *words], env=env, capture_output=True,
                          text=True, timeout=60, check=False)


def pin(folder, line):
    with open(os.path.join(folder, "packages"), "w", encoding="ascii") as file:
        file.write("# what is pinned\n" + line + "\n")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(sys.argv[1], "tests", "guest", "fetch"), folder)
        path, digest = make_package(folder, "good morning\n")
        handler = functools.partial(Quiet, directory=os.path.join(folder, "mirror"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]

        pin(folder, f"suite arch hello {digest[::-1]} {path}")
        done = fetch(folder, port, "suite", "arch", "hello")
        bad = os.path.exists(os.path.join(folder, "cache", "suite-arch", "hello", "hello"))
        tap.check("other bytes than those that are pinned do not come",
                  done.stdout + done.stderr if bad or done.returncode == 0 else "")
        tap.check("without them the mirror's lists are asked",
                  "" if "cannot read the package lists of suite/arch" in done.stderr else done.stderr)

        pin(folder, f"suite arch hello {digest} {path}")
        done = fetch(folder, port, "suite", "arch", "hello")
        where = os.path.join(folder, "cache", "suite-arch", "hello")
        tap.check("a pinned package comes from a mirror without lists",
                  "" if done.returncode == 0 and done.stdout.strip() == where and
                  os.path.exists(os.path.join(where, "hello")) else done.stdout + done.stderr)

        server.shutdown()
        done = fetch(folder, port, "suite", "arch", "hello")
        tap.check("what is there needs no mirror", done.stderr if done.returncode else "")
    with open(os.path.join(sys.argv[1], "tests", "guest", "packages"), encoding="ascii") as file:
        rows = [line.split() for line in file if not line.startswith("#")]
    odd = [row for row in rows if len(row) != 5 or len(row[3]) != 64 or not row[4].startswith("pool/")]
    tap.check("each line of the list says suite, architecture, name, hash and place", odd or not rows)
    print(f"1..{tap.count}")
    sys.exit(1 if tap.failed else 0)


if __name__ == "__main__":
    main()
