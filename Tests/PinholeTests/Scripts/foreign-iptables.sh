# SPDX-License-Identifier: GPL-2.0-or-later
# Rules and a set of another program, one of the rules hard to quote.
for tables in iptables ip6tables; do
    $tables-restore <<'END'
*mangle
:OWN - [0:0]
-A PREROUTING -p udp -m comment --comment "say \"-j PINHOLE\", or not" -j MARK --set-mark 3
-A OUTPUT -j OWN
COMMIT
*raw
-A PREROUTING -p udp --dport 53 -j CT --notrack
COMMIT
*filter
-P FORWARD DROP
COMMIT
END
done
ipset create own hash:ip
ipset add own 192.0.2.1
