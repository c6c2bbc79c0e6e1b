# SPDX-License-Identifier: GPL-2.0-or-later
# Tables of another program, one of them with the name of ours, and a rule of iptables.
state_of_tables() { nft --stateless list ruleset; state_of_rules; }
nft --file - <<'END'
table inet own {
    set pinhole4 { type ipv4_addr; elements = { 192.0.2.1 } }
    chain control { type filter hook prerouting priority mangle; policy accept; ct mark set 7; }
}
table ip pinhole {
    chain control_prerouting { type filter hook prerouting priority -150; counter; }
}
END
iptables -t mangle -A PREROUTING -p tcp --dport 21 -j CONNMARK --set-mark 1
