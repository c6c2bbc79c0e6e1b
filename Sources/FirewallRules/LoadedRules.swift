// SPDX-License-Identifier: GPL-2.0-or-later
package import Messages
package import Netfilter

/// The rules that one backend has loaded, as far as users have to know them.
package struct LoadedRules: Hashable, Sendable {
    package let backend: PinholeSet.Backend
    /// The ports whose control connections are queued, in order.
    package let ports: [UInt16]
    /// The queues to which the rules lead; `nil` if they have come apart.
    package let controlQueue: UInt16?
    package let dataQueue: UInt16?

    /// What is loaded now, of each backend that has anything; for iptables that of the first family that is whole.
    ///
    /// Only root can read it.
    package static func all() throws(UserError) -> [LoadedRules] {
        var all: [LoadedRules] = []
        for backend in PinholeSet.Backend.loaded {
            let rules = try RuleSet.loaded(with: [backend]).first
            all.append(
                LoadedRules(
                    backend: backend,
                    ports: Set(rules?.ports ?? []).sorted(),
                    controlQueue: rules?.queues.control,
                    dataQueue: rules?.queues.data
                )
            )
        }
        return all
    }
}
