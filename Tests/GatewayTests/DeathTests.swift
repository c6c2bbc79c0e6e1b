// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// The daemon ends, by a signal or at any moment, and another takes its place: nothing is lost.
@Suite struct DeathTests {
    /// How often it is killed: `PINHOLE_KILLS` for more.
    private static var kills: Int {
        ProcessInfo.processInfo.environment["PINHOLE_KILLS"].flatMap { Int($0) } ?? 5
    }

    @Test(.gateway, arguments: [Topology.longerSNAT, .bothNATs])
    func `100 sessions survive any number of killed daemons`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon()
            let sessions = try await gateway.startSessions()
            try await Pauses.with(count: DeathTests.kills) { _ in
                _ = try await daemon.stop("KILL")
                daemon = try await gateway.startDaemon()
                try await daemon.said("event=restored connections=100 dropped=0")
            }
            let status = try await sessions.finish()
            try #require(status == 0, "\(sessions.text)")
            try await gateway.comesToRest()
        }
    }

    /// What takes most room for its record: a line that does not end.
    @Test(.gateway)
    func `long lines of other sessions do not displace the record of an edited session`() async throws {
        let topology = Topology.longerSNAT
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon(
                "--max-connections",
                "100",
                "--max-client-connections",
                "100"
            )
            let stage = try gateway.startStage()
            let others = (1...60).map { "\($0)" }
            for other in others {
                try await stage.logIn(other)
                try await stage.say(.server, "150 " + String(repeating: "x", count: 3900), on: other)
            }
            try await stage.logIn("honest")
            let (sent, read) = topology.portArguments
            try await stage.say(.client, "PORT \(sent)\r\n", read: "PORT \(read)\r\n", on: "honest")
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.errors["state"] == 0)

            _ = try await daemon.stop("KILL")
            daemon = try await gateway.startDaemon(
                "--max-connections",
                "100",
                "--max-client-connections",
                "100"
            )
            try await daemon.said("event=restored connections=61 dropped=0")
            for other in others { try await stage.say(.server, "\r\n", on: other) }
            try await stage.say(.server, "200 ok\r\n", on: "honest")
            for (session, port) in [(others[0], ",20,1"), (others[59], ",20,2"), ("honest", ",19,137")] {
                try await stage.say(.client, "NOOP\r\n", on: session)
                try await stage.say(.server, "200 ok\r\n", on: session)
                let lines = [sent, read].map { "PORT \($0.dropLast(",19,137".count))\(port)\r\n" }
                try await stage.say(.client, lines[0], read: lines[1], on: session)
            }
        }
    }

    /// The service manager keeps the queues' sockets, and so the packets that wait in them.
    @Test(.gateway, arguments: ["TERM", "KILL"])
    func `no packet is lost when a service manager restarts the daemon`(signal: String) async throws {
        try await Gateway.with(.bothNATs) { gateway in
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            try await gateway.loadRules()
            let manager = try await gateway.startSupervisedDaemon()
            let sessions = try await gateway.startSessions()
            try await Pauses.with(count: DeathTests.kills) { number in
                try manager.say(signal)
                try await manager.said("ready \(number + 2)\n")
            }
            let status = try await sessions.finish()
            try #require(status == 0, "\(sessions.text)")
            // The service manager has the queues' sockets, too, and is not taken for one that listens.
            let check = try await gateway.pinhole("check", "-v")
            try #require(check.output.contains("queue 21, control packets: pinhole"), "\(check)")
            // Every packet that a rule has sent to a queue was there, and is there no more.
            let queues = try await gateway.queues()
            try #require(queues.allSatisfy { $0.waiting == 0 && $0.dropped == 0 }, "\(queues)")
            let queued = try await gateway.queued()
            try #require(queues.map(\.packets).reduce(0, +) == queued, "\(queues), \(queued) by the rules")
            try await gateway.comesToRest()
            try await #require(manager.finish() == 0, "\(manager.text)")
        }
    }
}

extension Gateway {
    /// Starts 100 sessions that go on with transfers in every mode, and waits until each has made one.
    fileprivate func startSessions() async throws -> Service {
        let modes = topology.modes.map(\.rawValue).joined(separator: ",")
        let arguments = [topology.dialled, "21", modes, "100", payloadPath]
        let sessions = try startScript("persist", arguments, as: "sessions")
        try await sessions.said("logged in", within: 60)
        return sessions
    }

    /// Starts the daemon under something that starts it again.
    fileprivate func startSupervisedDaemon() async throws -> Service {
        let words = ["/usr/bin/python3", "-B", try Files.script("supervise"), try Files.pinholed()]
        let manager = try lab.start(words, as: "manager", on: .gateway)
        try await manager.said("ready 1\n")
        return manager
    }

    /// What the kernel says of the queues: packets so far, such as wait, and such as were dropped.
    fileprivate func queues() async throws -> [(packets: Int, waiting: Int, dropped: Int)] {
        let text = try await lab.require(["cat", "/proc/net/netfilter/nfnetlink_queue"], on: .gateway)
        return text.split(separator: "\n").map { line in
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            return (numbers[7], numbers[2], numbers[5] + numbers[6])
        }
    }
}
