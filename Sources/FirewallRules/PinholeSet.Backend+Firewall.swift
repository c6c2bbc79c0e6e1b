// SPDX-License-Identifier: GPL-2.0-or-later
package import Netfilter

extension PinholeSet.Backend {
    /// Whether our rules are in tables with the rules of others, so that their order matters.
    package var sharesTables: Bool {
        switch self {
        case .nft: false
        case .iptables: true
        }
    }

    /// Whether our rules may be left over after their sets are gone.
    var mayHaveRulesWithoutSets: Bool {
        switch self {
        case .nft: false
        case .iptables: Firewall.hasIPTables
        }
    }
}
