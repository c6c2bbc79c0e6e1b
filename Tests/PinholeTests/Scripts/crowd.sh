# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon, and functions that open connections to its control socket as other users.
ip link set lo up
pinhole rules load --backend iptables
printf '' >"$dir/pinhole.conf"
"$pinholed" --user root --socket "$dir/socket" --config "$dir/pinhole.conf" 2>"$dir/log" & background+=($!)
until_ pinhole stats --socket "$dir/socket"
chgrp 65534 "$dir/socket"; chmod 755 "$dir"
# hold USER REQUEST: as many connections as the daemon lets in, of that user.
hold() {
    python3 -B "$scripts/hold.py" "$dir/socket" "$1" "$2" "$dir/held-$1" & background+=($!)
    until_ test -s "$dir/held-$1"
}
as() {
    timeout 5 setpriv --reuid "$1" --regid 65534 --clear-groups --inh-caps=-all,+dac_read_search \
        --ambient-caps=-all,+dac_read_search "$pinhole" "$2" --socket "$dir/socket" 2>&1 >/dev/null || return 0
    echo "$1 $2"
}
ask() { timeout 5 "$pinhole" "$@" --socket "$dir/socket" >/dev/null && echo "root $1"; }
