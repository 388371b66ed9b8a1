# SPDX-License-Identifier: GPL-2.0-or-later
"""Rooms for tests of packages: Debian systems in folders, and what counts checks.

A room is a chroot with /proc and nothing else of this machine. All of it happens in a mount
namespace of its own, so mounts end with the program, however it ends. Needs root and debootstrap.
"""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITE = "bookworm"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def enter_namespace():
    """Run the rest of the program where its mounts are nobody else's."""
    if os.geteuid() != 0:
        sys.exit("packaging tests need root: they make chroots")
    if "QEMU_HOST_OWN_MOUNTS" not in os.environ:
        os.environ["QEMU_HOST_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


def mirror():
    """The archive that apt of this machine is configured with."""
    return subprocess.run([os.path.join(ROOT, "tests", "guest", "fetch"), "--mirror"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def make_base(path):
    """A new minimal Debian; QEMU_HOST_TEST_BASE names one that is there already."""
    given = os.environ.get("QEMU_HOST_TEST_BASE")
    if given:
        return given
    if not os.path.exists(os.path.join(path, "usr/bin/apt")):
        shutil.rmtree(path, ignore_errors=True)
        with open(path + ".log", "wb") as log:
            subprocess.run(["debootstrap", "--variant=minbase", SUITE, path, mirror()], check=True,
                           stdout=log, stderr=log)
    return path


class Room:
    """A copy of @base at @path."""

    def __init__(self, base, path):
        self.path = path
        if os.path.ismount(os.path.join(path, "proc")):
            subprocess.run(["umount", os.path.join(path, "proc")], check=True)
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["cp", "-a", base, path], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", self.outside("/proc")], check=True)
        shutil.copy("/etc/resolv.conf", self.outside("/etc/resolv.conf"))

    def outside(self, path):
        """What a path of the room is called here."""
        return os.path.join(self.path, path.lstrip("/"))

    def command(self, *words, user="root"):
        """The command that runs @words in the room."""
        home = "/root" if user == "root" else "/home/" + user
        return ["chroot", "--userspec=" + user, self.path, "env", "-i", "HOME=" + home,
                "PATH=" + PATH, "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *words]

    def run(self, *words, user="root", check=True, limit=3600, text=None):
        """Run @words to their end; what they print, and their status."""
        done = subprocess.run(self.command(*words, user=user), input=text, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit)
        if check and done.returncode != 0:
            raise Failure(f"{' '.join(words)}: status {done.returncode}\n{done.stdout[-4000:]}")
        return done

    def shell(self, text, **more):
        return self.run("sh", "-euc", text, **more)

    def apt(self, *words, **more):
        """apt-get, without what is only recommended. A mirror may fail for a moment."""
        return self.run("apt-get", "-q", "-y", "-o", "Acquire::Retries=3", "-o",
                        "APT::Install-Recommends=false", *words, **more)

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.outside(path)), exist_ok=True)
        with open(self.outside(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.outside(path), mode)

    def files(self, but):
        """All paths in the room but those that match @but."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            inside = folder[len(self.path):]
            folders[:] = [f for f in folders if not re.search(but, f"{inside}/{f}")]
            found.update(f"{inside}/{name}" for name in names + folders)
        return {path for path in found if not re.search(but, path)}


class Failure(Exception):
    """A step that others need did not work."""


class Tap:
    """Counts checks, a line each."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, wrong=None):
        """@wrong is what is wrong, and false when nothing is."""
        if wrong:
            self.failed += 1
            print(f"not ok - {name}")
            print("".join(f"    {line}\n" for line in str(wrong).splitlines()), end="", flush=True)
        else:
            self.passed += 1
            print(f"ok - {name}", flush=True)
        return not wrong

    def skip(self, name, why):
        self.skipped += 1
        print(f"ok - {name} # SKIP {why}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0
