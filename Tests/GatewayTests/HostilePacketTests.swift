// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Malformed packets of all kinds through the queue: each gets its verdict, and sessions are not affected.
@Suite struct HostilePacketTests {
    /// Which of the packets the daemon is given.
    enum Reach: String, CaseIterable {
        /// Those that Pinhole's own rules give it: what conntrack found invalid is none of them.
        case rules
        /// All that the kernel takes for IP at all, by either queue.
        case everything
    }

    @Test(
        .gateway,
        arguments: [
            (Topology.routed, ["headers", "lengths", "options", "fragments"]),
            (.longerSNAT, ["headers", "lengths", "options"]),
            (.masqueraded6, ["headers", "lengths", "options", "fragments", "extensions"]),
        ],
        Reach.allCases
    )
    func `hostile packets do not affect a session and open nothing to others`(
        how: (topology: Topology, layers: [String]),
        reach: Reach
    ) async throws {
        let topology = how.topology
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let (client, server) = (neighbour(of: topology.client), neighbour(of: topology.server))
            if reach == .everything { try await queueEverything(from: client, in: gateway) }
            let session = try await gateway.startSteadySession()
            for (number, layer) in how.layers.enumerated() {
                let before = try await gateway.queued()
                let script = try Files.script("hostile")
                let words = ["/usr/bin/python3", "-B", script, client, String(40000 + number), server, layer]
                async let storm = gateway.lab.require(words, seconds: 60)
                try await session.perform("EPSV", "EPRT", "NOOP")
                let sent = try #require(try await storm.firstMatch(of: /sent (\d+)/).flatMap { Int($0.1) })
                let queued = try await gateway.queued() - before
                try #require(queued > (reach == .rules ? 20 : sent / 3), "\(layer): \(queued) of \(sent)")
                try await session.perform("EPSV", "EPRT")
                let expectations: [ExpectationReport] = try await gateway.report("expectations")
                try #require(expectations.allSatisfy { $0.translated.to.contains(client) }, "\(expectations)")
            }
            try await session.quit()
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.errors.filter { $0.value > 0 && $0.key != "conflicting-bytes" } == [:])
        }
    }

    /// An unused address on the same link.
    private func neighbour(of address: String) -> String {
        let end = address.lastIndex { ".:".contains($0) } ?? address.startIndex
        return address[...end] + "99"
    }

    /// Sends what comes from an address to both queues: first to that of data connections, then to that of control ones.
    private func queueEverything(from address: String, in gateway: Gateway) async throws {
        let tool = gateway.topology.isIPv6 ? "ip6tables" : "iptables"
        for (table, queue) in [("raw", "20"), ("mangle", "21")] {
            let rule = ["-I", "PREROUTING", "-s", address, "-j", "NFQUEUE", "--queue-num", queue]
            try await gateway.lab.require([tool, "-t", table] + rule, on: .gateway)
        }
    }
}
