// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import Netfilter
import PinholeDaemon

/// Compares the loaded rules with the configuration.
extension Inspection {
    /// Reports each difference once, though iptables has rules for two families.
    ///
    /// Rules that cannot be listed have their own finding.
    mutating func inspectDifferences() {
        guard let loaded = try? RuleSet.loaded(with: backends), !loaded.isEmpty else { return }
        let configured = RuleSet(settings)
        var differences: [RuleDifference] = []
        for rules in loaded {
            for difference in RuleDifference.all(between: rules, and: configured)
            where !differences.contains(difference) {
                differences.append(difference)
            }
        }
        let hint = "pinhole rules load, then pinhole reload"
        findings += differences.map { .failed("rules: \($0)", hint: hint) }
        if let backend = settings.backend, !backends.contains(backend) {
            let others = backends.map(\.rawValue).joined(separator: ",")
            findings.append(
                .failed(
                    "rules: backend: \(others) is loaded, \(backend.rawValue) is configured",
                    hint: "pinhole rules unload, pinhole rules load, then restart the daemon"
                )
            )
        } else if differences.isEmpty {
            findings.append(.fine("rules: as configured"))
        }
    }
}
