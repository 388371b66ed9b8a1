# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for qemu-host, and for the name of a link to this file (qemu-system-TARGET). The
# program itself says what could stand at the cursor: docs/design/command-line.md.
function __qemu_host_values
    set -l words (commandline -opc)
    set -l current (string replace -r '^[\'"]' '' -- (commandline -ct))
    set -l rows ($words[1] --complete $words[2..-1] $current 2>/dev/null)
    set -l head (string split -m1 \t -- $rows[1])
    for row in $rows[2..-1]
        echo -- $head[2]$row
    end
    if test "$head[1]" = files -o "$head[1]" = directories
        set -l rest (string sub -s (math (string length -- "$head[2]") + 1) -- $current)
        for path in (__fish_complete_path $rest)
            string match -qr '/(\t|$)' -- $path; or test "$head[1]" = files; or continue
            echo -- $head[2]$path
        end
    end
end
complete -c (string replace -r '\.fish$' '' (status basename)) -f -a '(__qemu_host_values)'
