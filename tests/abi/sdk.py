#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The toy target, built outside the tree against the installed SDK, loads.

usage: sdk.py --root SOURCE_ROOT --build BUILD --load-one PROGRAM [--meson MESON]
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROJECT = """# SPDX-License-Identifier: GPL-2.0-or-later
project('null-outside', 'c', version: '9.9', default_options: ['c_std=gnu17'])
sdk = dependency('qemu-host-module')
note = custom_target(input: 'module.json', output: 'module-note.c',
  command: [find_program(sdk.get_variable('gen_note')), '--version', meson.project_version(),
    '@INPUT@', '@OUTPUT@'])
shared_module('null', 'module.c', 'board.c', 'cpu.c', 'port.c', 'translate.c', note,
  name_prefix: '', gnu_symbol_visibility: 'hidden', dependencies: sdk,
  install: true, install_dir: sdk.get_variable('moduledir'))
"""


def run(command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **more)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stdout}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--load-one", required=True)
    parser.add_argument("--meson", default="meson")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sdk-") as folder:
        stage = os.path.join(folder, "stage")
        run([args.meson, "install", "-C", args.build, "--no-rebuild", "--destdir", stage])
        pc, = glob.glob(os.path.join(stage, "**", "qemu-host-module.pc"), recursive=True)
        with open(pc, encoding="utf-8") as file:
            text = file.read()
        prefix = re.search(r"^prefix=(.*)$", text, re.M).group(1)
        with open(pc, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^prefix=.*$", f"prefix={stage}{prefix}", text, flags=re.M))
        project = os.path.join(folder, "null")
        shutil.copytree(os.path.join(args.root, "modules/null"), project)
        with open(os.path.join(project, "meson.build"), "w", encoding="utf-8") as file:
            file.write(PROJECT)
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc))
        build = os.path.join(folder, "build")
        run([args.meson, "setup", build, project], env=env)
        run([args.meson, "compile", "-C", build], env=env)
        module = os.path.join(build, "null.so")
        output = run([args.load_one, f"load={module}", "acquire=cpu/null", "release",
                      "modules", "unload=null"])
    good = "load: ok" in output and "acquire: ok" in output and '"version": "9.9"' in output \
        and "unload: ok" in output
    print("1..1")
    print(f"{'ok' if good else 'not ok'} 1 - the toy target builds and loads outside the tree")
    if not good:
        print("# " + output.replace("\n", "\n# "))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
