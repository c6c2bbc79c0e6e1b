// SPDX-License-Identifier: GPL-2.0-or-later

/// What the filter table of iptables does with RELATED connections, as far as its rules show.
enum RelatedConnections: Hashable, Sendable {
    /// A rule accepts them all.
    case accepted
    /// Rules accept those of some interfaces or addresses only.
    case acceptedInPart
    /// No rule accepts them, and the rest is dropped.
    case dropped
    /// The rest is accepted.
    case passed

    /// Reads the output of iptables-save; `chain` is the chain that they pass.
    ///
    /// Every user-defined chain counts, because `chain` may jump to it.
    init(in saved: String, chain: Substring) {
        var isInFilter = false
        var dropsRest = false
        var acceptance: RelatedConnections?
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { isInFilter = line == "*filter" }
            let words = line.split(separator: " ")
            guard isInFilter, words.count > 1 else { continue }
            if words[0] == ":\(chain)" { dropsRest = words[1] == "DROP" }
            guard words[0] == "-A", words[1] == chain || !Self.hooks.contains(words[1]) else { continue }
            let rest = words.dropFirst(2).prefix(2)
            if words[1] == chain, rest == ["-j", "DROP"] || rest == ["-j", "REJECT"] { dropsRest = true }
            if Self.accepts(words), acceptance != .accepted {
                acceptance = Self.places.isDisjoint(with: words) ? .accepted : .acceptedInPart
            }
        }
        self = dropsRest ? acceptance ?? .dropped : .passed
    }

    private static let hooks: Set<Substring> = ["INPUT", "FORWARD", "OUTPUT"]
    /// Options that limit a rule to some interfaces or addresses.
    private static let places: Set<Substring> = ["-i", "-o", "-s", "-d"]

    private static func accepts(_ words: [Substring]) -> Bool {
        zip(words, words.dropFirst()).contains { option, value in
            ["--ctstate", "--state"].contains(option) && value.split(separator: ",").contains("RELATED")
        } && zip(words, words.dropFirst()).contains { $0 == "-j" && $1 == "ACCEPT" }
    }
}
