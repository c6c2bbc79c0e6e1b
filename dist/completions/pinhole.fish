# SPDX-License-Identifier: GPL-2.0-or-later
# Completions of pinhole and pinholed for fish. What there is to complete, the programs say themselves.

# The words of a help's table that look so, each with its meaning behind a tab.
function __pinhole_rows -a pattern
    string replace -rf -- "^  ($pattern)(?: [^ ]+)?  +(.*)" '$1\t$2' $argv[2..]
end

function __pinhole_words -a program
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    if test $program = pinhole; and test (count $words) = 1
        __pinhole_rows '[a-z]+' (pinhole --help 2>/dev/null)
        printf '%s\t%s\n' --help 'show the subcommands' --version 'show the version'
        return
    end
    set -l help
    if test $program = pinhole
        set help (pinhole $words[2] --help 2>/dev/null)
    else
        set help (pinholed --help 2>/dev/null)
    end
    set -l option $words[-1]
    # --option=value is one word.
    set -l prefix (string match -r '^--[a-z-]+=' -- $token)
    test -n "$prefix"; and set option (string replace = '' -- $prefix)
    set -l value (string match -rg -- "^  $option ([^ ]+)  " $help)
    if test -z "$value"; and string match -q -- '-*' $token
        __pinhole_rows '--[a-z-]+' $help
        return
    end
    set -l operand (string match -rg '^usage: pinhole [a-z]+ ([^[ ]+)' -- $help)
    test -z "$value"; and set value $operand
    switch "$value"
        case FILE PATH
            __fish_complete_path (string replace -- "$prefix" '' $token) | string replace -r '^' -- "$prefix"
        case NAME
            __fish_complete_users | string replace -r '^' -- "$prefix"
        case YES/NO
            printf '%s\n' "$prefix"{yes,no}
        case LEVEL
            printf '%s\n' "$prefix"{error,warning,info,debug}
        case FORMAT
            printf '%s\n' "$prefix"{text,json,xferlog}
        case '*|*'
            string split '|' $value
    end
end

complete -c pinhole -f -a '(__pinhole_words pinhole)'
complete -c pinholed -f -a '(__pinhole_words pinholed)'
