// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Two gateways with conntrackd, of which one dies: sessions go on through the other one.
@Suite(.serialized) struct PairTests {
    /// What `pair.py` prints.
    private struct Report: Decodable {
        /// What became of each session: `on`, `reset`, or what went wrong.
        let sessions: [String: String]
        let figures: [String: Figure]
        let logs: [String: String]

        /// A number, or some.
        struct Figure: Decodable {
            let numbers: [Double]

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                numbers = try (try? [container.decode(Double.self)]) ?? container.decode([Double].self)
            }
        }

        /// The sessions with another outcome, with the logs of the gateways.
        func others(than outcomes: String...) -> String {
            let others = sessions.filter { !outcomes.contains($0.value) }
            guard !others.isEmpty else { return "" }
            let text = logs.sorted { $0.key < $1.key }.map { "--- \($0.key)\n\($0.value)" }
            return "\(others)\n\(text.joined(separator: "\n"))"
        }

        func figure(_ name: String) throws -> Double {
            guard let number = figures[name]?.numbers.max() else { throw HarnessError("no figure \(name)") }
            return number
        }
    }

    private func play(_ scenario: String, _ options: String...) async throws -> Report {
        var report: Report?
        try await Lab.with(seconds: 300) { lab in
            let words = [
                "/usr/bin/python3", "-B", try Files.script("pair"), try Files.pinhole(), try Files.pinholed(),
                "\(Lab.folder)/pair", scenario,
            ]
            let output = try await lab.require(words + options, seconds: 240)
            let last = output.split(separator: "\n").last.map(String.init) ?? ""
            report = try JSONDecoder().decode(Report.self, from: Data(last.utf8))
        }
        return try #require(report)
    }

    @Test(.gateway, arguments: ["snat", "dnat", "both"], ["100000", "-1000"])
    func `every session survives a failover to a machine with another clock and boot`(
        nat: String,
        clock: String
    ) async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("failover", "nat=\(nat)", "clock=\(clock)")
        let others = report.others(than: "on")
        try #require(others == "")
        try Figures.note("\(nat): sessions that go on", report.sessions.count, .equal(17))
        try Figures.note("\(nat): expiry differs by", report.figure("expiry differs"), .atMost(1), "s")
    }

    @Test(.gateway)
    func `sessions in a conntrack zone survive a failover`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("failover", "zone=5")
        try #require(report.others(than: "on") == "")
    }

    /// A mark chooses the second uplink, whose connections may be in a zone of their own.
    @Test(.gateway, arguments: ["marked", "zone"])
    func `sessions and transfers by two uplinks survive a failover`(kind: String) async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("uplinks", "uplinks=\(kind)")
        try #require(report.others(than: "on") == "")
    }

    @Test(.gateway, arguments: ["a", "b"])
    func `a sync client that reads nothing takes no memory and gets a new snapshot`(victim: String)
        async throws
    {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("slow", "victim=\(victim)", "edits=2000")
        try #require(report.others(than: "on") == "")
        for program in ["daemon", "sync"] {
            let name = "\(program) has grown by MiB"
            try Figures.note("\(victim) stopped: \(name)", report.figure(name), .atMost(8), "MiB")
        }
    }

    @Test(.gateway)
    func `sessions that announce continuously go on or are reset, and no other host gets in`()
        async throws
    {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("loop")
        try #require(report.others(than: "on", "reset") == "")
    }

    @Test(.gateway)
    func
        `with the link cut before the failover, each session goes on or is reset, and no other host gets in`()
        async throws
    {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("loop", "cut=0.1")
        try #require(report.others(than: "on", "reset") == "")
    }

    @Test(.gateway)
    func `sessions move to the other gateway and back, with lines rewritten on each`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("back")
        try #require(report.others(than: "on") == "")
    }

    @Test(.gateway)
    func `after both daemons have run, the records of the one that was active last count`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("split")
        try #require(report.others(than: "on") == "")
    }

    @Test(.gateway)
    func `a host that is not the peer is refused, and the peer's file stays`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("hostile")
        var refused = report.sessions
        for (name, outcome) in ["the same key": "taken", "the session": "on"] {
            try #require(refused.removeValue(forKey: name) == outcome, "\(name)")
        }
        try #require(refused.removeValue(forKey: "another time of day") == "noticed")
        try #require(refused.count == 7)
        try #require(refused.values.allSatisfy { $0 == "refused" }, "\(refused)")
    }

    /// With the notify script of the package.
    @Test(.gateway, arguments: ["crash", "planned"])
    func `keepalived moves sessions and transfers to the other gateway`(how: String) async throws {
        guard Gateway.backend != "nft" else { return }
        let notify = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../dist/pair/notify").standardized.path
        let report = try await play("keepalived", "how=\(how)", "notify=\(notify)")
        try #require(report.others(than: "on") == "")
        try Figures.note("\(how): silence of a transfer", report.figure("transfer silence"), .atMost(5), "s")
    }

    @Test(.gateway)
    func `thousands of sessions survive a failover at once`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("many", "sessions=3000")
        try #require(report.others(than: "on") == "")
        try Figures.note("sessions restored from the peer", report.figure("restored"), .equal(3000))
    }

    @Test(.gateway)
    func `new sessions log in at once while thousands of silent ones are asked`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("silent", "sessions=3000")
        try #require(report.others(than: "on") == "")
        // Each end three times at least, in eight seconds.
        try #require(report.figure("questions") > 18_000)
        let login = try report.figure("login p99")
        try Figures.note("login while silent sessions are asked", login, .atMost(0.5), "s")
    }

    @Test(.gateway)
    func `sync may be killed and restarted under load`() async throws {
        guard Gateway.backend != "nft" else { return }
        let report = try await play("restless")
        try #require(report.others(than: "on") == "")
    }
}
