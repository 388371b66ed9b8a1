# SPDX-License-Identifier: GPL-2.0-or-later
"""Block nodes, disks and jobs over QMP, in the order in which libvirt asks for them."""

import os
import subprocess
import tempfile

from qmp import Host, run

SIZE = 8 << 20


def img(*args):
    """qemu-img, which has to succeed."""
    return subprocess.run(['qemu-img', *args], check=True, capture_output=True, text=True,
                          timeout=60).stdout


class Disks:
    """A host without a machine, and a folder of images."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='qh-block-')
        self.host = Host('-M', 'none').__enter__()
        self.client = self.host.client()
        return self

    def __exit__(self, *what):
        self.client.execute('quit')
        self.host.process.wait(timeout=20)
        self.host.__exit__(*what)
        self.folder.cleanup()

    def path(self, name):
        """Of an image."""
        return os.path.join(self.folder.name, name)

    def noise(self, name, size=SIZE):
        """A raw file with contents."""
        with open(self.path(name), 'wb') as file:
            file.write(b''.join(bytes([i % 251]) * 4096 if i % 3 else b'\0' * 4096
                                for i in range(size // 4096)))
        return self.path(name)

    def add(self, name, image, **more):
        """A file node and a qcow2 node, as libvirt makes them."""
        self.client.execute('blockdev-add', **{
            'driver': 'file', 'filename': self.path(image), 'node-name': name + '-storage',
            'auto-read-only': True, 'discard': 'unmap'})
        self.client.execute('blockdev-add', **{
            'node-name': name, 'read-only': False, 'driver': 'qcow2', 'file': name + '-storage',
            'backing': None, **more})

    def create(self, name, image, **more):
        """A new image by a job, then its nodes."""
        self.client.execute('blockdev-create', **{'job-id': 'f', 'options': {
            'driver': 'file', 'filename': self.path(image), 'size': 0}})
        self.ended('f')
        self.client.execute('blockdev-add', **{
            'driver': 'file', 'filename': self.path(image), 'node-name': name + '-storage',
            'auto-read-only': True, 'discard': 'unmap'})
        self.client.execute('blockdev-create', **{'job-id': 'i', 'options': {
            'driver': 'qcow2', 'file': name + '-storage', 'size': SIZE, **more}})
        self.ended('i')
        self.client.execute('blockdev-add', **{
            'node-name': name, 'read-only': False, 'driver': 'qcow2', 'file': name + '-storage',
            'backing': None})

    def ended(self, job, error=None):
        """Wait until it is concluded, then forget it."""
        while True:
            event = self.client.wait_event('JOB_STATUS_CHANGE')
            if event == {'id': job, 'status': 'concluded'}:
                break
        info = [j for j in self.client.execute('query-jobs') if j['id'] == job][0]
        assert info.get('error') == error, info
        self.client.execute('job-dismiss', id=job)

    def remove(self, *names):
        """Nodes and what is below them."""
        for name in names:
            self.client.execute('blockdev-del', **{'node-name': name})
            self.client.execute('blockdev-del', **{'node-name': name + '-storage'})


def test_nodes():
    """Add, look, refuse, delete."""
    with Disks() as d:
        img('create', '-q', '-f', 'qcow2', d.path('a.qcow2'), str(SIZE))
        d.add('a', 'a.qcow2')
        nodes = {n['node-name']: n for n in
                 d.client.execute('query-named-block-nodes', flat=True)}
        assert nodes['a']['drv'] == 'qcow2' and not nodes['a']['ro'], nodes
        image = nodes['a']['image']
        assert image['virtual-size'] == SIZE and image['cluster-size'] == 65536, image
        assert image['filename'] == d.path('a.qcow2')
        assert image['format-specific']['data']['compat'] == '1.1', image
        assert nodes['a-storage']['image']['format'] == 'file'
        assert d.client.execute('query-block') == []
        stats = d.client.execute('query-blockstats', **{'query-nodes': True})
        assert {s['node-name'] for s in stats} == {'a', 'a-storage'}
        reply = d.client.ask('blockdev-del', **{'node-name': 'a-storage'})
        assert 'is busy' in reply['error']['desc'], reply
        for arguments in ({'driver': 'null-co', 'node-name': 'a'}, {'driver': 'null-co'},
                          {'driver': 'qcow2', 'node-name': 'b', 'file': 'none'},
                          {'driver': 'qcow2', 'node-name': 'b', 'file': 'a-storage'},
                          {'driver': 'raw', 'node-name': 'b'},
                          {'driver': 'nbd', 'node-name': 'b', 'server': {}},
                          {'driver': 'null-co', 'node-name': '1b'},
                          {'driver': 'null-co', 'node-name': 'b', 'read-zeroes': 1}):
            reply = d.client.ask('blockdev-add', **arguments)
            assert reply['error']['class'] == 'GenericError', reply
        d.client.execute('block_resize', **{'node-name': 'a', 'size': 2 * SIZE})
        d.remove('a')
        assert d.client.execute('query-named-block-nodes') == []
        assert img('info', d.path('a.qcow2')).count('16 MiB') == 1


def test_overlay_and_commit():
    """blockcommit --active --pivot"""
    with Disks() as d:
        img('convert', '-q', '-f', 'raw', '-O', 'qcow2', d.noise('a.raw'), d.path('a.qcow2'))
        d.add('a', 'a.qcow2')
        d.create('b', 'b.qcow2', **{'backing-file': d.path('a.qcow2'), 'backing-fmt': 'qcow2'})
        d.client.execute('transaction', actions=[{'type': 'blockdev-snapshot',
                                                  'data': {'node': 'a', 'overlay': 'b'}}])
        nodes = {n['node-name']: n for n in d.client.execute('query-named-block-nodes')}
        assert nodes['b']['image']['backing-image']['filename'] == d.path('a.qcow2'), nodes
        d.client.execute('block-commit', **{
            'device': 'b', 'job-id': 'c', 'top-node': 'b', 'base-node': 'a',
            'auto-finalize': True, 'auto-dismiss': False, 'backing-mask-protocol': True})
        ready = d.client.wait_event('BLOCK_JOB_READY')
        assert ready == {'device': 'c', 'len': 0, 'offset': 0, 'speed': 0, 'type': 'commit'}, ready
        job, = d.client.execute('query-block-jobs')
        assert job['ready'] and job['status'] == 'ready' and not job['auto-dismiss'], job
        d.client.execute('job-complete', id='c')
        d.ended('c')
        done = d.client.wait_event('BLOCK_JOB_COMPLETED')
        assert done['type'] == 'commit' and 'error' not in done, done
        d.remove('b', 'a')
        img('compare', '-q', d.path('a.qcow2'), d.path('a.raw'))


def test_rings():
    """aio=io_uring is taken, for nodes that are there from the start and, where those have made the
    ring, for later ones; where there is none threads do it, with a word about that."""
    with tempfile.TemporaryDirectory(prefix='qh-block-') as folder:
        path = os.path.join(folder, 'a')
        with open(path, 'wb') as file:
            file.write(b'x' * SIZE)
        later = {'driver': 'file', 'filename': path, 'node_name': 'b', 'read_only': True,
                 'aio': 'io_uring'}
        with Host('-M', 'none', '-blockdev',
                  f'driver=file,filename={path},node-name=a,read-only=on,aio=io_uring') as host:
            client = host.client()
            client.execute('blockdev-add', **later)
            text = client.execute('human-monitor-command',
                                  command_line='qemu-io b "read -P 0x78 0 1M"')
            assert text.startswith('read 1048576/1048576'), text
            warned = host.stderr().count('aio=io_uring')
            assert warned in (0, 2), host.stderr()  # no ring on this system: for both
        with Host('-M', 'none', '-sandbox', 'on') as host:
            client = host.client()
            client.execute('blockdev-add', **later)
            assert 'aio=io_uring: ' in host.stderr() and 'threads' in host.stderr()
            later.update(node_name='c', aio='uring')
            reply = client.ask('blockdev-add', **later)
            assert "'aio' does not accept value 'uring'" in reply['error']['desc'], reply


def test_mirror():
    """blockcopy --finish, and a pivot"""
    with Disks() as d:
        img('convert', '-q', '-f', 'raw', '-O', 'qcow2', d.noise('a.raw'), d.path('a.qcow2'))
        d.add('a', 'a.qcow2')
        for job, end in (('m', 'block-job-cancel'), ('n', 'block-job-complete')):
            d.create(job, job + '.qcow2')
            d.client.execute('blockdev-mirror', **{
                'job-id': job, 'device': 'a', 'target': job, 'sync': 'full',
                'auto-dismiss': False})
            ready = d.client.wait_event('BLOCK_JOB_READY')
            assert ready['offset'] == ready['len'] == SIZE, ready
            d.client.execute('job-pause', id=job)
            while d.client.wait_event('JOB_STATUS_CHANGE')['status'] != 'standby':
                pass
            d.client.execute('job-resume', id=job)
            while d.client.wait_event('JOB_STATUS_CHANGE')['status'] != 'ready':
                pass
            d.client.execute(end, device=job)
            d.ended(job)
            d.remove(job)
            img('compare', '-q', d.path(job + '.qcow2'), d.path('a.raw'))
            img('check', '-q', d.path(job + '.qcow2'))
        d.remove('a')


def test_backup():
    """backup-begin, a limit, a cancel, an error"""
    with Disks() as d:
        img('convert', '-q', '-f', 'raw', '-O', 'qcow2', d.noise('a.raw'), d.path('a.qcow2'))
        d.add('a', 'a.qcow2')
        d.create('t', 't.qcow2')
        backup = {'device': 'a', 'target': 't', 'sync': 'full', 'auto-dismiss': False}
        d.client.execute('transaction', actions=[{'type': 'blockdev-backup',
                                                  'data': {**backup, 'job-id': 'b'}}])
        d.ended('b')
        d.client.execute('blockdev-backup', **{**backup, 'job-id': 'slow', 'speed': 1 << 20})
        reply = d.client.ask('blockdev-backup', **{**backup, 'job-id': 'second'})
        assert 'in use by job' in reply['error']['desc'], reply
        reply = d.client.ask('blockdev-del', **{'node-name': 't'})
        assert 'in use' in reply['error']['desc'], reply
        d.client.execute('job-cancel', id='slow')
        d.ended('slow')
        d.client.wait_event('BLOCK_JOB_CANCELLED')
        assert 'error' in d.client.ask('job-cancel', id='slow')
        d.remove('t')
        d.create('z', 'z.qcow2')
        d.client.execute('blockdev-backup', **{**backup, 'job-id': 'zip', 'target': 'z',
                                               'compress': True, 'auto-finalize': False})
        d.client.wait_event('BLOCK_JOB_PENDING')
        d.client.execute('job-finalize', id='zip')
        d.ended('zip')
        d.remove('z', 'a')
        for name in ('z.qcow2', ):
            img('compare', '-q', d.path(name), d.path('a.raw'))
            img('check', '-q', d.path(name))


def test_transaction_undone():
    """All or nothing."""
    with Disks() as d:
        img('create', '-q', '-f', 'qcow2', d.path('a.qcow2'), str(SIZE))
        d.add('a', 'a.qcow2')
        d.create('b', 'b.qcow2')
        reply = d.client.ask('transaction', actions=[
            {'type': 'blockdev-snapshot', 'data': {'node': 'a', 'overlay': 'b'}},
            {'type': 'blockdev-snapshot', 'data': {'node': 'a', 'overlay': 'nothing'}}])
        assert 'nothing' in reply['error']['desc'], reply
        nodes = {n['node-name']: n for n in d.client.execute('query-named-block-nodes')}
        assert nodes['b']['backing_file_depth'] == 0
        d.remove('a', 'b')


def test_reopen():
    """read-only and back; not while something writes."""
    with Disks() as d:
        img('create', '-q', '-f', 'qcow2', d.path('a.qcow2'), str(SIZE))
        d.add('a', 'a.qcow2')
        options = {'driver': 'qcow2', 'node-name': 'a', 'file': 'a-storage'}
        for value in (True, False, True):
            d.client.execute('blockdev-reopen', options=[{**options, 'read-only': value}])
            node = [n for n in d.client.execute('query-named-block-nodes')
                    if n['node-name'] == 'a'][0]
            assert node['ro'] == value
        reply = d.client.ask('blockdev-reopen', options=[{**options, 'driver': 'raw'}])
        assert 'error' in reply
        d.remove('a')


def test_create_errors():
    """A job that fails, and says why."""
    with Disks() as d:
        d.client.execute('blockdev-create', **{'job-id': 'x', 'options': {
            'driver': 'file', 'filename': '/nonexistent/x', 'size': 1}})
        d.ended('x', "Could not create '/nonexistent/x': No such file or directory")
        reply = d.client.ask('blockdev-create', **{'job-id': 'y', 'options': {
            'driver': 'raw', 'size': 1}})
        assert 'error' in reply
        assert d.client.ask('job-dismiss', id='y')['error']['class'] == 'GenericError'
        assert d.client.ask('block-job-cancel', device='y')['error']['class'] == 'DeviceNotActive'
        for command in ('eject', 'blockdev-open-tray', 'block_resize'):
            more = {'size': 512} if command == 'block_resize' else {}
            reply = d.client.ask(command, device='none', **more)
            assert reply['error']['class'] == 'DeviceNotFound', reply


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
