// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// FTPS, where nothing can be read and only the right ones get through.
///
/// With `PINHOLE_FTPS` in the environment every server and every client in every mode; else some of them.
@Suite struct FTPSTests {
    private static let isFull = ProcessInfo.processInfo.environment["PINHOLE_FTPS"] != nil

    /// The same with another control port.
    private static func topology(_ topology: Topology, _ port: Int) -> Topology {
        var other = topology
        other.port = port
        return other
    }

    static let servers: [SecureServer] = {
        guard isFull else {
            return [
                SecureServer(topology: topology(.masqueraded, 2221), requiresReuse: false),
                SecureServer(topology: topology(.bothNATs, 990), isImplicit: true),
                SecureServer(topology: .routed6),
            ]
        }
        return [Topology.routed, .masqueraded, .longerDNAT, .bothNATs, .routed6, .masqueraded6].flatMap {
            place in
            [21, 2221].flatMap { port in
                [true, false].map { SecureServer(topology: topology(place, port), requiresReuse: $0) }
            } + [SecureServer(topology: topology(place, 990), isImplicit: true)]
        }
    }()

    @Test(.gateway, arguments: servers)
    func `transfers work over TLS, RELATED to their control connection, and fail without Pinhole`(
        server: SecureServer
    ) async throws {
        try await Gateway.with(server.topology) { gateway in
            _ = try await gateway.start(server)
            let modes = server.topology.isIPv6 ? [Mode.epsv] : [.pasv, .epsv]
            let failure = try await gateway.fetch(with: .curl, from: server, modes[0], seconds: 6)
            try #require(failure != nil)
            let daemon = try await gateway.startDaemon(for: server)
            let clients =
                Self.isFull
                ? SecureClient.allCases.map { ($0, modes) }
                : [(.ftplib, modes), (.curl, [.epsv]), (.lftp, [modes[0]])]
            for (client, modes) in clients {
                for mode in modes {
                    let before = try await gateway.related()
                    let failure = try await gateway.fetch(with: client, from: server, mode)
                    try #require(failure == nil, "\(client) with \(mode)")
                    let after = try await gateway.related()
                    try #require(after.marked > before.marked, "\(client) with \(mode) was not RELATED")
                    try #require(after.unmarked == 0)
                }
            }
            try await gateway.comesToRest()
            try #require(await daemon.stop() == 0)
        }
    }

    /// Where sessions are played, with something that listens at each of these ports of the server, and of a stranger.
    private static func withStage(
        _ topology: Topology,
        _ options: [String] = [],
        rules: [String] = [],
        _ body: (Gateway, Stage, Service) async throws -> Void
    ) async throws {
        try await Gateway.with(topology) { gateway in
            for (host, address) in [(Host.server, topology.server), (.stranger, gateway.stranger)] {
                let words = ["/usr/bin/python3", "-B", try Files.script("serve"), address, "49100", "50001"]
                try await gateway.lab.start(words, as: "listener-\(host)", on: host).said("listening")
            }
            try await gateway.loadRules(SecureServer(topology: topology).options + rules)
            let daemon = try await gateway.startDaemon(SecureServer(topology: topology).options + options)
            try await body(gateway, gateway.startStage(), daemon)
        }
    }

    @Test(.gateway, arguments: isFull ? [Topology.routed, .bothNATs, .routed6] : [.bothNATs])
    func `no other client or port gets in, and nothing before or after the session`(topology: Topology)
        async throws
    {
        try await Self.withStage(topology) { gateway, stage, _ in
            let known = topology.dialled
            func expectNothing(_ when: String) async throws {
                try await #require(gateway.probe(known, 49100, from: .client) == "dropped", "\(when)")
            }
            try await stage.open("silent")
            try await stage.agreeOnTLS("granted")
            try await stage.agreeOnTLS("a client that only says so")
            try await stage.say(.client, "USER x\r\n", on: "a client that only says so")
            try await stage.say(.server, Stage.hello + Stage.data, on: "a client that only says so")
            try await stage.agreeOnTLS("a server that only says so")
            try await stage.say(.client, Stage.hello + Stage.data, on: "a server that only says so")
            try await stage.say(.server, "220 x\r\n", on: "a server that only says so")
            try await expectNothing("before there is TLS")
            try #require(try await gateway.members().isEmpty)

            try await stage.speakTLS("cut off")
            async let stranger = gateway.probe(known, 49100, from: .stranger)
            async let elsewhere = gateway.probe(gateway.stranger, 49100, from: .client)
            let ports = try await gateway.probe(known, [49100, 50001, 49101], from: .client)
            try #require(ports == ["connected", "dropped", "refused"])
            try await #require(stranger == "dropped", "another host")
            try await #require(elsewhere == "dropped", "another server")
            let related = try await gateway.related()
            try #require(related.unmarked == 0 && related.marked > 0)

            try await stage.close(.client, on: "cut off", abruptly: true)
            try await expectNothing("after an RST")
            try await stage.speakTLS("closed")
            try await #require(gateway.probe(known, 49100, from: .client) == "connected")
            // The server's end alone is enough.
            try await stage.close(.server, on: "closed")
            try await poll(for: "the session to end") { try await gateway.members().isEmpty }
            try await expectNothing("after the end")
        }
    }

