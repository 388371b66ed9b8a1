#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ABI as text: sizes and offsets of every struct, signatures, constants, IR operations.

usage: dump.py --root SOURCE_ROOT [--cc CC] [--compare BASELINE | --output FILE]

The headers are read for names and signatures; the compiler says sizes and values. --compare tells
what a baseline has and these headers have not, or have otherwise (RULES.md): a struct that begins
with its size may have grown at its end, everything else must be there unchanged.
"""

import argparse
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile

NOT_CONSTANTS = {"QH_ERROR", "QH_MODULE_EXPORT"}
MAY_CHANGE = {"constant QH_ABI_MINOR"}
# Elements of arrays whose table states the stride; they may grow as well.
ELEMENTS = {"QhCpuModel", "QhGdbFeature", "QhGdbRegister", "QhHelper", "QhProperty",
            "QhStateField", "QhWindow"}


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
        kind = squeeze(match.group(1))
        yield match.group(2), kind + (match.group(3) or "")
        for other in others:
            match = re.match(r"(\**)\s*(\w+)(\[\w+\])?$", other)
            yield match.group(2), kind.rstrip("*") + match.group(1) + (match.group(3) or "")


def collect(root):
    structs, constants, operations = {}, [], []
    for path in sorted(glob.glob(os.path.join(root, "abi", "*.h"))):
        text = read(path)
        for match in re.finditer(r"typedef struct (\w+) \{(.*?)\n\} \1;", text, re.S):
            structs[match.group(1)] = list(members(match.group(2)))
        for match in re.finditer(r"^#define (QH_\w+)[ \t]+(\S.*)$", plain(text), re.M):
            if match.group(1) not in NOT_CONSTANTS:
                constants.append((match.group(1), match.group(2).startswith('"')))
    for match in re.finditer(r"^QH_OP\((.*?)\)", read(os.path.join(root, "abi/ir-ops.def")), re.M):
        operations.append(", ".join(part.strip() for part in match.group(1).split(",")))
    return structs, constants, operations


def program(structs, constants, headers):
    lines = ["#include <stdio.h>"] + [f'#include "abi/{h}"' for h in headers] + ["int main(void){"]
    for name, fields in structs.items():
        lines.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        for field, kind in fields:
            lines.append(f'printf("member {name}.{field} %zu %zu {kind}\\n", '
                         f"offsetof({name}, {field}), sizeof((({name} *)0)->{field}));")
    for name, text in constants:
        form, cast = ("%s", "") if text else ("%#llx", "(unsigned long long)")
        lines.append(f'printf("constant {name} {form}\\n", {cast}({name}));')
    return "\n".join(lines + ["return 0;}"])


def dump(root, cc):
    structs, constants, operations = collect(root)
    headers = [os.path.basename(p) for p in sorted(glob.glob(os.path.join(root, "abi", "*.h")))]
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "dump.c"), os.path.join(folder, "dump")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program(structs, constants, headers))
        subprocess.run([*shlex.split(cc), "-std=gnu17", "-I" + root, *shlex.split(flags), "-o",
                        binary, source], check=True)
        text = subprocess.run([binary], check=True, stdout=subprocess.PIPE, text=True).stdout
    return text + "".join(f"operation {operation}\n" for operation in operations)


def index(text):
    """key -> rest of the line."""
    found = {}
    for line in text.splitlines():
        if line.startswith("operation "):
            name, rest = line[len("operation "):].split(", ", 1)
            found["operation " + name] = rest
        elif line and not line.startswith("#"):
            kind, name, rest = line.split(" ", 2)
            found[f"{kind} {name}"] = rest
    return found


def compare(old, new):
    """What is wrong, a line each."""
    before, now = index(old), index(new)
    for key, value in before.items():
        if key in MAY_CHANGE:
            continue
        if key not in now:
            yield f"{key} is gone"
        elif key.startswith("struct "):
            name = key[7:]
            grows = name in ELEMENTS or before.get(f"member {name}.size", "").startswith("0 4 ")
            if int(now[key]) < int(value) or (now[key] != value and not grows):
                yield f"{key} had {value} bytes and has {now[key]}"
        elif key.endswith(".reserved"):
            continue  # words of it get a name; the size of the struct stays, and its other members
        elif now[key] != value:
            yield f"{key} was '{value}' and is '{now[key]}'"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--compare")
    parser.add_argument("--output")
    args = parser.parse_args()
    text = dump(args.root, args.cc)
    if args.compare:
        problems = list(compare(read(args.compare), text))
        for problem in problems:
            print(f"{os.path.basename(args.compare)}: {problem}")
        sys.exit(1 if problems else 0)
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            file.write("# SPDX-License-Identifier: MIT\n" + text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
