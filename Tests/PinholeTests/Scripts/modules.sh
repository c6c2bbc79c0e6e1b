# SPDX-License-Identifier: GPL-2.0-or-later
# modules.sh PINHOLE: loads what `check` names, one module after the other.
set -euo pipefail
pinhole=$1
check() { PATH=$path "$pinhole" check --socket /none || true; }
# Does what the first line says that names a module, and goes on until there is none.
hint() {
    local line last=
    while line=$(check | sed -n '/accounting/d; /modprobe/{p; q}'); [[ $line ]]; do
        [[ $line != "$last" ]]
        echo "$line"
        last=$line line=${line##*: }
        $line
    done
}
ip link set lo up
path=$PATH
check | grep accounting
hint
"$pinhole" rules load --backend iptables
"$pinhole" rules unload
path=$(mktemp -d)
ln -s /usr/sbin/nft "$path"
hint
PATH=$path "$pinhole" rules load --backend iptables
nft list table inet pinhole >/dev/null
