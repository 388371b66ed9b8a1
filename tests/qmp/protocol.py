# SPDX-License-Identifier: GPL-2.0-or-later
"""The wire: greeting, ids, order, several clients, slow clients, transports, endings."""

import os
import re
import signal
import socket
import subprocess
import time

from qmp import HOST, Client, Host, check_line, module_path, run


def test_greeting():
    """QEMU's shape, and our two keys."""
    with Host('-M', 'none') as host:
        greeting = host.client().greeting['QMP']
        assert greeting['version']['qemu'] == {'major': 11, 'minor': 1, 'micro': 0}, greeting
        assert greeting['version']['package'].startswith('qemu-host '), greeting
        assert greeting['capabilities'] == ['oob'], greeting
        assert re.fullmatch('[0-9a-f]{64}', greeting['schema']), greeting
        assert re.fullmatch('[0-9a-f]{64}', greeting['modules']), greeting


def test_ids():
    """An id of any kind comes back, with errors, too; without one there is none."""
    with Host('-M', 'none') as host:
        client = host.client()
        for value in (1, -1.5, 'x\u00e9\0', None, True, [1, {'a': []}], 2**64 - 1):
            for command in ('query-name', 'no-such', 'module-load'):
                client.send({'execute': command, 'id': value})
                reply = client.reply()
                assert reply['id'] == value and type(reply['id']) is type(value), reply
        client.send({'execute': 'query-name'})
        assert 'id' not in client.reply()


def test_order():
    """Replies come in the order of the commands, however they were cut up."""
    with Host('-M', 'none') as host:
        client = host.client()
        data = b''.join(b'{"execute":"query-name","id":%d}' % i for i in range(3000))
        pieces = [data[i:i + 997] for i in range(0, len(data), 997)]
        ids = [reply['id'] for reply in client.exchange(pieces)]
        assert ids == list(range(3000)), ids[:10]


def test_clients():
    """Several at once; each negotiates for itself; events go to those that have."""
    with Host('-M', 'none') as host:
        clients = [host.client() for _ in range(20)]
        shy = host.client(negotiate=False)
        for client in clients:
            assert client.execute('query-status')['status'] == 'prelaunch'
        assert shy.ask('query-status')['error']['class'] == 'CommandNotFound'
        assert 'desc' in clients[0].ask('qmp_capabilities')['error']
        clients[3].close()
        clients[0].execute('system_powerdown')
        for client in clients[:3] + clients[4:]:
            client.wait_event('POWERDOWN')
        shy.execute('qmp_capabilities')
        assert shy.events == [], shy.events


def test_too_many_clients():
    """Beyond the limit a client waits until another leaves."""
    with Host('-M', 'none') as host:
        clients = [host.client(negotiate=False) for _ in range(64)]
        late = socket.socket(socket.AF_UNIX)
        late.settimeout(0.3)
        late.connect(host.path)
        try:
            assert not late.recv(10), 'greeted beyond the limit'
        except TimeoutError:
            pass
        clients.pop().close()
        late.settimeout(10)
        assert late.recv(100).startswith(b'{"QMP"')


def test_out_of_band():
    """exec-oob overtakes commands that wait, and needs the capability."""
    with Host('-M', 'none') as host:
        client = host.client(oob=True)
        data = b''.join(b'{"execute":"query-qmp-schema","id":%d}' % i for i in range(100))
        data += b'{"exec-oob":"query-slots","id":"oob"}'
        ids = [reply['id'] for reply in client.exchange([data])]
        assert len(ids) == 101 and ids.index('oob') < 100, ids
        plain = host.client()
        plain.send({'exec-oob': 'query-slots'})
        assert plain.reply()['error']['class'] == 'GenericError'


def flood(request, oob):
    """Send commands and read nothing: who does not read is not read from; others do not notice;
    memory stays."""
    with Host('-M', 'none') as host:
        slow, other = host.client(oob=oob), host.client()
        before = host.rss_kib()
        slow.socket.setblocking(False)
        sent, end = 0, time.monotonic() + 2
        while time.monotonic() < end and sent < 1 << 22:
            try:
                sent += slow.socket.send(request * 64)
            except BlockingIOError:
                start = time.monotonic()
                other.execute('query-status')
                assert time.monotonic() - start < 2, 'another client had to wait'
                time.sleep(0.02)
        assert sent < 1 << 20, f'{sent} bytes of commands were taken'
        grown = host.rss_kib() - before
        assert grown <= host.growth_limit(4096), f'memory has grown by {grown} KiB'
        slow.close()
        other.execute('query-status')


