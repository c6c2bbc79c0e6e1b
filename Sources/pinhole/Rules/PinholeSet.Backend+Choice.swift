import Netfilter

extension PinholeSet.Backend {
    /// The one to take where neither has them and nobody says which.
    ///
    /// nftables if somebody uses it without iptables, or iptables is not installed; and if the kernel takes the rules,
    /// for many a kernel has no `queue`.
    static func preferred(for rules: RuleSet) -> PinholeSet.Backend {
        guard let tables = try? Firewall.nftTables(),
            !tables.allSatisfy(tablesOfIPTables.contains) || !Firewall.hasIPTables,
            (try? Firewall.perform(rules.nftText, isTrial: true)) != nil
        else { return .iptables }
        return .nft
    }

    /// Those that iptables itself makes where it uses nftables.
    private static let tablesOfIPTables = Set(
        ["ip", "ip6"].flatMap { family in
            ["filter", "nat", "mangle", "raw", "security"].map { "\(family) \($0)"[...] }
        }
    )
}
