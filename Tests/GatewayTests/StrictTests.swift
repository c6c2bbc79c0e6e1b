// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// `--strict`: what no client does ends the connection, for both of its ends (contract A7).
@Suite struct StrictTests {
    private static let topologies = [
        Topology.routed, .longerSNAT, .bothNATs, .serverOnGateway, .clientOnGateway, .masqueraded6,
    ]

    @Test(.gateway, arguments: topologies)
    func `an announcement of another host's address resets both ends`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon("--strict")

            // An edit first, so that the numbers of both ends differ where there is NAT.
            let session = try await gateway.logIn()
            let family = topology.isIPv6 ? 2 : 1
            try session.say("EPRT |\(family)|\(topology.client)|5001|")
            try await session.said("200 EPRT")
            try session.say("EPRT |\(family)|\(topology.isIPv6 ? "fd09::9" : "10.9.9.9")|5001|")

            for host in [Host.client, .server] {
                try await poll(for: "the end of the connection on \(host)") {
                    let sockets = try await gateway.lab.require(
                        ["ss", "-Htn", "state", "established"],
                        on: host
                    )
                    return sockets.isEmpty
                }
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.refused["address-mismatch"] == 1)
            try #require(statistics.connections == 0)
            try #require(statistics.errors.values.allSatisfy { $0 == 0 })
            try await #require(gateway.members().isEmpty)
        }
    }
}
