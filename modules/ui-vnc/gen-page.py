#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gen-page.py PAGE OUT: the page as an array of C."""
import sys

data = open(sys.argv[1], "rb").read()
rows = ["    " + ", ".join("0x%02x" % byte for byte in data[i:i + 16]) + ","
        for i in range(0, len(data), 16)]
open(sys.argv[2], "w", encoding="ascii").write(
    "/* Generated from page.html by gen-page.py. */\n#include \"modules/ui-vnc/server.h\"\n\n"
    "const uint8_t vn_page[] = {\n%s\n};\nconst uint32_t vn_page_bytes = sizeof(vn_page);\n"
    % "\n".join(rows))
