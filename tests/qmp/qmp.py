# SPDX-License-Identifier: GPL-2.0-or-later
"""A host under test and a QMP client that believes nothing: every line must end in CR LF, be
printable ASCII, be strict JSON, and be a greeting, a reply or an event."""

import atexit
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILT = os.environ.get('QEMU_HOST', '')
MODULES = os.environ.get('QH_MODULES', '')  # the build's folder of module folders
LONG = 30  # seconds; nothing here takes that long


class Broken(AssertionError):
    """The host said something that it may never say."""


def lone_copy():
    """A copy of the host away from the build, where it finds no modules but those it is told."""
    folder = tempfile.TemporaryDirectory(prefix='qh-host-')
    atexit.register(folder.cleanup)
    return shutil.copy(BUILT, os.path.join(folder.name, 'qemu-host'))


HOST = lone_copy() if BUILT else ''


def no_constant(text):
    """JSON has no NaN and no Infinity."""
    raise Broken(f'{text} is not JSON')


def check_line(line):
    """The object in a line of the host."""
    if not line.endswith(b'\r\n'):
        raise Broken(f'line does not end in CR LF: {line[:80]!r}')
    body = line[:-2]
    if body.isascii() and body.decode('ascii').isprintable():
        value = json.loads(body, parse_constant=no_constant)
        if isinstance(value, dict) and sum(
                key in value for key in ('QMP', 'return', 'error', 'event')) == 1:
            return value
    raise Broken(f'not a message: {line[:200]!r}')


class Client:
    """One connection. `events` collects what came between replies."""

    def __init__(self, path, negotiate=True, oob=False):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LONG)
        self.socket.connect(path)
        self.buffer = bytearray()
        self.events = []
        self.greeting = self.receive()
        if negotiate:
            reply = self.execute('qmp_capabilities', **({'enable': ['oob']} if oob else {}))
            assert reply == {}, reply

    def close(self):
        """Hang up."""
        self.socket.close()

    def send(self, data):
        """Raw bytes, or an object."""
        if isinstance(data, dict):
            data = json.dumps(data).encode() + b'\n'
        self.socket.sendall(data)

    def receive(self, timeout=LONG):
        """The next message; None when the host hung up; raises TimeoutError."""
        end = time.monotonic() + timeout
        piece = self.buffer
        while b'\n' not in piece:  # the rest has none: a long line is looked at once
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            piece = self.socket.recv(1 << 20)
            if not piece:
                if self.buffer:
                    raise Broken(f'half a line at the end: {bytes(self.buffer[:80])!r}')
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b'\n', 1)
        return check_line(bytes(line) + b'\n')

    def reply(self, timeout=LONG):
        """The next message that is no event."""
        while True:
            message = self.receive(timeout)
            if message is None or 'event' not in message:
                return message
            self.events.append(message)

    def ask(self, command, **arguments):
        """The whole reply to a command; '_' in names of arguments stands for '-'."""
        request = {'execute': command}
        if arguments:
            request['arguments'] = {k.replace('_', '-'): v for k, v in arguments.items()}
        self.send(request)
        return self.reply()

    def execute(self, command, **arguments):
        """What a command returns."""
        reply = self.ask(command, **arguments)
        if reply is None or 'return' not in reply:
            raise AssertionError(f'{command}: {reply}')
        return reply['return']

    def wait_event(self, name, timeout=LONG):
        """The data of the first event of that name."""
        while True:
            for event in self.events:
                if event['event'] == name:
                    self.events.remove(event)
                    return event.get('data', {})
            message = self.receive(timeout)
            if message is None or 'event' not in message:
                raise AssertionError(f'{name} did not come, but {message}')
            self.events.append(message)

    def exchange(self, chunks, probe=b'\n'):
        """Send while reading, then ask a last question: the replies that came before its answer.

        The host stops reading while its replies wait, so both have to go on at once."""
        probe += b'{"execute": "query-uuid", "id": "the-end"}\n'
        pending, at, replies = [memoryview(c) for c in chunks] + [memoryview(probe)], 0, []
        self.socket.setblocking(False)
        end = time.monotonic() + LONG  # of any progress: tens of MiB take what they take
        try:
            if self.take_lines(replies):
                return replies
            while time.monotonic() < end:
                want = [self.socket] if at < len(pending) else []
                readable, writable, _ = select.select([self.socket], want, [], 1)
                if writable:
                    sent = self.socket.send(pending[at][:1 << 20])
                    pending[at] = pending[at][sent:]
                    at += not pending[at]
                if readable:
                    piece = self.socket.recv(1 << 20)
                    if not piece:
                        raise AssertionError(f'hung up after {replies[-3:]}')
                    self.buffer += piece
                    if b'\n' in piece and self.take_lines(replies):
                        return replies
                if readable or writable:
                    end = time.monotonic() + LONG
        finally:
            self.socket.setblocking(True)
        raise AssertionError(f'no answer; {len(replies)} replies so far, {replies[-3:]}')

    def take_lines(self, replies):
        """Move whole lines to `replies`; True when the last answer is among them."""
        if b'\n' not in self.buffer:
            return False
        lines, self.buffer = self.buffer.rsplit(b'\n', 1)
        for line in bytes(lines).split(b'\n'):
            message = check_line(line + b'\n')
            if message.get('id') == 'the-end':
                return True
            (self.events if 'event' in message else replies).append(message)
        return False


