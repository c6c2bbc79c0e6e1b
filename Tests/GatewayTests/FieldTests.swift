// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// Unusual lines of real servers and clients, through a gateway: none of them affects a transfer.
@Suite struct FieldTests {
    private typealias Step = (end: Stage.End, text: String)

    private static let login: [Step] = [
        (.server, "220 x\r\n"), (.client, "USER u\r\n"), (.server, "331 p\r\n"), (.client, "PASS p\r\n"),
        (.server, "230 ok\r\n"),
    ]

    /// Dialogues from the greeting on, behind each of which transfers have to go on.
    private static let dialogues: [[Step]] =
        [
            login + [
                (.client, "RETR f\r\n"), (.server, "125 x\r\n"), (.client, "NOOP\r\n"),
                (.server, "226 ok\r\n"),
            ],
            login + [
                (.client, "RETR f\r\n"), (.server, "150 x\r\n"), (.client, "NOOP\r\n"),
                (.server, "500 x\r\n226 ok\r\n"),
            ],
            login + [(.client, "FOO\r\n"), (.server, "500 what?\r\n500 what?\r\n")],
            login + [(.client, "RETR f\r\n"), (.server, "150 x\r\n226 ok\r\n226 ok\r\n")],
            login + [(.client, "CWD x\r\n"), (.server, "200 ok\r\n250 ok\r\n")],
            login + [(.client, "\r\n"), (.server, "500 what?\r\n")],
            login + [(.client, "\r\n")],
            login + [(.client, "FEAT\r\n"), (.server, "211-Features\r\n UTF8\r\n200 End\r\n")],
            login + [(.client, "HELP\r\n"), (.server, "214-help\r\n more\r\n")],
            login + [
                (.client, String(repeating: "MDTM f\r\n", count: 151)),
                (.server, String(repeating: "550 no\r\n", count: 151)),
            ],
            login.dropLast() + [(.server, "230 " + String(repeating: "x", count: 5000) + "\r\n")],
            login.dropLast() + [(.server, "220 ok\r\n")], login.dropLast() + [(.server, "200 ok\r\n")],
            [(.server, "220-a\r\n220-b\r\n")] + login.dropFirst(),
            [(.server, "hello\r\nthere\r\n220 x\r\n")] + login.dropFirst(),
            [(.server, "\u{ff}\u{fd}\u{25}220 x\r\n")] + login.dropFirst(),
            [login[0], (.client, "PROXY TCP4 198.51.100.7 203.0.113.5 40000 21\r\n")] + login.dropFirst(),
            [
                login[0],
                (
                    .client,
                    "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{c}\u{c6}\u{33}\u{64}\u{7}\u{cb}\0\u{71}\u{5}\u{9c}\u{40}\0\u{15}"
                ),
            ] + login.dropFirst(),
        ]
        + ["OPEN host", "PRET LIST", "SSCN ON", "XAUT 2 x", "MACB ENABLE", "CLNT x"].map { command in
            [login[0], (.client, command + "\r\n"), (.server, "500 what?\r\n")] + login.dropFirst()
        }

    private static let topologies = [Topology.routed, .bothNATs, .masqueraded6]

    private func ports(_ gateway: Gateway) async throws -> [Substring] {
        try await gateway.report("expectations", as: [ExpectationReport].self).map { report in
            report.to.split(separator: ":").last ?? ""
        }
    }

