# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds of this tree and of later ones beside the build under test, and hosts that are asked."""

import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import dump  # noqa: E402  (the folder must be in the path first)


def run(*command, check=True, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **more)
    if check and result.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}\n{result.stdout[-4000:]}")
    return result.stdout


def build(root, folder, cc, targets, *options):
    """Build @targets (functions of the list of all targets, or names) of @root in @folder, fast
    rather than good. A build that is there already is continued."""
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        shutil.rmtree(folder, ignore_errors=True)
        run("meson", "setup", folder, root, "--buildtype=plain", "-Doptimization=0",
            "-Dtests=false", *options, env=dict(os.environ, CC=cc))
    made = re.findall(r"^([^\s:]+): (?!phony)", run("ninja", "-C", folder, "-t", "targets", "all"),
                      re.M)
    names = [name for name in made if name in targets or
             ("modules" in targets and re.match(r"modules/[\w-]+/[\w-]+\.so$", name))]
    run("ninja", "-C", folder, *names)
    return [os.path.join(folder, name) for name in names]


def gather(modules, folder):
    """One folder of module files, as an installation has it."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    for path in modules:
        shutil.copy(path, folder)
    return folder


def built(build_folder):
    return sorted(glob.glob(os.path.join(build_folder, "modules/*/*.so")))


def talk(host, folder, *commands):
    """What @host answers with the modules of @folder."""
    lines = ['{"execute":"qmp_capabilities"}']
    lines += [json.dumps({"execute": name, "arguments": arguments, "id": number})
              for number, (name, arguments) in enumerate(commands)]
    # away from its build, where it would find the modules beside it as well
    alone = os.path.join(os.path.dirname(folder), "host-alone")
    shutil.copy(host, alone)
    done = subprocess.run([alone, "--module-path", folder, "-M", "none", "-display", "none", "-qmp",
                           "stdio"], input="".join(lines) + '{"execute":"quit"}', text=True,
                          capture_output=True, timeout=120, check=False)
    answers = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if isinstance(message.get("id"), int):
            answers[message["id"]] = message
    return [answers.get(number, {"error": done.stderr}) for number in range(len(commands))]


def load_all(host, folder):
    """module name -> None, or why @host does not load it; and the ABI that its note states."""
    names = sorted(name[:-3] for name in os.listdir(folder))
    *answers, listed = talk(host, folder, *(("module-load", {"name": name}) for name in names),
                            ("query-modules", {}))
    abi = {module["name"]: module.get("abi") for module in listed.get("return", [])
           if "path" in module}
    return {name: None if "return" in answer else answer["error"]["desc"]
            for name, answer in zip(names, answers)}, abi


def versions(root):
    text = dump.read(os.path.join(root, "abi/base.h"))
    return ".".join(re.search(rf"QH_ABI_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR"))


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, title, good, seen=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {title}", flush=True)
        for line in [] if good else str(seen).splitlines():
            print("# " + line[:1000])

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0
