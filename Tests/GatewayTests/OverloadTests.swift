// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// More load than a gateway can handle: the excess is dropped and counted, and existing sessions go on.
@Suite(.serialized) struct OverloadTests {
    /// Bytes of a segment: many small ones fill the queue, few large ones the socket's buffer.
    enum Flood: Int, CaseIterable, CustomTestStringConvertible {
        case small = 0
        case large = 60000

        var testDescription: String { self == .small ? "bare segments" : "segments of 60 kB" }
    }

    /// How long a flood lasts.
    private static let seconds = Figures.isFull ? 10.0 : 2

    /// What a flood did.
    private struct Effect {
        var sent = 0
        /// The most memory of the daemon, in KiB.
        var peak = 0
        /// How often the counter of passed packets was seen to have grown.
        var steps = 0
    }

    // Large ones take their time in a program that is not optimised.
    @Test(.gateway, arguments: Figures.isFull ? Flood.allCases : [.small])
    func `ten times the load that can be handled affects only itself`(flood: Flood) async throws {
        try await Gateway.with(.masqueraded) { gateway in
            try await gateway.lab.require(["sh", "-ec", Self.otherEnds])
            if flood == .large { try await gateway.lab.require(["sh", "-ec", Self.wideLinks]) }
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            // Both on one processor, of which the daemon gets next to nothing while the flood lasts.
            let daemon = try await gateway.startDaemon("--log-level", "warning", prefix: Self.least)
            try await gateway.requireTransfers()
            let memory = try daemon.memory
            let before: StatisticsReport = try await gateway.report("stats")
            let effect = try await Self.drown(gateway, daemon, in: flood)
            // That was to make ten times as many of what the machine can send; now it is a daemon like any other.
            let process = try String(daemon.identifier)
            try await gateway.lab.require(["renice", "-n", "0", "-p", process])
            try await gateway.lab.require(["taskset", "-c", "-p", "0-1023", process])
            let start = ContinuousClock.now
            try await gateway.requireTransfers()
            let pause = start.duration(to: .now) / .seconds(1)

            let after: StatisticsReport = try await gateway.report("stats")
            try Self.note(effect, of: flood, before, after)
            let name = "flood of \(flood.testDescription)"
            let more = effect.peak - memory
            try Figures.note("\(name): more memory at the most", more, .atMost(32 * 1024), "KiB")
            let most = Figures.isFull ? 1.0 : 20
            try Figures.note("\(name): a download by PORT and by PASV afterwards", pause, .atMost(most), "s")
            // Of each of the 64 connections that it was the first packet is not in conntrack yet.
            try #require(daemon.lines.count < 100)
        }
    }

    /// Floods the gateway, and watches the daemon meanwhile.
    private static func drown(_ gateway: Gateway, _ daemon: Service, in flood: Flood) async throws -> Effect {
        let drown = try await gateway.build(script: "drown")
        let program = [
            "taskset", "-c", "0", drown, "10.1.0.9", "10.2.0.9", String(Self.seconds),
            String(flood.rawValue),
        ]
        async let flooding = gateway.lab.require(program, on: .client, seconds: Self.seconds + 20)
        var effect = Effect()
        var passed: Set<Int> = []
        try await poll(for: "the flood to end", within: Self.seconds + 30) {
            effect.peak = max(effect.peak, try daemon.memory)
            passed.insert(try await gateway.packetsPassed())
            return try await gateway.lab.run(["pgrep", "drown"]).output.isEmpty
        }
        effect.sent = try #require(Int(try await flooding.dropLast()))
        effect.steps = passed.count
        return effect
    }

    /// Notes what became of the packets of a flood: each was handled, or dropped and counted.
    private static func note(
        _ effect: Effect,
        of flood: Flood,
        _ before: StatisticsReport,
        _ after: StatisticsReport
    ) throws {
        let name = "flood of \(flood.testDescription)"
        let handled = after.packets - before.packets
        let dropped = try #require(after.queue["dropped"]) - (before.queue["dropped"] ?? 0)
        let ratio = Double(effect.sent) / Double(handled)
        try Figures.note("\(name): packets, times those handled", ratio, .atLeast(Figures.isFull ? 10 : 2))
        try Figures.note("\(name): packets sent in \(Self.seconds) s", effect.sent, .atLeast(1000))
        let least = Double(effect.sent) / 2
        try Figures.note("\(name): dropped and counted", dropped, .atLeast(least))
        try Figures.note("\(name): packets handled", handled, .atLeast(100))
        try Figures.note("\(name): times that verdicts were seen to go on", effect.steps, .atLeast(2))
        if flood == .large {
            let overruns = after.errors["overrun"] ?? 0
            try Figures.note("\(name): overruns of the socket", overruns, .atLeast(1))
        }
        let others = after.errors.filter { $0.value > 0 && $0.key != "overrun" }
        try #require(others.isEmpty)
    }

