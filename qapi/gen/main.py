#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""main.py SCHEMA OUTPUT-DIRECTORY: write all that is made from the schema."""

import os
import sys

from docs import manual
from emit_c import CWriter
from introspect import introspection_bytes
from model import Schema
from parse import SchemaError, parse_tree


def main():
    """Returns the exit status."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    source, out = sys.argv[1], sys.argv[2]
    try:
        schema = Schema(parse_tree(source))
        files = CWriter(schema, 'qapi/' + os.path.basename(source)).files()
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    files['qmp-reference.md'] = manual(schema)
    files['qapi-introspect.json'] = introspection_bytes(schema).decode('ascii') + '\n'
    for name, text in files.items():
        with open(os.path.join(out, name), 'w', encoding='utf-8') as file:
            file.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
