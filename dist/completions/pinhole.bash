# SPDX-License-Identifier: GPL-2.0-or-later
# Completions of pinhole for bash. What there is to complete, the program says itself.

_pinhole() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} help value operand
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        help=$(pinhole --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }')
        mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "$word")
        return
    fi
    # --option=value arrives as three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    help=$(pinhole "${COMP_WORDS[1]}" --help 2>/dev/null)
    value=$(awk -F '  +' -v option="$previous" 'index($2, option " ") == 1 { sub(".* ", "", $2); print $2 }' <<<"$help")
    if [[ -z $value && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(awk '/^  --/ { print $1 }' <<<"$help")" -- "$word")
        return
    fi
    operand=$(awk '/^usage:/ && $4 !~ /^\[/ { print $4 }' <<<"$help")
    case ${value:-$operand} in
        FILE | PATH)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
        NAME) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
        YES/NO) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$word") ;;
        LEVEL) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$word") ;;
        FORMAT) mapfile -t COMPREPLY < <(compgen -W 'text json xferlog' -- "$word") ;;
        *'|'*) mapfile -t COMPREPLY < <(compgen -W "${operand//|/ }" -- "$word") ;;
    esac
}

complete -F _pinhole pinhole
