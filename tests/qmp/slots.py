# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands whose body is in a module: the one error when it is not there, and the command when it
is."""

import os

from qmp import Host, module_path, run

TEST_MODULE = os.environ.get('QH_TEST_MODULE', '')

# Commands of one architecture only, with arguments that are right.
MODEL = {'name': 'x'}
SLOTS = {
    'dump-skeys': {'filename': '/x'}, 'inject-ghes-v2-error': {'cper': ''},
    'query-cpu-model-baseline': {'modela': MODEL, 'modelb': MODEL},
    'query-cpu-model-comparison': {'modela': MODEL, 'modelb': MODEL},
    'query-gic-capabilities': {}, 'query-s390x-cpu-polarization': {}, 'query-sev': {},
    'query-sev-attestation-report': {'mnonce': ''}, 'query-sev-capabilities': {},
    'query-sev-launch-measure': {}, 'query-sgx': {}, 'query-sgx-capabilities': {},
    'rtc-reset-reinjection': {}, 'set-cpu-topology': {'core-id': 0},
    'sev-inject-launch-secret': {'packet-header': '', 'secret': ''},
    'xen-event-inject': {'port': 1}, 'xen-event-list': {},
}


def check_absent(reply, command, target):
    """The one wording and the one shape."""
    error, slot = reply['error'], f'command/{command}'
    assert error['class'] == 'GenericError', reply
    assert error['desc'].startswith(f"no loaded module fills slot '{slot}'"), reply
    data = error['data']
    assert set(data) == {'slot', 'target', 'module', 'package', 'reason'}, reply
    assert data['slot'] == slot and data['target'] == target, reply
    if data['module'] is not None:
        assert f"'{data['module']}'" in error['desc'], reply
        assert data['package'] is None or data['package'] in error['desc'], reply


def ask_all(client, target):
    """Every slot command, one after the other."""
    for command, arguments in SLOTS.items():
        client.send({'execute': command, 'arguments': arguments})
        check_absent(client.reply(), command, target)


def test_absent():
    """With nothing loaded, and with riscv."""
    with Host('-M', 'none') as host:
        ask_all(host.client(), None)
    with Host('-M', 'none', '--load-target=riscv64', modules=module_path('riscv', 'serial')) as host:
        client = host.client()
        ask_all(client, 'riscv64')
        reply = client.ask('query-gic-capabilities')['error']['data']
        assert (reply['module'], reply['package']) == ('arm', 'qemu-host-target-arm'), reply
        reply = client.ask('dump-skeys', filename='/x')['error']['data']
        assert (reply['module'], reply['package']) == ('s390x', 'qemu-host-target-s390x'), reply


def test_arm():
    """The module for Arm: controllers, models and their properties, as libvirt asks for them."""
    with Host('-M', 'none', '--load-target=aarch64', modules=module_path('arm')) as host:
        client = host.client()
        versions = client.execute('query-gic-capabilities')
        assert sorted(row['version'] for row in versions) == [2, 3], versions
        assert all(row['emulated'] and not row['kernel'] for row in versions), versions
        assert client.execute('query-target')['arch'] == 'aarch64'
        models = {row['name'] for row in client.execute('query-cpu-definitions')}
        assert {'cortex-a53', 'cortex-a57', 'cortex-a72', 'neoverse-n1', 'max'} <= models, models
        reply = client.execute('query-cpu-model-expansion', type='full',
                               model={'name': 'max', 'props': {'pmu': False}})
        props = reply['model']['props']
        assert props['simd'] is True and props['pmu'] is False, props


def test_all_slots_are_known():
    """The 19 commands of one architecture: two are answered from notes, the rest are slots."""
    with Host('-M', 'none') as host:
        client = host.client()
        slots = {s['name']: s['filled'] for s in client.execute('query-slots')}
        for command in SLOTS:
            assert slots['command/' + command] is False, command
        names = {c['name'] for c in client.execute('query-commands')}
        assert set(SLOTS) | {'query-cpu-definitions', 'query-cpu-model-expansion'} <= names
        assert len(SLOTS) + 2 == 19


def test_filled():
    """A module fills some: they work, with the same schema; without it the error is back."""
    with Host('-M', 'none', modules=os.path.dirname(TEST_MODULE)) as host:
        client = host.client()
        digest = client.greeting['QMP']['schema']
        check_absent(client.ask('query-gic-capabilities'), 'query-gic-capabilities', None)
        client.execute('module-load', name='qmp-test')
        assert client.wait_event('MODULE_LOADED') == {'name': 'qmp-test'}
        assert client.execute('query-gic-capabilities') == [
            {'version': 3, 'emulated': True, 'kernel': False},
            {'version': 2, 'emulated': False, 'kernel': True}]
        assert host.client().greeting['QMP']['schema'] == digest
        slots = {s['name']: s for s in client.execute('query-slots')}
        assert slots['command/query-gic-capabilities']['filled'] is True
        assert slots['command/query-gic-capabilities']['module'] == 'qmp-test'
        check_absent(client.ask('xen-event-list'), 'xen-event-list', None)
        client.execute('module-unload', name='qmp-test')
        assert client.wait_event('MODULE_UNLOADED') == {'name': 'qmp-test'}
        reply = client.ask('query-gic-capabilities')
        check_absent(reply, 'query-gic-capabilities', None)
        assert reply['error']['data']['reason'] == 'not-loaded', reply
        assert host.client().greeting['QMP']['schema'] == digest


def test_results():
    """Errors, unions, values out of range, a wrong shape, events from a module."""
    with Host('-M', 'none', modules=os.path.dirname(TEST_MODULE)) as host:
        client = host.client()
        client.execute('module-load', name='qmp-test')
        assert client.execute('dump-skeys', filename='/x') == {}
        error = client.ask('dump-skeys', filename='fail')['error']
        assert error == {'class': 'DeviceNotActive', 'desc': "writing 'fail': no"}, error
        error = client.ask('dump-skeys', filename='silent')['error']
        assert error['class'] == 'GenericError' and 'dump-skeys' in error['desc'], error
        info = client.execute('query-sev')
        assert info['snp-policy'] == 2**64 - 1 and info['state'] == 'uninit', info
        error = client.ask('query-sgx')['error']
        assert 'other arguments' in error['desc'] or 'digest' in error['desc'], error
        assert 'error' in client.ask('dump-skeys'), 'arguments were not checked'


def test_events():
    """Events are checked against the schema and limited to one a second, the last one kept."""
    with Host('-M', 'none', modules=os.path.dirname(TEST_MODULE)) as host:
        client = host.client()
        client.execute('module-load', name='qmp-test')
        client.execute('rtc-reset-reinjection')
        assert client.wait_event('WATCHDOG') == {'action': 'reset'}
        assert client.wait_event('WATCHDOG', 3) == {'action': 'poweroff'}
        client.exchange([b''])
        assert not [e for e in client.events if e['event'] == 'WATCHDOG'], client.events


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
