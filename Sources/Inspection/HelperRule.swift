// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules

/// A rule that assigns the kernel's FTP helper to connections (`-j CT --helper ftp`).
struct HelperRule: Hashable, Sendable {
    let table: String
    /// As iptables-save writes it after `-A `.
    let rule: String

    /// The arguments of iptables that delete it.
    var deletion: String { "-t \(table) -D \(rule)" }

    /// The rules in the output of iptables-save that assign it to one of `ports`.
    static func all(in saved: String, for ports: Set<UInt16>) -> [HelperRule] {
        var table = ""
        var rules: [HelperRule] = []
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            guard line.hasPrefix("-A "), gives(line.split(separator: " "), to: ports) else { continue }
            rules.append(HelperRule(table: table, rule: String(line.dropFirst(3))))
        }
        return rules
    }

    /// Tells whether the rule assigns the helper to one of `ports`; a rule without ports assigns it to all.
    private static func gives(_ words: [Substring], to ports: Set<UInt16>) -> Bool {
        guard words.value(of: ["-j"]) == "CT", let helper = words.value(of: ["--helper"]),
            helper.hasPrefix("ftp")
        else { return false }
        guard let list = words.value(of: ["--dport", "--dports"]) else { return true }
        return !ports.isDisjoint(with: list.split(separator: ",").flatMap(range))
    }

    /// `20:21` or `21`.
    private static func range(_ text: Substring) -> ClosedRange<UInt16> {
        let bounds = text.split(separator: ":").compactMap { UInt16($0) }
        guard let low = bounds.first, let high = bounds.last, low <= high else { return 0...0 }
        return low...high
    }
}
