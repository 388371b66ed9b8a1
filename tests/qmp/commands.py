# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands say and do, on no board and on a real one."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from qmp import HOST, MODULES, Client, Host, module_path, run

ALL = module_path('null', 'riscv', 'serial')
DEVICES = module_path('riscv', 'serial', 'pci')


def test_nothing_loaded():
    """Lists of everything come from notes: no module is mapped."""
    with Host('-M', 'none', modules=ALL) as host:
        client = host.client()
        targets = {t['name']: t for t in client.execute('query-targets')}
        assert targets['riscv64']['installed'] and not targets['riscv64']['loaded']
        assert targets['riscv64']['bits'] == 64 and targets['riscv64']['module'] == 'riscv'
        assert not targets['s390x']['installed'] and targets['s390x']['module'] == 's390x'
        assert targets['s390x']['package'] == 'qemu-host-target-s390x'
        assert targets['riscv64']['package'] == 'qemu-host-target-riscv'
        machines = client.execute('query-machines', target='riscv64')
        assert {'virt', 'none'} <= {m['name'] for m in machines}
        virt = next(m for m in machines if m['name'] == 'virt')
        assert virt['target'] == 'riscv64' and virt['is-default'] and virt['cpu-max'] > 1, virt
        everything = client.execute('query-machines')
        assert len({m.get('target') for m in everything}) > 5
        models = client.execute('query-cpu-definitions', target='riscv32')
        assert {'rv32', 'max'} <= {m['name'] for m in models}, models
        assert all(m['target'] == 'riscv32' for m in models)
        modules = {m['name']: m for m in client.execute('query-modules')}
        assert modules['riscv']['state'] == 'available' and modules['arm']['state'] == 'absent'
        assert 'error' in client.ask('query-target')
        assert 'error' in client.ask('query-cpu-model-expansion', type='full',
                                     model={'name': 'max'})
        client.execute('qom-list-types')
        client.execute('device-list-properties', typename='ns16550')
        with open(f'/proc/{host.process.pid}/maps', encoding='utf-8') as maps:
            mapped = maps.read()
        assert '.so' in mapped and 'riscv.so' not in mapped and 'serial.so' not in mapped


def test_properties_of_buses():
    """What a bus gives its devices is listed with their own."""
    with Host('-M', 'none', modules=module_path('pci', 'usb', 'virtio')) as host:
        client = host.client()
        for device, wanted in (('edu', {'addr', 'multifunction', 'romfile', 'rombar', 'dma_mask'}),
                               ('pcie-root-port', {'addr', 'multifunction', 'chassis'}),
                               ('usb-kbd', {'port', 'serial', 'display'}),
                               ('virtio-blk-pci', {'addr', 'multifunction', 'bootindex'})):
            rows = client.execute('device-list-properties', typename=device)
            names = [row['name'] for row in rows]
            assert wanted <= set(names) and len(names) == len(set(names)), (device, names)
        rows = client.execute('device-list-properties', typename='virtio-rng-device')
        assert 'addr' not in [row['name'] for row in rows], rows
        multifunction = next(row for row in client.execute(
            'device-list-properties', typename='edu') if row['name'] == 'multifunction')
        assert multifunction['type'] == 'bool' and multifunction['default-value'] is False
        for device in client.execute('qom-list-types', implements='device'):
            reply = client.ask('device-list-properties', typename=device['name'])
            names = [row['name'] for row in reply.get('return', [])]
            assert len(names) == len(set(names)), (device, names)
        assert client.ask('device-list-properties', typename='pci')['error']['class'] == \
            'DeviceNotFound'


def test_load_and_unload():
    """module-load, its event, what changes, and module-unload."""
    with Host('-M', 'none', modules=ALL) as host:
        client, other = host.client(), host.client()
        client.execute('module-load', name='null')
        assert other.wait_event('MODULE_LOADED') == {'name': 'null'}
        client.execute('module-load', name='null')
        modules = {m['name']: m for m in client.execute('query-modules')}
        assert modules['null']['state'] == 'loaded'
        targets = {t['name']: t for t in client.execute('query-targets')}
        assert targets['null']['loaded'] and not targets['riscv64']['loaded']
        slots = {s['name']: s for s in client.execute('query-slots')}
        assert slots['target/null']['filled'] and slots['target/null']['module'] == 'null'
        client.execute('module-unload', name='null')
        assert other.wait_event('MODULE_UNLOADED') == {'name': 'null'}
        assert 'error' in client.ask('module-unload', name='null')


