// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// Everything at once, for long, over links that lose one packet in a hundred: nothing grows, and nothing is left.
@Suite struct SoakTests {
    /// Seconds of load: those in `PINHOLE_SOAK`, as `make faults` has it.
    private static let seconds = ProcessInfo.processInfo.environment["PINHOLE_SOAK"].flatMap(Int.init) ?? 10

    @Test(.timeLimit(.minutes(15 + seconds / 60)), arguments: [Topology.bothNATs, .masqueraded6])
    func `sessions that come and go leave nothing behind`(topology: Topology) async throws {
        try await Gateway.with(topology) { gateway in
            // On such links an acknowledgement may be lost twice before a data connection stands.
            _ = try await gateway.start(.vsftpd, acceptTimeout: 60)
            let outcome = try await gateway.soak("\(topology.name)", seconds: Self.seconds) {
                let modes = topology.modes.map(\.rawValue).joined(separator: ",")
                let arguments = [
                    topology.dialled, "21", modes, "8", String(Self.seconds), gateway.payloadPath,
                ]
                return try await gateway.script(
                    "mixed",
                    arguments,
                    on: .client,
                    seconds: Double(Self.seconds + 90)
                )
            }
            let done = try #require(outcome.output.wholeMatch(of: /done (\d+) (\d+)\n/), "\(outcome)")
            let counts = try (#require(Int(done.1)), #require(Int(done.2)))
            try Figures.note("soak, \(topology.name): sessions", counts.0, .atLeast(Double(Self.seconds)))
            try Figures.note(
                "soak, \(topology.name): transfers, all whole",
                counts.1,
                .atLeast(Double(Self.seconds))
            )
        }
    }

    @Test(.timeLimit(.minutes(15 + seconds / 60)))
    func `the maximum of sessions leaves nothing behind`() async throws {
        let topology = Topology.longerSNAT
        try await Gateway.with(topology) { gateway in
            let (server, client) = try await (gateway.build("ftp-server"), gateway.build("ftp-client"))
            for host in ["client", "server"] {
                let range = "net.ipv4.ip_local_port_range=1024 65535"
                try await gateway.lab.require(["ip", "netns", "exec", host, "sysctl", "-qw", range])
            }
            let service = try gateway.lab.start([server, topology.server], as: "ftp-server", on: .server)
            try await gateway.listens(service)
            let outcome = try await gateway.soak("load", seconds: Self.seconds) {
                try await gateway.lab.run(
                    [client, topology.dialled, "16", String(Self.seconds), "1024"],
                    on: .client,
                    seconds: Double(Self.seconds + 30)
                )
            }
            let figures = try #require(outcome.output.firstMatch(of: /"count": (\d+)/), "\(outcome)")
            let count = try #require(Int(figures.1))
            try Figures.note("soak, load: sessions", count, .atLeast(Double(Self.seconds)))
        }
    }
}

extension Gateway {
    /// Runs the daemon under a load, on links with loss, and sees that its memory does not grow and the tables empty.
    fileprivate func soak(_ name: String, seconds: Int, _ load: @Sendable () async throws -> Outcome)
        async throws
        -> Outcome
    {
        try await loadRules()
        // Without a log line for each event of an hour.
        let daemon = try await startDaemon("--log-level", "warning")
        let losing = [
            "-p", "tcp", "-m", "statistic", "--mode", "random", "--probability", "0.01", "-j", "DROP",
        ]
        for tool in ["iptables", "ip6tables"] {
            try await lab.require([tool, "-t", "raw", "-I", "PREROUTING"] + losing, on: .gateway)
        }
        let (outcome, samples) = try await sampling(daemon, seconds: seconds, during: load)
        try noteMemory(of: samples, name, seconds: seconds)
        try await noteRest(name)
        return outcome
    }

