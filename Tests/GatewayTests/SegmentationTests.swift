// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Lines cut into segments wherever TCP may cut them, with real connections for what they announce.
@Suite struct SegmentationTests {
    /// Every byte of every command and reply in a segment of its own.
    @Test(
        .gateway,
        arguments: [Topology.shorterSNAT, .longerSNAT, .bothNATs, .masqueraded6],
        ["bytes", "bytes:0.003"]
    )
    func `transfers work when both sides write a byte at a time`(topology: Topology, how: String) async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.startCutServer(how)
            for mode in topology.modes {
                try await gateway.fetch(mode, 2, cutting: how)
            }
            try await gateway.comesToRest()
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .shorterSNAT, .longerSNAT, .routed6, .masqueraded6]
    )
    func `transfers work when the client's announcement is cut at any point`(topology: Topology) async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            for mode in topology.modes where mode.isActive {
                let numbers = topology.client.replacing(".", with: ",") + ",160,100"
                let line =
                    mode == .port
                    ? "PORT \(numbers)\r\n" : "EPRT |\(topology.isIPv6 ? 2 : 1)|\(topology.client)|41140|\r\n"
                let length = line.utf8.count
                let output = try await gateway.fetch(mode, length - 1, cutting: "points")
                for point in 1..<length {
                    try #require(output.contains("cut \(point) of \(length)\n"), "\(mode)")
                }
            }
            try await gateway.comesToRest()
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .shorterDNAT, .longerDNAT, .routed6, .masqueraded6]
    )
    func `transfers work when the server's announcement is cut at any point`(topology: Topology) async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            for mode in topology.modes where !mode.isActive {
                let server = try await gateway.startCutServer("points")
                let numbers = topology.server.replacing(".", with: ",") + ",160,100"
                let line =
                    mode == .pasv
                    ? "227 Entering Passive Mode (\(numbers))\r\n"
                    : "229 Extended Passive Mode (|||41060|)\r\n"
                let length = line.utf8.count
                try await gateway.fetch(mode, length - 1, cutting: "whole")
                for point in 1..<length {
                    try #require(server.text.contains("cut \(point) of \(length)\n"), "\(mode)")
                }
                _ = try await server.stop()
            }
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway, arguments: [Topology.shorterSNAT, .longerSNAT])
    func `several commands in one segment are each understood`(topology: Topology) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            let outcome = try await gateway.script(
                "pipeline",
                [topology.dialled, topology.portArguments.sent, gateway.payloadPath],
                on: .client
            )
            try #require(outcome.output == "done\n", "\(outcome)")
            try await gateway.comesToRest()
        }
    }

    /// As many as fit into a segment, and more segments than the window takes.
    @Test(
        .gateway,
        arguments: [Topology.shorterSNAT, .longerSNAT],
        ["eager", "late"]
    )
    func `each announcement of a flood arrives rewritten`(
        topology: Topology,
        reading: String
    ) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            let (sent, read) = topology.portArguments
            try await gateway.requireScript(
                "flood",
                [topology.server, topology.dialled, sent, read, "1000", reading]
            )
            let connections: StatisticsReport = try await gateway.report("stats")
            try #require(connections.edits == 1001)
        }
    }
}

extension Gateway {
    /// Starts the server that writes its replies in pieces, and waits until it listens.
    fileprivate func startCutServer(_ how: String) async throws -> Service {
        let arguments = [topology.server, String(topology.serverPort), Server.root, how]
        let words = ["/usr/bin/python3", "-B", try Files.script("cutserver")] + arguments
        let service = try lab.start(words, as: lab.newName("cutserver"), on: topology.serverHost)
        try await poll(for: "the server to listen") {
            guard service.program.isRunning else { throw HarnessError(service.text) }
            let sockets = ["ss", "-Hltn", "sport = :\(topology.serverPort)"]
            return try await !lab.require(sockets, on: topology.serverHost).isEmpty
        }
        return service
    }

    /// Fetches `pub/payload` so many times on one connection, with a client that writes its commands in pieces.
    @discardableResult
    fileprivate func fetch(_ mode: Mode, _ count: Int, cutting how: String) async throws -> String {
        let port = String(topology.port)
        let arguments = [topology.dialled, port, mode.rawValue, how, String(count), payloadPath]
        let outcome = try await script("cutclient", arguments, on: topology.clientHost, seconds: 60)
        try #require(outcome.output.hasSuffix("done \(count)\n"), "\(outcome)")
        return outcome.output
    }
}
