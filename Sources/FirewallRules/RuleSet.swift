// SPDX-License-Identifier: GPL-2.0-or-later
package import Netfilter

/// The rules and sets that queue packets to the daemon.
///
/// All control packets are queued except ordinary SYNs. The SYN-ACK carries both initial sequence numbers, so the daemon does
/// not need the SYN, and a SYN flood never reaches it. A SYN that may carry data (TCP fast open) is queued too: one with that
/// option, or one that is longer than its headers. State NEW matches the first packet of a connection that conntrack has
/// forgotten (`conntrack -F`, or MASQUERADE when a link went down) and picks up again: its sequence numbers have to be
/// translated too, or the connection breaks. `--ctorigdstport` is the port that the client connected to, before any NAT, and
/// matches both directions: a connection is queued completely or not at all, even if DNAT changes the port, and a client that
/// connects *from* port 21 does not match.
///
/// State RELATED matches ICMP errors that quote a control packet, from a router or from this host. They are queued too, and the
/// daemon restores the sequence numbers that the sender knows.
///
/// If the server sends the first packet after conntrack has forgotten a connection, conntrack sees a connection *from* the
/// server's port. A packet from such a port that begins a connection without a SYN is therefore queued to the data queue. If the
/// daemon follows the connection, it adds it to the pinhole set, and all its packets are queued while it is there. Connections
/// that merely use such a port and began with a SYN are not queued.
///
/// A packet that returns from a queue skips the remaining rules of the table: NF_ACCEPT continues with the next hook function. The
/// jumps are therefore appended, so that rules that set marks or zones come first.
///
/// Every packet of every connection passes the jumps. They have only the cheapest matches that exclude other traffic, and leave
/// the rest to the chain: a match of an interface's name costs more than one of TCP flags.
package struct RuleSet: Hashable, Sendable {
    /// The ports of FTP servers that clients connect to; 1 to 65535.
    var ports: [UInt16]
    var queues: QueueNumbers
    /// Queues every SYN of clients with an encrypted session.
    package var asksForFTPS: Bool
    /// Queues the SYN-ACKs of expected data connections, which SYNPROXY would otherwise consume.
    var sparesSynproxy: Bool
    /// Does not queue connections with this mark, except SYN, FIN and RST.
    package var bypassMark: ConnectionMark?
    /// Lets packets pass while no daemon listens (`--queue-bypass`); otherwise they are dropped.
    var isBypassing: Bool

    package init(
        ports: [UInt16] = [21],
        queues: QueueNumbers = QueueNumbers(),
        asksForFTPS: Bool = false,
        sparesSynproxy: Bool = false,
        bypassMark: ConnectionMark? = nil,
        isBypassing: Bool = false
    ) {
        self.ports = ports
        self.queues = queues
        self.asksForFTPS = asksForFTPS
        self.sparesSynproxy = sparesSynproxy
        self.bypassMark = bypassMark
        self.isBypassing = isBypassing
    }

    /// Our part of a table.
    func part(of table: Table, _ family: PinholeSet.Family) -> TablePart {
        let reversed = table == .mangle ? reversedRules(family) : []
        return TablePart(
            chains: reversed.isEmpty ? [TablePart.chain] : TablePart.allChains,
            jumps: ["PREROUTING", "OUTPUT"].flatMap { hook in
                matches(in: table).map { "\(hook) \($0) -j \(TablePart.chain)" }
                    + (reversed.isEmpty ? [] : reversedMatches).map {
                        "\(hook) \($0) -j \(TablePart.reversedChain)"
                    }
            },
            rules: rules(in: table, family).map { "\(TablePart.chain) \($0)" }
                + reversed.map { "\(TablePart.reversedChain) \($0)" }
        )
    }

    /// Matches of connections whose direction conntrack may have reversed: they begin with a packet of the server.
    private var reversedMatches: [String] {
        ports.flatMap { port in
            ["--sport", "--dport"].map { "-p tcp -m tcp \($0) \(port) --tcp-flags SYN NONE" }
        } + (sparesSynproxy ? ["-p tcp -m tcp \(RuleSet.handshake) -m conntrack --ctstatus EXPECTED"] : [])
    }

    private static let handshake = "--tcp-flags SYN,ACK SYN,ACK"

    /// Queue the first packet of such a connection, and all its packets once the daemon has added it to the set.
    private func reversedRules(_ family: PinholeSet.Family) -> [String] {
        let matches =
            (sparesSynproxy ? ["-m tcp \(RuleSet.handshake)"] : []) + ["-m conntrack --ctstate NEW"]
            + ["dst,dst,src", "src,src,dst"].map { "-m set --match-set \(family.name) \($0)" }
        return bypassing + matches.map { "\(RuleSet.isElsewhere) -p tcp \($0) \(queue(queues.data))" }
    }

    /// `--syn`, as iptables-save writes it: rules that are loaded already are found equal, and left alone.
    private static let isSYN = "--tcp-flags FIN,SYN,RST,ACK SYN"

    /// Packets on `lo` pass both hooks, and need no help to reach this host.
    private static let isElsewhere = "! -i lo ! -o lo"

    private func matches(in table: Table) -> [String] {
        switch table {
        case .mangle: ports.map { "-m conntrack --ctstate NEW,RELATED,ESTABLISHED --ctorigdstport \($0)" }
        case .raw: ["-p tcp -m tcp \(RuleSet.isSYN)"]
        }
    }

    private func rules(in table: Table, _ family: PinholeSet.Family) -> [String] {
        let isElsewhere = RuleSet.isElsewhere
        switch table {
        case .mangle:
            let matches =
                ["-m tcp ! \(RuleSet.isSYN)"] + RuleSet.fastOpenOptions.map { "-m tcp --tcp-option \($0)" }
                + ["-m length --length \(family.longestSYN + 1):65535"]
                + RuleSet.shortHeaders.map { words in
                    let lengths = family.lengthsWithPayload(behindHeaderOf: words)
                    return "-m u32 --u32 \"\(family.dataOffset)=0x\(words)\""
                        + " -m length --length \(lengths.lowerBound):\(lengths.upperBound)"
                }
            return bypassing
                + (matches.map { "-p tcp \($0)" } + ["-p \(family.icmp) -m conntrack --ctstate RELATED"])
                .map { "\(isElsewhere) \($0) \(queue(queues.control))" }
        case .raw:
            let match = "\(isElsewhere) -m set --match-set"
            let pinholes = "\(match) \(family.name) dst,dst,src \(queue(queues.data))"
            // These SYNs only gain from the daemon: without it the firewall decides.
            let sessions =
                "\(match) \(family.sessionsName) src \(queue(queues.sessions, isBypassing: true))"
            return [pinholes] + (asksForFTPS ? [sessions] : [])
        }
    }

    /// Lengths of a TCP header in 32-bit words (the data offset, RFC 9293, section 3.1) with which a SYN can carry payload and
    /// still be no longer than `PinholeSet.Family.longestSYN`.
    static let shortHeaders = 5...9

    /// The kinds of TCP option for fast open (RFC 7413), including the experimental ones (RFC 6994).
    static let fastOpenOptions = [34, 253, 254]

    /// Returns for packets with the bypass mark, except SYN, FIN and RST.
    private var bypassing: [String] {
        guard let mark = bypassMark else { return [] }
        return ["-p tcp -m connmark --mark \(mark.text) -m tcp --tcp-flags FIN,SYN,RST NONE -j RETURN"]
    }

    private func queue(_ number: UInt16, isBypassing: Bool? = nil) -> String {
        "-j NFQUEUE --queue-num \(number)\(isBypassing ?? self.isBypassing ? " --queue-bypass" : "")"
    }

    /// The sets that the rules use, with their types and parameters.
    var sets: [(name: String, definition: String)] {
        PinholeSet.Family.allCases.flatMap { family in
            [(family.name, family.setDefinition)]
                + (asksForFTPS ? [(family.sessionsName, family.sessionsDefinition)] : [])
        }
    }
}

// The files of `rules/`, each without its last line feed.
extension RuleSet {
    /// The files that a backend needs.
    package func text(for backend: PinholeSet.Backend) -> String {
        switch backend {
        case .nft: nftText
        case .iptables: text
        }
    }

    /// The three files of iptables, the sets first.
    private var text: String { ([setsText] + PinholeSet.Family.allCases.map(rules)).joined(separator: "\n") }

    /// `pinhole.ipset`.
    private var setsText: String {
        """
        # Pinhole's sets. By hand: ipset restore -exist < pinhole.ipset
        # A member is the address and port that a data connection is expected for, and the address it comes from.
        \(sets.map { "create \($0.name) \($0.definition)" }.joined(separator: "\n"))
        """
    }

    /// `pinhole.iptables` or `pinhole.ip6tables`.
    func rules(_ family: PinholeSet.Family) -> String {
        let lines = Table.allCases.flatMap { TablePart.change($0, from: nil, to: part(of: $0, family)) }
        return """
            # Pinhole's \(family.title) rules. By hand: \(family.program)-restore --noflush < pinhole.\(family.program)
            # Loaded twice by hand, each jump stands there twice: harmless, and 'pinhole rules load' tidies it up.
            \(lines.joined(separator: "\n"))
            """
    }
}