    @Test(.gateway)
    func `connections that never log in evict one another and affect no session`() async throws {
        try await Gateway.with(.routed) { gateway in
            let (count, most) = Figures.isFull ? (200_000, 65_536) : (3_000, 500)
            try await gateway.lab.require(["sh", "-ec", Self.otherEnds])
            for host in [Host.client, .server] {
                let reset = ["-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP"]
                try await gateway.lab.require(["iptables", "-A", "OUTPUT"] + reset, on: host)
            }
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--max-connections", String(most))
            let memory = try daemon.memory
            let old = try await gateway.startSteadySession()
            try await old.perform("PORT", "PASV")

            let idle = try gateway.lab.start(
                ["/usr/bin/python3", "-B", Files.script("idle"), "10.2.0.9", String(count)],
                as: "idle",
                on: .gateway
            )
            var transfers = 0
            repeat {
                try await old.perform("PORT", "PASV")
                transfers += 2
            } while idle.program.isRunning
            try await idle.said("opened \(count)")
            try await old.perform("PORT", "PASV", "EPRT", "EPSV")

            let statistics: StatisticsReport = try await gateway.report("stats")
            try Figures.note(
                "\(count) connections without login: followed at once",
                statistics.connections,
                .atMost(Double(most))
            )
            try Figures.note(
                "... those that made room",
                statistics.refused["table-full"] ?? 0,
                .atLeast(Double(count - most))
            )
            try Figures.note("... transfers of an old session meanwhile", transfers, .atLeast(2))
            try Figures.note(
                "... more memory at the end",
                try daemon.memory - memory,
                .atMost(Figures.isFull ? 65536 : 8192),
                "KiB"
            )
            let reports: [ConnectionReport] = try await gateway.report("connections")
            let clients = Set(reports.map(\.client))
            try #require(!clients.contains("10.1.0.10:1024") && reports.contains { $0.state == "ready" })
            let last = count - 1
            try #require(clients.contains("10.1.0.\(10 + last / 60000):\(1024 + last % 60000)"))
            let failure = try await gateway.fetch(with: .curl, .port)
            try #require(failure == nil, "there is room for one who logs in")
            let lines = daemon.lines.count
            try Figures.note("... lines in the log", lines, .atMost(Figures.isFull ? 12_000 : 2_400))
            try await old.quit()
        }
    }

