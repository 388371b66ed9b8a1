# SPDX-License-Identifier: GPL-2.0-or-later
"""A host and its QMP monitor, for tests that need no guest."""
import json
import queue
import subprocess
import threading

LIMIT = 120  # seconds that a host may live


class Host:
    """qemu-host with a machine that stands still; call() takes QMP, hmp() the human monitor's."""

    def __init__(self, binary, *args, machine=("-M", "virt", "-bios", "none")):
        command = [binary, "--load-target=riscv64", *machine, "-display", "none", "-serial",
                   "null", "-S", "-qmp", "stdio", *args]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines, self.events = queue.Queue(), []
        self.limit = threading.Timer(LIMIT, self.process.kill)
        self.limit.daemon = True
        self.limit.start()
        threading.Thread(target=self._read, daemon=True).start()
        if "QMP" not in self._next():
            raise RuntimeError("no greeting: " + self.process.stderr.read())
        self.call("qmp_capabilities")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put({"end": True})

    def _next(self, limit=60):
        return self.lines.get(timeout=limit)

    def try_call(self, command, **arguments):
        """The answer, good or bad."""
        arguments = {key.rstrip("_").replace("_", "-"): value for key, value in arguments.items()}
        text = json.dumps({"execute": command, "arguments": arguments})
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        while True:
            answer = self._next()
            if "event" in answer:
                self.events.append(answer)
            elif "end" in answer:
                raise RuntimeError("the host has ended: " + self.process.stderr.read())
            else:
                return answer

    def call(self, command, **arguments):
        answer = self.try_call(command, **arguments)
        if "return" not in answer:
            raise RuntimeError("%s: %s" % (command, answer))
        return answer["return"]

    def error(self, command, **arguments):
        """It has to fail; the text."""
        answer = self.try_call(command, **arguments)
        if "error" not in answer:
            raise RuntimeError("%s succeeded" % command)
        return answer["error"]["desc"]

    def hmp(self, line):
        return self.call("human-monitor-command", **{"command-line": line}).replace("\r", "")

    def io(self, disk, command):
        """A request; what it says."""
        text = self.hmp('qemu-io %s "%s"' % (disk, command))
        if "failed" in text or "Error" in text or "verification" in text:
            raise RuntimeError("%s: %s" % (command, text))
        return text

    def event(self, name, **data):
        """Wait for an event with these members; it is taken off the list."""
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name and all(event["data"].get(k.replace("_", "-")) == v
                                                  for k, v in data.items()):
                    return self.events.pop(i)["data"]
            answer = self._next()
            if "end" in answer:
                raise RuntimeError("the host has ended: " + self.process.stderr.read())
            self.events.append(answer)

    def ends(self, job):
        """Wait for the end of a job that is forgotten by itself."""
        self.event("JOB_STATUS_CHANGE", id=job, status="null")

    def quit(self):
        self.call("quit")
        status = self.process.wait(60)
        self.limit.cancel()
        if status != 0:
            raise RuntimeError("exit status %d: %s" % (status, self.process.stderr.read()))

    def kill(self):
        self.limit.cancel()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.quit()
        else:
            self.kill()
