import Netfilter
import PinholeDaemon

/// What of Pinhole is in the kernel's packet filter: its sets, and its part of each table.
struct Installation: Hashable, Sendable {
    /// The type and the parameters of each set, by its name.
    var sets: [String: String] = [:]
    var parts: [PinholeSet.Family: [Table: TablePart]] = [:]
}

extension Installation {
    /// Everything that `rules` asks for.
    init(_ rules: RuleSet) {
        sets = Dictionary(uniqueKeysWithValues: rules.sets.map { ($0.name, $0.definition) })
        for family in PinholeSet.Family.allCases {
            for table in Table.allCases { parts[family, default: [:]][table] = rules.part(of: table, family) }
        }
    }

    /// What is there now.
    static func current() throws(UserError) -> Installation {
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

    /// Puts `new` in the place of what is there now; if a step fails, what was there comes back.
    static func replace(with new: Installation) throws(UserError) {
        let old = try current()
        for (name, definition) in old.sets where new.sets[name] != nil {
            guard PinholeSet.Family.allCases.contains(where: { $0.accepts(definition, of: name) }) else {
                throw UserError(
                    "there is a set \(name) of another kind, \(definition)",
                    hint: "destroy it with pinhole rules unload"
                )
            }
        }
        do {
            try old.change(to: new)
        } catch {
            // The failure to tell of is the first one; a step back that fails as well adds nothing to it.
            if let halfway = try? current() { try? halfway.change(to: old) }
            throw error
        }
    }

    /// Makes the sets before the rules that look into them, and destroys them after.
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
