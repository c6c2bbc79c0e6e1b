// SPDX-License-Identifier: GPL-2.0-or-later
import Netfilter

/// Something in which the loaded rules differ from the configured ones.
package struct RuleDifference: Hashable, Sendable {
    /// The key of the configuration that decides it, or FTPS, which several keys decide.
    let subject: String
    let loaded: String
    let configured: String

    private init(_ subject: String, _ loaded: String, _ configured: String) {
        self.subject = subject
        self.loaded = loaded
        self.configured = configured
    }

    /// Every difference between two rule sets, each once.
    package static func all(between loaded: RuleSet, and configured: RuleSet) -> [RuleDifference] {
        let queueCount = loaded.asksForFTPS && configured.asksForFTPS ? 3 : 2
        func list(_ numbers: some Sequence<UInt16>) -> String {
            numbers.map(String.init).joined(separator: ",")
        }
        func differences(_ value: (RuleSet) -> String, _ subject: String) -> [RuleDifference] {
            let (loaded, configured) = (value(loaded), value(configured))
            return loaded == configured ? [] : [RuleDifference(subject, loaded, configured)]
        }
        return differences({ list(Set($0.ports).sorted()) }, "ports")
            + differences({ list($0.queues.all.prefix(queueCount)) }, "queues")
            + differences({ $0.asksForFTPS ? "on" : "off" }, "FTPS")
            + differences({ $0.bypassMark?.text ?? "none" }, "bypass-mark")
            + differences({ $0.isBypassing ? "yes" : "no" }, "bypass")
            + differences({ $0.sparesSynproxy ? "yes" : "no" }, "synproxy")
    }
}

extension RuleDifference: CustomStringConvertible {
    /// `ports: 21 is loaded, 21,2121 is configured`.
    package var description: String { "\(subject): \(loaded) is loaded, \(configured) is configured" }
}