    @Test(.gateway, arguments: topologies, [false, true])
    func `unusual lines of servers and clients do not affect transfers`(
        topology: Topology,
        isStrict: Bool
    ) async throws {
        try await Gateway.withStage(topology, options: isStrict ? ["--strict"] : []) { gateway, stage in
            for (number, dialogue) in Self.dialogues.enumerated() {
                let name = "\(number)"
                try await stage.open(name)
                for step in dialogue { try await stage.say(step.end, step.text, on: name) }
                for turn in 0..<3 {
                    if topology.isIPv6 {
                        try await stage.say(.client, "EPSV\r\n", on: name)
                        try await stage.say(.server, "229 ok (|||5002|)\r\n", on: name)
                    } else {
                        let (sent, read) = topology.passiveNumbers
                        // Whichever of the two answers whichever.
                        try await stage.say(.client, ["PASV", "EPSV", "P@SW"][turn] + "\r\n", on: name)
                        try await stage.say(
                            .server,
                            "250 late\r\n227 (\(sent))\r\n",
                            read: "250 late\r\n227 (\(read))\r\n",
                            on: name
                        )
                    }
                    let open = try await ports(gateway)
                    try #require(open == ["5002"], "turn \(turn) behind dialogue \(number)")
                    try await stage.say(.client, "RETR f\r\n", on: name)
                    try await stage.say(.server, "150 x\r\n226 ok\r\n", on: name)
                }
                let family = topology.isIPv6 ? 2 : 1
                try await stage.say(
                    .client,
                    "EPRT |\(family)|\(topology.client)|5001|\r\n",
                    read: "EPRT |\(family)|\(topology.seen)|5001|\r\n",
                    on: name
                )
                let open = try await ports(gateway)
                try #require(open == ["5001"], "active behind dialogue \(number)")
                try await stage.close(.client, on: name, abruptly: true)
                try await poll(for: "the session to end") { try await ports(gateway).isEmpty }
            }
        }
    }

    @Test(.gateway, arguments: [Topology.routed, .bothNATs], [true, false])
    func `a client that pipelines has its port opened with its login`(
        topology: Topology,
        isOneSegment: Bool
    )
        async throws
    {
        try await Gateway.withStage(topology) { gateway, stage in
            let (sent, read) = topology.portArguments
            for reply in ["230 ok", "530 no"] {
                try await stage.open(reply)
                try await stage.say(.server, "220 x\r\n", on: reply)
                let lines = ["USER u\r\n", "PASS p\r\n", "TYPE I\r\n", "PORT \(sent)\r\n", "STOR x\r\n"]
                for text in isOneSegment ? [lines.joined()] : lines {
                    try await stage.say(.client, text, read: text.replacing(sent, with: read), on: reply)
                }
                try await stage.say(.server, "331 p\r\n", on: reply)
                try await #require(ports(gateway).isEmpty)
                try await stage.say(.server, reply + "\r\n", on: reply)
                try await #require(ports(gateway) == (reply == "230 ok" ? ["5001"] : []))
                try await stage.close(.client, on: reply, abruptly: true)
                try await poll(for: "the session to end") { try await ports(gateway).isEmpty }
            }
        }
    }

    @Test(.gateway)
    func `two sessions with the same announced port get two data connections`() async throws {
        try await Gateway.withStage(.routed) { gateway, stage in
            let listener = try gateway.startScript(
                "listen",
                ["10.2.0.2", "5002"],
                on: .server,
                as: "listener"
            )
            try await listener.said("listening")
            for name in ["one", "two"] {
                try await stage.logIn(name)
                try await stage.say(.client, "PASV\r\n", on: name)
                try await stage.say(.server, "227 (10,2,0,2,19,138)\r\n", on: name)
            }
            try await #require(ports(gateway) == ["5002", "5002"])
            for outcome in ["connected", "connected", "dropped"] {
                try await #require(gateway.probe("10.2.0.2", 5002, from: .client) == outcome)
            }
        }
    }

    // MARK: Gaps

