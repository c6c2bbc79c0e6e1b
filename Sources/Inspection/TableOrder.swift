// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules

/// Other rules in a table whose position conflicts with ours.
///
/// Our rules have to be last. Rules before them have set marks and zones by the time a packet is queued, and a packet that
/// returns from the queue continues after the table.
struct TableOrder: Hashable, Sendable {
    /// Rules before ours that end the table for FTP packets, such as ACCEPT for a restored mark.
    private(set) var early: [String] = []
    /// Rules after ours, which queued packets do not reach.
    private(set) var late: [String] = []

    /// Reads the output of iptables-save.
    init(in saved: String, _ table: Table, ports: Set<UInt16>) {
        // The rules in raw queue SYNs of data connections to any port.
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
