# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for qemu-host, and for the name of a link to this file (qemu-system-TARGET). The
# program itself says what could stand at the cursor: docs/design/command-line.md.
_qemu_host()
{
    local line=${COMP_LINE:0:COMP_POINT} word row i
    local -a words=() rows=()

    # bash takes words apart at '=' and ':'; put them together again, up to the cursor
    for ((i = 0; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i)) && [[ $line != [[:blank:]]* ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        line=${line#*"$word"}
    done
    if [[ $line == [[:blank:]]* ]]; then
        words+=("${line#"${line%%[![:blank:]]*}"}")
    else
        words[-1]+=$line
    fi

    # what is quoted as a whole
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        [[ ${words[i]} == \'*\' ]] && words[i]=${words[i]:1:-1}
    done

    COMPREPLY=()
    mapfile -t rows < <("${words[0]/#\~/$HOME}" --complete "${words[@]:1}" 2>/dev/null)
    ((${#rows[@]})) || return
    local kind=${rows[0]%%$'\t'*} prefix=${rows[0]#*$'\t'}
    local current=${words[-1]} breaks=${COMP_WORDBREAKS//[^=:]/} stays=
    [[ $breaks ]] && stays=${current%"${current##*[$breaks]}"} # readline takes it as done
    for row in "${rows[@]:1}"; do
        row=$prefix${row%%$'\t'*}
        [[ $row == "$current"* ]] && COMPREPLY+=("${row#"$stays"}")
    done
    # what has to go on gets no blank
    [[ ${COMPREPLY[0]-} == *[=,:.] ]] && compopt -o nospace 2>/dev/null
    if [[ $kind == files ]]; then
        compopt -o default 2>/dev/null # where nothing of ours fits
    elif [[ $kind == directories ]]; then
        compopt -o dirnames 2>/dev/null
    fi
}
complete -F _qemu_host qemu-host "${BASH_SOURCE[0]##*/}"
