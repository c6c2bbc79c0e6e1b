// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Every topology with every server, client and mode.
@Suite struct MatrixTests {
    @Test(.gateway, arguments: Topology.all, Server.allCases)
    func `transfers work in every mode, and fail without Pinhole`(topology: Topology, server: Server)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            let service = try await gateway.start(server)
            try await expectFailure(in: gateway, server)

            let rules = try await gateway.rules()
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let events = try await gateway.startEvents()
            try await expectSuccess(in: gateway, events)
            try await expectManyTurns(in: gateway)
            try await expectSameAddress(in: gateway, server, service)

            try await gateway.comesToRest()
            let status = try await daemon.stop()
            try #require(status == 0)
            let unloading = try await gateway.pinhole("rules", "unload")
            try #require(unloading.hasSucceeded, "\(unloading)")
            let left = try await gateway.rules()
            try #require(left == rules)
        }
    }

    /// Without Pinhole a client can log in, and then gets nothing.
    private func expectFailure(in gateway: Gateway, _ server: Server) async throws {
        let attempts = Client.allCases.flatMap { client in
            client.modes(isIPv6: gateway.topology.isIPv6).map { (client, $0) }
        }
        try await withThrowingTaskGroup { group in
            for (client, mode) in attempts {
                group.addTask {
                    let failure = try await gateway.fetch(with: client, mode, seconds: 4)
                    try #require(failure != nil, "\(client) gets a file with \(mode) without Pinhole")
                }
            }
            try await group.waitForAll()
        }
        try #require(server.logins(in: gateway.lab) >= attempts.count)
        // One that ends when the daemon runs would be followed from its last packet on, and have no end for it.
        let sockets = ["ss", "-Htn", "dport = :\(gateway.topology.port)"]
        try await poll(for: "the failed attempts to be over") {
            try await gateway.lab.require(sockets, on: gateway.topology.clientHost).isEmpty
        }
    }

    /// With Pinhole everyone gets the file, in the mode that was asked for.
    private func expectSuccess(in gateway: Gateway, _ events: Service) async throws {
        for client in Client.allCases {
            for mode in client.modes(isIPv6: gateway.topology.isIPv6) {
                let known = try EventReport.all(of: events).count
                let before = try await gateway.related()
                let failure = try await gateway.fetch(with: client, mode)
                try #require(failure == nil, "\(client) with \(mode)")
                let after = try await gateway.related()
                try #require(after.marked > before.marked, "\(client) with \(mode) was not RELATED")
                try #require(after.unmarked == 0, "\(client) with \(mode) has not the mark of its master")
                try await poll(for: "the event of \(client) with \(mode)") {
                    let kinds = try EventReport.all(of: events).dropFirst(known).filter { $0.event == "data" }
                        .map(\.kind)
                    return !kinds.isEmpty && kinds.allSatisfy { $0 == mode.rawValue }
                }
            }
        }
    }

    /// Twenty transfers on one control connection: edits upon edits, and tuples that are still in TIME_WAIT.
    private func expectManyTurns(in gateway: Gateway) async throws {
        let topology = gateway.topology
        let (active, passive) = topology.isIPv6 ? (Mode.eprt, Mode.epsv) : (.port, .pasv)
        let session = try gateway.startScript(
            "alternate",
            [
                topology.dialled, String(topology.port), active.rawValue, passive.rawValue, "20",
                gateway.payloadPath,
            ],
            as: "alternate"
        )
        try session.say("go")
        try await session.said("done 20")
        try #require(await session.program.end() == 0)
    }

    /// The server saw control and data connections come from the one address that NAT gives the client.
    private func expectSameAddress(in gateway: Gateway, _ server: Server, _ service: Service) async throws {
        let clients = server.clients(in: gateway.lab)
        try #require(clients == [gateway.topology.seen], "seen by \(server)")
    }
}
