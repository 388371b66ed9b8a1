# SPDX-License-Identifier: GPL-2.0-or-later
"""A watchdog and a crash reporter: small programs set them off, -action says what follows."""

import time

from qmp import LONG, module_path, run
from run_state import HERE, Board, addi, lui, status, store, wait_status

MODULES = module_path('riscv', 'serial', 'pci', 'health')
DEVICE = 0x30000000 + (1 << 15)  # configuration space of 00:01.0
BAR = 0x40000000


def poke(address, value, width=2):
    """*address = value; width as in store()."""
    parts = []
    for register, number in ((10, address), (11, value)):
        low = (number & 0xfff ^ 0x800) - 0x800
        parts += [lui(register, (number - low & 0xffffffff) >> 12), addi(register, register, low)]
    return parts + [store(width, 11, 10)]


ENABLE = poke(DEVICE + 0x10, BAR) + poke(DEVICE + 4, 2, 1)
UNLOCK = poke(BAR + 0xc, 0x80) + poke(BAR + 0xc, 0x86)
# stages of about 100 and 2000 microseconds; enabled and locked
ARM = ENABLE + UNLOCK + poke(BAR, 100) + UNLOCK + poke(BAR + 4, 2000) + \
    poke(DEVICE + 0x60, 0x07, 1) + poke(DEVICE + 0x68, 3, 0)
BITES = ARM + [HERE]
# it is fed only without the keys, and cannot be disabled once it is locked
IN_VAIN = ARM + poke(BAR + 0xc, 0x100) + poke(DEVICE + 0x68, 0, 0) + [HERE]
DISABLED = ENABLE + UNLOCK + poke(BAR, 100) + UNLOCK + poke(BAR + 4, 100) + \
    poke(DEVICE + 0x60, 0x07, 1) + poke(DEVICE + 0x68, 2, 0) + poke(DEVICE + 0x68, 0, 0) + [HERE]


class Guest(Board):
    """A board with such a device at 00:01.0."""

    def __init__(self, program, device, *args):
        super().__init__(program, '-S', '-device', device + ',addr=1', *args, modules=MODULES)


def bite(action, program=None):
    """A host whose watchdog has bitten, and its client."""
    host = Guest(program or BITES, 'i6300esb', '-action', 'watchdog=' + action)
    client = host.client()
    client.execute('cont')
    assert client.wait_event('WATCHDOG') == {'action': action}
    return host, client


def test_watchdog_reset():
    """The guest starts again, and is bitten again."""
    host, client = bite('reset')
    with host:
        assert client.wait_event('RESET') == {'guest': True, 'reason': 'guest-reset'}
        assert client.wait_event('WATCHDOG') == {'action': 'reset'}
    host, client = bite('reset', IN_VAIN)
    host.stop()


def test_watchdog_ends():
    """poweroff ends the host, and so does reset with -no-reboot."""
    host, client = bite('poweroff')
    with host:
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-shutdown'}
        assert host.process.wait(LONG) == 0
    with Guest(BITES, 'i6300esb', '-action', 'watchdog=reset,reboot=shutdown') as host:
        client = host.client()
        client.execute('cont')
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-reset'}
        assert host.process.wait(LONG) == 0


def test_watchdog_stays():
    """What leaves the guest there."""
    host, client = bite('pause')
    with host:
        client.wait_event('STOP')
        assert status(client) == 'watchdog'
        client.execute('cont')
        assert status(client) == 'running'
    host, client = bite('shutdown')
    with host:
        client.wait_event('POWERDOWN')
        assert status(client) == 'running'
    for action in ('debug', 'none', 'inject-nmi'):
        host, client = bite(action)
        with host:
            assert status(client) == 'running'


def test_watchdog_off():
    """Turned off in time it does nothing."""
    with Guest(DISABLED, 'i6300esb') as host:
        client = host.client()
        client.execute('cont')
        time.sleep(0.5)
        assert status(client) == 'running'
        assert not [e for e in client.events if e['event'] == 'WATCHDOG'], client.events


def test_set_action():
    """QMP changes what the command line said."""
    with Guest(BITES, 'i6300esb', '-watchdog-action', 'poweroff') as host:
        client = host.client()
        client.execute('watchdog-set-action', action='none')
        client.execute('set-action', watchdog='pause', panic='none')
        assert 'error' in client.ask('set-action', watchdog='bite')
        client.execute('cont')
        assert client.wait_event('WATCHDOG') == {'action': 'pause'}
        wait_status(client, 'watchdog')


def panic(event, *args):
    """A host whose guest has told of @event, and its client."""
    host = Guest(ENABLE + poke(BAR, event, 0) + [HERE], 'pvpanic-pci', *args)
    client = host.client()
    client.execute('cont')
    return host, client


def test_panic():
    """A crash turns the machine off, pauses it, ends the host with an error, or nothing."""
    host, client = panic(1)
    with host:
        assert client.wait_event('GUEST_PANICKED') == {'action': 'poweroff'}
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-panic'}
        assert host.process.wait(LONG) == 0
    host, client = panic(1, '-action', 'panic=exit-failure')
    with host:
        assert client.wait_event('GUEST_PANICKED') == {'action': 'poweroff'}
        assert host.process.wait(LONG) == 1
    for args in (('-action', 'panic=pause'), ('-action', 'shutdown=pause'), ('-no-shutdown',)):
        host, client = panic(1, *args)
        with host:
            assert client.wait_event('GUEST_PANICKED') == {'action': 'pause'}
            wait_status(client, 'guest-panicked')
    host, client = panic(1, '-action', 'panic=none')
    with host:
        assert client.wait_event('GUEST_PANICKED') == {'action': 'run'}
        assert status(client) == 'running'


def test_other_events():
    """A crash that another kernel takes care of; a shutdown."""
    host, client = panic(2)
    with host:
        assert client.wait_event('GUEST_CRASHLOADED') == {'action': 'run'}
        assert status(client) == 'running'
    host, client = panic(4)
    with host:
        client.wait_event('GUEST_PVSHUTDOWN')
        assert client.wait_event('SHUTDOWN') == {'guest': True, 'reason': 'guest-shutdown'}
        assert host.process.wait(LONG) == 0


def test_event_not_offered():
    """What the host did not offer is nothing."""
    host, client = panic(3)
    host.stop()
    with Guest(ENABLE + poke(BAR, 1, 0) + [HERE], 'pvpanic-pci,events=6') as host:
        client = host.client()
        client.execute('cont')
        time.sleep(0.3)
        assert status(client) == 'running'
        assert not [e for e in client.events if e['event'] == 'GUEST_PANICKED'], client.events


if __name__ == '__main__':
    run(test_watchdog_reset, test_watchdog_ends, test_watchdog_stays, test_watchdog_off,
        test_set_action, test_panic, test_other_events, test_event_not_offered)
