# SPDX-License-Identifier: GPL-2.0-or-later
# A client, this host as the gateway, and a server that echoes.
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
for end in 1 2; do
    unshare -n sleep infinity & background+=($!)
    until_ [ ! /proc/self/ns/net -ef "/proc/$!/ns/net" ]
    ip link add "veth$end" type veth peer name eth0 netns "$!"
    ip address add "10.$end.0.1/24" dev "veth$end"
    ip link set "veth$end" up
    nsenter -n -t "$!" ip link set lo up
    nsenter -n -t "$!" ip address add "10.$end.0.2/24" dev eth0
    nsenter -n -t "$!" ip link set eth0 up
    nsenter -n -t "$!" ip route add default via "10.$end.0.1"
done
serve() {
    nsenter -n -t "${background[1]}" python3 -B "$scripts/echo.py" "$1" & background+=($!)
    until_ nsenter -n -t "${background[1]}" bash -c "exec 3<>/dev/tcp/10.2.0.2/$1"
}
exchange() {
    nsenter -n -t "${background[0]}" python3 -B "$scripts/exchange.py" "$@"
}
# Packets that the rules queued, and those of established connections that came by.
iptables -t mangle -I PREROUTING -m conntrack --ctstate ESTABLISHED
queued() {
    if nft list table inet pinhole >"$dir/table" 2>/dev/null; then
        sed -n "s/.*ct state.* packets \([0-9]*\) .*/\1/p" "$dir/table"
    else
        packets NFQUEUE
    fi | awk '{ sum += $1 } END { print sum + 0 }'
}
packets() { iptables-save -c -t mangle | sed -n "s/^\\[\\([0-9]*\\):.*$1.*/\\1/p"; }
