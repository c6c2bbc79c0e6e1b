// SPDX-License-Identifier: GPL-2.0-or-later
import FirewallRules
import HTTP
import Linux
import Netfilter

/// Checks of the exporter, of the kernel's helper, and of the order of rules.
extension Inspection {
    mutating func inspectExporter(daemonIsUp: Bool) {
        let place = "127.0.0.1:\(exporterPort)"
        guard let answer = try? HTTPClient.get("/metrics", port: exporterPort) else {
            findings.append(.fine("exporter: none at \(place); only Prometheus needs one"))
            return
        }
        if answer.contains("\npinhole_up 1\n") || !daemonIsUp && answer.contains("\npinhole_up 0\n") {
            findings.append(.fine("exporter: answers at \(place)"))
        } else if answer.contains("\npinhole_up 0\n") {
            let hint = "start it in the group of the daemon's user, and with the same --socket"
            findings.append(.warning("exporter: cannot connect to the daemon", hint: hint))
        } else {
            let hint = "find it with ss -ltnp, or give the exporter another address with --listen"
            findings.append(.warning("exporter: another program listens at \(place)", hint: hint))
        }
    }

    /// The daemon ignores connections with a kernel helper, because both would rewrite them.
    mutating func inspectKernelHelper() {
        var deletions: [String] = []
        for family in PinholeSet.Family.allCases {
            guard let saved = saved[family] else { continue }
            deletions += HelperRule.all(in: saved, for: ports).map { "\(family.program) \($0.deletion)" }
        }
        for deletion in deletions {
            findings.append(
                .failed("the kernel's helper: a rule assigns it to the same port", hint: deletion)
            )
        }
        if setting("net/netfilter/nf_conntrack_helper") == "1" {
            let hint = "sysctl net.netfilter.nf_conntrack_helper=0"
            findings.append(
                .failed("the kernel's helper: assigned to connections automatically", hint: hint)
            )
        } else if deletions.isEmpty {
            findings.append(.fine("the kernel's helper: not used"))
        }
    }

    /// Checks whether other rules in our tables are in the right order with ours.
    mutating func inspectOrder() {
        for family in PinholeSet.Family.allCases {
            guard backends.contains(where: \.sharesTables), let saved = saved[family] else { continue }
            for table in Table.allCases {
                let order = TableOrder(in: saved, table, ports: ports)
                let subject = "rules in \(family.program) \(table.rawValue)"
                findings += order.early.map { rule in
                    let hint = "pinhole rules load corrects the order"
                    return .warning(
                        "\(subject): some packets do not reach them because of \(rule)",
                        hint: hint
                    )
                }
                findings += order.late.map { rule in
                    let hint = "pinhole rules load corrects the order"
                    return .warning("\(subject): queued packets do not reach \(rule)", hint: hint)
                }
            }
        }
    }

    /// Reports VRF devices: packets of their interfaces pass the hooks twice, the second time after NAT.
    mutating func inspectVRF() {
        let names = NetworkNamespace.paths(matching: "/sys/class/net/*/uevent")
            .filter { (try? TextFile.read($0))?.contains("DEVTYPE=vrf\n") ?? false }
            .map { String($0.split(separator: "/")[3]) }
        guard !names.isEmpty else { return }
        let subject = "VRF \(names.joined(separator: ", ")): with NAT, FTP fails between its interfaces"
        findings.append(.warning(subject, hint: "use a network namespace instead (pinhole@NAME.service)"))
    }

    /// Reports the reverse path filter; whatever it is, the daemon reads no forged packets (contract S3b).
    mutating func inspectReversePath() {
        let values = ["all", "default"].compactMap { setting("net/ipv4/conf/\($0)/rp_filter") }
        let what =
            switch values.max() {
            case "1": "strict"
            case "2": "loose"
            case "0": "off"
            default: "unknown"
            }
        let subject = "reverse path filter of IPv4 (rp_filter)"
        findings.append(.fine("\(subject): \(what); forged packets open nothing"))
    }
}
