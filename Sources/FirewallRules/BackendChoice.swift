// SPDX-License-Identifier: GPL-2.0-or-later
package import Netfilter

/// The backend that is used for rules and sets, and the reason.
package struct BackendChoice: Hashable, Sendable {
    package let backend: PinholeSet.Backend
    private let reason: String
    /// How to get nftables, if the kernel only lacks modules for it; otherwise empty.
    package let alternative: String

    /// Chooses the backend whose rules are loaded, or else the one that is configured.
    ///
    /// If there is neither, it chooses nftables if the kernel accepts the rules; many kernels have no `queue`. It does so even
    /// if the firewall uses iptables, because commands that save, restore or flush that firewall do not touch Pinhole's table.
    package init(for rules: RuleSet, configured: PinholeSet.Backend? = nil) {
        if let loaded = PinholeSet.Backend.loaded.first {
            self.init(loaded, "because its rules are loaded")
            return
        }
        if let configured {
            self.init(configured, "because the configuration says so")
            return
        }
        guard (try? Firewall.nftTables()) != nil else {
            self.init(.iptables, "because nftables is not installed")
            return
        }
        if (try? Firewall.perform(rules.nftText, isTrial: true)) == nil {
            self.init(
                .iptables,
                "because the kernel has no queue statement for nftables",
                alternative: "modprobe -a nft_ct nft_queue"
            )
        } else {
            self.init(.nft, "because the kernel supports it")
        }
    }

    private init(_ backend: PinholeSet.Backend, _ reason: String, alternative: String = "") {
        self.backend = backend
        self.reason = reason
        self.alternative = alternative
    }
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
