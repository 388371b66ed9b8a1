# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the guest runs, and what ends it: small programs on the bare board drive the host."""

import os
import signal
import socket
import struct
import tempfile
import time

from qmp import LONG, Host, module_path, run

MODULES = module_path('riscv', 'serial')

# RISC-V instructions (unprivileged ISA, chapter 2.2); x10 and x11 are a0 and a1.


def lui(rd, value):
    """rd = value << 12"""
    return value << 12 | rd << 7 | 0x37


def addi(rd, rs, value):
    """rd = rs + value"""
    return (value & 0xfff) << 20 | rs << 15 | rd << 7 | 0x13


def store(width, rs2, rs1):
    """*rs1 = rs2; width 0: a byte, 2: a word"""
    return rs2 << 20 | rs1 << 15 | width << 12 | 0x23


HERE = 0x6f  # j .
BACK_ONE = 0xffdff06f  # j .-4
ILLEGAL = 0


def finisher(value):
    """Write `value` to the test finisher at 0x100000."""
    low = (value & 0xfff ^ 0x800) - 0x800
    return [lui(10, 0x100), lui(11, (value - low) >> 12), addi(11, 11, low), store(2, 11, 10),
            HERE]


OFF = finisher(0x5555)
FAIL_7 = finisher(0x73333)
RESET = finisher(0x7777)
SPIN = [HERE]
FLOOD = [lui(10, 0x10000), addi(11, 0, ord('x')), store(0, 11, 10), BACK_ONE]


class Board(Host):
    """A host with such a program in its RAM."""

    def __init__(self, program, *args, modules=MODULES):
        self.file = tempfile.NamedTemporaryFile(prefix='qh-program-')
        self.file.write(struct.pack(f'<{len(program)}I', *program))
        self.file.flush()
        if '-serial' not in args:
            args += ('-serial', 'null')
        super().__init__('-M', 'riscv64:virt', '-bios', self.file.name, *args, modules=modules)


def status(client):
    """Its name in query-status."""
    return client.execute('query-status')['status']


def wait_status(client, name):
    """Until the run state has that name."""
    end = time.monotonic() + LONG
    while status(client) != name:
        assert time.monotonic() < end, status(client)
        time.sleep(0.01)


def test_guest_off():
    """The guest turns itself off: event, status 0."""
    with Board(OFF, '-S') as host:
        client = host.client()
        assert status(client) == 'prelaunch'
        client.execute('cont')
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-shutdown'}
        assert client.reply() is None
        assert host.process.wait(LONG) == 0


def test_guest_fails():
    """The guest's own exit status is the host's."""
    with Board(FAIL_7, '-S', '-smp', '4') as host:
        client = host.client()
        client.execute('cont')
        client.wait_event('SHUTDOWN')
        assert host.process.wait(LONG) == 7


def test_no_shutdown():
    """-no-shutdown: the machine stands still until it is reset."""
    with Board(OFF, '-S', '-no-shutdown') as host:
        client = host.client()
        client.execute('cont')
        client.wait_event('SHUTDOWN')
        client.wait_event('STOP')
        assert status(client) == 'shutdown'
        assert 'error' in client.ask('cont')
        client.execute('system_reset')
        assert client.wait_event('RESET')['reason'] == 'host-qmp-system-reset'
        wait_status(client, 'prelaunch')
        client.execute('cont')
        wait_status(client, 'shutdown')
        assert host.stop() == 0


def test_no_reboot():
    """-no-reboot: a reset ends the host."""
    with Board(RESET, '-S', '-no-reboot') as host:
        client = host.client()
        client.execute('cont')
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-reset'}
        assert host.process.wait(LONG) == 0


def test_reset_storm():
    """A guest that does nothing but reset leaves the monitor free."""
    with Board(RESET, '-smp', '2') as host:
        client = host.client()
        for _ in range(3):
            assert client.wait_event('RESET') == {'guest': True, 'reason': 'guest-reset'}
        started = time.monotonic()
        client.execute('stop')
        assert status(client) in ('paused', 'prelaunch')
        client.execute('quit')
        assert host.process.wait(LONG) == 0
        assert time.monotonic() - started < 5


def stop_and_cont(program, *args):
    """Such a guest can be stopped and started at any time."""
    with Board(program, '-smp', '4', *args) as host:
        client = host.client()
        for _ in range(30):
            client.execute('stop')
            assert status(client) == 'paused'
            client.execute('cont')
            assert status(client) == 'running'
        client.execute('system_reset')
        client.wait_event('RESET')
        assert status(client) == 'running'
        names = [event['event'] for event in client.events]
        assert names == ['STOP', 'RESUME'] * 30, names
        assert host.stop() == 0


def test_spin():
    """A jump to itself."""
    stop_and_cont(SPIN)


def test_trap_loop():
    """An exception whose handler cannot be fetched, for ever."""
    stop_and_cont([ILLEGAL])


def test_flood():
    """A guest that writes to its serial port without end, which nobody reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'serial')
        with Board(FLOOD, '-smp', '2', '-chardev', f'socket,id=c,path={path},server=on,wait=off',
                   '-serial', 'chardev:c') as host:
            reader = socket.socket(socket.AF_UNIX)
            reader.connect(path)  # and does not read
            client = host.client()
            for _ in range(10):
                client.execute('stop')
                client.execute('cont')
            before = host.rss_kib()
            time.sleep(1)
            assert host.rss_kib() - before < host.growth_limit(4096)
            assert host.stop() == 0
            reader.close()


def test_signals():
    """Each of them ends the host in order, running or not."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for args in ((), ('-S',), ('-no-shutdown',)):
            with Board(SPIN, *args) as host:
                client = host.client()
                os.kill(host.process.pid, number)
                assert client.wait_event('SHUTDOWN') == {'guest': False, 'reason': 'host-signal'}
                assert host.process.wait(LONG) == 0


def test_quit():
    """quit answers, says why, and ends with status 0, also when it comes twice."""
    with Board(SPIN) as host:
        client = host.client()
        client.send(b'{"execute": "quit"}\n{"execute": "quit"}\n')
        assert client.reply() == {'return': {}}
        while client.reply() is not None:
            pass
        assert [event['data']['reason'] for event in client.events] == ['host-qmp-quit']
        assert host.process.wait(LONG) == 0


def test_memory_map():
    """info mtree shows what the board mapped, and physical reads go there."""
    with Board(SPIN, '-S', '-m', '64M') as host:
        client = host.client()

        def monitor(line):
            return client.execute('human-monitor-command', command_line=line)
        text = monitor('info mtree')
        assert '0000000080000000-0000000083ffffff' in text and '(ram)' in text, text
        assert '0000000010000000-' in text and 'serial0' in text, text
        assert '0x0000006f' in monitor('xp /1wx 0x80000000')


if __name__ == '__main__':
    run(test_guest_off, test_guest_fails, test_no_shutdown, test_no_reboot, test_reset_storm,
        test_spin, test_trap_loop, test_flood, test_signals, test_quit, test_memory_map)