class Host:
    """A running host with a QMP socket."""

    def __init__(self, *args, modules=None, env=None, qmp=True, pass_fds=()):
        self.dir = tempfile.TemporaryDirectory(prefix='qh-qmp-')
        self.path = os.path.join(self.dir.name, 'qmp')
        # meson's MALLOC_PERTURB_ fills memory that was given back, and so takes it again
        environment = dict(os.environ, MALLOC_PERTURB_='0', **(env or {}))
        # a sanitizer keeps what was freed for a while; the tests look at the memory in use
        environment['ASAN_OPTIONS'] = environment.get('ASAN_OPTIONS', '') + \
            ':quarantine_size_mb=1:thread_local_quarantine_size_kb=64'
        environment['QEMU_HOST_MODULE_PATH'] = modules or self.dir.name
        self.errors = open(os.path.join(self.dir.name, 'stderr'), 'w+', encoding='utf-8')
        if qmp:
            args += ('-qmp', f'unix:{self.path},server=on,wait=off')
        self.process = subprocess.Popen(
            [HOST, *args, '-display', 'none'], stdin=subprocess.DEVNULL, stdout=self.errors,
            stderr=self.errors, env=environment, pass_fds=pass_fds)
        end = time.monotonic() + LONG
        while qmp and not os.path.exists(self.path):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'the host did not start: {self.stderr()}')
            time.sleep(0.005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stderr(self):
        """What it printed so far."""
        self.errors.flush()
        with open(self.errors.name, encoding='utf-8') as file:
            return file.read()

    def client(self, **how):
        """A new connection; tries again while the socket is not listened on yet."""
        for _ in range(200):
            try:
                return Client(self.path, **how)
            except ConnectionRefusedError:
                time.sleep(0.005)
        return Client(self.path, **how)

    def rss_kib(self):
        """Memory in use."""
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))

    def growth_limit(self, kib):
        """How much more memory may be in use; a sanitizer's allocator gives little back."""
        with open(f'/proc/{self.process.pid}/maps', encoding='ascii') as file:
            return kib * 8 if 'libasan' in file.read() else kib

    def stop(self):
        """End it; its status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(LONG)
        finally:
            self.process.kill()
            self.errors.close()
            self.dir.cleanup()
        return status


def module_path(*names):
    """Search path for the modules of the build with these names."""
    return ':'.join(os.path.join(MODULES, name) for name in names)


def run(*cases):
    """Run functions named test_* of a module, print TAP; for the foot of a test file."""
    failed = 0
    print(f'1..{len(cases)}', flush=True)
    for number, case in enumerate(cases, 1):
        try:
            case()
            print(f'ok {number} {case.__name__}', flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            text = f'{type(error).__name__}: {error}'.replace('\n', '\n# ')
            print(f'not ok {number} {case.__name__}\n# {text[:2000]}', flush=True)
    sys.exit(1 if failed else 0)
