#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every C file is as clang-format 14 would write it.
set -u
command -v clang-format >/dev/null || { echo "no clang-format"; exit 1; }
cd "$1" || exit 1
found=$(find abi core modules tests -name '*.[ch]' ! -path '*/baseline/*' -print0 |
    xargs -0 -n 32 -P "$(nproc)" clang-format --style=file --dry-run --Werror 2>&1 >/dev/null |
    sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: .*/\1: not formatted (ninja -C build format)/p' | sort -u)
[ -z "$found" ] || {
    echo "$found"
    exit 1
}
