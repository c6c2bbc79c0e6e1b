/// The rules of somebody else's in a table that go badly together with ours where they stand.
///
/// Ours come last: what goes before them has set its marks and zones when a packet is queued, and from the queue the packet
/// goes on behind the table.
struct TableOrder: Hashable, Sendable {
    /// Those before ours that end the table for packets of FTP, as rules often do that go by a restored mark.
    private(set) var early: [String] = []
    /// Those behind ours, to which queued packets do not come.
    private(set) var late: [String] = []

    /// Reads the output of iptables-save; the rules as it writes them after `-A `.
    init(in saved: String, _ table: Table, ports: Set<UInt16>) {
        // What is queued in raw are SYNs of data connections, to any port.
        let ports = table == .raw ? [] : ports
        var isInTable = false
        var passed: Set<Substring> = []
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line == "*\(table.rawValue)" }
            let words = line.split(separator: " ")
            guard isInTable, words.count > 1, words[0] == "-A", Self.hooks.contains(words[1]) else {
                continue
            }
            let target = Self.value(of: ["-j", "-g"], in: words)
            if target.map(TablePart.isOurs) == true {
                passed.insert(words[1])
            } else if Self.concerns(words, ports) {
                let rule = String(line.dropFirst(3))
                if passed.contains(words[1]) {
                    late.append(rule)
                } else if target == "ACCEPT" || target == "RETURN" {
                    early.append(rule)
                }
            }
        }
    }

    private static let hooks: Set<Substring> = ["PREROUTING", "OUTPUT"]

    /// Tells whether packets of TCP to or from one of the ports may match, as far as protocol and port say.
    private static func concerns(_ words: [Substring], _ ports: Set<UInt16>) -> Bool {
        guard ["tcp", nil].contains(value(of: ["-p"], in: words)), value(of: ["-i", "-o"], in: words) != "lo"
        else { return false }
        guard let port = value(of: ["--dport", "--sport"], in: words).flatMap({ UInt16($0) }) else {
            return true
        }
        return ports.contains(port)
    }

    private static func value(of options: Set<Substring>, in words: [Substring]) -> Substring? {
        zip(words, words.dropFirst()).first { options.contains($0.0) }?.1
    }
}
