// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Streams such as no TCP stack sends, through a gateway with and without NAT.
@Suite struct HostileStreamTests {
    /// Bytes, the most that IP knows.
    private static let packetSize = 65535

    @Test(.gateway, arguments: [Topology.routed, .longerSNAT, .shorterSNAT])
    func `every byte arrives exactly once, and well-formed lines are understood`(topology: Topology)
        async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            for host in ["client", "server"] {
                for link in ["-n \(host) link set gateway", "-n gateway link set \(host)"] {
                    let words = "ip \(link) mtu \(Self.packetSize)".split(separator: " ").map(String.init)
                    try await gateway.lab.require(words)
                }
            }
            let client = topology.client.split(separator: ".").dropLast().joined(separator: ".") + ".9"
            let numbers = client.replacing(".", with: ",") + ",19,137"
            let read = topology.clientSeenAs == nil ? numbers : topology.portArguments.read
            let program = try Files.pinhole()
            try await gateway.requireScript(
                "streams",
                [program, client, "10.2.0.9", numbers, read],
                seconds: 60
            )
            let failures = try await gateway.report("stats", as: StatisticsReport.self).errors
            try #require(failures.filter { $0.value > 0 }.keys.elementsEqual(["conflicting-bytes"]))
        }
    }
}
