#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb's remote protocol, packet by packet: what gdb sends, and what nobody should.

protocol.py HOST [--with=ARGUMENT...] [CASE...]    arguments for every host
"""
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback

import remote
from remote import Host, Qmp, Remote

import guest  # from tests/boot

A0, A1, PC, X0, FT0, MSTATUS, PRIV = 10, 11, 32, 0, 33, 65 + 0x300, 65 + 4096


def same(got, wanted, what):
    """An assertion that says what it saw."""
    assert got == wanted, "%s: %r, not %r" % (what, got, wanted)


def case_attach(binary, program):
    """A running machine stops when gdb comes; acknowledgements; unknown packets."""
    with Host(binary, program, paused=False) as host:
        qmp = Qmp(host.qmp)
        same(qmp.status(), "running", "before gdb comes")
        gdb = Remote(host.gdb, acks=True)
        reply = gdb.ask("qSupported:multiprocess+;xmlRegisters=i386")
        same(qmp.status(), "paused", "with gdb")
        for feature in ("PacketSize=", "qXfer:features:read+", "QStartNoAckMode+", "multiprocess+",
                        "vContSupported+"):
            assert feature in reply, reply
        same(gdb.ask("?"), "T05thread:p01.01;", "?")
        for unknown in ("", "y", "qNothing", "vMustReplyEmpty", "Qx", "b", "bx", "i", "Z9,0,0"):
            same(gdb.ask(unknown), "", unknown)
        gdb.socket.sendall(b"$?#00")
        same(gdb.byte(), b"-", "a wrong checksum")
        gdb.send("qAttached")
        same(gdb.byte(), b"+", "a right one")
        same([gdb.byte() for _ in range(5)], [b"$", b"1", b"#", b"3", b"1"], "an answer")
        gdb.socket.sendall(b"-")
        same([gdb.byte() for _ in range(5)], [b"$", b"1", b"#", b"3", b"1"], "the same again")
        gdb.socket.sendall(b"+")
        same(gdb.ask("QStartNoAckMode"), "OK", "no acks")
        gdb.acks = False
        gdb.socket.sendall(b"$qC#00")
        same(gdb.packet(), b"QCp01.01", "sums do not count without acks")


def case_registers(binary, program):
    """g G p P, target.xml."""
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        same(len(gdb.ask("g")), 33 * 16, "digits of g")
        same(gdb.set_register(A0, 0x1122334455667788), "OK", "P")
        same(gdb.register(A0), 0x1122334455667788, "a0")
        same(gdb.ask("g")[160:176], "8877665544332211", "a0 in g")
        same(gdb.set_register(X0, 5), "OK", "P of x0")
        same(gdb.register(X0), 0, "x0")
        values = bytes(i & 255 for i in range(33 * 8))
        same(gdb.ask("G" + values.hex()), "OK", "G")
        same(gdb.ask("g"), bytes(8).hex() + values[8:].hex(), "g after G")
        same(gdb.set_register(PRIV, 1, 4), "OK", "supervisor mode")
        same(gdb.register(PRIV), 1, "priv")
        same(gdb.set_register(PRIV, 77, 4), "OK", "no mode at all")
        same(gdb.register(PRIV), 3, "priv")
        same(gdb.set_register(FT0, 0x4000000000000000), "OK", "P of ft0")
        same(gdb.register(FT0), 0x4000000000000000, "ft0")
        for bad in ("p", "pzz", "p10000", "pffffffffffffffff", "p11111111111111111", "P", "Pa",
                    "Pa=", "Pa=12", "Pa=zz", "P10000=00", "G", "G00", "Gzz"):
            assert gdb.ask(bad).startswith("E"), bad
        xml, offset = "", 0
        while True:
            part = gdb.ask("qXfer:features:read:target.xml:%x,100" % offset)
            xml, offset = xml + part[1:], offset + len(part) - 1
            if part[0] == "l":
                break
            same((part[0], len(part)), ("m", 0x101), "a part")
        assert "<architecture>riscv:rv64</architecture>" in xml, xml[:300]
        assert 'name="org.gnu.gdb.riscv.cpu"' in xml and 'name="pc"' in xml, xml[:300]
        for number in re.findall('regnum="([0-9]+)"', xml):
            assert not gdb.ask("p%x" % int(number)).startswith("E"), number
        for bad in ("other.xml:0,10", "target.xml:", "target.xml:0", "target.xml:fffffff,10"):
            assert gdb.ask("qXfer:features:read:" + bad).startswith("E"), bad


def case_memory(binary, program):
    """m M X, the ends of RAM, physical addresses, bad ranges."""
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        text = b"a text to be read"
        same(gdb.memory(program.text, len(text)), text, "m")
        same(gdb.ask("M%x,3:414243" % program.text), "OK", "M")
        same(gdb.memory(program.text, 6), b"ABCext", "after M")
        data = b"#$}*\x03\x00z"
        escaped = b"".join(b"}" + bytes([c ^ 0x20]) if c in b"#$}*" else bytes([c]) for c in data)
        same(gdb.ask(b"X%x,%x:" % (program.text, len(data)) + escaped), "OK", "X")
        same(gdb.memory(program.text, len(data)), data, "after X")
        same(gdb.ask("X0,0:"), "OK", "X of nothing")
        same(gdb.ask("m%x,0" % program.text), "", "m of nothing")
        same(len(gdb.memory(remote.RAM, 0xffffffff)), 8190, "as much as fits")
        same(len(gdb.memory(remote.RAM_END - 100, 4096)), 100, "as much as there is")
        for bad in ("m%x,1" % remote.RAM_END, "m40000000,4", "mffffffffffffffff,10",
                    "M%x,1:00" % remote.RAM_END, "m", "m,", "m1", "m1,", "mz,1", "m1,1x", "M1,1",
                    "M%x,2:00" % program.text, "M%x,1:0x" % program.text, "X1,1:",
                    "M%x,ffffffffffffffff:00" % program.text, "m11111111111111111,1",
                    "X%x,ffffffffffffffff:aa" % program.text):
            assert gdb.ask(bad).startswith("E"), bad
        same(gdb.memory(program.text, len(data)), data, "bad writes did nothing")
        same(gdb.ask("qqemu.PhyMemMode"), "0", "mode")
        same(gdb.ask("Qqemu.PhyMemMode:1"), "OK", "physical")
        same(gdb.ask("qqemu.PhyMemMode"), "1", "mode")
        same(gdb.memory(program.text, len(data)), data, "by physical address")
        assert gdb.ask("Qqemu.PhyMemMode:2").startswith("E")
        same(gdb.ask("Qqemu.PhyMemMode:0"), "OK", "virtual")


def case_run(binary, program):
    """Breakpoints, steps, ranges, watchpoints; what QMP says meanwhile."""
    with Host(binary, program) as host:
        qmp = Qmp(host.qmp)
        gdb = Remote(host.gdb)
        same(qmp.status(), "prelaunch", "-S")
        for kind in "01":
            same(gdb.ask("Z%s,%x,2" % (kind, program.bump)), "OK", "Z")
            for _ in range(3):
                same(gdb.ask("vCont;c"), "T05thread:01;", "a hit")
                same(gdb.pc, program.bump, "pc")
                same(qmp.status(), "debug", "at a breakpoint")
                same(gdb.ask("vCont;s:1"), "T05thread:01;", "a step")
                same(gdb.pc, program.bump + 4, "pc after it")
            same(gdb.ask("z%s,%x,2" % (kind, program.bump)), "OK", "z")
        assert "RESUME" in qmp.events and "STOP" in qmp.events, qmp.events
        same(gdb.ask("z0,%x,2" % program.bump), "OK", "z of what is not there")
        before = gdb.register(A1)
        same(gdb.ask("vCont;r%x,%x:1" % (program.bump, program.bump + 64)), "T05thread:01;", "range")
        same(gdb.pc, program.after, "behind the range")
        same(gdb.register(A1), before, "nothing else was run")
        for step in ("s", "S05", "vCont;S05", "vCont;s"):
            pc = gdb.pc
            same(gdb.ask(step), "T05thread:01;", step)
            assert gdb.pc != pc
        same(gdb.ask("s%x" % program.bump), "T05thread:01;", "a step from elsewhere")
        same(gdb.pc, program.bump + 4, "pc")
        # RISC-V: gdb expects the stop before the access
        load, store = program.bump, program.bumped - 4
        gdb.ask("s%x" % program.loop)
        for kind, word, places in (("2", "watch", {store}), ("3", "rwatch", {load}),
                                   ("4", "awatch", {load, store})):
            seen, value = set(), gdb.word(program.counters)
            same(gdb.ask("Z%s,%x,8" % (kind, program.counters)), "OK", "Z" + kind)
            for i in range(4):
                start = gdb.pc
                same(gdb.ask("vCont;c" if i % 2 else "c"),
                     "T05thread:01;%s:%x;" % (word, program.counters), "a hit")
                seen.add(gdb.pc)
                value += start == store or (kind == "3" and start == load)
                same(gdb.word(program.counters), value, "the word")
                if start == load and kind == "4":
                    same(gdb.ask("vCont;s"), "T05thread:01;", "a step does it")
                    value += 1
                    same((gdb.pc, gdb.word(program.counters)), (program.bumped, value), "after it")
            same(seen, places, "where")
            same(gdb.ask("z%s,%x,8" % (kind, program.counters)), "OK", "z" + kind)
        for bad in ("Z", "Z0", "Z0,", "Z0,1", "Zx,1,1", "Z2,1,0", "Z2,ffffffffffffffff,2", "z0,1",
                    "vCont;", "vCont;x", "vCont;s:", "vCont;s:zz", "vCont;r1", "vCont;Sz", "vContc",
                    "cz", "sz"):
            assert gdb.ask(bad).startswith("E"), bad
        same(gdb.ask("vCont?"), "vCont;c;C;s;S;t;r", "vCont?")


def case_interrupt(binary, program):
    """Byte 3; QMP's stop and cont while gdb waits; a guest that sleeps."""
    with Host(binary, program) as host:
        qmp = Qmp(host.qmp)
        gdb = Remote(host.gdb)
        gdb.send("c")
        same(qmp.status(), "running", "after c")
        same(gdb.interrupt(), "T02thread:01;", "Ctrl-C")
        same(qmp.status(), "paused", "after Ctrl-C")
        gdb.send("vCont;c")
        same(qmp.status(), "running", "again")
        qmp.ask("stop")
        same(gdb.packet(), b"T02thread:01;", "QMP's stop")
        qmp.ask("cont")
        same(qmp.status(), "running", "QMP's cont")
        same(len(gdb.ask("g")), 33 * 16, "a packet stops the machine")
        same(qmp.status(), "paused", "for a packet")
        gdb.set_register(PC, program.idle)
        gdb.send("c")
        time.sleep(0.1)
        same(gdb.interrupt(), "T02thread:01;", "a sleeping guest")
        same(gdb.pc, program.idle + 4, "behind wfi")
        gdb.send("s")
        time.sleep(0.1)
        same(gdb.interrupt(), "T02thread:01;", "a step that waits for an interrupt")
        gdb.socket.sendall(b"\x03\x03")
        same(gdb.ask("qC"), "QC01", "it stands already")


