# SPDX-License-Identifier: GPL-2.0-or-later
# Everything in place, and a running daemon; after machine.sh.
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.netfilter.nf_conntrack_acct=1
pinhole rules load --backend iptables
start() {
    "$pinholed" --config "$dir/conf" --socket "$dir/$1" "${@:2}" 2>"$dir/$1.log" & background+=($!)
    until_ pinhole stats --socket "$dir/$1"
}
start socket
