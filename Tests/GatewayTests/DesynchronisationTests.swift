// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Packets of a rewritten session pass while the rules are gone, with numbers that the other end does not expect.
@Suite struct DesynchronisationTests {
    @Test(.gateway)
    func `a command that the server took for a retransmission is sent again, and the session goes on`()
        async throws
    {
        try await Gateway.withGap(.longerSNAT) { _, stage, end in
            // Shorter than what the rewritten line has grown by.
            try await stage.send(.client, "NOOP\r\n")
            try await end()
            try await stage.reads(.server, "NOOP\r\n")
            try await stage.say(.server, "200 ok\r\n")
            try await stage.say(.client, "SYST\r\n")
        }
    }

    @Test(.gateway)
    func `a session whose server got the rest of a command is reset at both ends`() async throws {
        try await Gateway.withGap(.longerSNAT) { daemon, stage, end in
            try await stage.say(.client, "STAT somefile\r\n", read: "mefile\r\n")
            try await end()
            for end in [Stage.End.client, .server] { try await stage.isReset(end) }
            try await daemon.said("level=warning event=out-of-step ")
        }
    }

    /// The server's acknowledgement of what it had before looks like one of the command, which the client does not send again.
    @Test(.gateway)
    func
        `a session whose server took a command for a retransmission is reset if the client waits for a reply`()
        async throws
    {
        try await Gateway.withGap(.longerSNAT) { daemon, stage, end in
            // Just as long as what the rewritten line has grown by.
            try await stage.send(.client, "HELP \r\n")
            try await end()
            for end in [Stage.End.client, .server] { try await stage.isReset(end) }
            try await daemon.said("level=warning event=out-of-step ")
        }
    }

    @Test(.gateway)
    func `a session whose packets bypassed the queue without a daemon is reset`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            try gateway.lab.write("bypass = yes\n", to: "pinhole.conf")
            let configuration = "\(Lab.folder)/pinhole.conf"
            try await gateway.loadRules(from: configuration)
            let daemon = try await gateway.startDaemon("--config", configuration)
            let stage = try gateway.startStage()
            try await stage.logIn()
            try await stage.announce(on: .longerSNAT)
            _ = try await daemon.stop("KILL")
            // Just as long as what the rewritten line has grown by.
            try await stage.send(.client, "HELP \r\n")
            let next = try await gateway.startDaemon("--config", configuration)
            for end in [Stage.End.client, .server] { try await stage.isReset(end) }
            try await next.said("level=warning event=out-of-step ")
        }
    }

    @Test(.gateway)
    func `a session whose server got a command too early is reset at both ends`() async throws {
        try await Gateway.withGap(.shorterSNAT) { daemon, stage, end in
            try await stage.send(.client, "STAT somefile\r\n")
            try await end()
            for end in [Stage.End.client, .server] { try await stage.isReset(end) }
            try await daemon.said("level=warning event=out-of-step ")
        }
    }
}

extension Gateway {
    /// A session with a rewritten line, on a gateway whose rules are gone until `body` calls what it is given.
    fileprivate static func withGap(
        _ topology: Topology,
        _ body: (_ daemon: Service, _ stage: Stage, _ end: () async throws -> Void) async throws -> Void
    ) async throws {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            try await stage.logIn()
            try await stage.announce(on: topology)
            let unloading = try await gateway.pinhole("rules", "unload")
            try #require(unloading.hasSucceeded, "\(unloading)")
            try await body(daemon, stage) {
                try await gateway.loadRules()
                // As `pinhole rules watch` tells it.
                let words = ["/usr/bin/python3", "-B", try Files.script("tell"), "/run/pinhole/control.sock"]
                let telling = try await gateway.lab.run(words, on: .gateway)
                try #require(telling.output.hasPrefix("ok"), "\(telling)")
            }
        }
    }
}
