// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

extension RuleSet {
    /// Loads the rules in place of those that are loaded; other rules stay, and so does what is in the sets.
    ///
    /// - Parameters:
    ///   - backend: `nil` for the one that is loaded, or else the one that fits.
    ///   - replacesOther: whether rules of the other backend are unloaded afterwards. No daemon may run: with both, each packet is
    ///     queued twice.
    /// - Throws: An error if the rules of the other backend are loaded and not replaced, or the kernel lacks something; nothing is
    ///   changed then.
    package func load(with backend: PinholeSet.Backend?, replacesOther: Bool = false) throws(UserError) {
        let backend = backend ?? BackendChoice(for: self).backend
        let others = PinholeSet.Backend.loaded.filter { $0 != backend }
        if let other = others.first, !replacesOther {
            throw UserError(
                "the rules of \(other.rawValue) are loaded",
                hint: "stop the daemon first, or remove them with pinhole rules unload"
            )
        }
        switch backend {
        case .nft: try Firewall.perform(nftLoading)
        case .iptables: try Installation.replace(with: Installation(self))
        }
        for other in others { try RuleSet.unload(with: other) }
    }

    /// Removes our rules and sets, whatever they are.
    ///
    /// - Parameter backend: `nil` for every one that is loaded.
    /// - Throws: An error if the commands that remove them fail.
    package static func unload(with backend: PinholeSet.Backend?) throws(UserError) {
        let loaded = PinholeSet.Backend.loaded
        let rest = loaded.isEmpty ? PinholeSet.Backend.allCases.filter(\.mayHaveRulesWithoutSets) : []
        for backend in backend.map({ [$0] }) ?? loaded + rest {
            switch backend {
            case .nft: try Firewall.perform(nftRemoval)
            case .iptables: try Installation.replace(with: Installation())
            }
        }
    }
}
