import Netfilter

/// What of Pinhole is in the kernel's packet filter: its sets, and its part of each table.
struct Installation: Hashable, Sendable {
    /// The type and the parameters of each set.
    var sets: [PinholeSet.Family: String] = [:]
    var parts: [PinholeSet.Family: [Table: TablePart]] = [:]
}

extension Installation {
    /// Everything that `rules` asks for.
    init(_ rules: RuleSet) {
        for family in PinholeSet.Family.allCases {
            sets[family] = family.setDefinition
            for table in Table.allCases { parts[family, default: [:]][table] = rules.part(of: table, family) }
        }
    }

    /// What is there now.
    static func current() throws(Failure) -> Installation {
        var installation = Installation()
        let sets = try Firewall.sets()
        for family in PinholeSet.Family.allCases {
            installation.sets[family] = sets[family.name]
            let saved = try Firewall.save(family)
            for table in Table.allCases {
                installation.parts[family, default: [:]][table] = TablePart(table, saved: saved)
            }
        }
        return installation
    }

    /// Puts `new` in the place of what is there now; if a step fails, what was there comes back.
    static func replace(with new: Installation) throws(Failure) {
        guard Capabilities.contain(.networkAdministration) else {
            throw Failure(
                "no permission to change the firewall",
                mend: "run it as root, or with CAP_NET_ADMIN"
            )
        }
        let old = try current()
        for (family, definition) in old.sets where new.sets[family] != nil {
            guard family.accepts(setDefinition: definition) else {
                throw Failure(
                    "there is a set \(family.name) of another kind, \(definition)",
                    mend: "destroy it with pinhole rules unload"
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
    private func change(to new: Installation) throws(Failure) {
        for family in PinholeSet.Family.allCases where sets[family] == nil {
            if let definition = new.sets[family] { try Firewall.create(family, definition) }
        }
        for family in PinholeSet.Family.allCases {
            let lines = Table.allCases.flatMap {
                TablePart.change($0, from: parts[family]?[$0], to: new.parts[family]?[$0])
            }
            if !lines.isEmpty { try Firewall.restore(lines, family) }
        }
        for family in PinholeSet.Family.allCases where sets[family] != nil && new.sets[family] == nil {
            try Firewall.destroy(family)
        }
    }
}
