// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Attacks on a gateway: packets that no honest end sends, and lines with a forged sender.
///
/// Beside each of them an honest session is helped.
@Suite struct IntrusionTests {
    private static let topologies = [Topology.routed, .longerSNAT, .routed6]

    /// A way to begin a connection that an HTTP request is then made on; the server plays along.
    struct Beginning: CustomStringConvertible {
        let act: [String]
        /// Refused as not FTP; otherwise it is not followed at all.
        var isRefused = true
        /// With `nf_conntrack_tcp_be_liberal`, without which conntrack takes the lie for invalid.
        var isLiberal = false

        var description: String { act.joined(separator: " ") + (isLiberal ? ", liberal" : "") }

        static let all = [
            Beginning(act: ["bare_acknowledgement"]),
            Beginning(act: ["simultaneous_open"], isRefused: false),
            Beginning(act: ["split_handshake"], isRefused: false),
            Beginning(act: ["giant"]),
            Beginning(act: ["false_acknowledgement", "less"]),
            Beginning(act: ["false_acknowledgement", "less"], isLiberal: true),
            Beginning(act: ["false_acknowledgement", "more"], isLiberal: true),
            Beginning(act: ["fast_open"]),
            Beginning(act: ["fast_open", "with a cookie"]),
            Beginning(act: ["fast_open_without_options"]),
        ]
    }

    @Test(.gateway, arguments: topologies, [false, true])
    func `a browser's request is never taken for FTP, however the server opens the connection`(
        topology: Topology,
        isStrict: Bool
    ) async throws {
        try await Gateway.withStage(topology, options: isStrict ? ["--strict"] : []) { gateway, stage in
            let intruder = try gateway.startIntruder()
            var watch = try await Watch(gateway)
            for beginning in Beginning.all {
                let liberality = "net.netfilter.nf_conntrack_tcp_be_liberal=\(beginning.isLiberal ? 1 : 0)"
                try await gateway.onGateway("sysctl -qw \(liberality)")
                try await intruder.play(beginning.act)
                try await watch.expect(refused: beginning.isRefused ? ["not-ftp": 1] : [:], "\(beginning)")
            }
            try await stage.logIn()
            try await stage.announce(on: gateway)
            try await watch.expect(opened: 1, "an honest session")
        }
    }

    @Test(.gateway, arguments: topologies, ["command", "reply"])
    func `after a hole nothing counts before the start of a line is known`(topology: Topology, line: String)
        async throws
    {
        try await Gateway.withPinhole(topology) { gateway in
            let intruder = try gateway.startIntruder()
            var watch = try await Watch(gateway)
            try await intruder.play("hole_in_\(line)")
            try await watch.expect("in the middle of a \(line)")
            try await intruder.play("after_hole_in_\(line)")
            try await watch.expect(opened: 1, "after it")
        }
    }

    @Test(.gateway)
    func `killing and restarting the daemon logs nobody in`() async throws {
        try await Gateway.with(.routed) { gateway in
            try await gateway.loadRules()
            var daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            try await stage.logIn()
            let intruder = try gateway.startIntruder()
            for side in ["client", "server"] { try await intruder.play("early_byte", side, side) }
            try await intruder.play("open_unseen", "unseen")
            try await intruder.play("fast_open_begin")

            _ = try await daemon.stop("KILL")
            daemon = try await gateway.startDaemon()
            var watch = try await Watch(gateway)
            try await intruder.play("fast_open_end")
            try await watch.expect(refused: ["not-ftp": 1], "a SYN had carried the head of a request")
            for side in ["client", "server"] {
                try await intruder.play("announce", side)
                try await watch.expect(refused: ["not-logged-in": 1], "a byte of the \(side) came too early")
            }
            try await intruder.play("announce", "unseen")
            try await watch.expect("what was not followed before")
            try await stage.announce(on: gateway)
            try await watch.expect(opened: 1, "who had logged in")
        }
    }

    // MARK: Forged senders

