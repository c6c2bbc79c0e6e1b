// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// Pinhole's sets, and its part of each table of iptables.
package struct Installation: Hashable, Sendable {
    /// Type and parameters of each set, by name.
    package var sets: [String: String] = [:]
    package var parts: [PinholeSet.Family: [Table: TablePart]] = [:]
    /// Every rule of each family, as `iptables-save` wrote it; empty for one that is not loaded yet.
    private var saved: [PinholeSet.Family: String] = [:]
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
            installation.saved[family] = saved
            for table in Table.allCases {
                installation.parts[family, default: [:]][table] = TablePart(table, saved: saved)
            }
        }
        return installation
    }

    /// Creates those of the sets with these names that do not exist; returns their names.
    package static func createSets(_ names: [String]) throws(UserError) -> [String] {
        guard !names.isEmpty else { return [] }
        let existing = try Firewall.sets()
        let definitions = PinholeSet.Family.allCases.flatMap {
            [($0.name, $0.setDefinition), ($0.sessionsName, $0.sessionsDefinition)]
        }
        let missing = definitions.filter { names.contains($0.0) && existing[$0.0] == nil }
        for (name, definition) in missing { try Firewall.create(name, definition) }
        return missing.map(\.0)
    }

    /// Replaces what is loaded with `new`; if a step fails, the old state is restored.
    static func replace(with new: Installation) throws(UserError) {
        let old = try current()
        try old.requireRightSets(for: new)
        do {
            try old.change(to: new)
        } catch {
            // The first failure is the one to report, even if restoring fails as well.
            if let halfway = try? current() { try? halfway.change(to: old) }
            throw error
        }
    }

    /// Throws if a set that `new` needs exists with another type: the kernel would let rules look into it all the same.
    func requireRightSets(for new: Installation) throws(UserError) {
        for (name, definition) in sets where new.sets[name] != nil {
            guard PinholeSet.Family.allCases.contains(where: { $0.accepts(definition, of: name) }) else {
                throw UserError(
                    "there is a set \(name) of another type, \(definition)",
                    hint: "destroy it with pinhole rules unload"
                )
            }
        }
    }

    /// Changes what is loaded, and touches no table and no set that is right.
    ///
    /// Sets are created before the rules that use them, and destroyed afterwards.
    func change(to new: Installation) throws(UserError) {
        for (name, definition) in new.sets.sorted(by: { $0.key < $1.key }) where sets[name] == nil {
            try Firewall.create(name, definition)
        }
        for family in PinholeSet.Family.allCases {
            let lines = Table.allCases.filter { !isRight($0, family, as: new) }.flatMap {
                TablePart.change(
                    $0,
                    from: parts[family]?[$0],
                    to: new.parts[family]?[$0],
                    places: order(in: $0, family, for: new).places
                )
            }
            if !lines.isEmpty { try Firewall.restore(lines, family) }
        }
        for name in sets.keys where new.sets[name] == nil { try Firewall.destroy(name) }
    }

    /// Tells whether a table has the rules of `new`, and has them where they belong.
    private func isRight(_ table: Table, _ family: PinholeSet.Family, as new: Installation) -> Bool {
        parts[family]?[table] == new.parts[family]?[table] && order(in: table, family, for: new).isRight
    }

    private func order(in table: Table, _ family: PinholeSet.Family, for new: Installation) -> TableOrder {
        let ports = new.parts[family]?[.mangle]?.numbers(after: "--ctorigdstport") ?? []
        return TableOrder(in: saved[family] ?? "", table, ports: Set(ports))
    }

    /// What this lacks of `wanted`, in words; empty if it has everything where it belongs.
    func faults(against wanted: Installation) -> [String] {
        var faults: [String] = []
        for (name, definition) in wanted.sets.sorted(by: { $0.key < $1.key }) {
            guard let own = sets[name] else {
                faults.append("set \(name)")
                continue
            }
            let isOfItsKind = PinholeSet.Family.allCases.contains { $0.accepts(own, of: name) }
            if !isOfItsKind { faults.append("set \(name) as \(definition)") }
        }
        for family in PinholeSet.Family.allCases {
            for table in Table.allCases where !isRight(table, family, as: wanted) {
                let isThere = parts[family]?[table] == wanted.parts[family]?[table]
                faults.append("\(isThere ? "order" : "rules") in \(family.program) \(table.rawValue)")
            }
        }
        return faults
    }
}
