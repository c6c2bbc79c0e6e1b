// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import FTPHelper
import Netfilter
import PinholeDaemon

/// Checks of the requirements of FTPS, if servers are configured for it.
extension Inspection {
    /// The usual ports of implicit FTPS, and of FTP servers that are not at port 21.
    private static let implicitPort: UInt16 = 990
    private static let usualPorts: [UInt16] = [990, 2121, 2221, 8021]

    /// Reports if port 990 is queued but not configured for implicit TLS, and connections to the usual ports that are not
    /// queued at all.
    mutating func inspectPorts() {
        let implicit = settings.policy.implicitTLSPorts
        if ports.contains(Self.implicitPort), !implicit.contains(Self.implicitPort) {
            let list = (implicit + [Self.implicitPort]).sorted().map(String.init).joined(separator: ",")
            findings.append(
                .warning(
                    "FTPS: port \(Self.implicitPort) is queued, but not configured for implicit TLS",
                    hint: "write 'implicit-tls = \(list)' into the configuration"
                )
            )
        }
        let unqueued = Self.usualPorts.filter { !ports.contains($0) }
        var counts: [UInt16: Int] = [:]
        guard var conntrack = try? Conntrack.open(),
            (try? conntrack.survey({ entry in
                let port = entry.mapping.original.destination.port
                if entry.master == nil, unqueued.contains(port) { counts[port, default: 0] += 1 }
            })) != nil
        else { return }
        for (port, count) in counts.sorted(by: { $0.key < $1.key }) {
            let list = (settings.ports.filter { !implicit.contains($0) } + [port]).sorted()
            let key = port == Self.implicitPort ? "implicit-tls" : "ports"
            let value = port == Self.implicitPort ? "\(port)" : list.map(String.init).joined(separator: ",")
            findings.append(
                .warning(
                    "port \(port): connections there pass unread, \(count) now",
                    hint:
                        "if they are FTP, write '\(key) = \(value)' into the configuration, then pinhole rules load"
                )
            )
        }
    }

    /// Reports that the sets are there; rules without them differ from the configuration, which has its own finding.
    mutating func inspectFTPS() {
        guard settings.policy.opensForFTPS, var sets = try? PinholeSet.open(choice.backend),
            sets.missingSessions().isEmpty
        else { return }
        findings.append(.fine("FTPS: SYNs of clients with an encrypted session are queued"))
    }
}
