# SPDX-License-Identifier: GPL-2.0-or-later
# ask SHELL WORD...: prints the completions of the last word, one a line.
ln -s "$pinhole" "$pinholed" "$dir/bin"
mkdir "$dir/here"
cd "$dir/here"
touch capture.pcap
ask_bash() {
    bash --norc -c '. "$0/pinhole.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "_$1"
        ((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@"
}
ask_fish() {
    HOME=$dir fish --no-config -c 'source $argv[1]/pinhole.fish; complete -C "$argv[2]"' \
        "$completions" "$*" | cut -f1
}
ask_zsh() {
    rm -f "$dir/offered"
    timeout 30 zsh -f "$scripts/type.zsh" "$completions" "$dir/offered" "$*"
    sed '/^begin$/d; /^end$/d' "$dir/offered"
}
ask() { "ask_$@" | sed 's/=$//' | sort -u; }
