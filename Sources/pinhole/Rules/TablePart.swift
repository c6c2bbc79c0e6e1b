/// What is ours in one table: the chains `PINHOLE` and `PINHOLE-REVERSED`, and the jumps to them, each as iptables-save writes
/// it after `-A `.
struct TablePart: Hashable, Sendable {
    static let chain = "PINHOLE"
    /// That for connections that conntrack may have the wrong way round.
    static let reversedChain = "PINHOLE-REVERSED"
    static let allChains = [chain, reversedChain]

    /// Those that there are.
    var chains = [chain]
    /// `PREROUTING -m conntrack ... --ctorigdstport 21 -j PINHOLE`.
    var jumps: [String]
    /// `PINHOLE ! -i lo ! -o lo ... -j NFQUEUE --queue-num 21`.
    var rules: [String]
}

extension TablePart {
    /// Picks out what is ours of the table in the output of iptables-save; `nil` if no chain of ours is there.
    ///
    /// A rule that jumps to one of our chains is ours, whoever made it: the chain cannot go while one is left.
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

    /// Tells whether a chain is ours by its name.
    static func isOurs(_ chain: Substring) -> Bool { allChains.contains { $0 == chain } }

    /// The numbers that follow `option` in what is ours.
    func numbers(after option: String) -> [UInt16] {
        (jumps + rules).flatMap { rule in
            let words = rule.split(separator: " ")
            return zip(words, words.dropFirst()).filter { $0.0 == option }.compactMap { UInt16($0.1) }
        }
    }

    /// What iptables-restore is to read, so that the table has `new` where it had `old` and all else stays.
    ///
    /// One transaction: no packet meets the table between the two. The line that names a chain makes it where it
    /// is missing, and empties it where it is there.
    static func change(_ table: Table, from old: TablePart?, to new: TablePart?) -> [String] {
        if old == nil && new == nil { return [] }
        let (oldChains, newChains) = (old?.chains ?? [], new?.chains ?? [])
        var lines = ["*\(table.rawValue)"]
        lines += allChains.filter { (oldChains + newChains).contains($0) }.map { ":\($0) - [0:0]" }
        lines += (old?.jumps ?? []).map { "-D \($0)" }
        if let new { lines += (new.jumps + new.rules).map { "-A \($0)" } }
        lines += oldChains.filter { !newChains.contains($0) }.map { "-X \($0)" }
        return lines + ["COMMIT"]
    }
}