    @Test(.gateway)
    func `a client with its maximum of sessions leaves room for others`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            try await gateway.lab.require(["sh", "-ec", Self.otherEnds])
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            _ = try await gateway.startDaemon("--max-connections", "40")
            let hoard = try gateway.lab.start(
                ["/usr/bin/python3", "-B", Files.script("hoard"), "10.2.0.9", "10.1.0.9", "60"],
                as: "hoard",
                on: .gateway
            )
            try await hoard.said("holding")
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.connections == 10)
            try #require(statistics.refused["table-full"] ?? 0 >= 50)
            try await gateway.requireTransfers()
            try #require(await hoard.finish() == 0)
        }
    }

    @Test(.gateway)
    func `a flood of announcements is bounded and does not affect existing sessions`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            let (count, times) = Figures.isFull ? (10_000, 10) : (2500, 1)
            try await gateway.lab.require(["sh", "-ec", Self.otherEnds])
            _ = try await gateway.start(.vsftpd)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--log-level", "debug")
            let old = try await gateway.startSteadySession()
            try await old.perform("PORT", "PASV")
            let memory = try daemon.memory
            let events = try await gateway.startEvents()

            let words = ["/usr/bin/python3", "-B", try Files.script("flood"), "10.2.0.9", "10.2.0.9"]
            let shell = "for _ in $(seq \(times)); do \"$@\" || exit; done"
            let flood = try gateway.lab.start(
                ["sh", "-c", shell, "-"] + words + [
                    "10,1,0,2,19,137", "10,2,0,1,19,137", "\(count)", "eager",
                ],
                as: "flood",
                on: .gateway
            )
            var (transfers, peak, members) = (0, memory, 0)
            let start = ContinuousClock.now
            repeat {
                try await old.perform("PORT", "PASV")
                transfers += 2
                peak = max(peak, try daemon.memory)
                members = max(members, try await gateway.members().count)
            } while flood.program.isRunning
            let seconds = start.duration(to: .now) / .seconds(1)
            try #require(await flood.program.end() == 0, "\(flood.text)")

            let statistics: StatisticsReport = try await gateway.report("stats")
            let all = statistics.edits + (statistics.refused["too-many"] ?? 0)
            let name = "\(count * times) announcements"
            try Figures.note("\(name): rewritten, or too many", all, .atLeast(Double(count * times)))
            // Of a packet, and of packets that come together, only the last one is opened.
            try Figures.note(
                "... opened",
                statistics.expectations_opened,
                .atMost(Double(transfers + 2 + times) + 1000 * (Double(times) + seconds))
            )
            try Figures.note("... members of the sets at once", members, .atMost(2))
            try Figures.note("... transfers of an old session meanwhile", transfers, .atLeast(2))
            try Figures.note("... more memory at the most", peak - memory, .atMost(16 * 1024), "KiB")
            let lines = daemon.lines.count { $0.contains("event=expectation ") }
            let periods = (seconds / 10).rounded(.up) + 1
            try Figures.note("... lines in the log about expectations", lines, .atMost(400 * periods))
            let watched = try EventReport.all(of: events)
            try #require(!watched.isEmpty)
            // A connection with thousands of edits on their way is more than the state file keeps.
            try #require(statistics.errors.allSatisfy { $0.value == 0 || $0.key == "state" })
            try await old.quit()
        }
    }

    @Test(.gateway)
    func `event watchers that do not read slow nothing down`() async throws {
        let topology = Topology.longerSNAT
        try await Gateway.with(topology) { gateway in
            let (server, client) = try await (gateway.build("ftp-server"), gateway.build("ftp-client"))
            let service = try gateway.lab.start([server, topology.server], as: "ftp-server", on: .server)
            try await gateway.listens(service)
            try await gateway.loadRules()
            let daemon = try await gateway.startDaemon("--log-level", "warning")
            let seconds = Figures.isFull ? "3" : "1"

            /// Sessions a second, each with six events, and the KiB that the daemon has taken meanwhile.
            func load() async throws -> (rate: Double, memory: Int) {
                let memory = try daemon.memory
                let words = [client, topology.dialled, "4", seconds, "1024"]
                let output = try await gateway.lab.require(words, on: .client)
                let rate = try #require(output.firstMatch(of: /"rate": ([0-9.]+)/).flatMap { Double($0.1) })
                return (rate, try daemon.memory - memory)
            }
            var (ratios, growths): ([Double], [Int]) = ([], [])
            for _ in 0..<(Figures.isFull ? 7 : 3) {
                let alone = try await load()
                let watchers = try gateway.lab.start(
                    ["/usr/bin/python3", "-B", Files.script("hold"), "/run/pinhole/control.sock", "12"],
                    as: gateway.lab.newName("watchers"),
                    on: .gateway
                )
                try await watchers.said("watching")
                let watched = try await load()
                try #require(await watchers.finish() == 0)
                ratios.append(watched.rate / alone.rate)
                // Sessions that have ended are remembered for two minutes, with watchers and without.
                growths.append(watched.memory - alone.memory)
            }
            let ratio = ratios.sorted()[ratios.count / 2]
            try Figures.note(
                "12 stuck watchers: sessions/s, of those without",
                ratio,
                .atLeast(Figures.isFull ? 0.8 : 0.5)
            )
            try Figures.note(
                "12 stuck watchers: more memory",
                try #require(growths.max()),
                .atMost(8 * 1024),
                "KiB"
            )
        }
    }

    /// The words that make a daemon the last to get the first processor.
    private static let least = ["taskset", "-c", "0", "nice", "-n", "19"]

    /// A script that makes the links take segments of 60 kB.
    private static let wideLinks = """
        for host in client server; do
            ip -n gateway link set $host mtu 60100
            ip -n $host link set gateway mtu 60100
        done
        """

    /// A script that adds addresses to client and server, for simulated users.
    private static let otherEnds = """
        for number in 9 10 11 12 13; do ip -n client addr add 10.1.0.$number/24 dev gateway; done
        ip -n server addr add 10.2.0.9/24 dev gateway
        # Nobody answers those that belong to nothing.
        ip netns exec server iptables -A INPUT -s 10.2.0.1 -d 10.2.0.9 -p tcp --sport 20000:20063 --dport 21 -j DROP
        """
}

extension Gateway {
    /// How many packets of a flood have come out of the gateway.
    fileprivate func packetsPassed() async throws -> Int {
        let rules = try await lab.require(["iptables", "-nvxL", "INPUT"], on: .server).split(separator: "\n")
        guard let rule = rules.last, let count = rule.split(separator: " ").first.flatMap({ Int($0) }) else {
            throw HarnessError("no rule counts the packets")
        }
        return count
    }

    /// Downloads a file by PORT and by PASV.
    fileprivate func requireTransfers() async throws {
        for mode in [Mode.port, .pasv] {
            let failure = try await fetch(with: .curl, mode)
            try #require(failure == nil)
        }
    }
}