def case_threads(binary, program):
    """Several CPUs: lists, choosing, holding, stepping one."""
    with Host(binary, program, cpus=3) as host:
        gdb = Remote(host.gdb)
        gdb.ask("qSupported:multiprocess+")
        same(gdb.ask("qfThreadInfo"), "mp01.01,p01.02,p01.03", "first")
        same(gdb.ask("qsThreadInfo"), "l", "next")
        for thread in ("p1.1", "p1.3", "1", "3", "p1.-1", "p0.0", "-1"):
            same(gdb.ask("T" + thread), "OK", thread)
        for thread in ("p1.4", "p2.1", "4", "", "p", "x", "p1.x"):
            assert gdb.ask("T" + thread).startswith("E"), thread
        same(bytes.fromhex(gdb.ask("qThreadExtraInfo,p1.2")), b"CPU#1 riscv64 [running]", "extra")
        same(gdb.ask("qXfer:threads:read::0,fff").count("<thread id="), 3, "threads")
        for bad in ("Hg9", "Hgp2.1", "H", "Hx1", "Hg", "qThreadExtraInfo,9", "vAttach;2",
                    "vAttach;", "D;9"):
            assert gdb.ask(bad).startswith("E"), bad
        same(gdb.ask("Z0,%x,2" % program.bump), "OK", "Z0")
        places = {}
        for thread in (3, 1, 2):
            same(gdb.ask("vCont;c:p1.%x" % thread), "T05thread:p01.%02x;" % thread, "only this one")
        for thread in (1, 2, 3):
            same(gdb.ask("Hgp1.%x" % thread), "OK", "Hg")
            places[thread] = (gdb.pc, gdb.register(8))
        same(places, {thread: (program.bump, thread - 1) for thread in (1, 2, 3)}, "pc, hart")
        same(gdb.ask("vCont;s:p1.2"), "T05thread:p01.02;", "one steps")
        same(gdb.ask("qC"), "QCp01.02", "it is the current one")
        pcs = []
        for thread in (1, 2, 3):
            gdb.ask("Hgp1.%x" % thread)
            pcs.append(gdb.pc)
        same(pcs, [program.bump, program.bump + 4, program.bump], "the others did not")
        same(gdb.ask("z0,%x,2" % program.bump), "OK", "z0")
        gdb.send("vCont;c:p1.1")
        time.sleep(0.05)
        gdb.interrupt()
        words = [gdb.word(program.counters + 8 * i) for i in range(3)]
        assert words[0] > 1000 and words[1:] == [0, 0], words
        gdb.send("vCont;t:p1.1;c")
        time.sleep(0.05)
        gdb.interrupt()
        later = [gdb.word(program.counters + 8 * i) for i in range(3)]
        assert later[0] == words[0] and min(later[1:]) > 1000, (words, later)
        same(gdb.ask("Z2,%x,1" % program.shared), "OK", "Z2")
        for _ in range(5):
            same(gdb.ask("vCont;c"), "T05thread:p01.01;watch:%x;" % program.shared, "who writes")


