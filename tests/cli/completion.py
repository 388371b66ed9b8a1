#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the shells complete: lines are typed into a real bash, zsh and fish, and TAB is pressed.

usage: completion.py SOURCE-FOLDER (with the shells' scripts)
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cli import HOST, Tap

TIMEOUT_S = 30
NET = "-netdev user,id=n0 -netdev stream,id=n1,addr.type=unix,addr.path=/x"
DISKS = ("-drive if=none,id=d0,file=x -blockdev driver=file,node-name=f0,filename=x "
         "-blockdev '{\"driver\":\"raw\",\"node-name\":\"r0\",\"file\":\"f0\"}'")

# What is typed, and what it becomes.
LINES = [
    ("-mach", "-machine "),
    ("--load-t", "--load-target "),
    ("--load-target=nu", "--load-target=null "),
    ("--load-target riscv64,aar", "--load-target riscv64,aarch64 "),
    ("-S -nogr", "-S -nographic "),
    ("-machine no", "-machine none "),
    ("-M riscv64:", "-M riscv64:virt "),
    ("-M bo", "-M board "),
    ("-M riscv64:virt,acl", "-M riscv64:virt,aclint="),
    ("-M aarch64:virt,gic-version=m", "-M aarch64:virt,gic-version=max "),
    ("--load-target=riscv64 -cpu max,vl", "--load-target=riscv64 -cpu max,vlen="),
    ("--load-target=riscv32 -cpu max,vl", "--load-target=riscv32 -cpu max,vlen="),
    ("-cpu cortex-a57,pmul", "-cpu cortex-a57,pmull="),
    ("-cpu cortex-a57,pmull=of", "-cpu cortex-a57,pmull=off "),
    ("-cpu cortex-a57,+pmul", "-cpu cortex-a57,+pmull "),
    ("-cpu cortex-a57,pmull=on,-sha25", "-cpu cortex-a57,pmull=on,-sha256 "),
    ("-device virtio-blk-pci,werror=st", "-device virtio-blk-pci,werror=stop "),
    ("-device nvme,rerror=eno", "-device nvme,rerror=enospc "),
    ("-machine virt,dump-g", "-machine virt,dump-guest-core="),
    ("-machine virt,dump-guest-core=of", "-machine virt,dump-guest-core=off "),
    ("--load-target=aarch64 -cpu cortex-a57", "--load-target=aarch64 -cpu cortex-a57 "),
    ("-M null:board -cpu t", "-M null:board -cpu toy "),
    ("-accel tcg,backend=in", "-accel tcg,backend=interp "),
    ("-device virtio-rng-pci-t", "-device virtio-rng-pci-transitional "),
    ("-device virtio-blk-pci,driv", "-device virtio-blk-pci,drive="),
    ("-device virtio-blk-pci,addr=1,boo", "-device virtio-blk-pci,addr=1,bootindex="),
    ("-device virtio-blk-pci,packed=of", "-device virtio-blk-pci,packed=off "),
    (DISKS + " -device virtio-blk-pci,drive=d", DISKS + " -device virtio-blk-pci,drive=d0 "),
    (DISKS + " -device virtio-blk-pci,drive=r", DISKS + " -device virtio-blk-pci,drive=r0 "),
    (NET + " -device virtio-net-pci,netdev=n1", NET + " -device virtio-net-pci,netdev=n1 "),
    ("-chardev null,id=c7 -serial char", "-chardev null,id=c7 -serial chardev:"),
    ("-chardev null,id=c7 -serial chardev:", "-chardev null,id=c7 -serial chardev:c7 "),
    ("-chardev null,id=c7 -mon c", "-chardev null,id=c7 -mon c7 "),
    ("-global virtio-balloon-pci-n", "-global virtio-balloon-pci-non-transitional."),
    ("-global virtio-blk-pci.werr", "-global virtio-blk-pci.werror="),
    ("-global virtio-blk-pci.werror=st", "-global virtio-blk-pci.werror=stop "),
    ("-global driver=virtio-blk-pci,prope", "-global driver=virtio-blk-pci,property="),
    ("--load-target=riscv64 -vga st", "--load-target=riscv64 -vga std "),
    ("-M aarch64:virt -vga virt", "-M aarch64:virt -vga virtio "),
    ("-M riscv64:virt -nic user,mod", "-M riscv64:virt -nic user,model="),
    ("-M riscv64:virt -nic user,model=virt", "-M riscv64:virt -nic user,model=virtio "),
    ("--load-module e1000e,nv", "--load-module e1000e,nvme "),
    ("-chardev sock", "-chardev socket,"),
    ("-chardev socket,id=x,telne", "-chardev socket,id=x,telnet="),
    ("-chardev socket,id=x,server=of", "-chardev socket,id=x,server=off "),
    ("-netdev use", "-netdev user,"),
    ("-netdev user,hostf", "-netdev user,hostfwd="),
    ("-netdev user,hostfwd=tcp::1-:1,hostf", "-netdev user,hostfwd=tcp::1-:1,hostfwd="),
    ("-blockdev qcow2,node-name=a,file.driver=host_", "-blockdev qcow2,node-name=a,file.driver=host_device "),
    ("-blockdev qcow2,file.driver=file,file.filen", "-blockdev qcow2,file.driver=file,file.filename="),
    ("-blockdev qcow2,discard=unm", "-blockdev qcow2,discard=unmap "),
    ("-object memory-backend-f", "-object memory-backend-file,"),
    ("-object memory-backend-file,mem-p", "-object memory-backend-file,mem-path="),
    ("-object rng-random,id=r1 -device virtio-rng-pci,rng=", "-object rng-random,id=r1 -device virtio-rng-pci,rng=r1 "),
    ("-display sdl,gl=of", "-display sdl,gl=off "),
    ("-drive file=x,format=qc", "-drive file=x,format=qcow2 "),
    ("-serial mon:st", "-serial mon:stdio "),
    ("-serial unix:/x,serve", "-serial unix:/x,server="),
    ("-d int,guest", "-d int,guest_errors "),
    ("-action panic=exit", "-action panic=exit-failure "),
    ("-kernel dir/Ima", "-kernel dir/Image "),
    ("-drive file=dir/Ima", "-drive file=dir/Image "),
    ("-serial unix:dir/Ima", "-serial unix:dir/Image "),
    ("-module-path di", "-module-path dir/"),
    ("-kernel 'with bl", "-kernel 'with blank' "),
    ("-append 'a -M b' -nogr", "-append 'a -M b' -nographic "),
]
# Nothing fits: the line stays as it is.
STAYS = ["-banan", "-device no-such-device,dr", "-m 5", "-name x", "-netdev nosuch,hostf",
         "-device ns16550,ch", "-blockdev '{\"driver\":\"ra", "-cpu cortex-a57xyz", "-cpu nix,pm", "-global nix.x", "-vga vi", "-global a=b=", "-M nix,acl", "disk.im"]
# The name of the program says the target.
LEGACY = [("-M vi", "-M virt "), ("-cpu cortex-a76", "-cpu cortex-a76 "), ("-cpu toy", "-cpu toy")]


class Shell:
    """An interactive shell on a terminal; Ctrl-O prints the line that is being edited."""

    def __init__(self, words, setup, folder):
        self.process, self.fd = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", HOME=folder, COLUMNS="200", LINES="500", INPUTRC="/dev/null",
                              PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"])
            os.execvp(words[0], words)
        self.send("stty -echo cols 200 rows 500; " + setup + "; echo RE''ADY\n")
        self.wait("READY\r\n")

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait(self, mark):
        """All that comes up to @mark, which is a pattern."""
        text, end = "", time.monotonic() + TIMEOUT_S
        while not re.search(mark, text, re.S):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise TimeoutError(f"no {mark} in {text!r}")
            text += os.read(self.fd, 65536).decode(errors="replace")
        return text

    def complete(self, line):
        """The line, and what was shown, after TAB behind @line."""
        self.send("\x15" + line + "\t\x0f")
        text = self.wait(r"LINE<[^>]*>\r?\n")
        return re.search(r"LINE<([^>]*)>\r?\n", text).group(1), text

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.fd)