    @Test(.gateway, arguments: [Topology.routed, .bothNATs], [false, true])
    func `a login that was missed while no daemon ran is inferred from later replies`(
        topology: Topology,
        isPasswordMissed: Bool
    ) async throws {
        try await Gateway.with(topology) { gateway in
            try await gateway.loadRules("--bypass")
            let first = try await gateway.startDaemon()
            let stage = try gateway.startStage()
            for name in ["passive", "active", "refused"] {
                try await stage.open(name)
                for step in Self.login.prefix(isPasswordMissed ? 3 : 4) {
                    try await stage.say(step.end, step.text, on: name)
                }
            }
            _ = try await first.stop("KILL")
            for name in ["passive", "active", "refused"] {
                for step in Self.login.dropFirst(isPasswordMissed ? 3 : 4) {
                    let text = name == "refused" ? step.text.replacing("230 ok", with: "530 no") : step.text
                    try await stage.say(step.end, text, on: name)
                }
            }
            _ = try await gateway.startDaemon()
            for name in ["passive", "active", "refused"] {
                // The first bytes after a gap may be the rest of a line.
                try await stage.say(.client, "NOOP\r\n", on: name)
                try await stage.say(.server, "200 ok\r\n", on: name)
            }
            let (sent, read) = topology.passiveNumbers
            try await stage.say(.client, "PASV\r\n", on: "passive")
            try await stage.say(.server, "227 (\(sent))\r\n", read: "227 (\(read))\r\n", on: "passive")
            try await #require(ports(gateway) == ["5002"])
            let port = topology.portArguments
            // Where the server has repeated its reply to PASS the daemon knows, and leaves the line as it is.
            try await stage.send(.client, "PORT \(port.sent)\r\n", on: "refused")
            try await stage.say(.server, "530 no\r\n", on: "refused")
            try await #require(ports(gateway) == ["5002"])
            try await stage.say(
                .client,
                "PORT \(port.sent)\r\n",
                read: "PORT \(port.read)\r\n",
                on: "active"
            )
            // If not before, it opens with the reply.
            try await stage.say(.server, "200 ok\r\n", on: "active")
            try await #require(Set(ports(gateway)) == ["5001", "5002"])
        }
    }

    // MARK: Ports stay in their range

    /// A firewall further out that lets through the control port and these.
    private func restrict(_ gateway: Gateway, _ host: Host, _ chain: String, to ports: String) async throws {
        for rule in [
            ["-p", "tcp", "--dport", "21", "-j", "ACCEPT"], ["-p", "tcp", "--dport", ports, "-j", "ACCEPT"],
            ["-p", "tcp", "--syn", "-j", "DROP"],
        ] {
            try await gateway.lab.require(["iptables", "-A", chain] + rule, on: host)
        }
    }

    @Test(.gateway, arguments: [(1, 10), (3, 10), (2, 2)])
    func `ports stay within a server's passive range`(sessions: Int, size: Int) async throws {
        try await Gateway.with(.longerDNAT) { gateway in
            let last = 30000 + size - 1
            _ = try await gateway.start(
                .vsftpd,
                configuration: "pasv_min_port=30000\npasv_max_port=\(last)"
            )
            try await restrict(gateway, .client, "OUTPUT", to: "30000:\(last)")
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let outcome = try await gateway.script(
                "turns",
                [gateway.topology.dialled, "21", "\(sessions)", "30", "passive"],
                on: .client,
                seconds: 120
            )
            let words = outcome.output.split(separator: " ").compactMap { Int($0.filter(\.isNumber)) }
            try #require(words.count == 3, "\(outcome)")
            #expect(words[0] == 30 && words[1] >= 30000 && words[2] <= last, "\(outcome)")
        }
    }

    @Test(.gateway)
    func `a client's only active port is kept`() async throws {
        try await Gateway.with(.longerSNAT) { gateway in
            _ = try await gateway.start(.vsftpd)
            try await restrict(gateway, .server, "OUTPUT", to: "8082")
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            let outcome = try await gateway.script(
                "turns",
                [gateway.topology.dialled, "21", "5", "15", "active", "8082"],
                on: .client,
                seconds: 120
            )
            #expect(outcome.output == "15 8082 8082\n", "\(outcome)")
        }
    }

    @Test(.gateway)
    func `a port allocated by NAT is in the configured range`() async throws {
        try await Gateway.withStage(.longerSNAT, options: ["--nat-ports", "6000-6001"]) { gateway, stage in
            for (number, told) in [5001, 0, 0, -1].enumerated() {
                let address = "10.1.0.\(number + 20)"
                try await gateway.lab.require(
                    ["ip", "addr", "add", "\(address)/24", "dev", "gateway"],
                    on: .client
                )
                try await stage.logIn(address, from: address)
                try await stage.send(
                    .client,
                    "PORT \(address.replacing(".", with: ",")),19,137\r\n",
                    on: address
                )
                let count = min(number + 1, 3)
                try await poll(for: "the expectation") { try await ports(gateway).count >= count }
                if told < 0 {
                    let line = "PORT \(address.replacing(".", with: ",")),19,137\r\n"
                    try await stage.say(.client, "NOOP\r\n", read: line + "NOOP\r\n", on: address)
                    let statistics: StatisticsReport = try await gateway.report("stats")
                    try #require(statistics.refused["no-port"] == 1)
                }
            }
            try await #require(Set(ports(gateway)) == ["5001", "6000", "6001"])
        }
    }