def test_refused_module():
    """A file that is no module is listed with its reason."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'broken.so'), 'wb') as file:
            file.write(b'not an ELF file')
        shutil.copy(os.path.join(MODULES, 'null', 'null.so'), folder)
        with Host('-M', 'none', modules=folder) as host:
            client = host.client()
            broken = [m for m in client.execute('query-modules')
                      if m.get('path', '').endswith('broken.so')]
            assert len(broken) == 1 and broken[0]['state'] == 'refused', broken
            assert broken[0]['reason'] and broken[0]['message'], broken
            assert 'error' in client.ask('module-load', name='broken')


def test_selected_target():
    """--load-target and QEMU's program names select."""
    with Host('-M', 'none', '--load-target=riscv64', modules=ALL) as host:
        client = host.client()
        target = client.execute('query-target')
        assert target['arch'] == 'riscv64' and 'riscv64' in target['targets'], target
        assert {m.get('target', 'riscv64') for m in client.execute('query-machines')} == {'riscv64'}
        types = {t['name'] for t in client.execute('qom-list-types')}
        assert {'tcg-accel', 'none-machine', 'virt-machine', 'ns16550'} <= types, types
        machines = {t['name'] for t in client.execute('qom-list-types', implements='machine')}
        assert 'virt-machine' in machines and 'ns16550' not in machines, machines
        for name in sorted(types):
            client.execute('qom-list-properties', typename=name)
        for kind in ('static', 'full'):
            reply = client.ask('query-cpu-model-expansion', type=kind, model={'name': 'max'})
            assert ('return' in reply) == (kind == 'full'), reply
        props = reply['return']['model']['props']
        assert props['m'] is True and isinstance(props['num-pmp-regions'], int), props
        reply = client.execute('query-cpu-model-expansion', type='full',
                               model={'name': 'rv64', 'props': {'zbb': False}})
        assert reply['model']['props']['zbb'] is False, reply
        for props in ({'no-such': True}, {'zbb': 'maybe'}, {'zbb': [1]}, {'num-pmp-regions': -1}):
            reply = client.ask('query-cpu-model-expansion', type='full',
                               model={'name': 'rv64', 'props': props})
            assert reply['error']['class'] == 'GenericError', (props, reply)


def test_as_libvirt_probes():
    """The command line and the questions of libvirt's probe; no answer that would break it."""
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.copy(HOST, os.path.join(folder, 'qemu-system-riscv64'))
        path = os.path.join(folder, 'qmp.monitor')
        subprocess.run(
            [program, '-S', '-no-user-config', '-nodefaults', '-nographic', '-machine',
             'none,accel=kvm:mshv:tcg', '-qmp', f'unix:{path},server=on,wait=off', '-pidfile',
             os.path.join(folder, 'pid'), '-daemonize'],
            check=True, timeout=30, cwd='/', stdin=subprocess.DEVNULL,
            env=dict(os.environ, QEMU_HOST_MODULE_PATH=ALL))
        with open(os.path.join(folder, 'pid'), encoding='ascii') as file:
            pid = int(file.read())
        try:
            client = Client(path)
            assert client.execute('query-target')['arch'] == 'riscv64'
            assert client.execute('query-accelerators')['enabled'] == 'tcg'
            for name in ('virtio-blk-pci', 'scsi-hd', 'PIIX4_PM', 'ICH9-LPC'):
                error = client.ask('device-list-properties', typename=name)['error']
                assert error['class'] == 'DeviceNotFound', error
            for name in ('memory-backend-file', 'memory-backend-memfd', 'virt-machine',
                         'none-machine'):
                client.execute('qom-list-properties', typename=name)
            machines = client.execute('query-machines')
            assert {'virt', 'none'} == {m['name'] for m in machines}, machines
            models = {m['typename']: m['name'] for m in client.execute('query-cpu-definitions')}
            virt = next(m for m in machines if m['name'] == 'virt')
            assert virt['default-cpu-type'] in models, (virt, models)
            client.execute('query-command-line-options')
            for name in ('query-tpm-models', 'query-tpm-types'):
                assert client.execute(name) == [], name
            for state in (True, False):
                events = [{'capability': 'events', 'state': state}]
                client.execute('migrate-set-capabilities', capabilities=events)
                assert client.execute('query-migrate-capabilities') == events
            error = client.ask('migrate-set-capabilities',
                               capabilities=[{'capability': 'multifd', 'state': True}])['error']
            assert error['class'] == 'GenericError', error
            error = client.ask('query-cpu-model-expansion', type='static',
                               model={'name': 'host'})['error']
            assert error['class'] == 'GenericError', error
        finally:
            os.kill(pid, signal.SIGTERM)
        assert client.wait_event('SHUTDOWN')['reason'] == 'host-signal'
        assert client.receive() is None


