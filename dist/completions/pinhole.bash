# SPDX-License-Identifier: GPL-2.0-or-later
# Completions of pinhole and pinholed for bash. What there is to complete, the programs say themselves.

# Completes from this help: an option, the value of an option, or else this operand.
_pinhole_complete() {
    local help=$1 operand=$2 word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} value
    # --option=value arrives as three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    value=$(awk -F '  +' -v option="$previous" 'index($2, option " ") == 1 { sub(".* ", "", $2); print $2 }' <<<"$help")
    if [[ -z $value && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(awk '/^  --/ { print $1 }' <<<"$help")" -- "$word")
        return
    fi
    value=${value:-$operand}
    case $value in
        FILE | PATH)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
        NAME) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
        YES/NO) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$word") ;;
        LEVEL) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$word") ;;
        FORMAT) mapfile -t COMPREPLY < <(compgen -W 'text json xferlog' -- "$word") ;;
        *'|'*) mapfile -t COMPREPLY < <(compgen -W "${value//|/ }" -- "$word") ;;
    esac
}

_pinhole() {
    local help
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        help=$(pinhole --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }')
        mapfile -t COMPREPLY < <(compgen -W "$help --help --version" -- "${COMP_WORDS[1]}")
        return
    fi
    help=$(pinhole "${COMP_WORDS[1]}" --help 2>/dev/null)
    _pinhole_complete "$help" "$(awk '/^usage:/ && $4 !~ /^\[/ { print $4 }' <<<"$help")"
}

_pinholed() {
    COMPREPLY=()
    _pinhole_complete "$(pinholed --help 2>/dev/null)" ''
}

complete -F _pinhole pinhole
complete -F _pinholed pinholed
