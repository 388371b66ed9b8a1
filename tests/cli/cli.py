#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of the real program: what it prints, where, and with which exit status.

usage: cli.py (TAP on the standard output). QEMU_HOST is the program, QEMU_HOST_MODULE_PATH has the
modules that were built.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

HOST = os.environ["QEMU_HOST"]
TIMEOUT = 30
OK, FAILED, USAGE = 0, 1, 2

# name of the program, arguments, status, what the standard error matches
ERRORS = [
    ("qemu-host", ["--banana"], USAGE, r"--banana: no such option"),
    ("qemu-host", ["-machin", "x"], USAGE, r"hint: did you mean -machine\?"),
    ("qemu-host", ["--load-targt=x"], USAGE, r"did you mean -load-target\?"),
    ("qemu-host", ["disk.img"], USAGE, r"'disk.img': not an option"),
    ("qemu-host", ["-"], USAGE, r"'-': not an option"),
    ("qemu-host", ["--"], USAGE, r"no such option"),
    ("qemu-host", ["-m"], USAGE, r"-m: a value is missing\n.*usage: -m SIZE"),
    ("qemu-host", ["--nodefaults=on"], USAGE, r"takes no value"),
    ("qemu-host", ["-tpmdev", "x"], USAGE, r"-tpmdev: QEMU has this option, this program not yet"),
    ("qemu-host", ["-drive", "file=/nonexistent/x,if=none"], FAILED,
     r"Could not open '/nonexistent/x': No such file"),
    ("qemu-host", ["-drive", "if=none,file=/nonexistent/x,werror=maybe"], FAILED,
     r"werror=maybe: this is not a value for 'werror'"),
    ("qemu-host", ["-blockdev", "driver=null-co"], FAILED, r"'node-name' must be specified"),
    ("qemu-host", ["-blockdev", "driver=null-co,node-name=a,sise=1"], FAILED,
     r"block driver 'null-co' has no property 'sise'"),
    ("qemu-host", ["-blockdev", "driver=raw,node-name=a"], FAILED, r"'file' is missing"),
    ("qemu-host", ["-blockdev", "driver=raw,node-name=a,file=b"], FAILED,
     r"Cannot find device='' nor node-name='b'"),
    ("qemu-host", ["-blockdev", "{]"], FAILED, r"-blockdev \{\]"),
    ("qemu-host", ["-m", "12x"], USAGE, r"-m 12x: .*suffixes"),
    ("qemu-host", ["-m", "0"], USAGE, r"-m 0: has to be more"),
    ("qemu-host", ["-m", "99999999999999999999"], USAGE, r"-m 9+: size=9+: more than"),
    ("qemu-host", ["-m", "1G,slots=2,maxmem=4G"], USAGE, r"not supported yet"),
    ("qemu-host", ["-m", "size=1G,colour=red"], USAGE, r"'colour' is not known here"),
    ("qemu-host", ["-smp", "0"], USAGE, r"-smp 0: cpus=0: has to be 1"),
    ("qemu-host", ["-smp", "-1"], USAGE, r"not a number"),
    ("qemu-host", ["-smp", "5000"], USAGE, r"more than 4096"),
    ("qemu-host", ["-smp", "4,cores=3"], USAGE, r"are not 4 CPUs"),
    ("qemu-host", ["-smp", "2,maxcpus=4"], USAGE, r"maxcpus|are not"),
    ("qemu-host", ["-smp", "2,dies=2"], USAGE, r"dies=2: only 1"),
    ("qemu-host", ["-smp", ""], USAGE, r"empty"),
    ("qemu-host", ["-accel", "kvm"], USAGE, r"'kvm' is not available\n.*tcg"),
    ("qemu-host", ["-accel", "tcg,thread=single"], USAGE, r"thread=multi"),
    ("qemu-host", ["-accel", "tcg,backend=llvm"], USAGE, r"backend=llvm: there are auto, interp and"),
    ("qemu-host", ["-accel", "tcg,lockstep=many"], USAGE, r"lockstep=many: .*not a number"),
    ("qemu-host", ["-accel", "tcg,lockstep=4097"], USAGE, r"more than 4096"),
    ("qemu-host", ["-accel", "tcg,jit-threshold=-1"], USAGE, r"jit-threshold=-1"),
    ("qemu-host", ["-accel", "tcg,tb-size=0"], USAGE, r"tb-size: has to be 1 to 2048 MiB"),
    ("qemu-host", ["-accel", "tcg,tb-size=4G"], USAGE, r"tb-size: has to be 1 to 2048 MiB"),
    ("qemu-host", ["-accel", "tcg,shadow=1"], USAGE, r"'shadow' is not known here"),
    ("qemu-host", ["--load-target=riscv", "-M", "virt", "-accel", "tcg,backend=interp,lockstep=4"],
     USAGE, r"needs backend=jit"),
    ("qemu-host", ["-machine", "none,accel=kvm:hvf"], USAGE, r"not available"),
    ("qemu-host", ["-machine", "none,usb=on"], USAGE, r"usb=on: not supported"),
    ("qemu-host", ["-global", "virtio-rng-pci"], USAGE, r"not known here; known: driver property"),
    ("qemu-host", ["-global", "driver=a,value=b"], USAGE, r"'property' is missing"),
    ("qemu-host", ["-global", ".x=y"], USAGE, r"-global \.x=y"),
    ("qemu-host", ["-set", "device.a"], USAGE, r"looks like GROUP\.ID\.KEY=VALUE"),
    ("qemu-host", ["-set", "device.a.=1"], USAGE, r"looks like GROUP\.ID\.KEY=VALUE"),
    ("qemu-host", ["-set", "device.a.b=1", "-device", "x,id=a"], USAGE,
     r'no device "a" defined before'),
    ("qemu-host", ["-set", "machine.a.b=1"], USAGE, r"no ids in group 'machine'"),
    ("qemu-host", ["-chardev", "null,id=c", "-set", "chardev.c.colour=x"], USAGE,
     r"null has no option 'colour'"),
    ("qemu-host", ["-M", "none", "-vga", "std"], USAGE, r"'none' has no such graphics adapter"),
    ("qemu-system-riscv64", ["-M", "virt", "-vga", "qxl"], USAGE,
     r"-vga qxl: machine 'virt' has no .*\n.*none, std, virtio"),
    ("qemu-host", ["-vga", ""], USAGE, r"the value is empty"),
    ("qemu-host", ["-pflash", "/nonexistent/x"], FAILED, r"'/nonexistent/x': No such file"),
    ("qemu-system-riscv64", ["-M", "virt", "-device", "edu,romfile=/nonexistent/x"], FAILED,
     r"romfile '/nonexistent/x': No such file"),
    ("qemu-host", ["-usbdevice", "tablet,id=t"], USAGE, r"takes a name only"),
    ("qemu-host", ["-usbdevice", ""], USAGE, r"empty"),
    ("qemu-host", ["-watchdog-action", "bark"], USAGE, r"cannot be 'bark'; it is one of reset"),
    ("qemu-host", ["-action", "panic=run"], USAGE, r"panic cannot be 'run'"),
    ("qemu-host", ["-action", "fire=none"], USAGE, r"fire"),
    ("qemu-host", ["-display", "gtk"], USAGE, r"no module provides"),
    ("qemu-host", ["-uuid", "1234"], USAGE, r"not a UUID"),
    ("qemu-host", ["-rtc", "base=localtime"], USAGE, r"neither utc nor a date"),
    ("qemu-host", ["-rtc", "clock=vm"], USAGE, r"only clock=host"),
    ("qemu-host", ["-icount", "shift=11"], USAGE, r"shift=11"),
    ("qemu-host", ["-icount", "shift=auto,sleep=off"], USAGE, r"shift=auto needs sleep=on"),
    ("qemu-host", ["-icount", "shift=2,align=on"], USAGE, r"align=on is not supported"),
    ("qemu-host", ["-icount", "rr=record"], USAGE, r"rr"),
    ("qemu-host", ["-seed", "x"], USAGE, r"x"),
    ("qemu-host", ["-boot", "order=dd"], USAGE, r"order=dd: has to be letters from a to p"),
    ("qemu-host", ["-boot", "z"], USAGE, r"order=z: has to be letters"),
    ("qemu-host", ["-boot", "splash-time=70000"], USAGE, r"splash-time"),
    ("qemu-host", ["-boot", "first=c"], USAGE, r"'first' is not known here"),
    ("qemu-host", ["-fw_cfg", "name=opt/x"], USAGE, r"say either file= or string="),
    ("qemu-host", ["-fw_cfg", "name=opt/x,file=a,string=b"], USAGE, r"say either file= or string="),
    ("qemu-host", ["-fw_cfg", "string=b"], USAGE, r"name= is missing"),
    ("qemu-host", ["-fw_cfg", "name=opt/" + 60 * "x" + ",string=b"], USAGE, r"longer than 55"),
    ("qemu-host", ["-fw_cfg", "name=opt/x,file=/nowhere"], FAILED, r"cannot read '/nowhere'"),
    ("qemu-host", ["-fw_cfg", "name=opt/x,file=/"], FAILED, r"no regular file"),
    ("qemu-host", ["-smbios", "manufacturer=x"], USAGE, r"say either file= or type="),
    ("qemu-host", ["-smbios", "type=256"], USAGE, r"type=256"),
    ("qemu-host", ["-smbios", "type=9"], USAGE, r"type=9: only 0, 1, 2, 3, 4, 8, 11, 17 and 41"),
    ("qemu-host", ["-smbios", "type=41,kind=modem"], USAGE, r"kind: has to be other, unknown, video"),
    ("qemu-host", ["-smbios", "type=8,port_type=256"], USAGE, r"port_type: .* from 0 to 255"),
    ("qemu-system-riscv64", ["-M", "virt", "-smbios", "type=41,pcidev=none"], FAILED,
     r"type=41: pcidev: there is no device 'none'"),
    ("qemu-system-riscv64", ["-M", "virt", "-device", "pcie-root-port,id=p,chassis=1", "-device",
                             "edu,id=e,bus=p", "-smbios", "type=41,pcidev=e"], FAILED,
     r"device 'e' has no slot on a bus that the board has"),
    ("qemu-host", ["-smbios", "type=1,colour=red"], USAGE, r"type=1: colour: is not known here"),
    ("qemu-host", ["-smbios", "type=1,uuid=12"], USAGE, r"type=1: uuid: not a UUID"),
    ("qemu-host", ["-smbios", "type=0,release=1"], USAGE, r"release: has to be MAJOR.MINOR"),
    ("qemu-host", ["-smbios", "type=0,release=1.256"], USAGE, r"release: has to be MAJOR.MINOR"),
    ("qemu-host", ["-smbios", "type=0,uefi=maybe"], USAGE, r"uefi: is neither on nor off"),
    ("qemu-host", ["-smbios", "type=4,max-speed=65536"], USAGE, r"a number from 0 to 65535"),
    ("qemu-host", ["-smbios", "type=4,processor-id=0x"], USAGE, r"a number from 0 to 18446744073"),
    ("qemu-host", ["-smbios", "type=11,value="], USAGE, r"value: is empty"),
    ("qemu-host", ["-smbios", "type=11,path=/nowhere"], FAILED, r"cannot read '/nowhere'"),
    ("qemu-host", ["-smbios", "type=11,path=/proc/self/cmdline"], FAILED, r"a byte that is zero"),
    ("qemu-host", ["-smbios", "file=/nowhere"], FAILED, r"cannot read '/nowhere'"),
    ("qemu-host", ["-smbios", "file=/"], FAILED, r"no regular file"),
    ("qemu-host", ["-smbios", "file=/dev/null,type=1"], USAGE, r"file= stands alone"),
    ("qemu-host", ["-smbios", "file=" + os.path.abspath(__file__)], FAILED,
     r"structure at byte 0: it has no header, or no two zeros"),
    ("qemu-host", ["-smbios", "type=1,serial=x"], USAGE, r"-smbios: there is no machine"),
    ("qemu-host", ["--load-target=null", "-M", "board", "-smbios", "type=1"], FAILED,
     r"has no device that could show SMBIOS"),
    ("qemu-host", ["-boot", "strict=perhaps"], USAGE, r"neither on nor off"),
    ("qemu-host", ["-sandbox", "on,spawn=maybe"], USAGE, r"'spawn' is allow or deny"),
    ("qemu-host", ["-sandbox", "on,network=deny"], USAGE, r"network"),
    ("qemu-host", ["-audiodev", "pa,id=a"], USAGE, r"no module provides audio driver 'pa'"),
    ("qemu-host", ["-readconfig", "/nonexistent/file"], 1, r"No such file"),
    ("qemu-host", ["-readconfig", "/etc/passwd"], USAGE, r"passwd:1: a line in a group"),
    ("qemu-host", ["-runas", "nobody-of-this-name"], USAGE, r"there is no user"),
    ("qemu-host", ["-run-with", "chroot=/tmp"], USAGE, r"only user="),
    ("qemu-host", ["-audiodev", "none"], USAGE, r"'id' is missing"),
    ("qemu-host", ["-overcommit", "cpu-pm=on"], USAGE, r"cpu-pm=on is not supported"),
    ("qemu-host", ["-msg", "timestamp=sometimes"], USAGE, r"neither on nor off"),
    ("qemu-host", ["-d", "banana"], USAGE, r"-d banana: 'banana' is not"),
    ("qemu-host", ["-dfilter", "5"], USAGE, r"-dfilter 5: '5' is no range"),
    ("qemu-host", ["-D", "/tmp/%s"], FAILED, r"log file '/tmp/%s': one %d is allowed"),
    ("qemu-host", ["-gdb", "tcp::0"], FAILED, r"-gdb tcp::0: .*no CPUs"),
    ("qemu-host", ["-append", "x"], USAGE, r"-append: there is no -kernel"),
    ("qemu-host", ["-initrd", "x"], USAGE, r"-initrd: there is no -kernel"),
    ("qemu-host", ["-kernel", "x"], USAGE, r"-kernel: there is no machine"),
    ("qemu-host", ["--list-modules=some"], USAGE, r"choices are all, refused and json"),
    ("qemu-host", ["-cpu", "max"], USAGE, r"-cpu: there is no machine"),
    ("qemu-host", ["-daemonize", "-nographic"], USAGE, r"terminal is in use"),
    ("qemu-host", ["-mon", "mode=control"], USAGE, r"'chardev' is missing"),
    ("qemu-host", ["-mon", "chardev=x,mode=odd"], USAGE, r"mode is readline or control"),
    ("qemu-host", ["-mon", "chardev=x"], FAILED, r"-mon chardev=x: .*no chardev 'x'"),
    ("qemu-host", ["-chardev", "null"], USAGE, r"-chardev null: 'id' is missing"),
    ("qemu-host", ["-chardev", "nul,id=x"], USAGE, r"no chardev back end 'nul'\n.*-chardev help"),
    ("qemu-host", ["-chardev", "null,id=a", "-chardev", "null,id=a"], FAILED, r"already exists"),
    ("qemu-host", ["-chardev", "socket,id=a,path=/nonexistent/x"], FAILED, r"No such file"),
    ("qemu-host", ["-chardev", "stdio,id=a", "-chardev", "stdio,id=b"], FAILED, r"mux=on"),
    ("qemu-host", ["-monitor", "nope"], USAGE, r"-monitor nope: 'nope' is no back end"),
    ("qemu-host", ["-device", "{\"driver\":"], USAGE, r"-device "),
    ("qemu-host", ["-device", "{\"id\":\"x\"}"], USAGE, r"'driver' is missing"),
    ("qemu-system-riscv64", ["-device", "[]"], FAILED, r"no known module offers device '\[\]'"),
    ("qemu-host", ["--load-target=riscv65"], FAILED, r"riscv65.*\n.*did you mean 'riscv64'\?"),
    ("qemu-host", ["--load-target="], USAGE, r"empty"),
    ("qemu-host", ["--load-module="], USAGE, r"empty"),
    ("qemu-host", ["--load-module=null,,serial"], USAGE, r"a name is empty"),
    ("qemu-host", ["--load-module=null,flux"], FAILED,
     r"--load-module=flux: cannot load module 'flux': no file of that name in "),
    ("qemu-host", ["-D", "/nonexistent/log"], FAILED, r"/nonexistent/log"),
    ("qemu-host", ["-pidfile", "/nonexistent/pid"], FAILED, r"-pidfile /nonexistent/pid: "),
    ("qemu-host", ["-machine", "virt"], USAGE, r"several targets.*\n.*--load-target=TARGET"),
    ("qemu-host", ["-machine", "riscv64:vurt"], FAILED, r"'vurt'.*\n.*did you mean 'virt'\?"),
    ("qemu-host", ["-machine", "s390x:s390-ccw-virtio"], FAILED, r"qemu-host-target-s390x"),
    ("qemu-system-riscv64", ["-M", "vrit"], FAILED, r"did you mean 'virt'\?"),
    ("qemu-system-riscv64", ["-M", "virt", "-cpu", "rv46"], FAILED, r"-cpu rv46: .*\n.*did you mean"),
    ("qemu-system-riscv64", ["-M", "virt", "-device", "ns16551"], FAILED, r"did you mean 'ns16550'"),
    ("qemu-system-riscv64", ["-M", "virt", "-kernel", "/nonexistent/k"], FAILED, r"/nonexistent/k"),
    ("qemu-system-riscv64", ["-M", "virt,colour=red"], FAILED, r"colour"),
    ("qemu-system-riscv64", ["-M", "virt", "-S", "-serial", "null", "-serial", "null"], USAGE,
     r"-serial null: machine 'virt' has no serial line 1"),
    ("qemu-host", ["-msg", "guest-name=maybe"], USAGE, r"neither on nor off"),
    ("qemu-host", ["-mon", "chardev=x", "-msg", "guest-name=on"], FAILED, r"^qemu-host: -mon"),
    ("qemu-host", ["-mon", "chardev=x", "-name", "vm1", "-msg", "guest-name=on"], FAILED,
     r"^vm1 qemu-host: -mon"),
    ("qemu-host",
     ["-mon", "chardev=x", "-name", "vm1", "-msg", "timestamp=on,guest-name=on"], FAILED,
     r"^\d{4}-\S+Z vm1 qemu-host: -mon"),
    ("qemu-host", ["-mon", "chardev=x", "-msg", "timestamp=on"], FAILED,
     r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z qemu-host: -mon"),
    ("qemu-system-x86_64", ["-S"], FAILED, r"qemu-host-target-x86"),
    ("qemu-system-amd64", ["-S"], FAILED, r"qemu-host-target-x86"),
    ("qemu-system-i386", ["-S"], FAILED, r"qemu-host-target-x86"),
    ("qemu-system-ppc64el", ["-S"], FAILED, r"qemu-host-target-ppc"),
    ("qemu-system-pdp11", ["-S"], FAILED, r"pdp11"),
    ("qemu-host", ["-object", "nix,help"], USAGE, r"-object: there is no 'nix'\n.*-object help"),
    ("qemu-host", ["-netdev", "=,help"], USAGE, r"has no key"),
    ("qemu-host", ["-cpu", "nix,help"], FAILED, r"nix"),
    ("qemu-host", ["-kernel", "help", "-M", "null:board"], FAILED, r"open file .help.:"),
]

# arguments, what the standard output matches; status 0 and nothing on the standard error
PRINTS = [
    (["-h"], r"examples:"),
    (["--help"], r"examples:"),
    (["-help"], r"examples:"),
    (["--help-all"], r"Exit status:"),
    (["-version"], r"qemu-host\) \d+\.\d+\.\d+\n"),
    (["--version"], r"qemu-host"),
    (["-machine", "help"], r"riscv64:\n +virt"),
    (["-M", "?"], r"virt"),
    (["-machine", "help"], r"not installed: module x86"),
    (["--list-modules", "all"], r"serial +available +qemu-host-devices +Serial"),
    (["--list-modules=all"], r"x86 +absent +qemu-host-target-x86 +x86"),
    (["--load-module=null,serial", "--list-modules=all"],
     r"null +loaded (?s:.*)riscv +available (?s:.*)serial +loaded "),
    (["--load-module=all", "--list-modules=all"],
     r"null +loaded (?s:.*)riscv +loaded (?s:.*)serial +loaded "),
    (["-cpu", "help"], r"rv64"),
    (["-device", "help"], r"ns16550"),
    (["-device", "ns16550,help"], r"reg-shift=<"),
    (["-device", "edu,help"], r"dma_mask=<uint64>[^\n]*\n  addr=<str>[^\n]*\n  multifunction=<bool>"),
    (["-device", "virtio-blk-pci,help"], r"(?s)bootindex=<int32>.*disable-legacy=<.*addr=<str>"),
    (["-device", "usb-kbd,help"], r"port=<str>"),
    (["-chardev", "help"], r"ringbuf"),
    (["-accel", "help"], r"tcg"),
    (["-display", "help"], r"none"),
    (["--load-target=riscv64", "-M", "virt", "-vga", "help"], r"std +-device bochs-display\n"),
    (["-d", "help"], r"guest_errors +what"),
    (["-netdev", "help"], r"  user +network in user space"),
    (["-netdev", "user,help"], r"hostfwd=<list>\n"),
    (["-netdev", "user,id=x,help"], r"hostfwd=<list>\n"),
    (["-object", "help"], r"memory-backend-ram"),
    (["-object", "secret,help"], r"file=<"),
    (["-blockdev", "help"], r"(?s)qcow2.*nbd"),
    (["-blockdev", "qcow2,help"], r"file=<BLOCK-ID>.*\n  file\.KEY\n"),
    (["-drive", "help"], r"format=<raw\|qcow2>"),
    (["-m", "help"], r"size=<size>"),
    (["-serial", "help"], r"unix:FILE\n(?s:.*)server=<on\|off>"),
    (["-cpu", "cortex-a57,help"], r"Properties of CPU model cortex-a57:\n +fp=<bool>"),
    (["--load-target=riscv64", "-cpu", "max,help"], r"vlen="),
    (["--load-target=help"], r"riscv64 +RISC-V, 64 bit\n(?s:.*)alpha .*not installed: module alpha"),
    (["-device", "nvme,help"], r"rerror=<auto\|"),
    (["--load-target=riscv64", "-machine", "virt,help"], r"Properties of machine virt"),
    (["--load-target", "riscv64", "-cpu", "help"], r"rv64"),
]

JSON_PRINTS = [
    ["--json", "-chardev", "help"],
    ["-machine", "help", "--json"],
    ["-netdev", "user,help=json"],
    ["-cpu", "cortex-a57,help=json"],
    ["--load-target=riscv64", "-M", "virt", "-vga", "help=json"],
    ["-machine", "help=json"],
    ["--list-modules=json"],
    ["-cpu", "help=json"],
    ["-device", "help=json"],
    ["-device", "ns16550,help=json"],
    ["-device", "edu,help=json"],
    ["-chardev", "help=json"],
    ["-accel", "help=json"],
    ["-display", "help=json"],
    ["--load-target=riscv64", "-machine", "virt,help=json"],
]

# What has to be taken; the guest is not started.
ACCEPTED = [
    ["-nodefaults", "-no-user-config", "-display", "none"],
    ["-M", "virt", "-m", "size=131072k", "-smp", "1,sockets=1,cores=1,threads=1"],
    ["-machine", "virt,usb=off,dump-guest-core=off,accel=kvm:tcg", "-accel", "tcg"],
    ["-cpu", "rv64", "-overcommit", "mem-lock=off", "-rtc", "base=utc", "-boot", "strict=on"],
    ["-name", "guest=lv,debug-threads=on", "-uuid", "1E475DBE-04CF-4B3A-8720-DF80ADBEF971"],
    ["-usb"], ["-action", "reboot=shutdown,shutdown=pause,panic=exit-failure,watchdog=inject-nmi"],
    ["-watchdog-action", "none"],
    ["-no-shutdown", "-no-reboot", "-msg", "timestamp=on", "-sandbox", "off"],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ["-audiodev", '{"id":"audio1","driver":"none"}'],
    ["-chardev", "pty,id=charserial0", "-serial", "chardev:charserial0"],
    ["-chardev", "ringbuf,id=r,size=64k", "-chardev", "null,id=n,mux=on", "-mon", "n"],
    ["-accel", "tcg,thread=multi", "-d", "guest_errors,unimp"],
    ["-M", "virt", "-accel", "tcg,backend=interp,jit-threshold=0,tb-size=32,lockstep=0"],
    ["-M", "virt", "-accel", "tcg,backend=auto"],
    ["-smp", "4"], ["-smp", "cpus=4,cores=2"], ["-smp", "4,maxcpus=4"],
    ["--machine=virt"], ["--smp=2"],
]


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, name, why):
        """@why is None or empty when the test passed."""
        self.count += 1
        print(f"{'not ok' if why else 'ok'} {self.count} - {name}", flush=True)
        if why:
            self.failed += 1
            print("\n".join("# " + line for line in str(why).splitlines()), flush=True)

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


