# SPDX-License-Identifier: GPL-2.0-or-later
# A terminal in which someone types words and a tab: type.zsh COMPLETIONS FILE WORDS
# Whatever zsh offers goes through compadd, and to the file.
zmodload zsh/zpty zsh/zselect
zpty shell zsh -f -i
zpty -w shell "PROMPT= fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'compadd() {
    local -a found; builtin compadd -O found "$@"; (( $#found )) && print -rl -- $found >>'$2'; builtin compadd "$@"
}'
zpty -w shell 'finish() { print end >>'$2' }; zle -N finish; bindkey "^X" finish; print begin >>'$2
until [[ -s $2 ]]; do zselect -t 5; done
zpty -w -n shell "$3"$'\t\x18'
until grep -qx end $2; do zselect -t 5; done
zpty -d shell
