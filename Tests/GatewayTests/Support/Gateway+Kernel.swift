// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// What the kernel has seen.
extension Gateway {
    /// Every rule, every chain and set that somebody made, without counters.
    func rules() async throws -> [Substring] {
        let words = ["sh", "-c", "iptables-save; ip6tables-save; ipset save; nft list tables inet"]
        return try await lab.require(words, on: .gateway).split(separator: "\n").filter { line in
            line.hasPrefix("-A") || line.hasPrefix("table") || line.hasPrefix("create")
                || line.hasPrefix("add")
                || line.hasPrefix(":") && line.contains(" - ")
        }
    }

    /// Everything that a command could have left behind: rules, sets, sockets, bound queues, processes.
    func traces() async throws -> [Substring] {
        let processes = "pgrep -x 'pinholed?'"
        let words = [
            "sh", "-c", "find /run -type s; cut -c1-12 /proc/net/netfilter/nfnetlink_queue; \(processes)",
        ]
        return try await rules() + lab.run(words, on: .gateway).output.split(separator: "\n")
    }

    /// How many data connections the firewall let through as RELATED, with the master's mark and without it.
    func related() async throws -> (marked: Int, unmarked: Int) {
        try await (
            packets { $0.contains("--ctstate RELATED") && $0.contains("--mark") },
            packets { $0.contains("--ctstate RELATED") && !$0.contains("--mark") }
        )
    }

    /// How many packets were sent to a queue, whether or not anybody listened there.
    func queued() async throws -> Int {
        if Gateway.backend == "nft" {
            return try await table().matches(of: /counter packets (\d+)/).compactMap { Int($0.1) }.reduce(
                0,
                +
            )
        }
        return try await packets { $0.contains("-j NFQUEUE") }
    }

    /// The table that is Pinhole's where the rules are those of nftables.
    func table() async throws -> String {
        try await lab.require(["nft", "list", "table", "inet", "pinhole"], on: .gateway)
    }

    /// The sum of the packet counters of some rules.
    private func packets(_ isMeant: (Substring) -> Bool) async throws -> Int {
        let tool = topology.isIPv6 ? "ip6tables-save" : "iptables-save"
        return try await lab.require([tool, "-c"], on: .gateway).split(separator: "\n")
            .filter(isMeant)
            .compactMap { Int($0.dropFirst().prefix { $0 != ":" }) }
            .reduce(0, +)
    }

    /// Everything that can explain a failure, as far as it can still be had.
    func state() async -> String {
        let commands: [(Host, String)] = [
            (.gateway, "\(pinhole) stats; \(pinhole) connections; \(pinhole) expectations; \(pinhole) check"),
            (
                .gateway,
                "iptables-save -c; ip6tables-save -c; ipset list | head -n 60; nft list table inet pinhole"
            ),
            (.gateway, "conntrack -L -f ipv4 | head -n 60; conntrack -L -f ipv6 | head -n 60"),
            (.gateway, "conntrack -L expect; conntrack -S; cat /proc/net/netfilter/nfnetlink_queue"),
            (.gateway, "ss -tanp; ip addr"),
            (.client, "ss -tanp; ip addr"),
            (.server, "ss -tanp; ip addr"),
        ]
        var parts: [String] = []
        for (host, command) in commands {
            do {
                let outcome = try await lab.run(["sh", "-c", command], on: host)
                parts.append("--- \(host)\n\(outcome)")
            } catch {
                parts.append("--- \(host)\n$ \(command)\n\(error)")
            }
        }
        for log in lab.logs {
            parts.append("--- \(log)\n\(lab.read(log).suffix(6000))")
        }
        return parts.joined(separator: "\n")
    }
}
