# SPDX-License-Identifier: GPL-2.0-or-later
"""query-qmp-schema: complete, closed, and the same bytes whatever modules there are."""

import hashlib
import os
import shutil
import tempfile

from qmp import MODULES, Host, module_path, run

TEST_MODULE = os.environ.get('QH_TEST_MODULE', '')


def raw_schema(host):
    """The bytes of the answer, and the digest of the greeting."""
    client = host.client()
    client.send({'execute': 'query-qmp-schema'})
    while b'\n' not in client.buffer:
        client.buffer += client.socket.recv(1 << 20)
    line = bytes(client.buffer[:-2])
    assert line.startswith(b'{"return": ') and line.endswith(b'}')
    return line[len(b'{"return": '):-1], client.greeting['QMP']


def test_digest():
    """The greeting's digest is that of the bytes, with no, one, all modules, loaded or not."""
    seen, fingerprints = set(), set()
    sets = [(None, ()), (module_path('null'), ()), (module_path('riscv', 'serial'), ()),
            (module_path('null', 'riscv', 'serial'), ()),
            (module_path('null', 'riscv', 'serial') + ':' + os.path.dirname(TEST_MODULE), ()),
            (module_path('riscv', 'serial'), ('--load-target=riscv64',)),
            (module_path('null'), ('--load-target=null',))]
    for modules, options in sets:
        with Host('-M', 'none', *options, modules=modules) as host:
            data, greeting = raw_schema(host)
            assert greeting['schema'] == hashlib.sha256(data).hexdigest()
            seen.add(data)
            fingerprints.add(greeting['modules'])
    assert len(seen) == 1, f'{len(seen)} different schemas'
    assert len(fingerprints) == 5, fingerprints


def test_digest_while_modules_change():
    """Loading, unloading and removing modules leaves the bytes alone."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(MODULES, 'null', 'null.so'), folder)
        with Host('-M', 'none', modules=folder) as host:
            client = host.client()
            first = raw_schema(host)[0]
            client.execute('module-load', name='null')
            assert raw_schema(host)[0] == first
            client.execute('module-unload', name='null')
            assert raw_schema(host)[0] == first
            os.unlink(os.path.join(folder, 'null.so'))
            shutil.copy(os.path.join(MODULES, 'serial', 'serial.so'), folder)
            changed = client.wait_event('MODULES_CHANGED')
            assert changed['fingerprint'] == host.client().greeting['QMP']['modules']
            assert raw_schema(host)[0] == first


def test_closed():
    """Every type that is referred to is there, and every type is referred to."""
    with Host('-M', 'none') as host:
        client = host.client()
        schema = client.execute('query-qmp-schema')
        commands = {c['name'] for c in client.execute('query-commands')}
    by_name = {}
    for entry in schema:
        assert (entry['name'], entry['meta-type'] in ('command', 'event')) not in by_name
        by_name[entry['name']] = entry
    used = set()
    for entry in schema:
        refs = [entry[key] for key in ('arg-type', 'ret-type', 'element-type') if key in entry]
        refs += [m['type'] for m in entry.get('members', []) if 'type' in m]
        refs += [v['type'] for v in entry.get('variants', [])]
        used.update(refs)
        if 'variants' in entry:
            tag = next(m for m in entry['members'] if m['name'] == entry['tag'])
            cases = {m['name'] for m in by_name[tag['type']]['members']}
            assert cases == {v['case'] for v in entry['variants']}, entry
    types = {n for n, e in by_name.items() if e['meta-type'] not in ('command', 'event')}
    assert used == types, used ^ types
    assert commands == {n for n, e in by_name.items() if e['meta-type'] == 'command'}


def test_what_clients_look_for():
    """Shapes that libvirt and others depend on."""
    with Host('-M', 'none') as host:
        by_name = {e['name']: e for e in host.client().execute('query-qmp-schema')}

    def members(name):
        return {m['name'] for m in by_name[name]['members']}

    machine = by_name[by_name['query-machines']['ret-type'].strip('[]')]['name']
    assert {'name', 'alias', 'is-default', 'cpu-max', 'hotpluggable-cpus', 'numa-mem-supported',
            'default-cpu-type', 'default-ram-id', 'deprecated', 'acpi'} <= members(machine)
    shutdown = by_name['SHUTDOWN']['arg-type']
    assert members(shutdown) == {'guest', 'reason'}
    socket_data = by_name['chardev-add']['arg-type']
    assert members(socket_data) == {'id', 'backend'}
    for name in ('STOP', 'RESUME', 'RESET', 'POWERDOWN', 'MODULE_LOADED', 'MODULE_UNLOADED',
                 'MODULES_CHANGED', 'GUEST_PANICKED', 'DEVICE_DELETED', 'WATCHDOG'):
        assert by_name[name]['meta-type'] == 'event'


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
