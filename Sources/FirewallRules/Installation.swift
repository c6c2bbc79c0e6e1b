// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// Pinhole's sets, and its part of each table of iptables.
package struct Installation: Hashable, Sendable {
    /// Type and parameters of each set, by name.
    package var sets: [String: String] = [:]
    package var parts: [PinholeSet.Family: [Table: TablePart]] = [:]
}

extension Installation {
    /// The sets and rules that `rules` describes.
    init(_ rules: RuleSet) {
        sets = Dictionary(uniqueKeysWithValues: rules.sets.map { ($0.name, $0.definition) })
        for family in PinholeSet.Family.allCases {
            for table in Table.allCases { parts[family, default: [:]][table] = rules.part(of: table, family) }
        }
    }

    /// What is loaded now.
    package static func current() throws(UserError) -> Installation {
        var installation = Installation()
        let names = PinholeSet.Family.allCases.flatMap { [$0.name, $0.sessionsName] }
        installation.sets = try Firewall.sets().filter { names.contains($0.key) }
        for family in PinholeSet.Family.allCases {
            let saved = try Firewall.save(family)
            for table in Table.allCases {
                installation.parts[family, default: [:]][table] = TablePart(table, saved: saved)
            }
        }
        return installation
    }

    /// Replaces what is loaded with `new`; if a step fails, the old state is restored.
    static func replace(with new: Installation) throws(UserError) {
        let old = try current()
        for (name, definition) in old.sets where new.sets[name] != nil {
            guard PinholeSet.Family.allCases.contains(where: { $0.accepts(definition, of: name) }) else {
                throw UserError(
                    "there is a set \(name) of another type, \(definition)",
                    hint: "destroy it with pinhole rules unload"
                )
            }
        }
        do {
            try old.change(to: new)
        } catch {
            // The first failure is the one to report, even if restoring fails as well.
            if let halfway = try? current() { try? halfway.change(to: old) }
            throw error
        }
    }

    /// Creates sets before the rules that use them, and destroys them afterwards.
    private func change(to new: Installation) throws(UserError) {
        for (name, definition) in new.sets.sorted(by: { $0.key < $1.key }) where sets[name] == nil {
            try Firewall.create(name, definition)
        }
        for family in PinholeSet.Family.allCases {
            let lines = Table.allCases.flatMap {
                TablePart.change($0, from: parts[family]?[$0], to: new.parts[family]?[$0])
            }
            if !lines.isEmpty { try Firewall.restore(lines, family) }
        }
        for name in sets.keys where new.sets[name] == nil { try Firewall.destroy(name) }
    }
}
