# SPDX-License-Identifier: GPL-2.0-or-later
# A machine without systemd, and a configuration for one that has no user for the daemon.
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/systemctl"
chmod 755 "$dir/bin/systemctl"
echo 'user = nobody' >"$dir/conf"
check() { pinhole check -v --config "$dir/conf" --socket "$dir/socket"; }