    /// Performs a load, and takes the memory of the daemon a hundred times meanwhile.
    private func sampling(
        _ daemon: Service,
        seconds: Int,
        during load: @Sendable () async throws -> Outcome
    ) async throws -> (Outcome, samples: [Int]) {
        let sampling = Task {
            var samples: [Int] = []
            while !Task.isCancelled {
                samples.append(try daemon.memory)
                // The servers' own logs are of no use, and would fill the memory that the lab's files are in.
                for log in lab.logs where log.contains("ftpd") { try lab.write("", to: log) }
                try? await Task.sleep(for: .seconds(max(0.2, Double(seconds) / 100)))
            }
            return samples
        }
        let outcome: Outcome
        do {
            outcome = try await load()
        } catch {
            sampling.cancel()
            throw error
        }
        sampling.cancel()
        return (outcome, try await sampling.value)
    }

    /// Notes the peak of the memory, and its growth once each connection that ended had its two minutes.
    private func noteMemory(of samples: [Int], _ name: String, seconds: Int) throws {
        // The peak is that of a full table: each connection that has ended keeps its place for two minutes.
        let peak = try #require(samples.max())
        try Figures.note("soak, \(name): memory at the most", peak, .atMost(48 * 1024), "KiB")
        guard seconds >= 900 else { return }
        let warm = samples.dropFirst(samples.count / 5)
        let growth = try (#require(warm.last)) - (try #require(warm.first))
        try Figures.note("soak, \(name): its growth after the first fifth", growth, .atMost(1024), "KiB")
    }

    /// Waits until all connections have ended, and notes what is left of them.
    private func noteRest(_ name: String) async throws {
        // A server waits for so long when the last word of a client that has gone was lost.
        try await poll(for: "the connections to end", within: Figures.isFull ? 400 : 60) {
            try await connectionsInConntrack().isEmpty
        }
        try await poll(for: "the expectations to end") {
            try await report("expectations", as: [ExpectationReport].self).isEmpty
        }
        try await poll(for: "the sets to be empty") { try await members().isEmpty }
        let statistics: StatisticsReport = try await report("stats")
        // Edited connections whose last packet was lost behind the gateway: they are kept for two hours, as after `conntrack -F`.
        try Figures.note(
            "soak, \(name): connections left that conntrack has no more",
            statistics.connections,
            .atMost(Double(1 + statistics.connections_total / 1000))
        )
        for (what, count) in [
            ("expectations", statistics.expectations), ("members of the sets", try await members().count),
            ("faults", statistics.errors.values.reduce(0, +)),
        ] {
            try Figures.note("soak, \(name): \(what) left", count, .equal(0))
        }
        // The other states end within two minutes, which only a long test waits for.
        let states =
            Figures.isFull ? "TIME_WAIT CLOSE" : "TIME_WAIT CLOSE FIN_WAIT CLOSE_WAIT LAST_ACK SYN_SENT"
        try await poll(for: "conntrack to forget", within: 150) { try await entries(beyond: states).isEmpty }
        try Figures.note(
            "soak, \(name): conntrack entries beyond \(states)",
            try await entries(beyond: states).count,
            .equal(0)
        )
    }

    /// The connections that are followed and that conntrack has, too.
    private func connectionsInConntrack() async throws -> [ConnectionReport] {
        let entries = try await entries(beyond: "TIME_WAIT CLOSE")
        return try await report("connections", as: [ConnectionReport].self).filter { connection in
            let port = connection.client.split(separator: ":").last ?? ""
            return entries.contains { $0.contains(" sport=\(port) dport=21 ") }
        }
    }

    /// The TCP entries of conntrack in other states than these.
    private func entries(beyond states: String) async throws -> [Substring] {
        let states = states.split(separator: " ")
        var lines: [Substring] = []
        for family in ["ipv4", "ipv6"] {
            lines += try await lab.require(["conntrack", "-L", "-p", "tcp", "-f", family], on: .gateway)
                .split(separator: "\n")
        }
        return lines.filter { line in !states.contains { line.contains(" \($0) ") } }
    }
}
