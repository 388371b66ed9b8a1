#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions of gdb-multiarch: on a bare program with symbols, and on Debian's kernel.

session.py HOST [CASE...]
"""
import os
import re
import subprocess
import sys
import tempfile
import threading

import remote
from remote import Host

import guest  # from tests/boot
import virtio

LIMIT = 900  # against a hang only: a kernel boots under sanitizers in minutes
# In the background: what Ctrl-C at gdb's terminal is.
CTRL_C = "shell (sleep 1; kill -INT $PPID) >/dev/null 2>&1 &"


class Session:
    """gdb commands, each with what it has to print."""

    def __init__(self, *setting_up):
        self.lines = ["set pagination off", "set confirm off", "set architecture riscv:rv64",
                      *setting_up]
        self.expected = []

    def do(self, *commands_and_pattern):
        """Run commands; the last argument has to match what they print."""
        self.lines += commands_and_pattern[:-1]
        self.lines.append("echo \\n@@%d@@\\n" % len(self.expected))
        self.expected.append((commands_and_pattern[:-1], commands_and_pattern[-1]))

    def run(self, tap, name, *arguments):
        """One TAP line for the whole session; on failure what was printed instead."""
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
            script.write("\n".join(self.lines) + "\n")
            script.flush()
            try:
                done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", script.name,
                                       *arguments], stdin=subprocess.DEVNULL, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      errors="replace", timeout=LIMIT, check=False)
                output = done.stdout
            except subprocess.TimeoutExpired as error:
                output = (error.stdout or b"").decode(errors="replace") + "\n(time limit)"
        parts = re.split("\n@@[0-9]+@@\n", output)
        good = len(parts) == len(self.expected) + 1
        for (commands, pattern), part in zip(self.expected, parts):
            if not re.search(pattern, part, re.DOTALL):
                good = False
                tap.note("%s: %r is not in:\n# %s" % ("; ".join(commands), pattern,
                                                      part.strip().replace("\n", "\n# ")))
        tap.check(good, name)
        if not good:
            tap.note(output[-2000:].replace("\n", "\n# "))


def bare(tap, binary):
    """Symbols, lines and everything that gdb does with them."""
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        program = remote.Program(folder)
        with Host(binary, program, "-cpu", "max", cpus=2) as host:
            remote.listening(host.gdb)
            talk = Session("target remote " + host.gdb)
            talk.do("info registers pc", r"pc +0x(1000|80000000)\b")
            talk.do("thread 1", "break bump", "continue", r"Thread \d .* hit Breakpoint 1, bump \(\)")
            talk.do("info registers ra", r"<loop\+4>")
            talk.do("x/s &text", '"a text to be read"')
            talk.do("x/2i $pc", r"=> 0x[0-9a-f]+ <bump>:\s+ld\s+t1,0\(a0\)")
            talk.do("info threads", r'Thread 1\.1 "cpu0" \(CPU#0 riscv64.*Thread 1\.2 "cpu1"')
            talk.do("thread apply all -q print/x $s0", r"0x[01]\n.*0x[01]")
            talk.do("print/x $mstatus", r"0x[0-9a-f]+")
            talk.do("print $priv", "= 3")
            talk.do("set var $v3.words[1] = 0x1234", "print/x $v3", "words = .0x0, 0x1234, 0x0, 0x0.")
            talk.do("delete", "set scheduler-locking on", "thread 1", "tbreak bump", "continue",
                    "hit Temporary breakpoint 2, bump")
            talk.do("print *(long *)$a0 = 1000", "stepi", "stepi", "stepi", "info registers pc",
                    r"<bumped>")
            talk.do("print *(long *)&counters", "= 1001")
            talk.do("finish", r"loop \(\)")
            talk.do("next", r"andi")
            talk.do("watch *(long *)&counters", "continue",
                    r"Hardware watchpoint 3.*Old value = 1001.*New value = 1002.*bumped")
            talk.do("delete", "rwatch *(long *)&counters", "continue",
                    r"Hardware read watchpoint 4.*Value = 1002")
            talk.do("delete", "awatch *(long *)&counters", "continue",
                    r"Hardware access \(read/write\) watchpoint 5.*Old value = 1002.*New value = 1003")
            talk.do("delete", "hbreak loop", "continue", "hit Breakpoint 6, .*loop")
            talk.do("delete", "set scheduler-locking off", CTRL_C, "continue",
                    "received signal SIGINT")
            talk.do("set $pc = (long)&idle", "frame 0", "set $a0 = 0x1234", "info registers a0 pc",
                    r"0x1234.*<idle>")
            talk.do("monitor info status", "VM status: paused")
            talk.do("monitor xp /1wx 0x80000000", "0000000080000000: 0x")
            talk.do("set var *(long *)&shared = 77", "print *(long *)&shared", "= 77")
            talk.do("maint packet qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4")
            talk.do("maint packet Qqemu.PhyMemMode:1", "x/s 0x%x" % program.text,
                    "a text to be read")
            talk.do("detach", "detached")
            talk.run(tap, "a bare program with symbols", program.path)


LOOP = "i=100; while :; do i=$((i+1)); busybox hostname guest$i; done"


class Linux:
    """Debian's kernel with a command, its console, and the addresses that it prints first."""

    def __init__(self, binary, folder, gdb, cpus, *wanted, more=(), command=LOOP, files=()):
        command = "grep -wE '(%s)' /proc/kallsyms\n%s" % ("|".join(wanted), command)
        image = guest.initrd(os.path.join(folder, "initrd"), command, files=files)
        self.process = subprocess.Popen(
            [binary, "--load-target=riscv64", "-M", "virt", "-m", "512M", "-smp", str(cpus),
             "-display", "none", "-serial", "stdio", "-monitor", "none", "-gdb",
             "unix:%s,server=on,wait=off" % gdb, "-bios", guest.firmware(), "-kernel",
             guest.kernel(), "-initrd", image,
             "-append", "console=ttyS0 quiet loglevel=1 nokaslr", *more], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        self.timer = threading.Timer(LIMIT, self.process.kill)
        self.timer.start()
        self.symbols = {}
        while set(wanted) - set(self.symbols):
            line = self.process.stdout.readline()
            if not line:
                raise EOFError("the guest did not print its symbols")
            match = re.match(rb"([0-9a-f]{16}) \w (\w+)", line.strip())
            if match:
                self.symbols[match.group(2).decode()] = int(match.group(1), 16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()


def linux(tap, binary):
    """A kernel without symbols in gdb, by the addresses that it tells."""
    call, data = "__riscv_sys_sethostname", "init_uts_ns"
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        gdb = os.path.join(folder, "gdb")
        with Linux(binary, folder, gdb, 2, call, data) as kernel:
            # struct new_utsname: 65 bytes of sysname, then nodename
            name = kernel.symbols[data] + 65
            talk = Session("target remote " + gdb)
            talk.do("info threads", r'Thread 1\.1 "cpu0".*Thread 1\.2 "cpu1"')
            talk.do("break *0x%x" % kernel.symbols[call], "continue", "hit Breakpoint 1")
            talk.do("info registers pc priv", r"pc +0x%x.*Supervisor" % kernel.symbols[call])
            # struct pt_regs: 35 words before orig_a0, the call's first argument
            talk.do("x/s *(long *)($a0 + 35 * 8)", '"guest1[0-9]+"')
            talk.do("x/s 0x%x" % name, '0x[0-9a-f]+:\t"')
            talk.do("stepi", "stepi", "stepi", "print/x $pc - 0x%x" % kernel.symbols[call],
                    r"= 0x([4-9a-c])\b")
            talk.do("continue", "hit Breakpoint 1")
            talk.do("delete", "watch *(char *)0x%x" % (name + 7), "continue",
                    r"Hardware watchpoint 2.*Old value = .*New value = ")
            talk.do("print $pc > 0xffffffff80000000", "= 1")
            talk.do("continue", "Hardware watchpoint 2")
            talk.do("delete", "hbreak *0x%x" % kernel.symbols[call], "continue",
                    "hit Breakpoint 3")
            talk.do("delete", CTRL_C, "continue", "received signal SIGINT")
            talk.do("thread apply all -q print/x $satp", r"0xa0[0-9a-f]+\n.*0x[a8][0-9a-f]+")
            talk.do("stepi", "stepi", "info registers pc", "pc +0x")
            talk.do("monitor info status", "VM status: paused")
            talk.do("detach", "detached")
            talk.run(tap, "Debian's kernel on two CPUs")
            again = Session("target remote " + gdb)
            again.do("break *0x%x" % kernel.symbols[call], "continue", "hit Breakpoint 1")
            again.do("kill", "killed")
            again.run(tap, "the same kernel after detaching; kill")
            tap.check(kernel.process.wait(30) == 0, "kill ends the host with 0")


KEPT = tuple((name, "(long)$" + name) for name in ("pc", "sp", "ra", "tp", "s0", "a0", "a1", "a5"))


def remember(talk, name, *more):
    """Keep what is to be found again in gdb's variables."""
    talk.lines += ["set $%s_%s = %s" % (name, field, value) for field, value in KEPT + more]


def compare(talk, name, *more):
    """The same as when it was remembered."""
    tests = ["$%s_%s == %s" % (name, field, value) for field, value in KEPT + more]
    talk.do("print " + " && ".join(tests), r"= 1\n")


def reverse(tap, binary):
    """gdb's own commands for going backwards, on the bare program."""
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        program = remote.Program(folder)
        with Host(binary, program, "-icount", "shift=0,sleep=off") as host:
            remote.listening(host.gdb)
            talk = Session("target remote " + host.gdb)
            talk.do("break bumped", "continue", "Breakpoint 1, bumped")
            talk.do("continue 400", "Breakpoint 1, bumped")
            counter = ("counter", "*(long *)&counters")
            talk.do("print *(long *)&counters", "= 401")
            remember(talk, "late", counter)
            talk.do("reverse-stepi", r"bump \(\) at .*sd")
            talk.do("print *(long *)&counters", "= 400")
            talk.do("reverse-step", "ld|addi")
            talk.do("reverse-continue", "Breakpoint 1, bumped")
            talk.do("print *(long *)&counters", "= 400")
            talk.do("continue", "Breakpoint 1, bumped")
            compare(talk, "late", counter)
            talk.do("delete", "watch *(long *)&shared", "reverse-continue",
                    r"Hardware watchpoint 2.*Old value = 256.*New value = 0")
            talk.do("x/i $pc", r"=> .*sd\s+a1,0\(s1\)")
            talk.do("continue", r"Hardware watchpoint 2.*Old value = 0.*New value = 256")
            talk.do("delete", "break loop", "reverse-continue", "Breakpoint 3, loop")
            talk.do("delete", "reverse-continue", "No more reverse-execution history")
            talk.do("info registers pc", r"pc +0x(1000|80000000)\b")
            talk.do("break bumped", "continue", "continue 400", "Breakpoint 4, bumped")
            compare(talk, "late", counter)
            talk.do("reverse-finish", r"bump \(\)")
            talk.do("monitor info status", "VM status: (paused|debug)")
            talk.do("detach", "detached")
            talk.run(tap, "backwards in a bare program", program.path)


def reverse_linux(tap, binary, more=(), cpus=1):
    """Backwards through Debian's kernel: to a breakpoint, to a write, step by step, and again."""
    call, data = "__riscv_sys_sethostname", "init_uts_ns"
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        gdb = os.path.join(folder, "gdb")
        with Linux(binary, folder, gdb, cpus, call, data,
                   more=["-icount", "shift=3,sleep=off", *more]) as kernel:
            name = kernel.symbols[data] + 65
            text = ("name", "*(long *)0x%x" % (name + 5))
            talk = Session("target remote " + gdb)
            talk.do("break *0x%x" % kernel.symbols[call], "continue", "Breakpoint 1")
            remember(talk, "first", text)
            for i in range(4):
                talk.do("stepi", "0x")
                remember(talk, "step%d" % i, text)
            talk.do("delete", "watch *(char *)0x%x" % (name + 7), "continue",
                    r"Hardware watchpoint 2.*Old value = .*New value = ")
            remember(talk, "write", text)
            talk.do("continue", "Hardware watchpoint 2")
            talk.do("continue", "Hardware watchpoint 2")
            talk.do("delete", "break *0x%x" % kernel.symbols[call], "continue", "Breakpoint 3")
            remember(talk, "late", text)
            talk.do("reverse-stepi", "reverse-stepi", "reverse-stepi", "0x")
            talk.do("stepi", "stepi", "stepi", "0x")
            compare(talk, "late", text)
            talk.do("delete", "watch *(char *)0x%x" % (name + 7), "reverse-continue",
                    r"Hardware watchpoint 4.*Old value = .*New value = ")
            talk.do("reverse-continue", "Hardware watchpoint 4")
            talk.do("reverse-continue", "Hardware watchpoint 4")
            talk.do("stepi", "Hardware watchpoint 4|0x")
            compare(talk, "write", text)
            talk.do("delete", "break *0x%x" % kernel.symbols[call], "reverse-continue",
                    "Breakpoint 5")
            compare(talk, "first", text)
            for i in range(4):
                talk.do("stepi", "0x")
                compare(talk, "step%d" % i, text)
            for i in (2, 1, 0):
                talk.do("reverse-stepi", "0x")
                compare(talk, "step%d" % i, text)
            talk.do("reverse-stepi", "0x")
            compare(talk, "first", text)
            talk.do("delete", "tbreak *$late_pc if %s == $late_name" % text[1], "continue",
                    "Temporary breakpoint")
            compare(talk, "late", text)
            talk.do("kill", "killed")
            talk.run(tap, "backwards in Debian's kernel, %d CPUs %s" % (cpus, " ".join(more)))


def reverse_smp(tap, binary):
    """Two CPUs."""
    reverse_linux(tap, binary, cpus=2)


def reverse_interp(tap, binary):
    """Without compiled code."""
    reverse_linux(tap, binary, more=("-accel", "tcg,backend=interp"))


# Each round writes other letters to the disk, reads them back from there, and asks the router.
TRAFFIC = """
until [ -b $disk ]; do sleep 0.1; done
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
while :; do
    for c in a b c d e f g; do
        dd if=/dev/zero bs=4096 count=16 2>/dev/null | tr '\\0' $c |
            dd of=$disk bs=65536 conv=fsync 2>/dev/null
        echo 3 > /proc/sys/vm/drop_caches
        ping -c 1 -W 5 10.0.2.2 > /dev/null
        busybox hostname guest$(head -c 1 $disk)
    done
done
"""


def reverse_devices(tap, binary):
    """Backwards over what a guest writes to its disk and hears from a network, over PCI and MMIO."""
    reverse_traffic(tap, binary, "pci", "/dev/vda", ["virtio_blk"], "virtio-blk-pci,drive=d")
    reverse_traffic(tap, binary, "device", "/dev/vda", ["virtio_mmio", "virtio_blk"],
                    "virtio-blk-device,drive=d")


def reverse_storage(tap, binary):
    """The same with disks of other kinds."""
    reverse_traffic(tap, binary, "pci", "/dev/nvme0n1", ["nvme"], "nvme,drive=d,serial=x")
    reverse_traffic(tap, binary, "pci", "/dev/sda", ["virtio_scsi", "sd_mod"],
                    "virtio-scsi-pci", "scsi-hd,drive=d")


def reverse_traffic(tap, binary, bus, node, drivers, *devices):
    call = "__riscv_sys_sethostname"
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        gdb, disk = os.path.join(folder, "gdb"), os.path.join(folder, "disk")
        with open(disk, "wb") as out:
            out.truncate(1 << 20)
        files, load = virtio.module_files(folder, [*drivers, "virtio_net"])
        more = ["-icount", "shift=3,sleep=off", "-drive", "if=none,id=d,format=raw,file=" + disk,
                "-netdev", "user,id=n", *(word for device in devices for word in ("-device", device)),
                "-device", "virtio-net-%s,netdev=n" % bus, "-device", "virtio-rng-" + bus,
                "-device", "virtio-serial-" + bus]
        command = load + "disk=%s\n" % node + TRAFFIC
        with Linux(binary, folder, gdb, 1, call, more=more, command=command,
                   files=files) as kernel:
            talk = Session("target remote " + gdb)
            talk.do("break *0x%x" % kernel.symbols[call], "Breakpoint 1")
            for name in ("first", "second", "third"):
                talk.do("continue", "Breakpoint 1")
                remember(talk, name)
                talk.do("shell cp %s %s-%s" % (disk, disk, name), "")
            talk.do("shell cmp -s %s-first %s-second || echo other" % (disk, disk), "other")
            for way, name in (("reverse-continue", "second"), ("reverse-continue", "first"),
                              ("continue", "second"), ("continue", "third"),
                              ("reverse-continue", "second")):
                talk.do(way, "Breakpoint 1")
                compare(talk, name)
                talk.do("shell cmp %s %s-%s && echo same" % (disk, disk, name), "same")
            talk.do("reverse-stepi", "reverse-stepi", "stepi", "stepi", "0x")
            compare(talk, "second")
            talk.do("kill", "killed")
            talk.run(tap, "backwards over a network and " + devices[-1])


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    cases = (("bare", bare), ("linux", linux), ("reverse", reverse),
             ("reverse-linux", reverse_linux), ("reverse-linux-smp", reverse_smp),
             ("reverse-linux-interp", reverse_interp), ("reverse-devices", reverse_devices),
             ("reverse-storage", reverse_storage))
    for name, function in cases:
        if not wanted or name in wanted:
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
