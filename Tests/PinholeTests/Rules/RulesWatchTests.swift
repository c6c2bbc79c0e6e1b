// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// `pinhole rules watch`, in network namespaces of their own, as root.
struct RulesWatchTests {
    private static let watch = """
        watch() {
            "$pinhole" rules watch "$@" 2>"$dir/log" &
            background+=($!)
            until_ grep event=rules-watched "$dir/log"
        }
        repaired() { [[ $(grep -c event=rules-repaired "$dir/log") == "$1" ]]; }

        """

    private func expectSuccess(_ child: ChildProcess, _ location: SourceLocation = #_sourceLocation) {
        #expect(child.status == 0, "\(child.output)\(child.errors)", sourceLocation: location)
    }

    @Test(arguments: Program.Tools.allCases)
    func `removed rules are repaired, and correct ones are not touched`(_ tools: Program.Tools) throws {
        let child = try Program.script(
            Self.watch + """
                watch --backend iptables
                state_of_rules >"$dir/before"
                ip6tables -t raw -I PREROUTING -p udp -j ACCEPT
                ip6tables -t raw -D PREROUTING -p udp -j ACCEPT
                iptables -t mangle -F
                until_ repaired 1
                state_of_rules | diff "$dir/before" -
                grep 'missing="rules in iptables mangle"' "$dir/log"
                # It would repair what is half removed.
                kill -STOP "${background[-1]}"
                for table in mangle raw; do
                    for program in iptables ip6tables; do $program -t $table -F; $program -t $table -X; done
                done
                ipset destroy pinhole6
                kill -CONT "${background[-1]}"
                whole() { state_of_rules | diff "$dir/before" -; }
                until_ whole
                until_ grep 'set pinhole6' "$dir/log"
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test(arguments: [("iptables", "--ctorigdstport 2121"), ("nft", "original proto-dst 2121")])
    func `a changed configuration is kept once it is loaded`(
        backend: String,
        rule: String
    ) throws {
        let child = try Program.script(
            Self.watch + """
                echo 'backend = \(backend)' >"$dir/conf"
                watch --config "$dir/conf"
                printf '%s\\n' 'backend = \(backend)' 'ports = 2121' >"$dir/conf"
                pinhole rules load --config "$dir/conf"
                adopted() { [[ $(grep -c event=rules-watched "$dir/log") == 2 ]]; }
                until_ adopted
                rules() { iptables-save; nft list ruleset; }
                rules | grep -e '\(rule)'
                pinhole rules unload
                until_ repaired 1
                rules | grep -e '\(rule)'
                """
        )
        expectSuccess(child)
    }

    @Test(arguments: Program.Tools.allCases)
    func `the jumps are placed before a rule that ends the table and after all others`(_ tools: Program.Tools)
        throws
    {
        let child = try Program.script(
            Self.watch + """
                watch --backend iptables
                iptables -t mangle -I PREROUTING -m mark ! --mark 0 -j ACCEPT
                iptables -t mangle -I PREROUTING -j CONNMARK --restore-mark
                in_order() {
                    iptables-save -t mangle | grep '^-A PREROUTING' | sed -E 's/.* -j ([A-Z]+).*/\\1/' | uniq | tr '\\n' ' ' |
                        grep -x 'CONNMARK PINHOLE ACCEPT '
                }
                until_ in_order
                until_ grep 'missing="order in iptables mangle"' "$dir/log"
                iptables -t mangle -A OUTPUT -j MARK --set-mark 1
                at_end() { iptables-save -t mangle | grep '^-A OUTPUT' | tail -n 1 | grep 'j PINHOLE'; }
                until_ at_end
                """,
            tools: tools
        )
        expectSuccess(child)
    }

    @Test func `a table of nftables is repaired as a whole, and members of its sets change nothing`() throws {
        let child = try Program.script(
            Self.watch + """
                watch --backend nft
                nft --stateless list ruleset >"$dir/before"
                nft add element inet pinhole pinhole4 '{ 10.2.0.100 . 5001 . 10.2.0.2 timeout 100s }'
                nft add table inet other
                nft flush ruleset
                whole() { nft --stateless list ruleset | diff "$dir/before" -; }
                until_ whole
                until_ repaired 1
                until_ grep 'missing="table inet pinhole" by="nft, process' "$dir/log"
                nft flush chain inet pinhole control
                until_ whole
                nft add chain inet pinhole foreign
                nft insert rule inet pinhole control_prerouting accept
                until_ whole
                """
        )
        expectSuccess(child)
    }
}
