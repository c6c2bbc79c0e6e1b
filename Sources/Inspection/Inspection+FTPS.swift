// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import FTPHelper
import Netfilter
import PinholeDaemon

/// Checks of the requirements of FTPS, if servers are configured for it.
extension Inspection {
    /// Reports that the sets are there; rules without them differ from the configuration, which has its own finding.
    mutating func inspectFTPS() {
        guard settings.policy.opensForFTPS, var sets = try? PinholeSet.open(choice.backend),
            sets.missingSessions().isEmpty
        else { return }
        findings.append(.fine("FTPS: SYNs of clients with an encrypted session are queued"))
    }
}
