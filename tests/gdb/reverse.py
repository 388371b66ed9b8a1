#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Backwards, by packets: bs and bc on a bare program with one and two CPUs.

reverse.py HOST [--with=ARGUMENT...] [CASE...]
"""
import os
import sys
import tempfile
import time
import traceback

from remote import Host, Program, Remote, connect

import guest  # from tests/boot

ICOUNT = ["-icount", "shift=0,sleep=off"]


def same(got, wanted, what):
    """Not an assert statement: what was compared has to be shown."""
    assert got == wanted, "%s: %r, not %r" % (what, got, wanted)


def state(gdb, program):
    """Everything that tells moments apart: all registers of all CPUs (with icount), the counters."""
    text = ""
    for cpu in gdb.cpus:
        same(gdb.ask("Hg%x" % (cpu + 1)), "OK", "choosing a CPU")
        gdb.send("qRcmd," + b"info registers".hex())
        while True:
            part = gdb.packet().decode("latin-1")
            if part == "OK":
                break
            text += bytes.fromhex(part[1:]).decode()
    same(gdb.ask("Hg1"), "OK", "choosing a CPU")
    return text + gdb.memory(program.counters, 72).hex()


def start(host, cpus=1):
    """A gdb that knows about reverse execution."""
    gdb = Remote(host.gdb)
    gdb.cpus = range(cpus)
    assert "ReverseStep+;ReverseContinue+" in gdb.ask("qSupported:swbreak+")
    same(gdb.ask("?"), "T05thread:01;", "?")
    return gdb


def go_far(gdb, program):
    """Over some points of the history, to a moment that does not depend on the host's speed."""
    gdb.ask("Z0,%x,4" % program.far)
    same(gdb.ask("c", 60), "T05thread:01;", "a good while")
    gdb.ask("z0,%x,4" % program.far)


def case_steps(binary, program):
    """Each step back is where the step forward came from; then forward again."""
    with Host(binary, program, *ICOUNT) as host:
        gdb = start(host)
        gdb.ask("Z0,%x,4" % program.bump)
        for _ in range(300):
            gdb.ask("vCont;s:1")
            gdb.ask("c")
        gdb.ask("z0,%x,4" % program.bump)
        seen = []
        for _ in range(40):
            seen.append(state(gdb, program))
            gdb.ask("vCont;s:1;c")
        last = state(gdb, program)
        for i, wanted in enumerate(reversed(seen)):
            same(gdb.ask("bs"), "T05thread:01;", "bs %d" % i)
            same(state(gdb, program), wanted, "after bs %d" % i)
        for i, wanted in enumerate(seen[1:] + [last]):
            gdb.ask("vCont;s:1;c")
            same(state(gdb, program), wanted, "forward %d" % i)


def case_begin(binary, program):
    """The past begins where gdb came."""
    with Host(binary, program, *ICOUNT) as host:
        gdb = start(host)
        first = state(gdb, program)
        begin = "T05thread:01;replaylog:begin;"
        same(gdb.ask("bs"), begin, "bs at once")
        same(gdb.ask("bc"), begin, "bc at once")
        gdb.ask("vCont;s:1")
        second = state(gdb, program)
        same(gdb.ask("bs"), "T05thread:01;", "one step")
        same(state(gdb, program), first, "the start")
        same(gdb.ask("bs"), begin, "bs at the start")
        gdb.ask("vCont;s:1")
        same(state(gdb, program), second, "forward")
        gdb.ask("Z0,%x,4" % program.shared)  # never run
        same(gdb.ask("bc"), begin, "bc without anything on the way")
        same(state(gdb, program), first, "the start again")


