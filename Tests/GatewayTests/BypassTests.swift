// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// With a mark for it, connections that are not FTP bypass the queue once that is certain.
@Suite struct BypassTests {
    private static let mark = ["--bypass-mark", "0x1000"]

    @Test(.gateway, arguments: [Topology.routed, .bothNATs])
    func `another protocol bypasses the queue, opens nothing, and its end is noticed`(topology: Topology)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules(Self.mark)
            let daemon = try await gateway.startDaemon(Self.mark)
            let stage = try gateway.startStage()
            try await stage.open()
            try await stage.say(.server, "SSH-2.0-OpenSSH_9.2\r\n")
            try await stage.say(.client, "SSH-2.0-OpenSSH_9.2\r\n")
            try await poll(for: "the mark") { try await gateway.hasMark("0x102a") }
            let before = try await gateway.queued()
            let port = topology.portArguments
            for _ in 1...20 {
                try await stage.say(.client, "PORT \(port.sent)\r\n")
                try await stage.say(.server, "227 ok (0,0,0,0,19,137)\r\n")
            }
            try await #require(gateway.queued() == before)

            // Neither a daemon that has taken over nor conntrack's forgetfulness makes FTP of it.
            try await #require(daemon.stop("KILL") == 128 + 9)
            _ = try await gateway.startDaemon(Self.mark)
            if !topology.isTranslated { try await gateway.lab.require(["conntrack", "-F"], on: .gateway) }
            for _ in 1...3 {
                try await stage.say(.client, "PORT \(port.sent)\r\n")
                try await stage.say(.server, "227 ok (0,0,0,0,19,137)\r\n")
            }
            let connections: [ConnectionReport] = try await gateway.report("connections")
            try #require(connections.map(\.state) == ["not-ftp"])
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_opened == 0 && statistics.edits == 0)
            for end in [Stage.End.client, .server] { try await stage.close(end) }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: ["no", "yes"])
    func `a new connection with the same addresses and ports is followed`(losesEnd: String)
        async throws
    {
        let topology = Topology.longerSNAT
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules(Self.mark)
            _ = try await gateway.startDaemon(Self.mark)
            let port = topology.portArguments
            let lines = ["PORT \(port.sent)", "PORT \(port.read)", losesEnd]
            try await gateway.requireScript("again", [topology.server, topology.dialled] + lines)
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.connections_total == 2 && statistics.expectations_opened == 1)
            try #require(statistics.refused["not-ftp"] == 1)
        }
    }

    @Test(.gateway)
    func `implicit TLS bypasses the queue, and TLS that may end with CCC does not`()
        async throws
    {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules(Self.mark)
            _ = try await gateway.startDaemon(Self.mark)
            let stage = try gateway.startStage()
            try await stage.open("VPN")
            // A ClientHello, as a record's first bytes show it.
            try await stage.say(.client, Stage.record(22, "\u{1}\u{0}\u{0}\u{5}hello"), on: "VPN")
            try await stage.say(.server, Stage.hello, on: "VPN")
            for end in [Stage.End.client, .server, .client, .server] {
                try await stage.say(end, Stage.data, on: "VPN")
            }
            try await poll(for: "the mark") { try await gateway.hasMark("0x102a") }
            var before = try await gateway.queued()
            for _ in 1...20 { try await stage.say(.server, Stage.data, on: "VPN") }
            try await #require(gateway.queued() == before)

            try await stage.speakTLS("FTPS")
            before = try await gateway.queued()
            for _ in 1...5 { try await stage.say(.server, Stage.data, on: "FTPS") }
            try await #require(gateway.queued() >= before + 5, "CCC would not be seen")
        }
    }
}

extension Topology {
    fileprivate var isTranslated: Bool { clientSeenAs != nil || serverKnownAs != nil }
}

extension Gateway {
    /// Tells whether conntrack has a control connection with that mark.
    fileprivate func hasMark(_ mark: String) async throws -> Bool {
        let value = Int(mark.dropFirst(2), radix: 16) ?? 0
        return try await lab.require(["conntrack", "-L", "-p", "tcp"], on: .gateway).split(separator: "\n")
            .contains { $0.contains("=21 ") && $0.contains("mark=\(value) ") }
    }
}
