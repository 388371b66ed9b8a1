#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every C file is as clang-format 14 would write it.
set -u
cd "$1" || exit 1
status=0
for file in $(find abi core modules tests -name '*.[ch]' ! -path '*/baseline/*'); do
    clang-format --style=file "$file" | cmp -s - "$file" || {
        echo "$file: not formatted (ninja -C build format)"
        status=1
    }
done
exit $status