    // MARK: Farms of servers

    @Test(.gateway, arguments: [false, true])
    func `another server's address is left alone and reported, and opened where that is allowed`(
        isLoose: Bool
    )
        async throws
    {
        try await Gateway.withStage(.routed, options: isLoose ? ["--loose"] : []) { gateway, stage in
            let events = try gateway.lab.start(
                [Files.pinhole(), "events", "--json"],
                as: "events",
                on: .gateway
            )
            var count = 0
            try await poll(for: "the first event") {
                count += 1
                try await stage.open("\(count)")
                return try !EventReport.all(of: events).isEmpty
            }
            try await stage.logIn("farm")
            try await stage.say(.client, "PASV\r\n", on: "farm")
            try await stage.say(.server, "227 (10,2,0,3,19,138)\r\n", on: "farm")
            let open = try await gateway.report("expectations", as: [ExpectationReport].self).map(\.to)
            try #require(open == [isLoose ? "10.2.0.3:5002" : "10.2.0.2:5002"])
            try await stage.say(.client, "PASV\r\n", on: "farm")
            try await stage.say(
                .server,
                "227 (0,0,0,0,19,138)\r\n",
                read: "227 (10,2,0,2,19,138)\r\n",
                on: "farm"
            )
            try await poll(for: "the events") {
                let names = Set(try EventReport.all(of: events).map(\.event))
                return names.contains("rewritten") && names.contains("left-alone") == !isLoose
            }
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, .longerSNAT, .longerDNAT, .bothNATs],
        [false, true]
    )
    func `active data comes from another host of the farm that loose names`(
        topology: Topology,
        isNamed: Bool
    ) async throws {
        let near = topology.server.split(separator: ".").dropLast().joined(separator: ".")
        let (member, stranger) = ("\(near).33", "\(near).34")
        try await Gateway.with(topology) { gateway in
            for address in [member, stranger] {
                let words = ["ip", "addr", "add", "\(address)/32", "dev", "lo"]
                _ = try await gateway.lab.require(words, on: .server)
            }
            try await gateway.onGateway(
                "for a in \(member) \(stranger); do ip route add $a via \(topology.server); done"
            )
            try gateway.lab.write(
                "[server \(topology.server)]\nloose = \(isNamed ? member : "yes")\n",
                to: "farm.conf"
            )
            try await gateway.loadRules()
            let options = ["--config", "\(Lab.folder)/farm.conf"]
            let daemon = try await gateway.startDaemon(options)
            let stage = try gateway.startStage()
            let listener = try gateway.lab.start(
                ["/usr/bin/python3", "-B", try Files.script("listen"), topology.client, "5001"],
                as: "listener",
                on: .client
            )
            try await listener.said("listening")
            try await stage.logIn()
            let announced = topology.client.replacing(".", with: ",")
            let read = topology.seen.replacing(".", with: ",")
            for round in 0..<2 {
                try await stage.say(
                    .client,
                    "PORT \(announced),19,137\r\n",
                    read: "PORT \(read),19,137\r\n"
                )
                if round == 1 {
                    _ = try await daemon.stop("KILL")
                    _ = try await gateway.startDaemon(options)
                }
                try await stage.say(.server, "200 ok\r\n")
                try await #require(
                    gateway.probe(topology.seen, 5001, from: .server, source: stranger) == "dropped"
                )
                try await #require(
                    gateway.probe(topology.seen, 5001, from: .server, source: member)
                        == (isNamed ? "connected" : "dropped")
                )
                // One announcement is one data connection, whichever host opens it.
                try await #require(
                    gateway.probe(topology.seen, 5001, from: .server)
                        == (isNamed ? "dropped" : "connected")
                )
            }
            try await #require(gateway.members().isEmpty)
        }
    }
}
