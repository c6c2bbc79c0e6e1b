// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter

/// The rules for nftables, in a table of their own.
///
/// The order of our chains and other chains with the same priority is undefined: a packet that returns from a queue continues
/// with the next chain.
extension RuleSet {
    /// `pinhole.nft`, without its last line feed.
    var nftText: String {
        """
        # Pinhole's rules for nftables. By hand: nft -f pinhole.nft
        # Loaded again, they take the place of the old ones; what is in the sets stays.
        add table inet \(PinholeSet.table)
        flush table inet \(PinholeSet.table)
        \(nftTable)
        """
    }

    /// The script of `pinhole rules load`, which also deletes sets that the rules no longer use.
    var nftLoading: String {
        guard !asksForFTPS else { return nftText }
        let removal = PinholeSet.Family.allCases.map { family in
            """
            table inet \(PinholeSet.table) {
            \(family.nftSessions)
            }
            delete set inet \(PinholeSet.table) \(family.sessionsName)
            """
        }
        return "\(nftText)\n\(removal.joined(separator: "\n"))"
    }

    /// The script that removes them, whether or not they are loaded.
    static var nftRemoval: String {
        """
        add table inet \(PinholeSet.table)
        delete table inet \(PinholeSet.table)
        """
    }

    private var nftTable: String {
        let sets = PinholeSet.Family.allCases.flatMap { family in
            let address = family == .v4 ? "ipv4_addr" : "ipv6_addr"
            let pinholes = """
                	# An element is the address and port that a data connection is expected for, and the address it comes from.
                	set \(family.name) {
                		type \(address) . inet_service . \(address)
                		flags timeout
                	}
                """
            return [pinholes] + (asksForFTPS ? [family.nftSessions] : [])
        }
        let chains = Table.allCases.flatMap { table in
            let reversed = table == .mangle ? [chain(RuleSet.nftReversed, nftReversedRules)] : []
            return [chain(table.nftName, nftRules(in: table))] + reversed
                + [("prerouting", "iifname"), ("output", "oifname")].map { hook, interface in
                    chain(
                        "\(table.nftName)_\(hook)",
                        ["type filter hook \(hook) priority \(table.rawValue); policy accept;"]
                            // Packets on `lo` pass both hooks, and need no help to reach this host.
                            + nftJumps(in: table).map { match, target in
                                "\(match) \(interface) != \"lo\" jump \(target)"
                            }
                    )
                }
        }
        return "table inet \(PinholeSet.table) {\n\((sets + chains).joined(separator: "\n\n"))\n}"
    }

    private func chain(_ name: String, _ lines: [String]) -> String {
        "\tchain \(name) {\n\(lines.map { "\t\t\($0)\n" }.joined())\t}"
    }

    /// The chain for connections whose direction conntrack may have reversed.
    private static let nftReversed = "reversed"

    /// The matches of the jumps to our chains.
    private func nftJumps(in table: Table) -> [(match: String, target: String)] {
        let reversed =
            ports.flatMap { port in
                ["sport", "dport"].map { "tcp \($0) \(port) tcp flags & syn == 0x0" }
            } + (sparesSynproxy ? ["\(RuleSet.nftHandshake) ct status expected"] : [])
        return nftMatches(in: table).map { ($0, table.nftName) }
            + (table == .mangle ? reversed.map { ($0, RuleSet.nftReversed) } : [])
    }

    private var nftReversedRules: [String] {
        let watched = PinholeSet.Family.allCases.flatMap { family in
            let ip = family == .v4 ? "ip" : "ip6"
            return [("daddr", "dport", "saddr"), ("saddr", "sport", "daddr")].map { client, port, server in
                "\(ip) \(client) . tcp \(port) . \(ip) \(server) @\(family.name)"
            }
        }
        let handshakes = sparesSynproxy ? [RuleSet.nftHandshake] : []
        return nftReleased
            + (handshakes + ["ct state new"] + watched).map { "\($0) \(nftQueue(queues.data))" }
    }

    private static let nftHandshake = "tcp flags & (syn | ack) == syn | ack"

    private func nftMatches(in table: Table) -> [String] {
        switch table {
        // Not one rule with a set of ports: nft 1.0 cannot list that.
        case .mangle:
            // Not one rule for both kinds of ICMP: nft 1.0 cannot read what it lists of that.
            [
                "meta l4proto tcp", "meta l4proto icmp ct state related",
                "meta l4proto ipv6-icmp ct state related",
            ].flatMap { packets in
                ports.map { "\(packets) ct original proto-dst \($0)" }
            }
        case .raw: ["tcp flags & (fin | syn | rst | ack) == syn"]
        }
    }

    private func nftRules(in table: Table) -> [String] {
        switch table {
        case .mangle:
            let matches =
                ["tcp flags & (fin | syn | rst | ack) != syn", "tcp option fastopen exists"]
                + RuleSet.fastOpenOptions.dropFirst().map { "tcp option \($0) exists" }
                + PinholeSet.Family.allCases.flatMap { family in
                    let packets = "meta nfproto \(family == .v4 ? "ipv4" : "ipv6")"
                    return ["\(packets) meta length > \(family.longestSYN)"]
                        + RuleSet.shortHeaders.map { words in
                            let lengths = family.lengthsWithPayload(behindHeaderOf: words)
                            return "\(packets) tcp doff \(words)"
                                + " meta length \(lengths.lowerBound)-\(lengths.upperBound)"
                        }
                }
            return nftReleased
                + (matches.map { "ct state new,established \($0)" }
                + ["ct state related meta l4proto { icmp, ipv6-icmp }"])
                .map { "\($0) \(nftQueue(queues.control))" }
        case .raw:
            return PinholeSet.Family.allCases.flatMap { family in
                let ip = family == .v4 ? "ip" : "ip6"
                let pinholes =
                    "\(ip) daddr . tcp dport . \(ip) saddr @\(family.name) \(nftQueue(queues.data))"
                let sessions =
                    "\(ip) saddr @\(family.sessionsName) \(nftQueue(queues.sessions, isBypassing: true))"
                return [pinholes] + (asksForFTPS ? [sessions] : [])
            }
        }
    }

    /// Returns for packets with the bypass mark, except SYN, FIN and RST.
    private var nftReleased: [String] {
        guard let mark = bypassMark else { return [] }
        let (mask, value) = (String(mark.mask, radix: 16), String(mark.value, radix: 16))
        return ["ct mark & 0x\(mask) == 0x\(value) tcp flags & (fin | syn | rst) == 0x0 return"]
    }

    private func nftQueue(_ number: UInt16, isBypassing: Bool? = nil) -> String {
        "counter queue num \(number)\(isBypassing ?? self.isBypassing ? " bypass" : "")"
    }
}

extension PinholeSet.Family {
    /// The set with the addresses of encrypted sessions.
    fileprivate var nftSessions: String {
        """
        	set \(sessionsName) {
        		type \(self == .v4 ? "ipv4_addr" : "ipv6_addr")
        	}
        """
    }
}

extension Table {
    /// The name of our chains in nftables.
    var nftName: String {
        switch self {
        case .mangle: "control"
        case .raw: "data"
        }
    }
}
