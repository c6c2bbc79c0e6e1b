import Netfilter

/// Whose rules and sets are used, and why.
struct BackendChoice: Hashable, Sendable {
    let backend: PinholeSet.Backend
    private let reason: String
    /// What to do for the other to be used, where only the kernel is against it; else empty.
    let alternative: String

    /// The one that has our rules.
    ///
    /// Where neither has, nftables if somebody uses it without iptables, or there is no iptables; and if the kernel takes the
    /// rules, for many a kernel has no `queue`.
    init(for rules: RuleSet) {
        if let loaded = PinholeSet.Backend.loaded.first {
            self.init(loaded, "whose rules are loaded")
            return
        }
        guard let tables = try? Firewall.nftTables() else {
            self.init(.iptables, "as there is no nftables")
            return
        }
        let hasIPTables = Firewall.hasIPTables
        if hasIPTables, tables.allSatisfy(Self.tablesOfIPTables.contains) {
            self.init(.iptables, "as nobody has tables of nftables")
        } else if (try? Firewall.perform(rules.nftText, isTrial: true)) == nil {
            self.init(
                .iptables,
                "as the kernel has no queue for nftables",
                alternative: "modprobe -a nft_ct nft_queue"
            )
        } else {
            self.init(
                .nft,
                hasIPTables ? "as there are tables of nftables" : "as there is no iptables with ipset"
            )
        }
    }

    private init(_ backend: PinholeSet.Backend, _ reason: String, alternative: String = "") {
        self.backend = backend
        self.reason = reason
        self.alternative = alternative
    }

    /// Those that iptables itself makes where it uses nftables.
    private static let tablesOfIPTables = Set(
        ["ip", "ip6"].flatMap { family in
            ["filter", "nat", "mangle", "raw", "security"].map { "\(family) \($0)"[...] }
        }
    )
}

extension BackendChoice: CustomStringConvertible {
    /// `iptables, whose rules are loaded`.
    var description: String {
        switch backend {
        case .nft: "nftables, \(reason)"
        case .iptables: "iptables, \(reason)"
        }
    }
}
