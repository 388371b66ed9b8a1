# SPDX-License-Identifier: GPL-2.0-or-later
"""What comparing a disassembler with binutils' needs for any target."""

import importlib.util
import re
import subprocess


def read_tables(gen_decode, paths):
    """The tables at @paths, read by the generator at @gen_decode."""
    spec = importlib.util.spec_from_file_location('gen_decode', gen_decode)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = module.Table()
    for path in paths:
        table.read(path)
    table.check()
    return table


def objdump(*command):
    """The instructions that objdump @command prints, by their address, without its comments."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        match = re.match(r'\s*([0-9a-f]+):\s+([0-9a-f]+)\s+(\S.*)', line)
        if match:
            insn = re.sub(r'\s*(#(?!-?\d|0x)|//|<).*', '', match[3].replace('\t', ' ')).strip()
            found[int(match[1], 16)] = insn
    return found


def ours(*command):
    """The same of our disassembler: lines of an address, a tab, and the instruction."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        at, insn = line.split('\t', 1)
        found[int(at, 16)] = insn.replace('\t', ' ').strip()
    return found
