// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Configurations of FTPS that do not fit the server: `pinhole check` says what to write where.
@Suite struct FTPSMistakeTests {
    /// Waits until `unopened` was reported with this reason, and returns its line of `pinhole check`.
    private func finding(_ reason: String, _ gateway: Gateway) async throws -> String {
        try await poll(for: reason, within: 10) {
            try await gateway.pinhole("metrics").output
                .contains("pinhole_unopened_total{reason=\"\(reason)\"} 1\n")
        }
        let check = try await gateway.pinhole("check").output
        return try #require(
            check.split(separator: "\n").first { $0.hasPrefix("warning  \(reason): 1 in the last hour") }.map(
                String.init
            )
        )
    }

    @Test(.gateway, arguments: [Topology.bothNATs, .routed6])
    func `check reports attempts at an unconfigured port and at another address`(
        topology: Topology
    ) async throws {
        try await Gateway.with(topology) { gateway in
            let options = ["--ftps", "\(topology.server)=49000-50000"]
            try await gateway.loadRules(options)
            _ = try await gateway.startDaemon(options)
            let stage = try gateway.startStage()
            try await stage.speakTLS("port")
            try await stage.say(.server, Stage.data, on: "port")
            _ = try await gateway.probe(topology.dialled, 30001, from: .client)
            let port = try await finding("ftps-port", gateway)
            #expect(port.contains("tried port 30001 of the server, and 'ftps-ports' is 49000-50000: "))
            #expect(port.contains("[server \(topology.server)]"))

            try await stage.say(.server, Stage.data, on: "port")
            _ = try await gateway.probe(gateway.stranger, 49100, from: .client)
            let address = try await finding("ftps-address", gateway)
            #expect(
                address.contains("tried \(gateway.stranger), but knows the server as \(topology.dialled): ")
            )
            let listed = try await gateway.pinhole("refusals", "--plain").output
            #expect(listed.contains("reason=ftps-port tried="))
        }
    }

    @Test(.gateway)
    func `check reports implicit TLS on an unconfigured port, and a port that is not queued`() async throws {
        var topology = Topology.masqueraded
        topology.port = 990
        try await Gateway.with(topology) { gateway in
            let options = ["--ftps", "\(topology.server)=49000-50000"]
            try await gateway.loadRules(options)
            _ = try await gateway.startDaemon(options)
            let stage = try gateway.startStage()
            try await stage.open()
            for end in [Stage.End.client, .server] { try await stage.say(end, Stage.hello) }
            for end in [Stage.End.client, .server, .client, .server] { try await stage.say(end, Stage.data) }
            let implicit = try await finding("ftps-implicit", gateway)
            #expect(implicit.contains("write 'implicit-tls = 990' into the configuration"))
            let check = try await gateway.pinhole("check").output
            #expect(
                check.contains(
                    "FTPS: port 990 is queued, but not configured for implicit TLS: "
                )
            )
            #expect(!check.contains("port 990: connections there pass unread"))

            try await gateway.lab.require([Files.pinhole(), "rules", "unload"], on: .gateway)
            let unqueued = try await gateway.pinhole("check").output
            #expect(unqueued.contains("warning  port 990: connections there pass unread, 1 now: "))
        }
    }

    @Test(.gateway)
    func `check reports a daemon and rules with different options`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules("--ftps", "10.2.0.2=49000-50000", "--bypass-mark", "0x100/0x300")
            _ = try await gateway.startDaemon("--bypass-mark", "0x200/0x300")
            let check = try await gateway.pinhole("check").output
            #expect(
                check.contains(
                    "daemon: its bypass-mark is 0x200/0x300, that of the loaded rules 0x100/0x300: "
                )
            )
            #expect(
                check.contains(
                    "FTPS: the rules queue SYNs for the daemon, but it has ftps-ports for no server: "
                )
            )
        }
    }

    @Test(.gateway)
    func `a session of an unconfigured server is reported with the section to write`() async throws {
        try await Gateway.withStage(.bothNATs) { gateway, stage in
            try await stage.speakTLS()
            try await stage.say(.server, Stage.data)
            let line = try await finding("ftps-unconfigured", gateway)
            #expect(line.contains("'ftps-ports = FIRST-LAST'"))
            #expect(line.contains("[server \(gateway.topology.server)]"))
        }
    }
}
