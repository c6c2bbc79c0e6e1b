// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What the daemon knows of a control connection, from before its start to after its end.
@Suite struct SessionTests {
    @Test(.gateway, arguments: [Topology.routed, .longerSNAT, .bothNATs])
    func `a connection opened before the daemon started is adopted`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let session = try gateway.startScript(
                "alternate",
                [topology.dialled, "21", "PORT", "PASV", "4", gateway.payloadPath],
                as: "session"
            )
            try await session.said("logged in")
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            try session.say("go")
            try await session.said("done 4")
            // Two PORT and two PASV: source NAT changes the one, destination NAT the other.
            let edits = (topology.clientSeenAs == nil ? 0 : 2) + (topology.serverKnownAs == nil ? 0 : 2)
            try await daemon.said("adopted=yes user=\"\" edits=\(edits) opened=4 used=4")
            try await gateway.comesToRest()
        }
    }

    /// Why the start of a connection was not seen.
    enum Absence: String, CaseIterable {
        case daemon = "no daemon, and rules that let everything pass"
        case rules = "a daemon without rules"
    }

    @Test(.gateway, arguments: [Topology.longerSNAT, .masqueraded6], Absence.allCases)
    func `a connection whose start nobody saw is adopted`(topology: Topology, absence: Absence)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules("--bypass")
            if absence == .rules {
                _ = try await gateway.startDaemon()
                let unloading = try await gateway.pinhole("rules", "unload")
                try #require(unloading.hasSucceeded, "\(unloading)")
            }
            let session = try await gateway.startSteadySession()
            switch absence {
            case .daemon: _ = try await gateway.startDaemon()
            case .rules: try await gateway.loadRules()
            }
            try await session.perform(topology.modes.map(\.rawValue))
            let connections: [ConnectionReport] = try await gateway.report("connections")
            try #require(connections.map(\.adopted) == [true])
            try await session.quit()
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `an expectation is reported with its original and translated addresses`() async throws {
        try await Gateway.with(.bothNATs) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let session = try await gateway.logIn()

            try session.say("PORT 10,101,102,103,19,137")
            try await session.said("200 PORT")
            let active = try #require(
                try await gateway.report("expectations", as: [ExpectationReport].self).first
            )
            #expect(active.kind == "PORT")
            #expect(active.master.client.hasPrefix("10.101.102.103:"))
            #expect(active.master.server == "203.0.113.205:21")
            #expect(active.from == "10.2.0.2")
            #expect(active.to == "9.8.7.6:5001")
            #expect(active.translated.from == "203.0.113.205")
            #expect(active.translated.to == "10.101.102.103:5001")
            #expect(active.expires_in > 290 && active.expires_in <= 300)

            try session.say("PASV")
            try await session.said("227 ")
            let port = try session.passivePort(showing: "203,0,113,205")
            let expectations: [ExpectationReport] = try await gateway.report("expectations")
            let passive = try #require(expectations.first)
            #expect(expectations.count == 1, "a connection has one expectation at a time")
            #expect(passive.kind == "PASV")
            #expect(passive.id != active.id)
            #expect(passive.from == "10.101.102.103")
            #expect(passive.to == "203.0.113.205:\(port)")
            #expect(passive.translated.from == "9.8.7.6")
            #expect(passive.translated.to == "10.2.0.2:\(port)")

            let connection = try #require(
                try await gateway.report("connections", as: [ConnectionReport].self).first
            )
            #expect(connection.client == active.master.client)
            #expect(connection.server == "203.0.113.205:21")
            #expect(connection.translated.client.hasPrefix("9.8.7.6:"))
            #expect(connection.translated.server == "10.2.0.2:21")
            #expect(connection.state == "ready")
            #expect(!connection.adopted)
            #expect(connection.user == "anonymous")
            #expect(connection.edits == 2)
            #expect(connection.opened == 2)
            #expect(connection.used == 0)

            let status = try await session.finish()
            try #require(status == 0)
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: ["TERM", "INT", "KILL"])
    func `a restarted daemon keeps the pinhole, which leads nowhere in between`(signal: String)
        async throws
    {
        try await Gateway.with(.masqueraded) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")
            let port = try session.extendedPort()
            let members = try await gateway.members()
            try #require(members.count == 1)

            let status = try await daemon.stop(signal)
            try #require(status == (signal == "KILL" ? 128 + 9 : 0))
            let outcome = try await gateway.pinhole("stats")
            try #require(outcome.error.hasPrefix("pinhole: no daemon answers"))
            let closed = try await gateway.probe(gateway.topology.dialled, port, from: .client)
            try #require(closed == "dropped")

            _ = try await gateway.startDaemon()
            let expectations = try await gateway.report("expectations", as: [ExpectationReport].self)
            try #require(expectations.map(\.id) == [1])
            let open = try await gateway.probe(gateway.topology.dialled, port, from: .client)
            try #require(open == "connected")
            try await #require(gateway.members().isEmpty)
            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil)
        }
    }

    @Test(.gateway)
    func `a control connection waits for the daemon`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let session = try gateway.startScript("session", [gateway.topology.dialled, "21"], as: "session")
            try await poll(for: "the answer to the SYN to be queued") { try await gateway.queued() > 0 }
            try #require(session.text.isEmpty)
            _ = try await gateway.startDaemon()
            try await session.said("220 ")
        }
    }

    @Test(.gateway)
    func `with --bypass a control connection passes without the daemon`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules("--bypass")
            let session = try await gateway.logIn()
            try session.say("NOOP")
            try await session.said("200 NOOP ok.")
        }
    }
}