    @Test(.gateway)
    func `an eleventh data connection waits until one of the ten ends`() async throws {
        try await Self.withStage(.masqueraded) { gateway, stage, _ in
            try await stage.speakTLS()
            let crowd = try gateway.startScript(
                "retain",
                [gateway.topology.dialled, "49100", "11"],
                as: "crowd"
            )
            try await crowd.said("done")
            let went = crowd.lines.dropLast()
            try #require(went.filter { $0 == "connected" }.count == 10 && went.last == "dropped")
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.refused["ftps-limit"] ?? 0 > 0)
            let expectation = try #require(
                try await gateway.report("expectations", as: [ExpectationReport].self).first
            )
            try #require(expectation.kind == "FTPS" && expectation.to == "10.2.0.2:49000-50000")
            try #require(expectation.live == 10)
            let connection = try #require(
                try await gateway.report("connections", as: [ConnectionReport].self).first
            )
            try #require(connection.state == "encrypted" && connection.used == 10)
            try #require(connection.ftps?.live == 10 && connection.ftps?.max == 10)

            _ = try await crowd.finish()
            try await poll(for: "room for another") {
                try await gateway.probe(gateway.topology.dialled, 49100, from: .client) == "connected"
            }
            let deleted = try await gateway.pinhole("delete", String(expectation.id))
            try #require(deleted.hasSucceeded)
            for end in [Stage.End.client, .server] { try await stage.say(end, Stage.data) }
            try await #require(gateway.probe(gateway.topology.dialled, 49100, from: .client) == "dropped")
        }
    }

    @Test(.gateway)
    func `a session survives a restart of the daemon and continues in plain text after CCC`() async throws {
        try await Self.withStage(.routed) { gateway, stage, daemon in
            try await stage.speakTLS()
            let members = try await gateway.members()
            try #require(members == ["add pinhole4-sessions 10.1.0.2"])
            _ = try await gateway.pinhole("flush")
            try await stage.speakTLS("another")
            try await #require(daemon.stop("KILL") == 128 + 9)
            _ = try await gateway.startDaemon(SecureServer(topology: .routed).options)
            try await #require(gateway.probe("10.2.0.2", 49100, from: .client) == "connected")

            for end in [Stage.End.client, .server] { try await stage.say(end, Stage.farewell, on: "another") }
            try await stage.say(.client, "PASV\r\n", on: "another")
            try await stage.say(.server, "227 ok (10,2,0,2,195,81)\r\n", on: "another")
            let expectations: [ExpectationReport] = try await gateway.report("expectations")
            try #require(expectations.map(\.kind) == ["PASV"])
            try await #require(
                gateway.probe("10.2.0.2", [50001, 49100], from: .client) == ["connected", "dropped"]
            )
        }
    }

    @Test(.gateway)
    func `with a bypass mark the packets of a session bypass the queue, but not its FIN`() async throws {
        let mark = ["--bypass-mark", "0x1000/0x1000"]
        try await Self.withStage(.masqueraded, mark + ["--timeout", "10"], rules: mark) { gateway, stage, _ in
            func packets() async throws -> Int {
                try await gateway.report("stats", as: StatisticsReport.self).packets
            }
            func sessions() async throws -> Int {
                try await gateway.report("expectations", as: [ExpectationReport].self).count
            }
            try await stage.speakTLS()
            let before = try await packets()
            for _ in 1...20 {
                for end in [Stage.End.client, .server] { try await stage.say(end, Stage.data) }
            }
            try await #require(packets() == before)
            let known = gateway.topology.dialled
            try await #require(gateway.probe(known, 49100, from: .client) == "connected")
            let entries = try await gateway.lab.require(["conntrack", "-L", "-p", "tcp"], on: .gateway).split(
                separator: "\n"
            )
            try #require(
                entries.contains { $0.contains("dport=21 ") && $0.contains("mark=\(0x102a) ") },
                "\(entries)"
            )
            try #require(
                entries.contains { $0.contains("dport=49100 ") && $0.contains("mark=\(0x2a) ") },
                "\(entries)"
            )

            try await poll(for: "the idle session to close", within: 40) { try await sessions() == 0 }
            for end in [Stage.End.client, .server] { try await stage.say(end, Stage.data) }
            try await #require(sessions() == 1)
            try await #require(gateway.probe(known, 49100, from: .client) == "connected")
            for end in [Stage.End.client, .server] { try await stage.close(end) }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: isFull ? [Topology.routed, .longerDNAT] : [.longerDNAT])
    func `the server opens data connections over TLS where that is allowed`(topology: Topology) async throws {
        let server = SecureServer(topology: topology)
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(server)
            try await gateway.loadRules(server.options)
            let daemon = try await gateway.startDaemon(server.options)
            let failure = try await gateway.fetch(with: .ftplib, from: server, .port, seconds: 6)
            try #require(failure != nil)
            try #require(await daemon.stop() == 0)
            let configuration = """
                [server \(topology.server)]
                ftps-ports = \(SecureServer.ports)
                ftps-active = yes

                """
            try gateway.lab.write(configuration, to: "pinhole.conf")
            _ = try await gateway.startDaemon("--config", "\(Lab.folder)/pinhole.conf")
            let before = try await gateway.related()
            // curl 7.88 hangs after it has accepted such a connection.
            for (client, mode) in [(SecureClient.ftplib, Mode.port), (.lftp, .port), (.curl, .epsv)] {
                let failure = try await gateway.fetch(with: client, from: server, mode)
                try #require(failure == nil, "\(client) with \(mode)")
            }
            let after = try await gateway.related()
            try #require(after.marked >= before.marked + 3 && after.unmarked == 0)
        }
    }
}