    @Test(.gateway, arguments: topologies)
    func `a line counts only if it comes from its speaker's interface`(topology: Topology) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            let intruder = try gateway.startIntruder()
            var watch = try await Watch(gateway)
            // IPv6 has no such filter.
            for filter in topology.isIPv6 ? [0] : [0, 1, 2] {
                try await gateway.filterReversePaths(filter)
                // A third link may be an uplink for returning packets, unless the kernel filters reverse paths.
                let strangers = filter == 1 ? [("client", "stranger"), ("server", "stranger")] : []
                for (side, link) in [("client", "server"), ("server", "client")] + strangers {
                    let what = "the \(side)'s line at the \(link)'s link, rp_filter=\(filter)"
                    try await intruder.play("forge", side, link)
                    try await watch.expect(refused: ["forged": 1], what)
                    try await intruder.play("speak_for_oneself", side)
                    try await watch.expect(opened: 1, "after \(what)")
                }
            }
        }
    }

    @Test(.gateway)
    func `on a bridge a line counts only if it comes from its speaker's port`() async throws {
        try await Gateway.withPinhole(.bridged) { gateway in
            let intruder = try gateway.startIntruder()
            try await intruder.play("cross_bridge")
            var watch = try await Watch(gateway)
            for isRouter in [false, true] {
                if isRouter { try await gateway.onGateway("ip addr add 10.1.0.1/24 dev bridge") }
                for (side, link) in [("client", "server"), ("server", "client")] {
                    let what = "the \(side)'s line at the \(link)'s port, router: \(isRouter)"
                    try await intruder.play("forge", side, link)
                    try await watch.expect(refused: ["forged": 1], what)
                    try await intruder.play("speak_for_oneself", side)
                    try await watch.expect(opened: 1, "after \(what)")
                }
            }
        }
    }

    @Test(
        .gateway,
        arguments: [(Topology.serverOnGateway, "server"), (.clientOnGateway, "client")]
    )
    func `a line with the gateway's own address counts only if the gateway sent it`(
        topology: Topology,
        side: String
    ) async throws {
        try await Gateway.withPinhole(topology) { gateway in
            try await gateway.filterReversePaths(0)
            let intruder = try gateway.startIntruder()
            var watch = try await Watch(gateway)
            try await intruder.play("forge_for_gateway", side)
            try await watch.expect(refused: ["forged": 1], "its \(side)'s line")
            try await intruder.play("gateway_speaks", side)
            try await watch.expect(opened: 1, "its own line")
        }
    }

    @Test(.gateway, arguments: [Topology.routed, .longerSNAT])
    func `a file that looks like a dialogue arrives unchanged, even over a control port`(topology: Topology)
        async throws
    {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules("--ports", "21,2121")
            let daemon = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            let intruder = try gateway.startIntruder()
            try await stage.logIn()
            for direction in ["up", "down"] {
                if direction == "up" {
                    try await stage.say(.client, "PASV\r\n")
                    try await stage.say(.server, "227 ok (10,2,0,2,8,73)\r\n")
                } else {
                    let (sent, read) = topology.portArguments
                    let lines = [sent, read].map { "PORT \($0.dropLast("19,137".count))8,73\r\n" }
                    try await stage.say(.client, lines[0], read: lines[1])
                    try await stage.say(.server, "200 ok\r\n")
                }
                let before: StatisticsReport = try await gateway.report("stats")
                try await intruder.play("transfer", direction, direction)
                var watch = try await Watch(gateway)
                try await intruder.play("go_on_transferring", direction, direction)
                try await watch.expect("a file that goes \(direction)")
                let after: StatisticsReport = try await gateway.report("stats")
                #expect(after.expectations_used == before.expectations_used + 1)
                #expect(after.edits == before.edits)
            }
            _ = try await daemon.stop("KILL")
            _ = try await gateway.startDaemon()
            var watch = try await Watch(gateway)
            for direction in ["up", "down"] {
                try await intruder.play("go_on_transferring", direction, direction)
                try await watch.expect("the next daemon, and a file that goes \(direction)")
            }
            try await stage.announce(on: gateway)
            try await watch.expect(opened: 1, "the session itself")
        }
    }

    // MARK: Encrypted sessions

    /// The whole network of the server.
    private static let access = ["--ftps", "10.2.0.0/24=\(SecureServer.ports)"]

    @Test(.gateway, arguments: [Topology.routed, .masqueraded])
    func `an encrypted session ends with the server's connection, whatever the client sends`(
        topology: Topology
    )
        async throws
    {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules(Self.access + ["--bypass"])
            let daemon = try await gateway.startDaemon(Self.access)
            let intruder = try gateway.startIntruder()
            try await intruder.play("secure", "watched")
            try await gateway.expectSessions(1)
            let before: StatisticsReport = try await gateway.report("stats")
            try await intruder.play("leave", "watched")
            // The FIN, and what then comes of the client and goes no further.
            try await poll(for: "the packets to be queued") {
                try await gateway.report("stats", as: StatisticsReport.self).packets >= before.packets + 4
            }
            try await gateway.expectSessions(0, "its server has gone")

            // The next packet is not seen.
            try await intruder.play("secure", "unwatched")
            try await gateway.expectSessions(1)
            _ = try await daemon.stop("KILL")
            try await intruder.play("leave", "unwatched")
            _ = try await gateway.startDaemon(Self.access)
            try await gateway.expectSessions(0, "its server had gone before")
            let stage = try gateway.startStage()
            try await stage.speakTLS()
            try await gateway.expectSessions(1)
        }
    }

    @Test(
        .gateway,
        arguments: [
            SecureServer(topology: .routed),
            SecureServer(topology: Topology(name: "routed", port: 990), isImplicit: true),
        ]
    )
    func `an unfinished handshake opens nothing`(server: SecureServer) async throws {
        try await Gateway.with(server.topology) { gateway in
            _ = try await gateway.startDaemon(for: server)
            let stage = try gateway.startStage()
            func begin(_ name: String, choosing choice: String = "") async throws {
                if server.isImplicit {
                    try await stage.open(name)
                } else {
                    try await stage.agreeOnTLS(name)
                }
                try await stage.say(.client, Stage.hello, on: name)
                try await stage.say(.server, Stage.record(22, "hello\(choice)"), on: name)
            }
            // Where TLS 1.3 is spoken, the rest of the server's part has the type of application data.
            let latest = "\0\u{2b}\0\u{2}\u{3}\u{4}"
            let flight = [30, 60, 250, 100, 52].map { Stage.record(23, String(repeating: "x", count: $0)) }

            try await begin("a header alone", choosing: latest)
            try await stage.say(.server, flight.joined(), on: "a header alone")
            try await stage.say(.client, "\u{17}\u{3}\u{3}\u{40}\0", on: "a header alone")
            try await gateway.expectSessions(0, "a header alone")
            try await stage.say(.server, Stage.data, on: "a header alone")
            try await gateway.expectSessions(0, "a header alone, and an answer")

            try await begin("a server that waits", choosing: latest)
            try await stage.say(.client, Stage.data, on: "a server that waits")
            try await stage.say(.server, flight.joined(), on: "a server that waits")
            try await gateway.expectSessions(0, "a server that waits")

            try await begin("an alert")
            try await stage.say(.client, Stage.data, on: "an alert")
            try await stage.say(.server, Stage.record(23, String(repeating: "x", count: 19)), on: "an alert")
            try await gateway.expectSessions(0, "an alert")

            try await begin("an honest one")
            for end in [Stage.End.client, .server] {
                try await stage.say(end, Stage.data, on: "an honest one")
            }
            try await gateway.expectSessions(1, "an honest one")
        }
    }

    @Test(.gateway)
    func `a failed handshake is no login`() async throws {
        try await Gateway.withStage(.routed) { gateway, stage in
            var watch = try await Watch(gateway)
            try await stage.agreeOnTLS("failed")
            for (end, line) in [(Stage.End.client, "NOOP\r\n"), (.server, "200 ok\r\n")] {
                try await stage.say(end, Stage.farewell, on: "failed")
                try await stage.say(end, line, on: "failed")
            }
            try await stage.announce(on: gateway, "failed")
            try await watch.expect(refused: ["not-logged-in": 1], "after alerts")
            try await stage.speakTLS("honest")
            for (end, line) in [(Stage.End.client, "NOOP\r\n"), (.server, "200 ok\r\n")] {
                try await stage.say(end, Stage.farewell, on: "honest")
                try await stage.say(end, line, on: "honest")
            }
            try await stage.announce(on: gateway, "honest")
            try await watch.expect(opened: 1, "after a session")
        }
    }

    @Test(.gateway)
    func `unanswered SYNs do not keep out other data connections`() async throws {
        try await Gateway.with(.masqueraded) { gateway in
            let server = gateway.topology.server
            let words = ["/usr/bin/python3", "-B", try Files.script("serve"), server, "49100"]
            try await gateway.lab.start(words, as: "listener", on: .server).said("listening")
            let silence = ["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "49200:49300", "-j", "DROP"]
            try await gateway.lab.require(silence, on: .server)
            try await gateway.loadRules(Self.access)
            _ = try await gateway.startDaemon(Self.access)
            let stage = try gateway.startStage()
            try await stage.speakTLS()
            let intruder = try gateway.startIntruder()
            try await intruder.play(["knock", server] + (49200..<49212).map(String.init))
            try await poll(for: "the session to be full") {
                try await gateway.report("expectations", as: [ExpectationReport].self).first?.live == 10
            }
            try await #require(gateway.probe(server, 49100, from: .client) == "connected")
        }
    }
}