def test_slow_client():
    """In band, with a large reply."""
    flood(b'{"execute":"query-qmp-schema"}\n', False)


def test_slow_client_out_of_band():
    """Out of band."""
    flood(b'{"exec-oob":"query-slots"}\n', True)


def test_slow_client_and_events():
    """Events to a client that does not read are dropped in the end."""
    with Host('-M', 'virt', '--load-target=riscv64', '-bios', 'none', '-serial', 'null',
              modules=module_path('riscv', 'serial')) as host:
        slow, other = host.client(), host.client()
        before = host.rss_kib()
        for _ in range(10):
            other.exchange([b'{"execute":"stop"}{"execute":"cont"}' * 1000])
            other.events.clear()
        grown = host.rss_kib() - before
        assert grown <= host.growth_limit(6144), f'memory has grown by {grown} KiB'
        assert 'dropped' in host.stderr(), host.stderr()
        slow.close()


def test_busy_client():
    """A client that pipelines does not starve another."""
    with Host('-M', 'none') as host:
        busy, other = host.client(), host.client()
        busy.socket.setblocking(False)
        busy.socket.send(b'{"execute":"query-commands"}' * 2000)
        start = time.monotonic()
        other.execute('query-status')
        assert time.monotonic() - start < 2


def test_half_close():
    """After the sending side is closed the answers still come, then the end."""
    with Host('-M', 'none') as host:
        client = host.client()
        client.send(b'{"execute":"query-name","id":1}' * 50 + b'{"execute":')
        client.socket.shutdown(socket.SHUT_WR)
        got = []
        while (reply := client.receive()) is not None:
            got.append(reply)
        assert len(got) == 50, got[-2:]
        host.client().execute('query-name')


def test_disconnects():
    """Clients that vanish in the middle of anything leave nothing behind."""
    with Host('-M', 'none') as host:
        watcher = host.client()
        fds = f'/proc/{host.process.pid}/fd'
        before = len(os.listdir(fds))
        for data in (b'', b'{"execute":"query-na', b'"' + b'x' * 100000, b'[' * 500,
                     b'{"execute":"query-qmp-schema"}' * 500):
            for _ in range(5):
                client = host.client()
                client.socket.settimeout(0.2)
                try:
                    client.send(data)
                except TimeoutError:
                    pass
                client.close()
        watcher.execute('query-status')
        end = time.monotonic() + 5
        while len(os.listdir(fds)) > before and time.monotonic() < end:
            time.sleep(0.01)
        assert len(os.listdir(fds)) == before, os.listdir(fds)
        for line in (b'{"execute":"query-na\n',):
            client = host.client()
            client.send(line)
            client.close()
            assert host.client().execute('query-name') == {}


def test_quit():
    """The reply and the event reach the client, in either order; the second quit is answered."""
    with Host('-M', 'none') as host:
        client = host.client()
        client.send(b'{"execute":"quit","id":1}{"execute":"quit","id":2}\n')
        got = []
        while (message := client.receive()) is not None:
            got.append(message)
        assert [m['id'] for m in got if 'return' in m] == [1, 2], got
        events = [m for m in got if 'event' in m]
        assert events[0]['event'] == 'SHUTDOWN', got
        assert events[0]['data'] == {'guest': False, 'reason': 'host-qmp-quit'}, got
        assert set(events[0]['timestamp']) == {'seconds', 'microseconds'}
        assert host.process.wait(10) == 0
        assert not os.path.exists(host.path), 'the socket is left'