def case_breakpoint(binary, program):
    """bc goes to the last breakpoint before, over many checkpoints, and back again."""
    with Host(binary, program, *ICOUNT) as host:
        gdb = start(host)
        gdb.ask("Z0,%x,4" % program.loop)
        gdb.ask("vCont;s:1")
        same(gdb.ask("c"), "T05thread:01;", "loop")
        at_loop = state(gdb, program)
        gdb.ask("z0,%x,4" % program.loop)
        gdb.ask("Z2,%x,8" % program.shared)
        for _ in range(3):
            same(gdb.ask("c"), "T05thread:01;watch:%x;" % program.shared, "a store")
            gdb.ask("vCont;s:1")
        gdb.ask("z2,%x,8" % program.shared)
        late = state(gdb, program)
        gdb.ask("Z0,%x,4" % program.bumped)
        hits = []
        for _ in range(3):
            same(gdb.ask("bc"), "T05thread:01;", "bc")
            same(gdb.pc, program.bumped, "pc")
            hits.append(state(gdb, program))
        for wanted in (hits[1], hits[0]):
            gdb.ask("vCont;s:1")
            same(gdb.ask("c"), "T05thread:01;", "forward")
            same(state(gdb, program), wanted, "forward to a breakpoint")
        gdb.ask("z0,%x,4" % program.bumped)
        while state(gdb, program) != late:
            same(gdb.ask("vCont;s:1"), "T05thread:01;", "forward to where it began")
        gdb.ask("Z0,%x,4" % program.finish)
        go_far(gdb, program)
        far = state(gdb, program)
        gdb.ask("Z0,%x,4" % program._start)
        same(gdb.ask("bc", 60), "T05thread:01;", "a long way")
        same(gdb.pc, program._start, "the start")
        gdb.ask("z0,%x,4" % program._start)
        gdb.ask("Z0,%x,4" % program.loop)
        same(gdb.ask("c"), "T05thread:01;", "loop again")
        same(state(gdb, program), at_loop, "the same as the first time")
        assert far != at_loop


def case_watch(binary, program):
    """Backwards a write is met behind it; gdb goes one step further to see the old value."""
    with Host(binary, program, *ICOUNT) as host:
        gdb = start(host)
        gdb.ask("Z2,%x,8" % program.shared)
        values = []
        for _ in range(3):
            same(gdb.ask("c"), "T05thread:01;watch:%x;" % program.shared, "a store")
            gdb.ask("vCont;s:1")
            values.append(gdb.word(program.shared))
        stores = gdb.pc
        same(values, [256, 512, 768], "values")
        for _ in range(10):
            gdb.ask("vCont;s:1")
        for value, before in ((768, 512), (512, 256), (256, 0)):
            same(gdb.ask("bc"), "T05thread:01;watch:%x;" % program.shared, "a store, backwards")
            same((gdb.pc, gdb.word(program.shared)), (stores, value), "behind it")
            same(gdb.ask("bs"), "T05thread:01;", "bs")
            same(gdb.word(program.shared), before, "the value before")
        same(gdb.ask("bc"), "T05thread:01;replaylog:begin;", "no more")
        same(gdb.ask("c"), "T05thread:01;watch:%x;" % program.shared, "forward again")
        same(gdb.word(program.shared), 0, "before the first store")


def case_writes(binary, program):
    """What gdb writes is there again; written in the past, it makes another future."""
    with Host(binary, program, *ICOUNT) as host:
        gdb = start(host)
        gdb.ask("Z0,%x,4" % program.bumped)
        gdb.ask("c")
        gdb.ask("M%x,8:%s" % (program.counters, (5000).to_bytes(8, "little").hex()))
        gdb.set_register(9, program.text)  # s1: where the loop stores
        written = state(gdb, program)
        for _ in range(2):
            gdb.ask("vCont;s:1")
            gdb.ask("c")
        same(gdb.word(program.counters), 5002, "counting on")
        late = state(gdb, program)
        gdb.ask("bc")
        gdb.ask("bc")
        same(state(gdb, program), written, "where it was written, as gdb left it")
        gdb.ask("bs")
        same(gdb.word(program.counters), 0, "before that, and before the guest's own store")
        for _ in range(3):
            gdb.ask("c")
            gdb.ask("vCont;s:1")
        gdb.ask("bs")
        same(state(gdb, program), late, "written again")
        gdb.ask("bc")
        gdb.ask("M%x,8:%s" % (program.counters, (7000).to_bytes(8, "little").hex()))
        gdb.ask("vCont;s:1")
        gdb.ask("c")
        same(gdb.word(program.counters), 7001, "another future")
        assert written != late