def open_bash(scripts, folder):
    """The scripts are found by name, as bash-completion finds those that are installed."""
    place = os.path.join(folder, "share", "bash-completion", "completions")
    os.makedirs(place)
    shutil.copy(os.path.join(scripts, "qemu-host.bash"), os.path.join(place, "qemu-host"))
    os.symlink("qemu-host", os.path.join(place, "qemu-system-aarch64"))
    setup = (f"export XDG_DATA_DIRS={folder}/share; "
             "source /usr/share/bash-completion/bash_completion; PS1=; "
             "bind 'set enable-bracketed-paste off' 'set page-completions off' "
             "'set completion-query-items 0'; bind 'set show-all-if-ambiguous on'; "
             "bind -x '\"\\C-o\": echo \"LINE<$READLINE_LINE>\"'")
    return Shell(["bash", "--norc", "--noprofile", "-i"], setup, folder)


def open_zsh(scripts, folder):
    setup = (f"fpath=({scripts} $fpath); autoload -U compinit; compinit -u -D; PS1=; RPS1=; "
             "unsetopt zle_bracketed_paste prompt_sp prompt_cr auto_remove_slash 2>/dev/null; "
             "unset zle_bracketed_paste; LISTMAX=9999; setopt auto_list no_beep; "
             "show() { print -r -- \"LINE<$BUFFER>\"; BUFFER= }; zle -N show; bindkey -e; "
             "bindkey '^O' show")
    return Shell(["zsh", "-f", "-i"], setup, folder)


