// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import FTPHelper
import Netfilter
import PinholeDaemon

/// Checks of the requirements of FTPS, if servers are configured for it.
extension Inspection {
    mutating func inspectFTPS() {
        guard settings.policy.opensForFTPS else { return }
        let missing = PinholeSet.Family.allCases.filter { family in
            guard var set = try? PinholeSet.open(choice.backend) else { return true }
            return (try? set.sessionsExist(family)) != true
        }
        if missing.isEmpty {
            findings.append(.fine("FTPS: SYNs of clients with an encrypted session are queued"))
        } else {
            let names = missing.map(\.sessionsName).joined(separator: ", ")
            findings.append(.failed("FTPS: there is no set \(names)", hint: "pinhole rules load --ftps"))
        }
        let unqueued = settings.policy.implicitTLSPorts.filter { !ports.contains($0) }
        guard !unqueued.isEmpty else { return }
        let all = (ports.sorted() + unqueued).map(String.init).joined(separator: ",")
        findings.append(
            .failed(
                "FTPS: the rules do not cover port \(unqueued[0]) of implicit TLS",
                hint: "pinhole rules load --ftps --ports \(all)"
            )
        )
    }
}