def run(program, args, stdin=""):
    return subprocess.run([program] + args, input=stdin, text=True, capture_output=True,
                          timeout=TIMEOUT)


def show(done):
    return f"status {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}"


def test_errors(tap, links):
    for name, args, status, pattern in ERRORS:
        done = run(links[name], args)
        good = done.returncode == status and re.search(pattern, done.stderr)
        # every line says who speaks, and the first one what is wrong
        good = good and f"{name}: " in done.stderr.splitlines()[0]
        tap.check(f"error: {name} {' '.join(args)}", None if good else show(done))


def test_prints(tap):
    for args, pattern in PRINTS:
        done = run(HOST, args)
        good = done.returncode == OK and re.search(pattern, done.stdout) and done.stderr == ""
        tap.check(f"prints: {' '.join(args)}", None if good else show(done))
    for args in JSON_PRINTS:
        done = run(HOST, args)
        try:
            entries = json.loads(done.stdout)
            good = done.returncode == OK and entries and all(e["name"] for e in entries)
        except (ValueError, TypeError, KeyError):
            good = False
        tap.check(f"prints JSON: {' '.join(args)}", None if good else show(done))


def test_refused_modules(tap):
    tap.check("no module of the build is refused",
              run(HOST, ["--list-modules=refused"]).stdout)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wrong.so")
        with open(path, "w", encoding="utf-8") as file:
            file.write("no module")
        done = run(HOST, ["--module-path", folder, "--list-modules=refused"])
        tap.check("a wrong file is named with the reason",
                  None if re.fullmatch(rf"{path}: refused: .+\n", done.stdout) else show(done))
        done = run(HOST, ["--module-path", folder, "--list-modules=all"])
        tap.check("it stands in the list of all",
                  None if re.search(rf"^wrong +refused .*{path}: ", done.stdout, re.M) else show(done))


