// SPDX-License-Identifier: GPL-2.0-or-later
package import Netfilter

/// The backend that is used for rules and sets, and the reason.
package struct BackendChoice: Hashable, Sendable {
    package let backend: PinholeSet.Backend
    private let reason: String
    /// What to do to get the other one, if the kernel only lacks modules for it; otherwise empty.
    package let alternative: String

    /// Chooses the backend whose rules are loaded, or else the one that is configured.
    ///
    /// Without either it is nftables, if it has tables that iptables did not create or if iptables is not installed, and if the
    /// kernel accepts the rules: many kernels have no `queue`.
    package init(for rules: RuleSet, configured: PinholeSet.Backend? = nil) {
        if let loaded = PinholeSet.Backend.loaded.first {
            self.init(loaded, "because its rules are loaded")
            return
        }
        if let configured {
            self.init(configured, "because the configuration says so")
            return
        }
        guard let tables = try? Firewall.nftTables() else {
            self.init(.iptables, "because nftables is not installed")
            return
        }
        let hasIPTables = Firewall.hasIPTables
        if hasIPTables, tables.allSatisfy(Self.tablesOfIPTables.contains) {
            self.init(.iptables, "because there are no tables of nftables")
        } else if (try? Firewall.perform(rules.nftText, isTrial: true)) == nil {
            self.init(
                .iptables,
                "because the kernel has no queue statement for nftables",
                alternative: "modprobe -a nft_ct nft_queue"
            )
        } else {
            self.init(
                .nft,
                hasIPTables ? "because it has tables already" : "because iptables or ipset is not installed"
            )
        }
    }

    private init(_ backend: PinholeSet.Backend, _ reason: String, alternative: String = "") {
        self.backend = backend
        self.reason = reason
        self.alternative = alternative
    }

    /// The tables that iptables itself creates in nftables.
    private static let tablesOfIPTables = Set(
        ["ip", "ip6"].flatMap { family in
            ["filter", "nat", "mangle", "raw", "security"].map { "\(family) \($0)"[...] }
        }
    )
}

extension BackendChoice: CustomStringConvertible {
    /// `iptables, because its rules are loaded`.
    package var description: String {
        switch backend {
        case .nft: "nftables, \(reason)"
        case .iptables: "iptables, \(reason)"
        }
    }
}
