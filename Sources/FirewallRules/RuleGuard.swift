// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// Compares the loaded rules with those that should be loaded, and restores what is missing.
///
/// The table in nftables does not have `flags owner, persist`, which would protect it from being flushed or deleted. The kernel
/// lets only the owner's netlink socket change such a table, so the daemon could not add expectations to its sets (`EPERM`).
/// Besides, `persist` needs Linux 6.9, and iptables has no such protection.
package struct RuleGuard: Sendable {
    package let backend: PinholeSet.Backend
    package let rules: RuleSet
    private let loaded: Loaded

    /// The rules as the kernel lists them: it lists the same rule in the same words as long as nobody changes it.
    private enum Loaded {
        case table(String)
        case installation(Installation)
    }

    /// Loads the rules, and notes how the kernel lists them.
    ///
    /// - Parameters:
    ///   - rules: the rules that should be there.
    ///   - backend: `nil` for the one that is loaded, or else the one that fits.
    /// - Throws: An error if the rules cannot be loaded.
    package init(loading rules: RuleSet, with backend: PinholeSet.Backend?) throws(UserError) {
        self.rules = rules
        self.backend = backend ?? BackendChoice(for: rules).backend
        try rules.load(with: self.backend)
        switch self.backend {
        case .nft: loaded = .table(try Firewall.nftTable() ?? "")
        case .iptables:
            var installation = try Installation.current()
            // Those that are there have grown with their members.
            installation.sets = Installation(rules).sets
            loaded = .installation(installation)
        }
    }

    /// The tables of nftables whose changes concern the rules, by family and name; iptables may use nftables.
    package var tables: Set<String> {
        switch backend {
        case .nft: ["inet \(PinholeSet.table)"]
        case .iptables:
            Set(["ip", "ip6"].flatMap { family in Table.allCases.map { "\(family) \($0.rawValue)" } })
        }
    }

    /// What is missing or in the wrong place, in words; empty if nothing is.
    package func faults() throws(UserError) -> [String] {
        switch loaded {
        case .table(let wanted):
            let name = "table inet \(PinholeSet.table)"
            guard let table = try Firewall.nftTable() else { return [name] }
            return table == wanted ? [] : ["rules in \(name)"]
        case .installation(let wanted): return try Installation.current().faults(against: wanted)
        }
    }

    /// Puts back what `faults` names, and touches nothing that is right.
    ///
    /// - Throws: An error if something is still missing afterwards.
    package func repair() throws(UserError) {
        switch loaded {
        case .table:
            // Packets stay in the queue, unless somebody has changed a hook of the table or added a chain.
            try? Firewall.perform(rules.nftLoading)
            if try !faults().isEmpty { try Firewall.perform("\(RuleSet.nftRemoval)\n\(rules.nftLoading)") }
        case .installation(let wanted):
            let current = try Installation.current()
            try current.requireRightSets(for: wanted)
            try current.change(to: wanted)
        }
        let rest = try faults()
        guard rest.isEmpty else {
            throw UserError(
                "still missing: \(rest.joined(separator: ", "))",
                hint: "see pinhole check"
            )
        }
    }
}
