/// A rule that lets packets out of a table before they come to ours, as those do that go by a restored mark.
struct Shortcut: Hashable, Sendable {
    /// As iptables-save writes it after `-A `.
    let rule: String

    /// The rules in the output of iptables-save that stand before our jumps and end the table for packets of FTP.
    static func all(in saved: String, _ table: Table, ports: Set<UInt16>) -> [Shortcut] {
        var isInTable = false
        var waiting: Set<Substring> = ["PREROUTING", "OUTPUT"]
        var found: [Shortcut] = []
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line == "*\(table.rawValue)" }
            let words = line.split(separator: " ")
            guard isInTable, words.count > 1, words[0] == "-A", waiting.contains(words[1]) else { continue }
            let target = value(of: ["-j", "-g"], in: words)
            if target == TablePart.chain[...] {
                waiting.remove(words[1])
            } else if target == "ACCEPT" || target == "RETURN", concerns(words, ports) {
                found.append(Shortcut(rule: String(line.dropFirst(3))))
            }
        }
        return found
    }

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
