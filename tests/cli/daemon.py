#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-daemonize, -pidfile and handed-over sockets: what a management layer relies on."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cli import HOST, Tap

TIMEOUT = 30


def launch(program, args, **more):
    return subprocess.run([program] + args, capture_output=True, text=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, check=False, **more)


def read_pid(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def wait_gone(pid):
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw", encoding="utf-8", newline="\n")
        self.greeting = self.read()

    def read(self):
        line = self.lines.readline()
        if not line.endswith("\r\n"):
            raise ValueError(f"a line that does not end in CR LF: {line!r}")
        return json.loads(line)

    def ask(self, command):
        self.lines.write(json.dumps({"execute": command}) + "\n")
        self.lines.flush()
        reply = self.read()
        while "event" in reply:
            reply = self.read()
        return reply["return"]

    def close(self):
        self.lines.close()
        self.socket.close()


def test_probe(tap, folder, legacy):
    """The command line with which libvirt asks what an emulator can do."""
    path, pidfile = os.path.join(folder, "qmp.monitor"), os.path.join(folder, "qmp.pid")
    done = launch(legacy, ["-S", "-no-user-config", "-nodefaults", "-nographic",
                           "-machine", "none,accel=kvm:tcg", "-qmp",
                           f"unix:{path},server=on,wait=off", "-pidfile", pidfile, "-daemonize"],
                  cwd="/", env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "HOME": folder,
                                "QEMU_HOST_MODULE_PATH": os.environ["QEMU_HOST_MODULE_PATH"]})
    there = [os.path.exists(p) for p in (path, pidfile)]
    tap.check("the launcher leaves with 0 and without a word",
              None if (done.returncode, done.stdout, done.stderr) == (0, "", "") else done)
    tap.check("socket and pid file are there when it does", None if all(there) else there)
    pid = read_pid(pidfile)
    links = {n: os.readlink(f"/proc/{pid}/fd/{n}") for n in (0, 1, 2)}
    tap.check("the daemon has left the launcher's files",
              None if set(links.values()) == {"/dev/null"} else links)
    tap.check("it has a session of its own",
              None if os.getsid(pid) != os.getsid(0) else os.getsid(pid))
    qmp = Qmp(path)
    qmp.ask("qmp_capabilities")
    arch = qmp.ask("query-target")["arch"]
    tap.check("the name of the program fixes the target", None if arch == "riscv64" else arch)
    second = launch(HOST, ["-nodefaults", "-pidfile", pidfile, "-daemonize"])
    tap.check("a second one with the same pid file is refused",
              None if second.returncode == 1 and "locked" in second.stderr else second)
    tap.check("and the first one's pid stands", None if read_pid(pidfile) == pid else "changed")
    os.kill(pid, signal.SIGTERM)
    event = qmp.read()
    reason = event.get("data", {}).get("reason")
    tap.check("SIGTERM is announced", None if reason == "host-signal" else event)
    qmp.close()
    tap.check("and ends it", None if wait_gone(pid) else "it still runs")
    left = [p for p in (path, pidfile) if os.path.exists(p)]
    tap.check("with nothing left behind", left)


def test_failures(tap, folder):
    path, pidfile = os.path.join(folder, "x.sock"), os.path.join(folder, "x.pid")
    cases = [
        (["-chardev", "socket,id=a,path=/nonexistent/x"], 1, "No such file"),
        (["-machine", "nonesuch"], 1, "nonesuch"),
        (["-banana"], 2, "no such option"),
        (["-pidfile", "/nonexistent/pid"], 1, "/nonexistent/pid"),
    ]
    for args, status, text in cases:
        done = launch(HOST, ["-nodefaults", "-qmp", f"unix:{path},server=on,wait=off",
                             "-daemonize", "-pidfile", pidfile] + args)
        good = done.returncode == status and text in done.stderr
        left = [p for p in (path, pidfile) if os.path.exists(p)]
        tap.check(f"a failure is the launcher's: {' '.join(args)}",
                  None if good and not left else f"{done} left {left}")


def test_relative(tap, folder):
    """The pid file lies where the launcher was, and goes when the daemon does, which is in /."""
    path, pidfile = os.path.join(folder, "r.sock"), os.path.join(folder, "r.pid")
    user = ["-runas", pwd.getpwuid(0).pw_name] if os.geteuid() == 0 else []
    done = launch(HOST, ["-nodefaults", "-qmp", f"unix:{path},server=on,wait=off", "-daemonize",
                         "-pidfile", "r.pid"] + user, cwd=folder)
    tap.check("a pid file by a relative name",
              None if done.returncode == 0 and os.path.exists(pidfile) else done)
    pid = read_pid(pidfile)
    groups = os.getgrouplist("root", 0) if user else os.getgroups()
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        theirs = [line.split()[1:] for line in file if line.startswith("Groups:")][0]
    tap.check("the daemon has the groups of its user",
              None if set(map(int, theirs)) == set(groups) else theirs)
    os.kill(pid, signal.SIGTERM)
    tap.check("it ends", None if wait_gone(pid) else "it still runs")
    tap.check("and takes the pid file with it", [pidfile] if os.path.exists(pidfile) else None)


def test_listener(tap, folder):
    """libvirt hands over a socket that listens, and expects other descriptors to stay."""
    path = os.path.join(folder, "mon.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    reader, writer = os.pipe()
    fd = listener.fileno()
    process = subprocess.Popen(
        [HOST, "-nodefaults", "-S", "-chardev", f"socket,id=charmonitor,fd={fd},server=on,wait=off",
         "-mon", "chardev=charmonitor,id=monitor,mode=control"],
        pass_fds=(fd, writer), stdin=subprocess.DEVNULL)
    listener.close()
    for turn in ("first", "second"):
        qmp = Qmp(path)
        status = qmp.greeting["QMP"]["version"]["qemu"]["major"], qmp.ask("qmp_capabilities")
        tap.check(f"a monitor on a listener that was handed over, {turn} client",
                  None if status[1] == {} else status)
        if turn == "first":
            target = os.readlink(f"/proc/{process.pid}/fd/{writer}")
            tap.check("descriptors that are not ours stay open",
                      None if target.startswith("pipe:") else target)
        else:
            qmp.ask("quit")
        qmp.close()
    tap.check("quit ends it", None if process.wait(TIMEOUT) == 0 else process.returncode)
    os.close(reader)
    os.close(writer)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        legacy = os.path.join(folder, "qemu-system-riscv64")
        os.symlink(HOST, legacy)
        test_probe(tap, folder, legacy)
        test_failures(tap, folder)
        test_relative(tap, folder)
        test_listener(tap, folder)
    tap.end()


if __name__ == "__main__":
    sys.exit(main())
