// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// The daemon's control socket: who may ask for what, and what other users can do to it.
@Suite struct ControlSocketTests {
    private let path = "/run/pinhole/control.sock"

    /// A command prefix that runs a program as a user other than root, in this group only.
    ///
    /// The one capability lets it read the program, wherever that was built; a socket it does not open.
    private func stranger(inGroup group: String) -> [String] {
        ["setpriv", "--reuid=65534", "--regid=\(group)", "--clear-groups"]
            + ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    }

    @Test(.gateway)
    func `root may do everything, its group may read, and others are refused`() async throws {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let mode = try await gateway.lab.require(["stat", "-c", "%A %u %g", path])
            try #require(mode == "srw-rw---- 0 64991\n")
            let session = try await gateway.logIn()
            try session.say("EPSV")
            try await session.said("229 ")

            let member = stranger(inGroup: "64991")
            for subcommand in ["stats", "connections", "expectations"] {
                let outcome = try await gateway.pinhole([subcommand], prefix: member)
                try #require(outcome.hasSucceeded, "\(outcome)")
            }
            for words in [["flush"], ["delete", "1"]] {
                let outcome = try await gateway.pinhole(words, prefix: member)
                try #require(outcome.status == 1)
                try #require(outcome.error == "pinhole: only root may do that: use sudo\n")
            }
            for words in [["stats"], ["connections"], ["events"], ["flush"], ["delete", "1"]] {
                let outcome = try await gateway.pinhole(words, prefix: stranger(inGroup: "65534"))
                try #require(outcome.status == 1)
                let complaint = "pinhole: the daemon at \(path) is for root and its own group: use sudo\n"
                try #require(outcome.error == complaint)
            }
            try await #require(gateway.members().count == 1, "nothing was closed")
            try await #require(gateway.pinhole("flush").output == "closed 1\n")
        }
    }

    @Test(.gateway)
    func `10,000 invalid control clients do not affect packets`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon()
            let session = try await gateway.logIn()
            let before = try await (daemon.memory, daemon.files)

            let siege = try gateway.lab.start(
                ["/usr/bin/python3", "-B", Files.script("besiege"), path, "10000"],
                as: "siege",
                on: .gateway
            )
            try await siege.said("begun")
            var asked = 0
            repeat {
                asked += 1
                try session.say("NOOP")
                try await poll(for: "the answer to NOOP \(asked)") {
                    session.lines.count { $0 == "200 NOOP ok." } == asked
                }
                if asked % 50 == 1 {
                    let failure = try await gateway.fetch(with: .curl, asked % 100 == 1 ? .port : .pasv)
                    try #require(failure == nil)
                }
            } while asked < 20 || !siege.text.contains("made 10000")

            try #require(await siege.finish() == 0)
            try await poll(for: "the daemon to answer") { try await gateway.pinhole("stats").hasSucceeded }
            let errors = try await gateway.report("stats", as: StatisticsReport.self).errors
            try #require(errors.allSatisfy { $0.value == 0 })
            try await poll(for: "every client's end") { try await daemon.files == before.1 }
            try #require(daemon.memory < before.0 + 16 * 1024, "KiB")
            try #require(await session.finish() == 0)
            try await gateway.comesToRest()
        }
    }

    @Test(.gateway)
    func `text of clients and servers appears as printable ASCII in the log and in every answer`()
        async throws
    {
        try await Gateway.with(.routed) { gateway in
            _ = try await gateway.start(.pyftpdlib)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--log-level", "debug")
            let events = try await gateway.startEvents()
            let texts = try gateway.lab.start([Files.pinhole(), "events"], as: "texts", on: .gateway)
            let session = try gateway.startScript("session", [gateway.topology.dialled, "21"], as: "session")
            try await session.said("220 ")
            let nasty =
                "\u{1b}]0;x\u{7}\u{1b}[2J \"'\\ \u{0}\u{8}\u{b}\u{7f}\u{80}\u{9b}31m\u{ff}\r level=error event=x"
            try session.say("USER \(nasty)")
            try await session.said("331 ")
            try session.say("PORT 10,1,0,2,19,137 \(nasty)")
            try session.say("PORT \(nasty)")
            try await poll(for: "both refusals") { daemon.lines.count { $0.contains("event=refused") } == 2 }
            let connections = try await gateway.pinhole("connections")
            try #require(connections.output.contains("user="))
            let reports: [ConnectionReport] = try await gateway.report("connections")
            try #require(reports.contains { $0.user?.contains("level=error") ?? false })
            try #require(await session.finish() == 0)
            for watcher in [events, texts] { try await watcher.said("connection-closed") }

            let statistics = try await gateway.pinhole("stats")
            for text in [
                daemon.text, events.text, texts.text, connections.output, statistics.output, "\(reports)",
            ] {
                let others = text.utf8.filter { !(0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\n") }
                try #require(others.isEmpty)
            }
            try #require(daemon.lines.allSatisfy { $0.hasPrefix("level=") && !$0.hasPrefix("level=error") })
            try #require(EventReport.all(of: events).count { $0.event == "refused" } == 2)
        }
    }
}