def test_signals():
    """SIGTERM and SIGHUP end the host with its event and status 0; SIGPIPE does nothing."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        with Host('-M', 'none') as host:
            client = host.client()
            host.process.send_signal(signal.SIGPIPE)
            client.send(b'{"execute":')
            host.process.send_signal(number)
            assert client.wait_event('SHUTDOWN')['reason'] == 'host-signal'
            assert client.receive() is None
            assert host.process.wait(10) == 0


def test_stopped_process():
    """Stopped and continued, the host goes on where it was."""
    with Host('-M', 'none') as host:
        client = host.client()
        host.process.send_signal(signal.SIGSTOP)
        client.send({'execute': 'query-name', 'id': 1})
        time.sleep(0.1)
        host.process.send_signal(signal.SIGCONT)
        assert client.reply()['id'] == 1


def test_tcp():
    """The same over TCP, also IPv6, with a client after another."""
    for family, where in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '[::1]')):
        with socket.socket(family) as probe:
            try:
                probe.bind((where.strip('[]'), 0))
            except OSError:
                assert family == socket.AF_INET6, 'no IPv4'
                continue
            port = probe.getsockname()[1]
        with Host('-M', 'none', '-qmp', f'tcp:{where}:{port},server=on,wait=off'):
            for _ in range(2):
                with socket.create_connection((where.strip('[]'), port), 10) as client:
                    file = client.makefile('rwb')
                    assert 'QMP' in check_line(file.readline())
                    file.write(b'{"execute":"qmp_capabilities"}\n')
                    file.flush()
                    assert check_line(file.readline()) == {'return': {}}


def test_stdio():
    """On standard input and output; the end of input is no end of the host."""
    process = subprocess.run(
        [HOST, '-M', 'none', '-display', 'none', '-qmp', 'stdio'], timeout=30, check=True,
        stdout=subprocess.PIPE,
        input=b'{"execute":"qmp_capabilities"}{"execute":"query-status"}{"execute":"quit"}\n')
    messages = [check_line(line + b'\n') for line in process.stdout.split(b'\n')[:-1]]
    assert 'QMP' in messages[0] and len(messages) == 5, messages


def test_listening_descriptor():
    """As libvirt does it: a listening socket handed over, one client after another."""
    with socket.socket(socket.AF_UNIX) as listener:
        path = f'/tmp/qh-qmp-{os.getpid()}.sock'
        listener.bind(path)
        listener.listen(1)
        try:
            fd = listener.fileno()
            with Host('-M', 'none', '-chardev', f'socket,id=m,fd={fd},server=on,wait=off',
                      '-mon', 'chardev=m,id=monitor,mode=control', qmp=False, pass_fds=(fd,)):
                for _ in range(3):
                    client = Client(path)
                    assert client.execute('query-chardev')[0]['label'] == 'm'
                    assert len(client.exchange([b'{"execute":"query-qmp-schema"}' * 40])) == 40
                    client.close()
        finally:
            os.unlink(path)


def test_spellings():
    """wait=on, which is the default, holds the start up until someone is there; server,nowait is
    the old way to say it."""
    for options, waits in (('server=on,wait=off', False), ('server,nowait', False),
                           ('server=on,wait=on', True), ('server', True)):
        with Host('-M', 'none', qmp=False) as idle:  # lends its folder
            path = os.path.join(idle.dir.name, 'other')
            process = subprocess.Popen([HOST, '-M', 'none', '-display', 'none', '-qmp',
                                        f'unix:{path},{options}', '-qmp',
                                        f'unix:{path}2,server=on,wait=off'])
            try:
                deadline = time.monotonic() + 20
                while not os.path.exists(path) and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(0.3)
                assert os.path.exists(path + '2') != waits, options
                client = Client(path)
                client.execute('quit')
                assert process.wait(20) == 0
            finally:
                process.kill()
                process.wait()


def test_refused_addresses():
    """An address that makes no sense is an error of the command line."""
    for address in ('unix:/nonexistent/dir/sock,server=on,wait=off', 'tcp:nocolon,server=on',
                    'chardev:no-such', 'nonsense', 'unix:/tmp/x,server=on,color=red',
                    'unix:/tmp/x,server=maybe'):
        process = subprocess.run([HOST, '-M', 'none', '-display', 'none', '-qmp', address],
                                 timeout=30, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                 check=False)
        assert process.returncode in (1, 2), (address, process)
        assert b'-qmp' in process.stderr, (address, process.stderr)


def test_round_trip():
    """A command is answered in well under a millisecond."""
    with Host('-M', 'none') as host:
        client = host.client()
        times = []
        for _ in range(500):
            start = time.perf_counter()
            client.execute('query-name')
            times.append(time.perf_counter() - start)
        median = sorted(times)[250]
        print(f'# round trip {median * 1e6:.0f} us')
        assert median < 0.05, median


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