def case_race(binary, program):
    """CPUs that meet breakpoints and watchpoints all at once: none is lost, none told twice."""
    with Host(binary, program, cpus=3) as host:
        gdb = Remote(host.gdb)
        for i in range(3):
            same(gdb.ask("Z2,%x,8" % (program.counters + 8 * i)), "OK", "Z2")
        counts = [0, 0, 0]
        for _ in range(300):
            reply = gdb.ask("vCont;c")
            match = re.fullmatch("T05thread:0([123]);watch:([0-9a-f]+);", reply)
            assert match, reply
            which = int(match.group(1)) - 1
            same(int(match.group(2), 16), program.counters + 8 * which, "the address")
            same(gdb.word(program.counters + 8 * which), counts[which], "each write is told")
            counts[which] += 1


def case_leave(binary, program):
    """Detaching, hanging up, coming again."""
    with Host(binary, program) as host:
        qmp = Qmp(host.qmp)
        gdb = Remote(host.gdb)
        gdb.ask("Z0,%x,2" % program.bump)
        same(gdb.ask("vCont;c"), "T05thread:01;", "a hit")
        same(gdb.ask("D"), "OK", "D")
        same(qmp.status(), "running", "after D")
        time.sleep(0.2)
        gdb.close()
        gdb = Remote(host.gdb)
        first = gdb.word(program.counters)
        assert first > 10, first
        gdb.ask("Z0,%x,2" % program.bump)
        gdb.ask("Z2,%x,8" % program.shared)
        gdb.close()
        time.sleep(0.1)
        same(qmp.status(), "paused", "gdb has vanished")
        qmp.ask("cont")
        time.sleep(0.1)
        same(qmp.status(), "running", "its breakpoints, too")
        gdb = Remote(host.gdb)
        assert gdb.word(program.counters) > first
        gdb.send("vCont;s")
        gdb.close()
        gdb = Remote(host.gdb)
        gdb.ask("Z0,%x,2" % program.bump)
        gdb.send("vCont;c;c")
        gdb.send("?")
        assert gdb.packet()[:3] in (b"T05", b"T02"), "a hit, or that it stops for a packet"
        same(gdb.packet()[:3], b"T05", "the answer to ?")