def test_questions_of_a_start():
    """What libvirt asks of a machine that has just been made, and its users of one that runs."""
    with Host('-M', 'virt', '-bios', 'none', '-m', '96M', '-S', '-object', 'iothread,id=io0,poll-max-ns=7',
              '--load-target=riscv64', modules=DEVICES) as host:
        client = host.client()
        summary = client.execute('query-memory-size-summary')
        assert summary == {'base-memory': 96 << 20, 'plugged-memory': 0}, summary
        threads = client.execute('query-iothreads')
        assert len(threads) == 1 and threads[0]['id'] == 'io0', threads
        assert threads[0]['poll-max-ns'] == 7, threads
        assert str(threads[0]['thread-id']) in os.listdir(f'/proc/{host.process.pid}/task')
        client.execute('object-del', id='io0')
        assert client.execute('query-iothreads') == []
        assert str(threads[0]['thread-id']) not in os.listdir(f'/proc/{host.process.pid}/task')
        bad = client.ask('object-add', qom_type='iothread', id='io1', thread_pool_min=5,
                         thread_pool_max=4)
        assert bad['error']['class'] == 'GenericError', bad
        assert client.execute('query-current-machine') == {'wakeup-suspend-support': False}
        assert client.execute('query-stats', target='vcpu', providers=[{'provider': 'kvm'}]) == []
        assert client.execute('query-stats-schemas') == []
        for name in ('query-hotpluggable-cpus', 'system_wakeup', 'query-acpi-ospm-status'):
            error = client.ask(name)['error']
            assert error['class'] == 'GenericError', error
        assert error['data']['slot'] == 'command/query-acpi-ospm-status', error


def test_identity():
    """query-name, query-uuid, query-version, accelerators, options."""
    uuid = '12345678-9abc-def0-1234-56789abcdef0'
    with Host('-M', 'none', '-name', 'a name', '-uuid', uuid) as host:
        client = host.client()
        assert client.execute('query-name') == {'name': 'a name'}
        assert client.execute('query-uuid') == {'UUID': uuid}
        assert client.execute('query-kvm') == {'enabled': False, 'present': False}
        assert client.execute('query-accelerators')['enabled'] == 'tcg'
        options = {o['option']: o for o in client.execute('query-command-line-options')}
        assert 'machine' in options, sorted(options)
        one = client.execute('query-command-line-options', option='machine')
        assert one == [options['machine']], one
        assert {'null', 'socket', 'pty'} <= {
            b['name'] for b in client.execute('query-chardev-backends')}


def test_run_state():
    """stop, cont, reset and powerdown with their events, on a running board."""
    with Host('-M', 'virt', '--load-target=riscv64', '-bios', 'none', '-serial', 'null', '-S',
              '-smp', '2', modules=ALL) as host:
        client = host.client()
        assert client.execute('query-status') == {'running': False, 'status': 'prelaunch'}
        client.execute('cont')
        client.wait_event('RESUME')
        assert client.execute('query-status') == {'running': True, 'status': 'running'}
        end = time.monotonic() + 10
        while True:  # the threads say their numbers when they have started
            cpus = client.execute('query-cpus-fast')
            if all(c['thread-id'] > 0 for c in cpus) or time.monotonic() > end:
                break
            time.sleep(0.01)
        assert [c['cpu-index'] for c in cpus] == [0, 1], cpus
        assert all(c['target'] == 'riscv64' and c['thread-id'] > 0 for c in cpus), cpus
        client.execute('stop')
        client.wait_event('STOP')
        assert client.execute('query-status') == {'running': False, 'status': 'paused'}
        client.execute('stop')
        client.execute('cont')
        client.wait_event('RESUME')
        client.execute('system_reset')
        assert client.wait_event('RESET') == {'guest': False, 'reason': 'host-qmp-system-reset'}
        assert client.execute('query-status')['running'] is True
        client.execute('system_powerdown')
        client.wait_event('POWERDOWN')
        assert client.ask('inject-nmi')['error']['class'] == 'GenericError'
        assert 'error' in client.ask('module-unload', name='riscv'), 'unloaded while in use'


def test_stop_cont_many_times():
    """A hundred times from QMP while the CPUs run."""
    with Host('-M', 'virt', '--load-target=riscv64', '-bios', 'none', '-serial', 'null',
              '-smp', '4', modules=ALL) as host:
        replies = host.client().exchange([b'{"execute":"stop"}{"execute":"cont"}' * 100])
        assert len(replies) == 200 and all('return' in r for r in replies)


