import Netfilter

/// The rules and sets that bring the packets to the daemon.
///
/// Of the control packets all but ordinary SYNs are queued. The SYN-ACK is the first of them and carries both initial
/// sequence numbers, so that the SYN need not be seen, and a SYN flood never reaches the daemon. A SYN that may carry the first
/// bytes of the stream is queued, too (TCP fast open): one with that option, or longer than its headers. State NEW has the first
/// packet of a connection that conntrack has forgotten (`conntrack -F`, or MASQUERADE when a link went down) and picks
/// up again: its numbers have to be translated, too, or the connection is lost to its first command. `--ctorigdstport`
/// is the port that the client connected to, before any NAT, and holds for both directions: a connection is queued
/// whole or not at all, also where DNAT changes the port, and a client that calls *from* port 21 is not meant.
///
/// State RELATED has an error message of ICMP that quotes a control packet: it is queued, too, and gets the numbers that the
/// sender knows. Whether a router has made it or this host itself, it is related to the connection that it quotes.
///
/// Whose first packet after that is one of the server's, a connection is one *from* the server's port to conntrack. So a packet
/// that comes from such a port and begins a connection without a SYN is queued, too, in the data queue; if it is of a connection that
/// the daemon follows, this puts it into the pinhole set, and all packets of it are queued as long as it is there. Of what merely
/// has such a port not a packet is, if it has begun as connections do.
///
/// A packet that comes back from a queue goes on behind the table, not behind the rule. The jumps are therefore
/// appended, so that rules which set marks or zones come first, and a second jump would do nothing.
///
/// The jumps are what every packet of every connection pays for. So they ask for as little as tells what is not ours,
/// and leave the rest to the chain; to compare an interface's name costs more than the whole match of TCP's flags.
struct RuleSet: Hashable, Sendable {
    /// The ports of FTP servers that clients connect to; 1 to 65535.
    var ports: [UInt16] = [21]
    var queues = QueueNumbers()
    /// Asks about every SYN of those who have an encrypted session.
    var asksForFTPS = false
    /// Shows the daemon the SYN-ACKs of expected data connections, which SYNPROXY's hook would take for its own.
    var sparesSynproxy = false
    /// Leaves connections with this mark out of the queues, but for SYN, FIN and RST.
    var releaseMark: ConnectionMark?
    /// Lets packets pass while no daemon listens (`--queue-bypass`); without it they are lost until one does.
    var isBypassing = false

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

    /// What may be of a connection that conntrack has the wrong way round: one that begins with a packet of the server.
    private var reversedMatches: [String] {
        ports.flatMap { port in
            ["--sport", "--dport"].map { "-p tcp -m tcp \($0) \(port) --tcp-flags SYN NONE" }
        } + (sparesSynproxy ? ["-p tcp -m tcp \(RuleSet.handshake) -m conntrack --ctstatus EXPECTED"] : [])
    }

    private static let handshake = "--tcp-flags SYN,ACK SYN,ACK"

    /// Of those the first packet is queued, and whatever comes after it if the daemon has said that the connection is one of its.
    private func reversedRules(_ family: PinholeSet.Family) -> [String] {
        let matches =
            (sparesSynproxy ? [RuleSet.handshake] : []) + ["-m conntrack --ctstate NEW"]
            + ["dst,dst,src", "src,src,dst"].map { "-m set --match-set \(family.name) \($0)" }
        return released + matches.map { "\(RuleSet.isElsewhere) -p tcp \($0) \(queue(queues.data))" }
    }

    /// Packets of `lo` pass both hooks, and need no help to reach this host itself.
    private static let isElsewhere = "! -i lo ! -o lo"

    private func matches(in table: Table) -> [String] {
        switch table {
        case .mangle: ports.map { "-m conntrack --ctstate NEW,RELATED,ESTABLISHED --ctorigdstport \($0)" }
        case .raw: ["-p tcp --syn"]
        }
    }

    private func rules(in table: Table, _ family: PinholeSet.Family) -> [String] {
        let isElsewhere = RuleSet.isElsewhere
        switch table {
        case .mangle:
            let matches =
                ["! --syn"] + RuleSet.fastOpenOptions.map { "--tcp-option \($0)" }
                + ["-m length --length \(family.longestSYN + 1):65535"]
                + RuleSet.shortHeaders.map { words in
                    let lengths = family.lengthsWithPayload(behindHeaderOf: words)
                    return "-m u32 --u32 \"\(family.dataOffset)=0x\(words)\""
                        + " -m length --length \(lengths.lowerBound):\(lengths.upperBound)"
                }
            return released
                + (matches.map { "-p tcp \($0)" } + ["-p \(family.icmp) -m conntrack --ctstate RELATED"])
                .map { "\(isElsewhere) \($0) \(queue(queues.control))" }
        case .raw:
            let match = "\(isElsewhere) -m set --match-set"
            let pinholes = "\(match) \(family.name) dst,dst,src \(queue(queues.data))"
            // All that these SYNs can get is what the firewall would not let pass: without a daemon they do without.
            let sessions =
                "\(match) \(family.sessionsName) src \(queue(queues.data, isBypassing: true))"
            return [pinholes] + (asksForFTPS ? [sessions] : [])
        }
    }

    /// Lengths of a TCP header in words of 32 bits (the data offset, RFC 9293, section 3.1) with which a SYN can carry payload
    /// and still be no longer than `PinholeSet.Family.longestSYN`.
    static let shortHeaders = 5...9

    /// The kinds of TCP option that ask for fast open (RFC 7413), or may (RFC 6994).
    static let fastOpenOptions = [34, 253, 254]

    /// The rule for connections of which only the end has to be seen, and that another has begun in their place.
    private var released: [String] {
        guard let mark = releaseMark else { return [] }
        return ["-p tcp -m connmark --mark \(mark.text) -m tcp --tcp-flags FIN,SYN,RST NONE -j RETURN"]
    }

    private func queue(_ number: UInt16, isBypassing: Bool? = nil) -> String {
        "-j NFQUEUE --queue-num \(number)\(isBypassing ?? self.isBypassing ? " --queue-bypass" : "")"
    }

    /// The sets that the rules look into, by their names, with their types and parameters.
    var sets: [(name: String, definition: String)] {
        PinholeSet.Family.allCases.flatMap { family in
            [(family.name, family.setDefinition)]
                + (asksForFTPS ? [(family.sessionsName, family.sessionsDefinition)] : [])
        }
    }
}

// The files of `rules/`, each without its last line feed.
extension RuleSet {
    /// Those that one firewall needs.
    func text(for backend: PinholeSet.Backend) -> String {
        switch backend {
        case .nft: nftText
        case .iptables: text
        }
    }

    /// The three of iptables, the sets first.
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
