// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Packets that anybody can write.
@Suite struct ForgeryTests {
    @Test(.gateway)
    func `an unsolicited SYN-ACK discards nothing`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            try session.say("EPRT |1|\(Topology.longerSNAT.client)|5001|")
            try await session.said("200 EPRT")

            let queued = try await gateway.queued()
            let connections: [ConnectionReport] = try await gateway.report("connections")
            let port = try #require(connections.first?.client.split(separator: ":").last)
            let ends = [Topology.longerSNAT.server, "21", Topology.longerSNAT.seen, String(port)]
            let outcome = try await gateway.script("forge", ends, on: .server)
            try #require(outcome.hasSucceeded, "\(outcome)")
            try await poll(for: "the forged packet to be queued") { try await gateway.queued() > queued }

            // The edit before is still translated: a shift that was forgotten would cut the command's first letters off.
            try session.say("NOOP")
            try await session.said("200 NOOP")
            let after: [ConnectionReport] = try await gateway.report("connections")
            try #require(after.map(\.adopted) == [false])
            try #require(after.map(\.edits) == [1])
        }
    }
}
