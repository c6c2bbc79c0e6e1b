// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// Each in a network namespace of its own, as root.
struct RulesLoadTests {
    /// Rules of somebody else, one of them hard to quote, in the tables that ours go to.
    private static let foreign = ". \"$scripts/foreign-iptables.sh\"\n"

    private func expectSuccess(_ child: ChildProcess, _ location: SourceLocation = #_sourceLocation) {
        #expect(child.status == 0, "\(child.output)\(child.errors)", sourceLocation: location)
    }

    @Test(arguments: Program.Tools.allCases)
    func `the loaded rules are the printed ones`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            """
            pinhole rules load --backend iptables --ports 21,2121 --queues 5,6 --bypass
            state_of_rules >"$dir/loaded"
            pinhole rules unload
            pinhole rules print --backend iptables --ports 21,2121 --queues 5,6 --bypass >"$dir/printed"
            grep '^create' "$dir/printed" | ipset restore
            sed '1,/^create pinhole6/d; /IPv6/,$d' "$dir/printed" | iptables-restore --noflush
            sed '1,/IPv6/d' "$dir/printed" | ip6tables-restore --noflush
            state_of_rules | diff "$dir/loaded" -
            """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `a second load changes nothing, and new options replace the old ones`(
        _ tools: Program.Tools
    ) throws {
        let child = try Program.script(
            """
            pinhole rules load --backend iptables
            state_of_rules >"$dir/once"
            grep -c 'PREROUTING.* PINHOLE' "$dir/once" | grep -x 8
            grep -c 'OUTPUT.* PINHOLE' "$dir/once" | grep -x 8
            grep -c NFQUEUE "$dir/once" | grep -x 30
            pinhole rules load --backend iptables
            state_of_rules | diff "$dir/once" -
            pinhole rules load --backend iptables --ports 2121 --queues 5,6 --bypass
            state_of_rules >"$dir/other"
            grep -c 'PREROUTING.* PINHOLE' "$dir/other" | grep -x 8
            grep -c 'queue-num [56] --queue-bypass' "$dir/other" | grep -x 30
            ! grep -E 'ctorigdstport 21 |queue-num 2' "$dir/other"
            pinhole rules load --backend iptables
            state_of_rules | diff "$dir/once" -
            """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `rules for FTPS come and go, and addresses of sessions stay`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            """
            pinhole rules load --backend iptables
            state_of_rules >"$dir/without"
            pinhole rules load --backend iptables --ftps 10.2.0.2=3000 --bypass-mark 0x1000
            state_of_rules >"$dir/with"
            grep -c 'pinhole[46]-sessions src .*NFQUEUE' "$dir/with" | grep -x 2
            grep -c 'mark 0x1000/0x1000 .*RETURN' "$dir/with" | grep -x 4
            ipset add pinhole4-sessions 10.1.0.2
            pinhole rules load --backend iptables --ftps 10.2.0.2=3000 --bypass-mark 0x1000 --ports 21
            ipset test pinhole4-sessions 10.1.0.2
            ipset flush pinhole4-sessions
            state_of_rules | diff "$dir/with" -
            pinhole rules load --backend iptables
            state_of_rules | diff "$dir/without" -
            pinhole rules load --backend iptables --ftps 10.2.0.2=3000
            pinhole rules unload
            ! ipset list -n | grep pinhole
            """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `rules of others stay unchanged`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            Self.foreign + """
                state_of_rules >"$dir/before"
                pinhole rules load --backend iptables
                state_of_rules | grep -vi pinhole | diff <(grep -vi pinhole "$dir/before") -
                pinhole rules unload
                state_of_rules | diff "$dir/before" -
                pinhole rules unload
                state_of_rules | diff "$dir/before" -
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `the files can be loaded by hand, even twice, and unload removes all their jumps`(
        _ tools: Program.Tools
    ) throws {
        let child = try Program.script(
            Self.foreign + """
                state_of_rules >"$dir/before"
                pinhole rules load --backend iptables
                state_of_rules >"$dir/loaded"
                pinhole rules unload
                cd '\(Program.top.path)/rules'
                for round in 1 2; do
                    ipset restore -exist <pinhole.ipset
                    iptables-restore --noflush <pinhole.iptables
                    ip6tables-restore --noflush <pinhole.ip6tables
                    if ((round == 1)); then state_of_rules | diff "$dir/loaded" -; fi
                done
                state_of_rules | grep -Ec 'j PINHOLE(-REVERSED)?$' | grep -x 32
                pinhole rules load --backend iptables
                state_of_rules | diff "$dir/loaded" -
                iptables-restore --noflush <pinhole.iptables
                pinhole rules unload
                state_of_rules | diff "$dir/before" -
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `a load that fails halfway is undone`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            Self.foreign + """
                state_of_rules >"$dir/before"
                mkdir "$dir/broken"
                printf '#!/bin/sh\\necho "ip6tables-restore v1: no such table" >&2; exit 3\\n' >"$dir/broken/ip6tables-restore"
                chmod +x "$dir/broken/ip6tables-restore"
                refused() {
                    local status=0
                    PATH=$dir/broken:$PATH "$pinhole" rules load --backend iptables --ports 2121 2>"$dir/errors" || status=$?
                    ((status == 1))
                    grep -x 'pinhole: ip6tables-restore failed: no such table: .*' "$dir/errors"
                }
                refused
                state_of_rules | diff "$dir/before" -
                pinhole rules load --backend iptables
                state_of_rules >"$dir/loaded"
                refused
                state_of_rules | diff "$dir/loaded" -
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test func `a set that another rule uses is not removed`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend iptables
            iptables -A INPUT -m set --match-set pinhole4 src -j DROP
            state_of_rules >"$dir/before"
            status=0
            pinhole rules unload 2>"$dir/errors" || status=$?
            ((status == 1))
            grep 'pinhole: ipset failed: Set cannot be destroyed: it is in use' "$dir/errors"
            state_of_rules | diff "$dir/before" -
            """
        )
        expectSuccess(child)
    }

