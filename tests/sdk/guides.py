#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Follows a guide to the letter: its files are written, its commands run, their output compared.

usage: guides.py --installed GUIDE...                      with what is installed on this system
       guides.py --build BUILD --root SOURCE_ROOT GUIDE...  with BUILD, installed into a folder

A block whose first line is "```LANGUAGE FILE" is a file, which the text before it names, too. In a block "```console" a line "$ COMMAND"
is run by the shell, the lines "> MORE" after it belong to it, and the lines after that are what it
prints, on either output; "..." stands for any text in a line and, alone, for any lines. Commands
end with status 0. All blocks of a guide share one folder, which is empty at first, and, line after
line, nothing else: each command is a shell of its own. A guide that repeats a file of the template
must have it as it is there. Prints TAP.
"""

import argparse
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile

TIMEOUT = 240


class Wrong(Exception):
    """What the guide says is not so."""


def blocks(text):
    """(line, info string, body, the text before it) of each fenced block."""
    end = 0
    for match in re.finditer(r"^```([^\n`]*)\n(.*?)^```$", text, re.M | re.S):
        yield (text.count("\n", 0, match.start()) + 1, match.group(1).strip(), match.group(2),
               text[end:match.start()])
        end = match.end()


def commands(body):
    """(command, what it prints) in order."""
    found = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        elif found:
            found[-1][1].append(line)
        else:
            raise Wrong(f"a console block begins with output: {line}")
    return found


def pattern(lines):
    """A regular expression for output of which @lines are the text."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.rstrip().split("...")) +
                         r"[ \t]*\n")
    return re.compile("".join(parts))


def run(command, expected, folder, env):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    if output and not output.endswith("\n"):
        output += "\n"
    if done.returncode != 0:
        raise Wrong(f"'{command}' ended with status {done.returncode}:\n{output}")
    if not pattern(expected).fullmatch(output):
        raise Wrong(f"'{command}' should print\n" + "\n".join(expected) + f"\nbut prints\n{output}")


def write_file(name, body, folder):
    path = os.path.normpath(os.path.join(folder, name))
    if not path.startswith(folder + os.sep):
        raise Wrong(f"file {name} lies outside the folder")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(body)


def check_template(name, body, template):
    """A file of the template, which is called "sum", is the same there."""
    path = os.path.join(template, os.path.basename(name))
    if name.startswith("sum/") and os.path.isdir(template):
        with open(path, encoding="utf-8") as file:
            if file.read() != body:
                raise Wrong(f"{name} is not the template's")


def follow(guide, env, template):
    with open(guide, encoding="utf-8") as file:
        text = file.read()
    n_commands = 0
    with tempfile.TemporaryDirectory(prefix="guide-") as folder:
        os.chmod(folder, 0o755)
        for line, info, body, before in blocks(text):
            words = info.split()
            try:
                if info == "console":
                    for command, expected in commands(body):
                        run(command, expected, folder, env)
                        n_commands += 1
                elif len(words) == 2:
                    if f"`{words[1]}`" not in before:  # a reader does not see the info string
                        raise Wrong(f"the text before the block does not name `{words[1]}`")
                    check_template(words[1], body, template)
                    write_file(words[1], body, folder)
            except (Wrong, subprocess.TimeoutExpired, OSError) as error:
                raise Wrong(f"{os.path.basename(guide)}, line {line}: {error}") from None
    if n_commands == 0:
        raise Wrong(f"{os.path.basename(guide)} has no commands")
    return n_commands


def wrapper(folder, program, modules):
    """The guide adds folders with QEMU_HOST_MODULE_PATH; what is staged comes behind them."""
    path = os.path.join(folder, os.path.basename(program))
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexport QEMU_HOST_MODULE_PATH="
                   f'"${{QEMU_HOST_MODULE_PATH:+$QEMU_HOST_MODULE_PATH:}}{modules}"\n'
                   f'exec {shlex.quote(program)} "$@"\n')
    os.chmod(path, 0o755)


def stage(args, folder):
    """The SDK in @folder; the environment in which it is found."""
    os.chmod(folder, 0o755)
    done = subprocess.run([args.meson, "install", "-C", args.build, "--no-rebuild", "--destdir",
                           folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise Wrong(f"meson install: {done.stdout}")
    pc, = glob.glob(os.path.join(folder, "**", "qemu-host-module.pc"), recursive=True)
    with open(pc, encoding="utf-8") as file:
        text = file.read()
    prefix = re.search(r"^prefix=(.*)$", text, re.M).group(1)
    root = folder + prefix
    with open(pc, "w", encoding="utf-8") as file:
        file.write(re.sub(r"^prefix=.*$", f"prefix={root}", text, flags=re.M))
    modules = os.path.dirname(glob.glob(os.path.join(root, "**", "modules", "*.so"),
                                        recursive=True)[0])
    wrappers = os.path.join(folder, "wrappers")
    os.mkdir(wrappers)
    for name in ("qemu-host", "qemu-host-modcheck"):
        wrapper(wrappers, os.path.join(root, "bin", name), modules)
    return dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc), QEMU_HOST_MODULE_PATH=modules,
                PATH=os.pathsep.join([wrappers, os.path.join(root, "bin"), os.environ["PATH"]]))


def check_itself():
    """A guide that says what is not so is found out."""
    good = [("$ echo a b\na b\n", True), ("$ echo a b\na ...\n", True), ("$ seq 9\n1\n...\n9\n", True),
            ("$ true\n", True), ("$ echo a\nb\n", False), ("$ false\n", False),
            ("$ echo a\n", False), ("$ true\na\n", False), ("$ seq 3\n1\n3\n", False)]
    for body, expected in good:
        try:
            for command, output in commands(body):
                run(command, output, "/", dict(os.environ))
            right = True
        except Wrong:
            right = False
        if right != expected:
            raise Wrong(f"{body!r} is taken for {'right' if right else 'wrong'}")
    return len(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--installed", action="store_true")
    parser.add_argument("--build")
    parser.add_argument("--root", help="the sources, to compare files with the template")
    parser.add_argument("--meson", default="meson")
    parser.add_argument("guide", nargs="+")
    args = parser.parse_args()
    if args.installed == bool(args.build):
        parser.error("either --installed or --build")
    os.umask(0o022)  # as the guides say
    failed = 0
    print(f"1..{len(args.guide) + 1}")
    with tempfile.TemporaryDirectory(prefix="sdk-") as folder:
        tasks = [("a wrong guide is found out", check_itself)]
        env = dict(os.environ, LC_ALL="C.UTF-8")
        if args.build:
            env = dict(stage(args, folder), LC_ALL="C.UTF-8")
        template = os.path.join(args.root or "/nowhere", "packaging", "template")
        if args.installed:
            template = subprocess.run(
                ["pkg-config", "--variable=template", "qemu-host-module"], check=True,
                stdout=subprocess.PIPE, text=True).stdout.strip()
        for guide in args.guide:
            path = os.path.abspath(guide)
            name = os.path.basename(path) if not path.startswith(template) else "the template"
            tasks.append((f"{name}, followed to the letter",
                          lambda path=path: follow(path, env, template)))
        for number, (title, task) in enumerate(tasks, 1):
            try:
                count = task()
                print(f"ok {number} - {title}\n# {count} commands", flush=True)
            except Wrong as error:
                failed += 1
                print(f"not ok {number} - {title}\n# " + str(error).replace("\n", "\n# "),
                      flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
