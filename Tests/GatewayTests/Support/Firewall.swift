// SPDX-License-Identifier: GPL-2.0-or-later

/// The gateway's own rules: everything is dropped but what a careful administrator lets through.
///
/// New connections to the control port and what conntrack calls ESTABLISHED or RELATED. The master's mark is part of
/// the RELATED rules, so that their counters tell how many data connections came, and whether they had it.
struct Firewall {
    /// The mark of every control connection.
    static let mark = "0x2a"

    private let topology: Topology

    init(for topology: Topology) {
        self.topology = topology
    }

    /// Input of `iptables-restore`, or of `ip6tables-restore`.
    func rules(isIPv6: Bool) -> String {
        let icmp = isIPv6 ? "ipv6-icmp" : "icmp"
        let chains = ["INPUT", "FORWARD", "OUTPUT"]
        var lines = ["*filter"] + chains.map { ":\($0) DROP" }
        for chain in chains {
            lines += [
                "-A \(chain) -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                "-A \(chain) -p tcp -m conntrack --ctstate RELATED -m connmark --mark \(Firewall.mark) -j ACCEPT",
                "-A \(chain) -p tcp -m conntrack --ctstate RELATED -j ACCEPT",
                "-A \(chain) -p tcp -m conntrack --ctstate NEW --dport \(topology.serverPort) -j ACCEPT",
                "-A \(chain) -p \(icmp) -j ACCEPT",
            ]
        }
        lines += ["COMMIT", "*mangle"]
        for chain in ["PREROUTING", "OUTPUT"] {
            lines.append(
                "-A \(chain) -p tcp --dport \(topology.port) -m conntrack --ctstate NEW"
                    + " -j CONNMARK --set-mark \(Firewall.mark)"
            )
        }
        lines += ["COMMIT"]
        if isIPv6 == topology.isIPv6 {
            lines += ["*nat"] + translations + ["COMMIT"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var translations: [String] {
        var lines: [String] = []
        if let known = topology.serverKnownAs {
            let port = topology.serverPortBehindNAT.map { ":\($0)" } ?? ""
            lines.append(
                "-A PREROUTING -p tcp -d \(known) -j DNAT --to-destination \(topology.server)\(port)"
            )
        }
        if let seen = topology.clientSeenAs {
            let target = topology.isMasqueraded ? "MASQUERADE" : "SNAT --to-source \(seen)"
            lines.append("-A POSTROUTING -o server -j \(target)")
        }
        return lines
    }
}