def case_end(binary, program):
    """k, vKill, a host that ends, a guest that does."""
    with Host(binary, program) as host:
        Remote(host.gdb).send("k")
        same(host.wait(), 0, "k")
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        same(gdb.ask("vKill;1"), "OK", "vKill")
        same(host.wait(), 0, "vKill")
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        gdb.send("c")
        qmp = Qmp(host.qmp)
        qmp.ask("quit")
        same(gdb.packet(), b"W00", "quit")
        same(gdb.packet(), None, "and no more")
        same(host.wait(), 0, "quit")
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        same(gdb.ask("c%x" % program.finish), "W05", "the guest's own status")
        same(host.wait(), 5, "the guest's own status")
    with Host(binary, program, "-no-shutdown") as host:
        gdb = Remote(host.gdb)
        same(gdb.ask("c%x" % program.finish), "T03thread:01;", "-no-shutdown")
        same(gdb.ask("c"), "T03thread:01;", "it cannot go on")
        same(Qmp(host.qmp).status(), "shutdown", "-no-shutdown")


def command(gdb, line):
    """gdb's `monitor`: what is printed."""
    gdb.send("qRcmd," + line.encode().hex())
    out = b""
    while True:
        reply = gdb.packet()
        if not reply.startswith(b"O") or reply == b"OK":
            return out.decode(), reply.decode()
        out += bytes.fromhex(reply[1:].decode())