def test_chardevs():
    """Add, list, refuse twice, remove."""
    with Host('-M', 'none') as host, tempfile.TemporaryDirectory() as folder:
        client = host.client()
        backends = {
            'n': {'type': 'null', 'data': {}}, 'r': {'type': 'ringbuf', 'data': {'size': 4096}},
            'f': {'type': 'file', 'data': {'out': f'{folder}/out'}},
            's': {'type': 'socket', 'data': {'addr': {'type': 'unix', 'data': {
                'path': f'{folder}/sock'}}, 'server': True, 'wait': False}},
            'p': {'type': 'pty', 'data': {}},
        }
        for name, backend in backends.items():
            reply = client.execute('chardev-add', id=name, backend=backend)
            assert ('pty' in reply) == (name == 'p'), reply
            assert 'error' in client.ask('chardev-add', id=name, backend=backend)
        listed = {c['label']: c for c in client.execute('query-chardev')}
        assert set(backends) <= set(listed), listed
        assert listed['p']['filename'].startswith('pty:/dev/')
        for name in backends:
            client.execute('chardev-remove', id=name)
        assert not set(backends) & {c['label'] for c in client.execute('query-chardev')}


def test_devices():
    """Add, find among the objects, refuse, take out; the same by the human monitor."""
    with Host('-M', 'virt', '--load-target=riscv64', '-bios', 'none', '-serial', 'null', '-S',
              '-device', '{"driver":"pcie-root-port","id":"p","bus":"pcie.0","addr":"0x1"}',
              modules=DEVICES) as host:
        client = host.client()
        client.execute('device_add', driver='edu', id='e', bus='p')
        listed = {o['name']: o['type'] for o in client.execute('qom-list',
                                                               path='/machine/peripheral')}
        assert listed == {'type': 'string', 'p': 'child<pcie-root-port>',
                          'e': 'child<edu>'}, listed
        path = '/machine/peripheral/e'
        assert client.execute('qom-get', path=path, property='dma_mask') == 0xfffffff
        assert client.execute('qom-get', path=path, property='type') == 'edu'
        assert client.execute('qom-get', path='/machine', property='type') == 'virt-machine'
        names = {o['name'] for o in client.execute('qom-list', path='/machine')}
        assert {'peripheral', 'peripheral-anon', 'unattached'} <= names, names
        for command, arguments in (
                ('device_add', {'driver': 'edu', 'id': 'e'}), ('device_add', {'driver': 'nobody'}),
                ('device_add', {'driver': 'edu', 'bus': 'p', 'addr': '0'}),
                ('device_add', {'driver': 'edu', 'addr': []}), ('device_del', {'id': 'nobody'}),
                ('device_del', {'id': '/machine/unattached/device[0]'}),
                ('qom-set', {'path': path, 'property': 'dma_mask', 'value': 1}),
                ('qom-get', {'path': path, 'property': 'nothing'}),
                ('qom-list', {'path': '/machine/peripheral/nobody'})):
            assert 'error' in client.ask(command, **arguments), (command, arguments)
        tree = client.execute('human-monitor-command', **{'command-line': 'info qtree'})
        assert 'bus: pcie.0' in tree and 'dev: edu, id "e", at 00.0' in tree, tree
        client.execute('device_del', id='e')
        until = time.monotonic() + 20
        while 'e' in {o['name'] for o in client.execute('qom-list', path='/machine/peripheral')}:
            assert time.monotonic() < until
        for line, answer in (('device_add edu,id=h,bus=p', ''), ('device_del h', ''),
                             ('device_add nobody', 'Error: ')):
            text = client.execute('human-monitor-command', **{'command-line': line})
            assert text.startswith(answer) and bool(text) == bool(answer), (line, text)


def test_cost_of_a_probe():
    """Exec, greeting, all lists, quit: a few milliseconds of CPU."""
    asked = ('qmp_capabilities', 'query-version', 'query-qmp-schema', 'query-modules',
             'query-targets', 'query-machines', 'query-cpu-definitions', 'quit')
    text = ''.join('{"execute":"%s"}\n' % name for name in asked).encode()
    times = []
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([HOST, '-M', 'none', '-display', 'none', '-qmp', 'stdio'], input=text,
                       stdout=subprocess.PIPE, check=True, timeout=30,
                       env=dict(os.environ, QEMU_HOST_MODULE_PATH=ALL))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime
                     - before.ru_utime - before.ru_stime)
    median = sorted(times)[4]
    print(f'# {median * 1000:.0f} ms of CPU')
    assert median <= 0.1, times


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
