// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Sessions whose packets pass while the daemon and its rules are stopped, as `systemctl stop pinhole` does.
@Suite(.serialized) struct StoppedDaemonTests {
    @Test(.gateway, arguments: [Topology.longerSNAT, .bothNATs])
    func `a rewritten session goes on or is reset after the daemon was stopped with its rules`(
        topology: Topology
    ) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon()
            let words = ["/usr/bin/python3", "-B", try Files.script("chatter")]
            // Each stop makes the ends of a session prove their positions anew, for up to eight seconds.
            let arguments = [topology.dialled, String(topology.port), "16", "45"]
            let chatter = try gateway.lab.start(words + arguments, as: "chatter", on: .client)
            try await chatter.said("ready\n")
            for turn in 1...4 {
                let sessions: [ConnectionReport] = try await gateway.report("connections")
                try #require(!sessions.isEmpty, "turn \(turn)")
                _ = try await daemon.stop()
                try await gateway.lab.require([try Files.pinhole(), "rules", "unload"], on: .gateway)
                try await gateway.loadRules()
                daemon = try await gateway.startDaemon()
            }
            try chatter.say("")
            try await chatter.said("done\n")
            let counts = chatter.figures
            for name in ["silent", "garbled"] {
                try Figures.note("stopped four times, \(topology), \(name)", counts[name] ?? -1, .equal(0))
            }
            try #require(counts["replies", default: 0] > 0, "\(chatter.text)")
        }
    }
}
