# SPDX-License-Identifier: GPL-2.0-or-later
# What comes before each script: prelude.sh PINHOLE TOOLS NFT-WITHOUT-QUEUE SCRIPTS TEXT
set -euo pipefail
trap 'exit 1' TERM
pinhole=$1 tools=$2 pinholed=${1}d scripts=$4
pinhole() { "$pinhole" "$@"; }
pinholed() { "$pinholed" "$@"; }
dir=$(mktemp -d /tmp/pinhole-test.XXXXXXXX)
background=()
cleanup() {
    ((${#background[@]} == 0)) || { kill "${background[@]}" || true; wait "${background[@]}" || true; }
    rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/bin"
for name in iptables ip6tables; do
    for action in '' -save -restore; do
        ln -s "$(command -v "xtables-$tools-multi")" "$dir/bin/$name$action"
    done
done
if ! nft --check --file - 2>"$dir/errors" <<<'table inet t { chain c { queue num 1; }; }'; then
    grep -q 'No such file' "$dir/errors"
    ln -s "$3" "$dir/bin/nft"
fi
rm "$dir/errors"
PATH=$dir/bin:$PATH

# Rules and sets, without what differs from time to time.
state() { iptables-save; ip6tables-save; ipset save; }
state_of_rules() { state | sed '/^#/d; s/ initval [^ ]*//; s/\[[0-9:]*\]//'; }

# Waits until the command succeeds, at most a minute: other tests run beside this one.
until_() {
    local end=$((SECONDS + 60))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { echo "in vain: $*" >&2; return 1; }
        sleep 0.02
    done
}

eval "$5"