def case_monitor(binary, program):
    """The human monitor behind gdb, and gdb behind the human monitor."""
    with Host(binary, program, cpus=2) as host:
        gdb = Remote(host.gdb)
        same(command(gdb, "info status"), ("VM status: paused (prelaunch)\n", "OK"), "info status")
        text, reply = command(gdb, "info registers")
        assert reply == "OK" and "mstatus" in text and "\r" not in text, text
        gdb.ask("Hg2")
        text, reply = command(gdb, "info registers")
        assert "CPU#1" in text, text
        assert "unknown command" in command(gdb, "no-such-thing")[0]
        same(command(gdb, ""), ("", "OK"), "nothing")
        for bad in ("qRcmd,zz", "qRcmd," + "41" * 5000):
            assert gdb.ask(bad).startswith("E"), bad
        same(gdb.ask("qqemu.sstepbits"), "ENABLE=1,NOIRQ=2,NOTIMER=4", "bits")
        same(gdb.ask("qqemu.sstep"), "0x7", "at first")
        same(gdb.ask("Qqemu.sstep=0x1"), "OK", "set")
        same(gdb.ask("qqemu.sstep"), "0x1", "after it")
        assert gdb.ask("Qqemu.sstep=99").startswith("E")
        same(gdb.ask("qqemu.Supported"), "sstepbits;sstep;PhyMemMode", "what QEMU has")
        same(gdb.ask("s"), "T05thread:02;", "with interrupts and timers")
        log = host.gdb + ".log"
        same(command(gdb, "logfile " + log), ("", "OK"), "logfile")
        same(command(gdb, "log in_asm,int"), ("", "OK"), "log")
        gdb.ask("s%x" % program.idle)
        same(command(gdb, "log none"), ("", "OK"), "log none")
        gdb.ask("s%x" % program.loop)
        with open(log, encoding="ascii") as lines:
            same(lines.read().split("\n"), ["0x%x: wfi" % program.idle, ""], "what was logged")
        assert "nonsense" in command(gdb, "log nonsense")[0]
        assert "Error" in command(gdb, "logfile /nonexistent/x")[0]
        other = host.gdb + "2"
        gdb.send("qRcmd," + ("gdbserver unix:%s,server=on,wait=off" % other).encode().hex())
        same(gdb.packet(), None, "another gdb server ends this one")
        gdb = Remote(other)
        same(gdb.ask("qC"), "QC01", "the other one")
        gdb.send("qRcmd," + b"gdbserver none".hex())
        same(gdb.packet(), None, "none ends it")
        same(Qmp(host.qmp).ask("query-chardev") is not None, True, "the host lives")


def fuzz_packet(random_, program):
    """Something like a packet."""
    seeds = ["g", "m%x,10" % program.text, "M%x,2:aabb" % program.text, "p20", "P20=00", "vCont;s",
             "vCont;s:p1.1;c", "Z0,%x,2" % program.idle, "z0,%x,2" % program.idle, "Hgp1.1", "T1",
             "Z2,%x,8" % program.idle, "z2,%x,8" % program.idle, "qXfer:features:read:target.xml:0,8",
             "qXfer:threads:read::0,8", "qThreadExtraInfo,1", "qSupported:multiprocess+", "D;1", "?",
             "X%x,2:ab" % program.text, "vAttach;1", "qfThreadInfo", "qsThreadInfo", "s", "vCont;t",
             "Qqemu.PhyMemMode:1", "Qqemu.sstep=7", "vCont;r%x,%x" % (program.loop, program.idle),
             "qRcmd,69", "G00", "!", "vCtrlC", "S05;%x" % program.bump]
    data = bytearray(random_.choice(seeds).encode())
    for _ in range(random_.randrange(4)):
        choice = random_.randrange(5)
        at = random_.randrange(len(data) + 1)
        if choice == 0:
            data[at:at] = bytes([random_.randrange(256)])
        elif choice == 1:
            del data[at:at + random_.randrange(1, 4)]
        elif choice == 2:
            data[at:at] = random_.choice([b"ffffffffffffffff", b"-1", b",", b";", b":", b"0", b"p",
                                          b"80000000", b"7fffffffffffffff", b"=", b"."])
        elif choice == 3 and at < len(data):
            data[at] = random_.randrange(256)
        else:
            data += bytes(data[:at])
    return bytes(data)


