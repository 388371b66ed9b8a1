#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ABI as text: sizes and offsets of every struct, signatures, constants, IR operations, and the
versions of slots and services.

usage: dump.py --root SOURCE_ROOT [--cc CC] [--compare BASELINE | --record FOLDER]

The headers are read for names and signatures; the compiler says sizes and values. A baseline is a
folder abi/baseline/MAJOR.MINOR: this text as `layout`, and the headers themselves without comments
in `abi`, which modules can be built against. --compare says what RULES.md forbids, a line each.
"""

import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

# Macros of the source code alone: nothing that they say reaches a module's file.
NOT_CONSTANTS = {"QH_ERROR", "QH_MODULE_EXPORT", "QH_HAS", "QH_OP"}
LICENSE = "/* SPDX-License-Identifier: MIT */\n"


class Unknown(Exception):
    """A declaration that this program cannot read, so nothing would watch over it."""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def plain(text):
    """Without comments."""
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def split(text, separator):
    """Parts of @text at @separator outside parentheses."""
    parts, depth, current = [], 0, ""
    for char in text:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(char, 0)
        if char == separator and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [part.strip() for part in parts + [current] if part.strip()]


def squeeze(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s*([(),*])\s*", r"\1", text)


def parameter_type(text):
    """Names of parameters are no part of the ABI."""
    callback = re.match(r"(.*?)\(\*\s*\w*\)\((.*)\)$", squeeze(text))
    if callback:
        return f"{callback.group(1)}(*)({parameters(callback.group(2))})"
    words = squeeze(text.replace("*", " * "))
    return re.sub(r"(?<=[\s*])\w+$", "", words).strip() if re.search(r"[\s*]\w+$", words) else words


def parameters(text):
    return ",".join(parameter_type(part) for part in split(text, ","))


def members(body):
    """(name, type or signature) of each member of a struct."""
    for declaration in split(plain(body), ";"):
        function = re.match(r"(.*?)\(\*\s*(\w+)\)\s*\((.*)\)$", declaration, re.S)
        if function:
            result, name, args = function.groups()
            yield name, f"{squeeze(result)}(*)({parameters(args)})"
            continue
        first, *others = split(declaration, ",")
        match = re.match(r"(.*?[\s*])(\w+)(\[\w+\])?$", first, re.S)
        if match is None or ":" in declaration:
            raise Unknown(squeeze(declaration))
        kind = squeeze(match.group(1))
        yield match.group(2), kind + (match.group(3) or "")
        for other in others:
            match = re.match(r"(\**)\s*(\w+)(\[\w+\])?$", other)
            yield match.group(2), kind.rstrip("*") + match.group(1) + (match.group(3) or "")


def typedefs(text, structs, types):
    """Each typedef is one of the three forms that are read here."""
    for match in re.finditer(r"^typedef struct (\w+) \{(.*?)\n\} \1;", text, re.S | re.M):
        structs[match.group(1)] = list(members(match.group(2)))
    for line in re.findall(r"^typedef .*", text, re.M):
        simple = re.match(r"typedef (\w+) (\w+);$", line)
        if simple:
            types[simple.group(2)] = simple.group(1)
        elif not re.match(r"typedef struct (\w+)( \{| \1;)$", line):
            raise Unknown(line)
    for line in re.findall(r"^(?:struct|union|enum) \w+ \{", text, re.M):
        raise Unknown(line)


def macros(text, constants, functions):
    for name, args, value in re.findall(r"^#define (QH_\w+)(\([^)]*\))?[ \t]+(\S.*)$",
                                        plain(text).replace("\\\n", " "), re.M):
        if name in NOT_CONSTANTS:
            continue
        if args and value.startswith(("{", ".")):
            continue  # an initialiser, of members that are watched themselves
        if args:
            functions[name] = re.sub(r"\s+", " ", f"{args} {value}").strip()
        else:
            constants.append((name, value.startswith('"')))


def collect(folder):
    """What the headers in @folder declare: structs, simple types, constants, macros with arguments,
    operations."""
    structs, types, constants, functions, operations = {}, {}, [], {}, []
    for path in sorted(glob.glob(os.path.join(folder, "*.h"))):
        text = plain(read(path))
        typedefs(re.sub(r"[ \t]+$", "", text, flags=re.M), structs, types)
        macros(text, constants, functions)
    rows = plain(read(os.path.join(folder, "ir-ops.def")))
    for match in re.finditer(r"^QH_OP\((.*?)\)", rows, re.M):
        operations.append(", ".join(part.strip() for part in match.group(1).split(",")))
    return structs, types, constants, functions, operations


def served(root):
    """Versions of the slots and services that the host in @root serves."""
    slots = read(os.path.join(root, "core/module/interfaces.c"))
    for kind, macro, major, minor in re.findall(r'\{"([\w-]+)",\s+(QH_\w+_INTERFACE),\s*(\d+),'
                                                r'\s*(\d+),', slots):
        yield f"slot {kind} {major}.{minor} {macro}"
    services = read(os.path.join(root, "core/module/services.c"))
    for name, major, minor in re.findall(r'\{"(qh\.[\w.-]+)",\s*(\d+),\s*(\d+),', services):
        yield f"service {name} {major}.{minor}"


def program(structs, types, constants, headers):
    lines = ["#include <stdio.h>"] + [f'#include "abi/{h}"' for h in headers] + ["int main(void){"]
    for name, fields in structs.items():
        lines.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        for field, kind in fields:
            lines.append(f'printf("member {name}.{field} %zu %zu {kind}\\n", '
                         f"offsetof({name}, {field}), sizeof((({name} *)0)->{field}));")
    for name, kind in types.items():
        lines.append(f'printf("type {name} %zu {kind}\\n", sizeof({name}));')
    for name, text in constants:
        form, cast = ("%s", "") if text else ("%#llx", "(unsigned long long)")
        lines.append(f'printf("constant {name} {form}\\n", {cast}({name}));')
    return "\n".join(lines + ["return 0;}"])


def dump(root, cc):
    folder = os.path.join(root, "abi")
    structs, types, constants, functions, operations = collect(folder)
    headers = [os.path.basename(p) for p in sorted(glob.glob(os.path.join(folder, "*.h")))]
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    with tempfile.TemporaryDirectory() as scratch:
        source, binary = os.path.join(scratch, "dump.c"), os.path.join(scratch, "dump")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program(structs, types, constants, headers))
        subprocess.run([*shlex.split(cc), "-std=gnu17", "-I" + root, *shlex.split(flags), "-o",
                        binary, source], check=True)
        text = subprocess.run([binary], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [f"macro {name} {body}" for name, body in functions.items()]
    lines += [f"operation {operation}" for operation in operations] + list(served(root))
    return text + "".join(line + "\n" for line in lines)


def bare(text):
    """A header as it is recorded: declarations without comments, no empty lines in a row."""
    text = re.sub(r"[ \t]+$", "", re.sub(r" */\*.*?\*/", "", text, flags=re.S), flags=re.M)
    return LICENSE + re.sub(r"\n{2,}", "\n\n", text).strip("\n") + "\n"


def record(root, cc, folder):
    """Make @folder the baseline of what is in @root."""
    text = dump(root, cc)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "abi"))
    with open(os.path.join(folder, "layout"), "w", encoding="utf-8") as file:
        file.write("# SPDX-License-Identifier: MIT\n" + text)
    for path in glob.glob(os.path.join(root, "abi", "*.h")) + [
            os.path.join(root, "abi/ir-ops.def")]:
        with open(os.path.join(folder, "abi", os.path.basename(path)), "w",
                  encoding="utf-8") as file:
            file.write(bare(read(path)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--compare")
    parser.add_argument("--record")
    args = parser.parse_args()
    if args.record:
        record(args.root, args.cc, args.record)
        return
    try:
        text = dump(args.root, args.cc)
    except Unknown as declaration:
        sys.exit(f"abi: cannot read '{declaration}', so nothing would watch over it")
    if args.compare:
        problems = list(rules.broken(read(os.path.join(args.compare, "layout")), text))
        for problem in problems:
            print(f"{os.path.basename(args.compare)}: {problem}")
        sys.exit(1 if problems else 0)
    print(text, end="")


if __name__ == "__main__":
    main()