class Fish:
    """fish says by itself what it would complete."""

    def __init__(self, scripts, folder):
        self.setup = f"source {scripts}/qemu-host.fish; source {folder}/qemu-system-aarch64.fish"
        self.folder = folder

    def offers(self, line):
        done = subprocess.run(
            ["fish", "--no-config", "-c", self.setup + "; complete -C $argv[1]", line],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=self.folder,
            env={**os.environ, "HOME": self.folder, "LC_ALL": "C.UTF-8",
                 "PATH": os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]})
        return [row.split("\t")[0] for row in done.stdout.splitlines()], done.stderr

    def complete(self, line):
        offers, errors = self.offers(line)
        word = re.match(r"(?:(?:'[^']*'|[^'\s])+\s+)*(.*)$", line).group(1)
        fits = [o for o in offers if o.startswith(word.lstrip("'"))]
        if len(fits) != 1:
            return line, f"{offers} {errors}"
        closed = fits[0] if word[:1] != "'" else f"'{fits[0]}'"
        blank = "" if re.search(r"[=,:./]$", fits[0]) else " "
        return line[:len(line) - len(word)] + closed + blank, ""

    def close(self):
        pass


def make_folder(scripts, folder):
    os.makedirs(os.path.join(folder, "dir"))
    os.makedirs(os.path.join(folder, "bin"))
    for name in ("dir/Image", "with blank"):
        with open(os.path.join(folder, name), "w", encoding="ascii"):
            pass
    for name in ("qemu-host", "qemu-system-aarch64"):
        os.symlink(HOST, os.path.join(folder, "bin", name))
    shutil.copy(os.path.join(scripts, "qemu-host.fish"),
                os.path.join(folder, "qemu-system-aarch64.fish"))


def test_shell(tap, name, shell):
    for program, lines in (("qemu-host", LINES + [(s, s) for s in STAYS]),
                           ("qemu-system-aarch64", LEGACY)):
        for typed, wanted in lines:
            got, shown = shell.complete(f"{program} {typed}")
            tap.check(f"{name}: {program} {typed}",
                      None if got == f"{program} {wanted}" else f"{got!r} {shown!r}")


def complete(*words):
    """What the program itself says: the head, and the rows."""
    done = subprocess.run([HOST, "--complete", *words], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)
    rows = done.stdout.split("\n")
    return rows[0].split("\t"), [r.split("\t")[0] for r in rows[1:] if r], done


def test_program(tap):
    table = json.loads(subprocess.run([HOST, "--dump-options=json"], capture_output=True, text=True,
                                      check=True).stdout)
    _, offered, _ = complete("-")
    names = [o["name"] for o in table["options"]] + [o["alias"] for o in table["options"]
                                                     if "alias" in o]
    tap.check(f"all {len(names)} names of options are offered",
              sorted(set(names) - {o.lstrip("-") for o in offered}))
    _, offered, _ = complete("--")
    tap.check("behind two dashes, too", sorted({o["name"] for o in table["options"]} -
                                               {o[2:] for o in offered}))
    for option in table["options"]:
        if option["parameters"] and option.get("implied") != "backend":
            wanted = {p["name"] + "=" for p in option["parameters"]} - {option.get("implied", "") + "="}
            first = {"chardev": None, "blockdev": None}.get(option["name"], "x,")
            if first:
                _, offered, _ = complete("-" + option["name"], first)
                tap.check(f"all keys of -{option['name']}", sorted(wanted - set(offered)))
    for words in (["-device", "\xff"], ["-M", "\t\n"], ["-M"], [], ["--"], ["-device", ",,,"],
                  ["-blockdev", "qcow2,file.0.0.x=,"], ["-netdev", "="], ["-device", "{"],
                  ["-netdev", "user," + "a." * 2000], ["-device", "x" * 100000], ["--module-path=/nonexistent", "-M", ""]):
        _, _, done = complete(*words)
        tap.check(f"{str(words)[:40]} does no harm",
                  None if done.returncode == 0 and not done.stderr else f"{done}")


def test_time(tap):
    """No more than a few milliseconds, so that nobody waits for a TAB. The limit leaves room for
    programs with checks built in."""
    before = os.times()
    for _ in range(20):
        complete("-device", "virtio-blk-pci,")
    after = os.times()
    spent = (after.children_user + after.children_system - before.children_user -
             before.children_system) / 20
    tap.check("an answer costs less than 100 ms of CPU time", None if spent < 0.1 else spent)


def main():
    scripts = sys.argv[1]
    tap = Tap()
    test_program(tap)
    test_time(tap)
    with tempfile.TemporaryDirectory() as folder:
        make_folder(scripts, folder)
        for name, start in (("bash", open_bash), ("zsh", open_zsh), ("fish", Fish)):
            shell = start(scripts, folder)
            test_shell(tap, name, shell)
            shell.close()
    tap.end()


if __name__ == "__main__":
    main()
