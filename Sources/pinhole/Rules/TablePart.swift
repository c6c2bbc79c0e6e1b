/// What is ours in one table: the chain `PINHOLE` and the jumps to it, each as iptables-save writes it after `-A `.
struct TablePart: Hashable, Sendable {
    static let chain = "PINHOLE"

    /// `PREROUTING -m conntrack ... --ctorigdstport 21 -j PINHOLE`.
    var jumps: [String]
    /// `PINHOLE ! -i lo ! -o lo ... -j NFQUEUE --queue-num 21`.
    var rules: [String]
}

extension TablePart {
    /// Picks out what is ours of the table in the output of iptables-save; `nil` if our chain is not there.
    ///
    /// A rule that jumps to our chain is ours, whoever made it: the chain cannot go while one is left.
    init?(_ table: Table, saved text: String) {
        jumps = []
        rules = []
        var isInTable = false
        var isPresent = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") { isInTable = line == "*\(table.rawValue)" }
            guard isInTable else { continue }
            isPresent = isPresent || line.hasPrefix(":\(Self.chain) ")
            guard line.hasPrefix("-A ") else { continue }
            let rule = String(line.dropFirst(3))
            let words = rule.split(separator: " ")
            if words.first == Self.chain[...] {
                rules.append(rule)
            } else if zip(words, words.dropFirst()).contains(where: {
                ["-j", "-g"].contains($0) && $1 == Self.chain
            }) {
                jumps.append(rule)
            }
        }
        if !isPresent { return nil }
    }

    /// The numbers that follow `option` in what is ours.
    func numbers(after option: String) -> [UInt16] {
        (jumps + rules).flatMap { rule in
            let words = rule.split(separator: " ")
            return zip(words, words.dropFirst()).filter { $0.0 == option }.compactMap { UInt16($0.1) }
        }
    }

    /// What iptables-restore is to read, so that the table has `new` where it had `old` and all else stays.
    ///
    /// One transaction: no packet meets the table between the two. The line that names the chain makes it where it
    /// is missing, and empties it where it is there.
    static func change(_ table: Table, from old: TablePart?, to new: TablePart?) -> [String] {
        if old == nil && new == nil { return [] }
        var lines = ["*\(table.rawValue)", ":\(chain) - [0:0]"]
        lines += (old?.jumps ?? []).map { "-D \($0)" }
        if let new {
            lines += (new.jumps + new.rules).map { "-A \($0)" }
        } else {
            lines.append("-X \(chain)")
        }
        return lines + ["COMMIT"]
    }
}
