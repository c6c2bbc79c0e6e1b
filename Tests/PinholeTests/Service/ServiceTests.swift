// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// The files in `dist/systemd/`, as systemd's own tools and the daemon's own calls judge them.
struct ServiceTests {
    /// Makes a root directory `$root` with the units, and all that they name, in it.
    private let root = """
        root=$dir/root
        mkdir -p "$root/etc/systemd/system" "$root/lib/systemd" "$root/usr/sbin" "$root/bin"
        cp -r /lib/systemd/system "$root/lib/systemd/"
        cp "$top"/dist/systemd/*.service "$root/etc/systemd/system"
        for program in usr/sbin/pinhole usr/sbin/pinholed bin/chgrp bin/systemctl bin/sh; do cp /bin/true "$root/$program"; done
        units='pinhole.service pinhole-rules.service pinhole-rules-watch.service pinhole-sets.service'
        verify() { systemd-analyze verify --man=no --root="$root" $units 2>&1; }

        """

    private func output(_ script: String) throws -> String {
        let child = try Program.script("top='\(Program.top.path)'\n" + root + script)
        #expect(child.errors == "")
        #expect(child.status == 0)
        return child.output
    }

    @Test func `systemd reports nothing about the units`() throws {
        #expect(try output("verify") == "")
    }

    @Test func `systemd reports an error in a unit`() throws {
        let said = try output(
            """
            sed -i 's/^Restart=.*/Restart=perhaps/' "$root/etc/systemd/system/pinhole.service"
            verify
            """
        )
        #expect(said.contains("Failed to parse service restart specifier, ignoring: perhaps"))
    }

    /// What counts most of the rest: it is in the host's network, and has `CAP_NET_ADMIN`.
    @Test func `the exposure score of the service is low`() throws {
        let said = try output(
            "systemd-analyze security --offline=true --threshold=15 --no-pager \"$top/dist/systemd/pinhole.service\" | tail -n 1"
        )
        #expect(said.contains("Overall exposure level for pinhole.service: 1."))
    }

    /// The first script does what systemd does with the sockets that it has kept, and `setpriv` what the unit's `User=`,
    /// `AmbientCapabilities=` and `CapabilityBoundingSet=` say.
    @Test func `the unit allows each system call that the daemon makes`() throws {
        let said = try output(
            """
            pinhole rules load --backend iptables
            chmod 711 "$dir"
            install -d -o 65534 "$dir/made"
            install -m 755 "$pinholed" "$dir/pinholed"
            strace -f -qq -o "$dir/calls" python3 -B "$scripts/keep.py" \\
                setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \\
                --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \\
                "$dir/pinholed" --socket "$dir/made/socket" 2>/dev/null &
            background+=($!)
            until_ pinhole stats --socket "$dir/made/socket"
            pkill -P $! -TERM
            wait $! || true
            background=()
            # From the daemon's own start on.
            sed -n '/execve("[^"]*.pinholed"/,$p' "$dir/calls" | sed -nE 's/^[0-9]+ +([a-z_0-9]+)\\(.*/\\1/p' | sort -u >"$dir/made-calls"
            python3 -B "$scripts/allowed.py" "$top/dist/systemd/pinhole.service" "$dir/made-calls"
            """
        )
        #expect(said == "True [] False\n")
    }
}
