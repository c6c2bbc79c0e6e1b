// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// The rules of nftables, each in a network namespace of its own, as root.
struct RulesNFTTests {
    /// Tables of somebody else, one of them with a name like ours, and rules of iptables.
    private static let foreign = ". \"$scripts/foreign-nft.sh\"\n"

    private func expectSuccess(_ child: ChildProcess, _ location: SourceLocation = #_sourceLocation) {
        #expect(child.status == 0, "\(child.output)\(child.errors)", sourceLocation: location)
    }

    @Test func `the default rules are those of the file`() throws {
        let file = try String(contentsOf: Program.top.appending(path: "rules/pinhole.nft"), encoding: .utf8)
        #expect(try Program.run("rules", "print", "--backend", "nft").output == file)
    }

    @Test func `the loaded rules are listed by nft as expected`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend nft
            nft --stateless list table inet pinhole
            """
        )
        expectSuccess(child)
        let path = "Tests/PinholeTests/Rules/pinhole.nft-list"
        // As nft 1.1 writes it.
        let listed = child.output.replacing(
            "tcp flags & (fin | syn | rst | ack) == syn",
            with: "tcp flags syn / fin,syn,rst,ack"
        )
        .replacing("tcp flags & (fin | syn | rst | ack) != syn", with: "tcp flags != syn / fin,syn,rst,ack")
        #expect(try listed == String(contentsOf: Program.top.appending(path: path), encoding: .utf8))
    }

    @Test func `new options replace the old ones, and members of the sets stay`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend nft
            nft --stateless list ruleset >"$dir/once"
            pinhole rules load
            nft --stateless list ruleset | diff "$dir/once" -
            nft add element inet pinhole pinhole4 '{ 10.2.0.100 . 5001 . 10.2.0.2 timeout 100s }'
            pinhole rules load --ports 2121,21 --queues 5,6 --bypass
            nft get element inet pinhole pinhole4 '{ 10.2.0.100 . 5001 . 10.2.0.2 }'
            nft --stateless list ruleset >"$dir/other"
            grep -c 'queue flags bypass to 5$' "$dir/other" | grep -x 17
            grep -c 'queue flags bypass to 6$' "$dir/other" | grep -x 7
            ! grep 'queue to' "$dir/other"
            pinhole rules print --backend nft >"$dir/printed"
            nft --file - <"$dir/printed"
            nft delete element inet pinhole pinhole4 '{ 10.2.0.100 . 5001 . 10.2.0.2 }'
            nft --stateless list ruleset | diff "$dir/once" -
            """
        )
        expectSuccess(child)
    }

    @Test func `rules for FTPS come and go with their sets and the mark`() throws {
        let child = try Program.script(
            """
            pinhole rules load --backend nft
            nft --stateless list ruleset >"$dir/plain"
            pinhole rules load --ftps 10.2.0.2=3000 --bypass-mark 0x1000
            nft --stateless list chain inet pinhole control | grep -A1 'ct mark & 0x00001000 == 0x00001000 .* return' | tail -n 1 |
                grep 'ct state .* counter queue to 21'
            nft add element inet pinhole pinhole4-sessions '{ 10.1.0.2 }'
            pinhole rules load --ftps 10.2.0.2=3000
            nft get element inet pinhole pinhole4-sessions '{ 10.1.0.2 }'
            nft --stateless list chain inet pinhole data | grep -c '@pinhole[46]-sessions counter queue flags bypass to 22' |
                grep -x 2
            pinhole rules load --synproxy
            nft --stateless list chain inet pinhole reversed |
                grep -E 'tcp flags (syn,ack / syn,ack|& \\(syn \\| ack\\) == syn \\| ack) counter queue to 20'
            nft --stateless list ruleset >"$dir/listed"
            pinhole rules load
            nft --stateless list ruleset | diff "$dir/plain" -
            """
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `rules of others stay unchanged`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            Self.foreign + """
                state_of_tables >"$dir/before"
                pinhole rules load --backend nft
                ! state_of_tables | diff "$dir/before" - >"$dir/changes"
                ! grep '^<' "$dir/changes"
                pinhole rules unload
                state_of_tables | diff "$dir/before" -
                pinhole rules unload --backend nft
                state_of_tables | diff "$dir/before" -
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test func `a failed load changes nothing`() throws {
        let child = try Program.script(
            Self.foreign + """
                nft --file - <<<'table inet pinhole { set pinhole6 { type ipv6_addr; }; chain own { }; }'
                state_of_tables >"$dir/before"
                ! pinhole rules load --backend nft 2>"$dir/errors"
                grep -x 'pinhole: nft failed: .*: .*' "$dir/errors"
                state_of_tables | diff "$dir/before" -
                pinhole rules unload
                pinhole rules load
                nft list set inet pinhole pinhole6 | grep 'ipv6_addr . inet_service'
                """
        )
        expectSuccess(child)
    }

    @Test(arguments: [("nft", "iptables"), ("iptables", "nft")])
    func `only one backend is loaded: without a daemon the other one is replaced`(
        _ one: String,
        _ other: String
    )
        throws
    {
        let child = try Program.script(
            """
            state_of_tables() { nft --stateless list ruleset; state_of_rules; }
            pinhole rules load --backend \(one)
            state_of_tables >"$dir/before"
            pinhole rules load
            state_of_tables | diff "$dir/before" -
            "$pinholed" --socket "$dir/socket" --state "$dir/state" & daemon=$!
            for ((i = 0; i < 500; i++)); do pinhole stats --socket "$dir/socket" >/dev/null && break; sleep 0.02; done
            ! pinhole rules load --backend \(other) --socket "$dir/socket" 2>"$dir/errors"
            grep -x 'pinhole: the rules of \(one) are loaded: stop the daemon first, .*' "$dir/errors"
            state_of_tables | diff "$dir/before" -
            kill $daemon
            wait $daemon
            pinhole rules load --backend \(other) --socket "$dir/socket"
            # iptables lists chains in the order in which they were made.
            state_of_tables | sort >"$dir/after"
            pinhole rules unload
            pinhole rules load --backend \(other)
            state_of_tables | sort | diff "$dir/after" -
            """
        )
        expectSuccess(child)
    }

    @Test func `nftables is the default where the kernel supports it, with or without iptables`()
        throws
    {
        let child = try Program.script(
            """
            chosen() { pinhole rules print | grep -c '^table inet pinhole' || true; }
            (($(chosen) == 1))
            iptables -A INPUT -j ACCEPT
            (($(chosen) == 1))
            mkdir "$dir/few"
            for name in nft bash sed dirname; do ln -s "$(command -v $name)" "$dir/few/$name"; done
            PATH=$dir/few "$pinhole" rules load
            nft list table inet pinhole
            PATH=$dir/few "$pinhole" rules unload
            ! nft list table inet pinhole
            PATH=$dir/few "$pinhole" rules unload
            """
        )
        expectSuccess(child)
    }

    @Test func `without queue support in nftables iptables is used, or an error gives the reason`() throws {
        let child = try Program.script(
            """
            mkdir "$dir/lacking"
            printf '#!/bin/sh\\ncase "$*" in *--file*) echo "/dev/stdin:1:1-2: Error: Could not process rule: No such file or directory" >&2; exit 1;; esac\\nexec %s "$@"\\n' \
                "$(command -v nft)" >"$dir/lacking/nft"
            chmod +x "$dir/lacking/nft"
            PATH=$dir/lacking:$PATH
            nft add table inet firewall
            ! pinhole rules load --backend nft 2>"$dir/errors"
            diff "$dir/errors" - <<<'pinhole: nft failed: Could not process rule: No such file or directory: the kernel must have nftables with queue, or use --backend iptables'
            pinhole rules load
            ipset list pinhole4
            """
        )
        expectSuccess(child)
    }
}