def case_two(binary, program):
    """Two CPUs in turns: a step back is one of the CPU that is asked for."""
    with Host(binary, program, *ICOUNT, cpus=2) as host:
        gdb = start(host, 2)
        gdb.ask("Z0,%x,4" % program.bumped)
        for _ in range(5):
            stop = gdb.ask("c")
            gdb.ask("vCont;s:%s" % stop.split(":")[1].strip(";"))
        gdb.ask("z0,%x,4" % program.bumped)
        go_far(gdb, program)
        thread = 2
        seen = []
        for _ in range(8):
            seen.append(state(gdb, program))
            gdb.ask("vCont;s:%d;c" % thread)
        last = state(gdb, program)
        for i in range(7):
            gdb.ask("Hg%d" % thread)
            gdb.ask("bs")
        for i in range(20):
            if state(gdb, program) == last:
                break
            gdb.ask("vCont;s:%d;c" % thread)
        same(state(gdb, program), last, "forward to the same moment")
        gdb.ask("Z2,%x,8" % program.shared)
        stop = gdb.ask("bc", 60)
        assert "watch:" in stop, stop
        same(gdb.ask("Hg1"), "OK", "cpu0")
        value = gdb.word(program.shared)
        gdb.ask("bs")
        same(gdb.word(program.shared), value - 256, "the store before is undone")
        gdb.ask("z2,%x,8" % program.shared)
        gdb.ask("Z0,%x,4" % program._start)
        stops = []
        while not stops or "replaylog" not in stops[-1]:
            stops.append(gdb.ask("bc", 60))
        same(sorted(stops), sorted(["T05thread:02;", "T05thread:01;",
                                    "T05thread:01;replaylog:begin;"]), "stops at the start")
        same(gdb.word(program.shared), 0, "nothing was stored yet")


def case_input(binary, program):
    """What was typed comes again at its instruction; what is typed meanwhile waits; the answers are
    sent once."""
    with tempfile.TemporaryDirectory(prefix="qh-reverse-") as folder:
        path = os.path.join(folder, "serial")
        with Host(binary, program, *ICOUNT, serial="unix:%s,server=on,wait=off" % path) as host:
            gdb, line = start(host), connect(path)
            gdb.set_register(32, program.echo)
            gdb.ask("Z0,%x,4" % program.echoed)
            seen, kinds = [], b"abc"
            for byte in kinds:
                gdb.send("c")
                line.sendall(bytes([byte]))
                same(gdb.packet(), b"T05thread:01;", "a character")
                same(gdb.register(7), byte, "which")
                seen.append(state(gdb, program))
                gdb.ask("vCont;s:1")
            gdb.ask("vCont;s:1")
            same(line.recv(10), b"bcd", "answers")
            for wanted in reversed(seen):
                same(gdb.ask("bc"), "T05thread:01;", "bc")
                same(state(gdb, program), wanted, "the same character")
            line.sendall(b"x")
            time.sleep(0.2)
            for wanted in seen[1:]:
                gdb.ask("vCont;s:1")
                same(gdb.ask("c"), "T05thread:01;", "forward")
                same(state(gdb, program), wanted, "the same character again")
            gdb.ask("vCont;s:1")
            same(gdb.ask("c"), "T05thread:01;", "what waited")
            same(gdb.register(7), ord("x"), "x")
            same(gdb.ask("bc"), "T05thread:01;", "bc")
            same(state(gdb, program), seen[-1], "the last one before")
            gdb.ask("z0,%x,4" % program.echoed)
            gdb.send("c")
            same(line.recv(10), b"y", "nothing is sent twice")
            gdb.interrupt()


def case_none(binary, program):
    """Without -icount there is no way back, and gdb is told so."""
    with Host(binary, program) as host:
        gdb = Remote(host.gdb)
        assert "Reverse" not in gdb.ask("qSupported:swbreak+")
        for packet in ("bs", "bc"):
            reply = gdb.ask(packet)
            assert reply.startswith("E.cannot go backwards: ") and "-icount" in reply, reply
        same(gdb.ask("b"), "", "b alone")
        same(gdb.ask("bx"), "", "bx")


def main():
    """Every case, or those named."""
    binary = sys.argv[1]
    Host.always = [item[len("--with="):] for item in sys.argv[2:] if item.startswith("--with=")]
    wanted = [item for item in sys.argv[2:] if not item.startswith("--with=")]
    tap = guest.Tap()
    with tempfile.TemporaryDirectory(prefix="qh-reverse-") as folder:
        program = Program(folder)
        for name, case in sorted(globals().items()):
            if not name.startswith("case_") or (wanted and name[5:] not in wanted):
                continue
            try:
                case(binary, program)
                tap.check(True, name[5:])
            except (AssertionError, TimeoutError, OSError, ValueError, AttributeError):
                tap.check(False, name[5:])
                tap.note(traceback.format_exc().replace("\n", "\n# "))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