    @Test func `a set of another type is refused, and unload removes it`() throws {
        let child = try Program.script(
            """
            ipset create pinhole6 hash:ip
            state_of_rules >"$dir/before"
            status=0
            pinhole rules load --backend iptables 2>"$dir/errors" || status=$?
            ((status == 1))
            grep 'pinhole: there is a set pinhole6 of another type, hash:ip .*: destroy it with pinhole rules unload' \
                "$dir/errors"
            state_of_rules | diff "$dir/before" -
            pinhole rules unload
            pinhole rules load --backend iptables
            """
        )
        expectSuccess(child)
    }

    @Test func `a set that the administrator enlarged is accepted`() throws {
        let child = try Program.script(
            """
            ipset create pinhole4 hash:ip,port,ip family inet timeout 60 maxelem 1000000
            pinhole rules load --backend iptables
            ipset list -terse pinhole4 | grep 'maxelem 1000000 timeout 60'
            """
        )
        expectSuccess(child)
    }

    @Test func `members survive a second load`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend iptables
            ipset add pinhole4 10.2.0.100,tcp:5001,10.2.0.2 timeout 100
            pinhole rules load --backend iptables --ports 2121
            ipset test pinhole4 10.2.0.100,tcp:5001,10.2.0.2
            """
        )
        expectSuccess(child)
    }

    @Test(arguments: [("ipset", "ipset"), ("iptables-save", "iptables"), ("ip6tables-restore", "iptables")])
    func `a missing program is reported in one line with its package`(_ program: String, _ package: String)
        throws
    {
        let child = try Program.script(
            Self.foreign + """
                mkdir "$dir/few"
                for name in ipset iptables-save ip6tables-save iptables-restore ip6tables-restore; do
                    [[ $name == \(program) ]] || ln -s "$(command -v $name)" "$dir/few/$name"
                done
                before=$(state_of_rules)
                status=0
                PATH=$dir/few "$pinhole" rules load --backend iptables 2>"$dir/errors" || status=$?
                ((status == 1))
                diff "$dir/errors" - <<<'pinhole: there is no command \(program): apt install \(package)'
                [[ $before == "$(state_of_rules)" ]]
                """
        )
        expectSuccess(child)
    }

    @Test(arguments: ["load", "unload"])
    func `without privileges nothing is tried`(_ action: String) throws {
        let child = try Program.script(
            #"setpriv --inh-caps=-all --bounding-set=-net_admin -- "$pinhole" rules \#(action)"#
        )
        #expect(child.status == 1)
        #expect(
            child.errors
                == "pinhole: no permission to change the firewall: run it as root, or with CAP_NET_ADMIN\n"
        )
    }
}