def test_help_of_options(tap):
    """Every option that takes words or keys says which, with status 0, and without a machine."""
    table = json.loads(run(HOST, ["--dump-options=json"]).stdout)
    for option in table["options"]:
        values = option.get("values", "FILE")
        if not option["parameters"] and "implied" not in option and not (
                "|" in values and "FILE" not in values):
            continue
        text, form = (run(HOST, ["-" + option["name"], value]) for value in ("help", "help=json"))
        good = (text.returncode, form.returncode, text.stderr, form.stderr) == (0, 0, "", "")
        rows = json.loads(form.stdout or "[]")
        tap.check(f"-{option['name']} help", None if good and rows and all(
            row["name"] in text.stdout for row in rows) else f"{text} {form}")


def test_version(tap):
    first, again = (json.loads(run(HOST, ["--version", "--json"]).stdout) for _ in range(2))
    request = '{"execute":"qmp_capabilities"}{"execute":"quit"}'
    greeting = json.loads(run(HOST, ["-qmp", "stdio"], request).stdout.splitlines()[0])["QMP"]
    tap.check("--version --json has the greeting's digests", None if first == again and (
        first["schema"], first["modules"]) == (greeting["schema"], greeting["modules"]) else first)
    other = json.loads(run(HOST, ["--version", "--json", "--module-path=/nonexistent"]).stdout)
    tap.check("other modules have another fingerprint", None if other["modules"] !=
              first["modules"] and other["schema"] == first["schema"] else other)


