// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What a pinhole lets through: one connection, from one host, to one port.
@Suite struct PinholeTests {
    private static let topologies = [Topology.routed, .longerSNAT, .longerDNAT, .routed6]

    @Test(.gateway, arguments: topologies)
    func `a passive pinhole takes one connection from the client to the port`(topology: Topology)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()

            let server = topology.dialled
            async let stranger = gateway.probe(server, port, from: .stranger)
            async let neighbour = gateway.probe(server, port ^ 1, from: .client)
            try await #require(stranger == "dropped", "another host")
            try await #require(neighbour == "dropped", "another port")
            try await #require(gateway.members().count == 1)
            try await #require(gateway.probe(server, port, from: .client) == "connected")
            try await #require(gateway.members().isEmpty)
            try await #require(gateway.probe(server, port, from: .client) == "dropped", "a second time")
        }
    }

    @Test(.gateway, arguments: topologies)
    func `an active pinhole takes one connection from the server to the port`(topology: Topology)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            for port in ["5001", "5002"] {
                let listener = try gateway.startScript(
                    "listen",
                    [topology.client, port],
                    as: "listener-\(port)"
                )
                try await listener.said("listening")
            }
            let session = try await gateway.logIn()
            try session.say("EPRT |\(topology.isIPv6 ? 2 : 1)|\(topology.client)|5001|")
            try await session.said("200 EPRT")

            let client = topology.seen
            async let stranger = gateway.probe(client, 5001, from: .stranger)
            async let neighbour = gateway.probe(client, 5002, from: .server)
            try await #require(stranger == "dropped", "another host")
            try await #require(neighbour == "dropped", "another port")
            try await #require(gateway.members().count == 1)
            try await #require(gateway.probe(client, 5001, from: .server) == "connected")
            try await #require(gateway.members().isEmpty)
            try await #require(gateway.probe(client, 5001, from: .server) == "dropped", "a second time")
        }
    }

    @Test(.gateway)
    func `a bounce to a third host opens nothing and is refused with its reason`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("PORT 10,3,0,2,19,137")
            try await session.said("500 Illegal PORT")
            try await #require(gateway.members().isEmpty)
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.refused["address-mismatch"] == 1)
        }
    }
}