extension Gateway {
    /// Lets every interface check where packets come from, as `rp_filter` has it.
    func filterReversePaths(_ filter: Int) async throws {
        let names = ["all"] + Host.allCases.filter { $0 != .gateway }.map(\.rawValue)
        try await onGateway(
            "sysctl -qw " + names.map { "net.ipv4.conf.\($0).rp_filter=\(filter)" }.joined(separator: " ")
        )
    }

    /// So many encrypted sessions have something open.
    fileprivate func expectSessions(_ count: Int, _ what: String = "") async throws {
        let expectations: [ExpectationReport] = try await report("expectations")
        #expect(expectations.map(\.kind) == Array(repeating: "FTPS", count: count), "\(what)")
        let members = try await members()
        #expect(members.count == count, "\(what): \(members)")
    }
}

extension Stage {
    /// Lets the client announce port 5001, and the server read what it has to.
    func announce(on gateway: Gateway, _ name: String = "") async throws {
        let topology = gateway.topology
        let lines =
            topology.isIPv6
            ? [topology.client, topology.seen].map { "EPRT |2|\($0)|5001|\r\n" }
            : [topology.portArguments.sent, topology.portArguments.read].map { "PORT \($0)\r\n" }
        try await say(.client, lines[0], read: lines[1], on: name)
    }
}