def test_help(tap):
    short = run(HOST, ["-h"]).stdout.splitlines()
    tap.check("the short help is short", None if 20 <= len(short) <= 36 else len(short))
    tap.check("no line of a help is longer than 110", [
        l for l in short + run(HOST, ["--help-all"]).stdout.splitlines() if len(l) > 110])
    options = json.loads(run(HOST, ["--dump-options=json"]).stdout)
    text = run(HOST, ["--help-all"]).stdout
    names = [o["name"] for o in options["options"]]
    tap.check("--help-all has every option",
              [n for n in names if not re.search(rf"-{re.escape(n)}\b", text)])
    tap.check("no option stands in the table twice",
              [n for n in names if names.count(n) > 1])
    request = ('{"execute":"qmp_capabilities"}{"execute":"query-command-line-options"}'
               '{"execute":"quit"}')
    replies = [json.loads(l) for l in run(HOST, ["-qmp", "stdio"], request).stdout.splitlines()]
    listed = replies[2]["return"]
    tap.check("query-command-line-options has option and parameters",
              [e for e in listed if set(e) != {"option", "parameters"}] or not listed)
    tap.check("each parameter has a name and a type that QMP knows",
              [p for e in listed for p in e["parameters"]
               if "name" not in p or p["type"] not in ("string", "boolean", "number", "size")])


