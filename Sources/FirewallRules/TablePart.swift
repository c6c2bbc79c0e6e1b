// SPDX-License-Identifier: GPL-2.0-or-later

/// Our part of one table: the chains `PINHOLE` and `PINHOLE-REVERSED`, and the jumps to them, as iptables-save writes them
/// after `-A `.
package struct TablePart: Hashable, Sendable {
    package static let chain = "PINHOLE"
    /// The chain for connections whose direction conntrack may have reversed.
    static let reversedChain = "PINHOLE-REVERSED"
    static let allChains = [chain, reversedChain]

    /// The chains that exist.
    var chains = [chain]
    /// `PREROUTING -m conntrack ... --ctorigdstport 21 -j PINHOLE`.
    package var jumps: [String]
    /// `PINHOLE ! -i lo ! -o lo ... -j NFQUEUE --queue-num 21`.
    var rules: [String]
}

extension TablePart {
    /// Finds our part of a table in the output of iptables-save; `nil` if it has no chain of ours.
    ///
    /// Every rule that jumps to one of our chains counts as ours: a chain cannot be deleted while a jump to it is left.
    init?(_ table: Table, saved text: String) {
        chains = []
        jumps = []
        rules = []
        var isInTable = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line == "*\(table.rawValue)" }
            guard isInTable else { continue }
            chains += Self.allChains.filter { line.hasPrefix(":\($0) ") }
            guard line.hasPrefix("-A ") else { continue }
            let rule = String(line.dropFirst(3))
            let words = rule.split(separator: " ")
            if let first = words.first, Self.isOurs(first) {
                rules.append(rule)
            } else if zip(words, words.dropFirst()).contains(where: {
                ["-j", "-g"].contains($0) && Self.isOurs($1)
            }) {
                jumps.append(rule)
            }
        }
        if chains.isEmpty { return nil }
    }

    /// Tells whether a chain is ours, by its name.
    package static func isOurs(_ chain: Substring) -> Bool { allChains.contains { $0 == chain } }

    /// The numbers after `option` in our rules.
    package func numbers(after option: String) -> [UInt16] {
        (jumps + rules).flatMap { rule in
            let words = rule.split(separator: " ")
            return zip(words, words.dropFirst()).filter { $0.0 == option }.compactMap { UInt16($0.1) }
        }
    }

    /// The queue of the chain `PINHOLE`; the other chain uses the data queue.
    package var queue: UInt16? {
        TablePart(jumps: [], rules: rules.filter { $0.hasPrefix("\(Self.chain) ") })
            .numbers(after: "--queue-num").first
    }

    /// The input of iptables-restore that replaces `old` with `new` and keeps all other rules.
    ///
    /// It is one transaction: no packet sees the table in between. A line with the name of a chain creates it, or flushes it
    /// if it exists.
    ///
    /// - Parameters:
    ///   - table: the table.
    ///   - old: what is loaded.
    ///   - new: what takes its place.
    ///   - places: the numbers that the first jumps from hooks get; from any other hook they are appended.
    /// - Returns: the lines, none if there is nothing to change.
    static func change(
        _ table: Table,
        from old: TablePart?,
        to new: TablePart?,
        places: [Substring: Int] = [:]
    ) -> [String] {
        if old == nil && new == nil { return [] }
        let (oldChains, newChains) = (old?.chains ?? [], new?.chains ?? [])
        var lines = ["*\(table.rawValue)"]
        lines += allChains.filter { (oldChains + newChains).contains($0) }.map { ":\($0) - [0:0]" }
        lines += (old?.jumps ?? []).map { "-D \($0)" }
        if let new {
            var places = places
            lines += new.jumps.map { jump in
                let hook = jump.prefix { $0 != " " }
                guard let place = places[hook] else { return "-A \(jump)" }
                places[hook] = place + 1
                return "-I \(hook) \(place)\(jump.dropFirst(hook.count))"
            }
            lines += new.rules.map { "-A \($0)" }
        }
        lines += oldChains.filter { !newChains.contains($0) }.map { "-X \($0)" }
        return lines + ["COMMIT"]
    }
}
