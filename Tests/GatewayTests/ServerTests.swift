// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Further servers and clients, in a topology with both NATs and in one with IPv6, where the daemon is strict.
@Suite struct ServerTests {
    static let topologies = [Topology.bothNATs, .masqueraded6]

    /// Starts the daemon, plays a session that asks for all that a client can ask for, and sees that all of it opened.
    private func converse(
        in gateway: Gateway,
        _ modes: [Mode],
        knowsTelnet: Bool,
        answersInOrder: Bool = true,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        try await gateway.lab.require(["truncate", "--size=16M", "\(Server.root)/pub/large"])
        try await gateway.loadRules()
        let isStrict = gateway.topology.isIPv6
        _ = try await gateway.startDaemon(isStrict ? ["--strict"] : [])
        let turns = 100
        let outcome = try await gateway.script(
            "converse",
            [
                gateway.topology.dialled, String(gateway.topology.port), gateway.payloadPath, String(turns),
                knowsTelnet ? "telnet" : "plain", isStrict ? "patient" : "hasty",
            ] + modes.map(\.rawValue),
            on: gateway.topology.clientHost
        )
        try #require(outcome.output.hasSuffix("done\n"), "\(outcome)", sourceLocation: location)
        try await gateway.comesToRest()
        let statistics: StatisticsReport = try await gateway.report("stats")
        try #require(statistics.refused.allSatisfy { $0.value == 0 }, sourceLocation: location)
        // A transfer during which it speaks, one that it ends, one in a segment; and then as many as there are turns.
        try #require(
            statistics.expectations_used == 3 * modes.count + turns,
            "\(outcome)",
            sourceLocation: location
        )
        // Whatever was answered meanwhile: all but those that it ends were seen to be completed.
        let known = (answersInOrder ? 2 : 1) * modes.count + turns
        try #require(
            statistics.transfers_completed >= known,
            "\(statistics.transfers_completed) of \(outcome)",
            sourceLocation: location
        )
    }

    @Test(.gateway, arguments: topologies, FurtherServer.allCases)
    func `a session with another server works in every mode`(
        topology: Topology,
        server: FurtherServer
    ) async throws {
        try await Gateway.with(topology) { gateway in
            let service = try server.start(
                in: gateway.lab,
                on: topology.serverHost,
                address: topology.server,
                port: topology.serverPort
            )
            try await gateway.listens(service)
            let modes = server.modes(isIPv6: topology.isIPv6)
            try await converse(
                in: gateway,
                modes,
                knowsTelnet: server.knowsTelnet,
                answersInOrder: server.answersInOrder
            )
        }
    }

    @Test(.gateway, arguments: topologies, Server.allCases)
    func `a session with a usual server works in every mode`(topology: Topology, server: Server) async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(server)
            try await converse(in: gateway, topology.modes, knowsTelnet: true)
        }
    }

    @Test(.gateway, arguments: topologies)
    func `other clients transfer files in each of their modes`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            // A folder for the client that fetches one.
            try await gateway.lab.require([
                "sh", "-ec", "cd \(Server.root)/pub; for file in $(seq 100); do echo $file >$file; done",
            ])
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            for client in FurtherClient.allCases {
                for mode in client.modes(isIPv6: topology.isIPv6) {
                    let known = try EventReport.all(of: events).count
                    let folder = gateway.lab.newName("got")
                    try await gateway.lab.require(["mkdir", "\(Lab.folder)/\(folder)"])
                    let (words, input) = client.fetch(
                        from: topology.dialled,
                        mode: mode,
                        into: "\(Lab.folder)/\(folder)"
                    )
                    let outcome = try await gateway.lab.run(
                        words,
                        on: topology.clientHost,
                        seconds: 30,
                        input: input
                    )
                    let payload = gateway.lab.contents("\(folder)/payload")
                    try #require(payload == gateway.payload, "\(client) with \(mode): \(outcome)")
                    if client == .lftp {
                        #expect(gateway.lab.read("\(folder)/100") == "100\n", "\(outcome)")
                    }
                    var kinds: [String?] = []
                    try await poll(for: "the end of \(client)'s connection with \(mode)") {
                        let new = try EventReport.all(of: events).dropFirst(known)
                        kinds = new.filter { $0.event == "data" }.map(\.kind)
                        return !kinds.isEmpty && new.last?.event == "connection-closed"
                    }
                    #expect(Set(kinds) == [mode.rawValue], "\(client)")
                }
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            #expect(statistics.refused.allSatisfy { $0.value == 0 })
        }
    }
}