def case_fuzz(binary, program):
    """Thousands of packets that nobody should send: the host answers afterwards, and has not grown."""
    random_ = random.Random(20)
    with Host(binary, program, "-no-shutdown", cpus=2) as host:
        gdb = Remote(host.gdb)
        before = host.resident()
        for i in range(4000):
            data = fuzz_packet(random_, program)
            # what ends the machine or makes the host open something is not for guessing
            if data[:1] == b"k" or b"Kill" in data or data[:5] == b"qRcmd":
                continue
            data = data.replace(b"#", b"").replace(b"$", b"")
            gdb.socket.sendall(frame_raw(data, random_))
            if i % 50 == 49:
                drain(gdb)
        drain(gdb)
        gdb.close()
        gdb = Remote(host.gdb)
        same(len(gdb.ask("g")), 33 * 16, "still there")
        gdb.socket.sendall(b"$" + b"m" * (8 << 20))
        gdb.close()
        gdb = Remote(host.gdb)
        same(gdb.ask("qC"), "QC01", "after a packet without an end")
        grown = host.resident() - before
        assert grown < 24 << 20, "%d KiB more" % (grown >> 10)


def frame_raw(data, random_):
    """Mostly with the right sum, sometimes interrupted."""
    if random_.randrange(20) == 0:
        return b"$" + data + b"#zz"
    if random_.randrange(10) == 0:
        return remote.frame(data) + b"\x03"
    return remote.frame(data)


def drain(gdb):
    """Stop whatever runs and drop all that was said."""
    gdb.socket.sendall(b"\x03")
    gdb.send("qemu-nothing")
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        try:
            gdb.packet(0.02)
            end = time.monotonic() + 0.02
        except TimeoutError:
            pass


def case_spelling(binary, program):
    """-gdb in QEMU's spellings, -s, and what is refused."""
    def refused(*arguments):
        return subprocess.run([binary, "--load-target=riscv64", "-display", "none", "-S", *arguments],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              timeout=remote.LONG, check=False)
    for bad in ("tcp:", "tcp:x", "no-such-thing", "chardev:missing", "unix:/nonexistent/x,server=on"):
        done = refused("-M", "virt", "-gdb", bad)
        assert done.returncode in (1, 2) and "-gdb " + bad in done.stderr, done.stderr
    done = refused("-M", "none", "-gdb", "tcp::0")
    assert done.returncode == 1 and "no CPUs" in done.stderr, done.stderr
    done = refused("-M", "none", "-s")
    assert done.returncode == 1 and "-gdb tcp::1234: " in done.stderr, done.stderr
    with Host(binary, program, gdb="none") as host:
        same(Qmp(host.qmp).status(), "prelaunch", "-gdb none")
    with Host(binary, program, "-chardev", "socket,id=c0,host=127.0.0.1,port=0,server=on,wait=off",
              gdb="chardev:c0") as host:
        qmp = Qmp(host.qmp)
        where = [c for c in qmp.ask("query-chardev") if c["label"] == "c0"][0]["filename"]
        port = int(re.search(":([0-9]+)[,]", where).group(1))
        gdb = Remote.__new__(Remote)
        gdb.socket, gdb.buffer, gdb.acks = remote.socket.create_connection(("127.0.0.1", port)), b"", 1
        same(gdb.ask("qC"), "QC01", "over TCP")
    process = subprocess.Popen([binary, "--load-target=riscv64", "-M", "virt", "-bios", program.path,
                                "-display", "none", "-serial", "null", "-S", "-gdb", "stdio"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(remote.frame(b"qC"))
    process.stdin.flush()
    same(process.stdout.read(9), b"+$QC01#f5"[:9], "-gdb stdio")
    process.kill()
    process.wait()


def main():
    binary, wanted = sys.argv[1], [word for word in sys.argv[2:] if word[:2] != "--"]
    Host.always = [word[7:] for word in sys.argv[2:] if word.startswith("--with=")]
    tap = guest.Tap()
    with tempfile.TemporaryDirectory(prefix="qh-gdb-") as folder:
        program = remote.Program(folder)
        for name, function in list(globals().items()):
            if not name.startswith("case_") or (wanted and name[5:] not in wanted):
                continue
            try:
                function(binary, program)
                tap.check(True, function.__doc__)
            except Exception:  # pylint: disable=broad-except
                tap.check(False, function.__doc__)
                tap.note(traceback.format_exc().replace("\n", "\n# "))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