def test_accepted(tap, links):
    stop = '{"execute":"qmp_capabilities"}{"execute":"quit"}'
    for args in ACCEPTED:
        with_default = args if "-serial" in args else args + ["-serial", "null"]
        done = run(links["qemu-system-riscv64"],
                   ["-S", "-qmp", "stdio", "-bios", "none"] + with_default, stop)
        good = done.returncode == OK and done.stderr == "" and '"return"' in done.stdout
        tap.check(f"accepted: {' '.join(args)}", None if good else show(done))


def test_identity(tap, links):
    ask = ('{"execute":"qmp_capabilities"}{"execute":"query-name"}{"execute":"query-uuid"}'
           '{"execute":"query-target"}{"execute":"query-status"}{"execute":"quit"}')
    done = run(links["qemu-system-riscv64"],
               ["-S", "-nodefaults", "-M", "none", "-qmp", "stdio", "-name", "guest=a,,b",
                "-uuid", "1E475DBE-04CF-4B3A-8720-DF80ADBEF971"], ask)
    replies = [json.loads(l) for l in done.stdout.splitlines()]
    answers = [r["return"] for r in replies if "return" in r]
    wanted = [{}, {"name": "a,b"}, {"UUID": "1e475dbe-04cf-4b3a-8720-df80adbef971"}]
    good = (answers[:3] == wanted and answers[3]["arch"] == "riscv64" and
            answers[4]["running"] is False)
    tap.check("name, uuid and target reach the host", None if good else show(done))


def test_streams(tap):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([HOST, "--help-all"], stdout=full, timeout=TIMEOUT, check=False)
    tap.check("a full standard output is an error",
              None if done.returncode == FAILED else done.returncode)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([HOST, "--help-all"], stdout=writer, timeout=TIMEOUT, check=False)
    os.close(writer)
    tap.check("a closed standard output is an error, not a signal",
              None if done.returncode == FAILED else done.returncode)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        links = {name: os.path.join(folder, name) for name, *_ in ERRORS}
        for path in links.values():
            os.symlink(HOST, path)
        test_errors(tap, links)
        test_prints(tap)
        test_help(tap)
        test_help_of_options(tap)
        test_version(tap)
        test_refused_modules(tap)
        test_accepted(tap, links)
        test_identity(tap, links)
        test_streams(tap)
    tap.end()


if __name__ == "__main__":
    main()
