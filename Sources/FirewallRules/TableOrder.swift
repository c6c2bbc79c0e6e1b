// SPDX-License-Identifier: GPL-2.0-or-later

/// Other rules in a table whose position conflicts with ours.
///
/// Our rules have to be last. Rules before them have set marks and zones by the time a packet is queued, and a packet that
/// returns from the queue continues after the table. Only a rule that ends the table for FTP packets, such as ACCEPT for a
/// restored mark, has to come after ours, which such packets would not reach otherwise.
package struct TableOrder: Hashable, Sendable {
    /// Rules before ours that end the table for FTP packets.
    package private(set) var early: [String] = []
    /// Rules after ours that queued packets do not reach, though others that come to the end of the table do.
    package private(set) var late: [String] = []
    /// The number that our first jump from a hook has to have there; without one, ours belong at the end.
    private(set) var places: [Substring: Int] = [:]

    /// Whether our rules are where they belong.
    var isRight: Bool { early.isEmpty && late.isEmpty }

    /// Reads the output of iptables-save.
    package init(in saved: String, _ table: Table, ports: Set<UInt16>) {
        // The rules in raw queue SYNs of data connections to any port.
        let ports = table == .raw ? [] : ports
        var isInTable = false
        var chains: [Substring: [Entry]] = [:]
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line == "*\(table.rawValue)" }
            let words = line.split(separator: " ")
            guard isInTable, words.count > 1, words[0] == "-A", Self.hooks.contains(words[1]) else {
                continue
            }
            chains[words[1], default: []].append(Entry(String(line.dropFirst(3)), words, ports))
        }
        for hook in Self.hooks.sorted() { inspect(chains[hook, default: []], of: hook) }
    }

    private mutating func inspect(_ entries: [Entry], of hook: Substring) {
        let isOurs = { (entry: Entry) in entry.kind == .ours }
        let ours = (first: entries.firstIndex(where: isOurs), last: entries.lastIndex(where: isOurs))
        let end = entries.firstIndex { $0.kind == .ending }
        early += entries[..<(ours.last ?? entries.count)].filter { $0.kind == .ending }.map(\.rule)
        if let first = ours.first {
            let behind = first..<max(first, end ?? entries.count)
            late += entries[behind].filter { $0.kind == .passing }.map(\.rule)
        }
        if let end { places[hook] = entries[..<end].count { $0.kind != .ours } + 1 }
    }

    /// One rule at a hook.
    private struct Entry {
        enum Kind {
            case ours
            /// It ends the table for packets of FTP.
            case ending
            /// Packets of FTP may match it, and go on.
            case passing
            case unconcerned
        }

        let rule: String
        let kind: Kind

        init(_ rule: String, _ words: [Substring], _ ports: Set<UInt16>) {
            self.rule = rule
            let target = words.value(of: ["-j", "-g"])
            if target.map(TablePart.isOurs) == true {
                kind = .ours
            } else if !TableOrder.concerns(words, ports) {
                kind = .unconcerned
            } else {
                kind = target == "ACCEPT" || target == "RETURN" ? .ending : .passing
            }
        }
    }

    private static let hooks: Set<Substring> = ["PREROUTING", "OUTPUT"]

    /// Tells whether packets of TCP to or from one of the ports may match, as far as protocol and port say.
    private static func concerns(_ words: [Substring], _ ports: Set<UInt16>) -> Bool {
        guard ["tcp", nil].contains(words.value(of: ["-p"])), words.value(of: ["-i", "-o"]) != "lo" else {
            return false
        }
        guard let port = words.value(of: ["--dport", "--sport"]).flatMap({ UInt16($0) }) else { return true }
        return ports.contains(port)
    }
}
