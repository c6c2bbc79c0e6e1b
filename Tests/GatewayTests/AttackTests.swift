// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

/// What attackers do to FTP helpers, with real sockets on both ends.
///
/// The client is 10.1.0.2, and 10.1.0.3 where there are two; the server is 10.2.0.2; 10.3.0.2 is a third party.
@Suite struct AttackTests {
    private static let natted = Topology(name: "SNAT", clientSeenAs: "10.2.0.100")
    private static let published = Topology(name: "DNAT", serverKnownAs: "198.51.100.7")

    /// Nothing is open, and these are the refusals.
    private func expectNothingOpen(in gateway: Gateway, _ refused: [String: Int]) async throws {
        try await #require(gateway.members().isEmpty)
        let statistics: StatisticsReport = try await gateway.report("stats")
        try #require(statistics.refused.filter { $0.value > 0 } == refused)
        try #require(statistics.expectations_opened == 0)
    }

    // MARK: The client

    @Test(
        .gateway,
        arguments: [Topology.routed, natted],
        [
            ("a third host", "10,3,0,2,19,137", "address-mismatch"),
            ("the server itself", "10,2,0,2,19,137", "address-mismatch"),
            ("the gateway's inside", "10,1,0,1,19,137", "address-mismatch"),
            ("the gateway's outside", "10,2,0,1,19,137", "address-mismatch"),
            ("another client", "10,1,0,3,19,137", "address-mismatch"),
            ("everybody", "255,255,255,255,19,137", "address-mismatch"),
            ("nobody", "0,0,0,0,19,137", "address-mismatch"),
            ("the server's loopback", "127,0,0,1,19,137", "address-mismatch"),
            ("a port below 1024", "10,1,0,2,0,22", "privileged-port"),
        ]
    )
    func `FTP bounce opens nothing`(
        topology: Topology,
        bounce: (target: String, argument: String, refusal: String)
    ) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            try await stage.logIn()
            try await stage.say(.client, "PORT \(bounce.argument)\r\n")
            try await stage.say(.server, "200 fine\r\n")
            try await expectNothingOpen(in: gateway, [bounce.refusal: 1])
            let numbers = bounce.argument.split(separator: ",").compactMap { Int($0) }
            let address = numbers.prefix(4).map(String.init).joined(separator: ".")
            guard ["10.3.0.2", "10.2.0.1", "10.1.0.1", "10.1.0.2"].contains(address) else { return }
            let port = numbers[4] << 8 | numbers[5]
            try await #require(gateway.probe(address, port, from: .server) == "dropped")
        }
    }

    @Test(.gateway)
    func `a PORT with the address that all clients share leads to the client itself`() async throws {
        try await Gateway.withStage(.masqueraded) { gateway, stage in
            let listener = try gateway.startScript("listen", ["10.1.0.2", "5001"], as: "listener")
            try await listener.said("listening")
            try await stage.logIn()
            try await stage.say(.client, "PORT 10,2,0,1,19,137\r\n")
            try await #require(gateway.probe("10.2.0.1", 5001, from: .server) == "connected")
        }
    }

    /// A page's script makes the victim's browser send a form to port 21 of the attacker's server, which plays along; the
    /// form is filled up so that PORT begins a segment.
    @Test(.gateway, arguments: [Topology.routed, natted])
    func `NAT slipstreaming opens nothing`(topology: Topology) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            let port = "PORT 10,1,0,2,19,137\r\n"
            try await stage.open()
            try await stage.say(
                .client,
                "POST / HTTP/1.1\r\nHost: 10.2.0.2:21\r\nContent-Length: 2000\r\n\r\n"
            )
            try await stage.say(.server, "220 ready\r\n")
            try await stage.say(.client, "USER a\r\n")
            try await stage.say(.server, "331 password\r\n")
            try await stage.say(.client, "PASS b\r\n")
            try await stage.say(.server, "230 logged in\r\n")
            try await stage.say(.client, String(repeating: "x", count: 1440) + "\r\n")
            try await stage.say(.client, port)
            try await stage.say(.server, "200 fine\r\n")
            try await stage.say(.client, "EPRT |1|10.1.0.2|5002|\r\nPASV\r\n")
            try await stage.say(.server, "227 (10,2,0,2,19,139)\r\n")
            try await expectNothingOpen(in: gateway, ["not-ftp": 1])
        }
    }

    /// The same with a real HTTP client, and a server that greets at once.
    @Test(.gateway)
    func `NAT slipstreaming with a real HTTP client opens nothing`() async throws {
        try await Gateway.with(Self.natted) { gateway in
            try await gateway.loadRules()
            _ = try await gateway.startDaemon()
            _ = try await gateway.start(.vsftpd)
            let body = String(
                repeating: "USER anonymous\r\nPASS guest\r\nPORT 10,1,0,2,19,137\r\n",
                count: 300
            )
            for method in ["POST", "USER", "PUT"] {
                let words = ["curl", "--silent", "--http0.9", "--max-time", "2", "--request", method]
                _ = try await gateway.lab.run(
                    words + ["--data-binary", "@-", "http://10.2.0.2:21/"],
                    on: .client,
                    input: body
                )
            }
            try await expectNothingOpen(in: gateway, ["not-ftp": 3])
        }
    }

    /// A file name with a line end in it: the victim's client sends it as it is, and PORT begins a segment.
    @Test(.gateway, arguments: [Topology.routed, natted], [true, false])
    func `CRLF injection opens nothing with --strict, and otherwise only ports of the client itself`(
        topology: Topology,
        isStrict: Bool
    ) async throws {
        try await Gateway.withStage(topology, options: isStrict ? ["--strict"] : []) { gateway, stage in
            try await stage.logIn()
            try await stage.say(.client, "RETR " + String(repeating: "a", count: 1441) + "\r\n")
            let read = isStrict ? nil : "PORT \(topology.portArguments.read)\r\n"
            try await stage.say(.client, "PORT 10,1,0,2,19,137\r\n", read: read)
            try await stage.say(.server, "550 no such file\r\n")
            guard !isStrict else {
                try await expectNothingOpen(in: gateway, ["pipelined": 1])
                return
            }
            let expectation = try #require(
                try await gateway.report("expectations", as: [ExpectationReport].self).first
            )
            try #require(expectation.from == "10.2.0.2" && expectation.translated.to == "10.1.0.2:5001")
            // What an injected line must not reach, it reaches no more than another.
            for argument in ["10,3,0,2,19,137", "10,1,0,3,19,137", "10,1,0,2,0,22"] {
                try await stage.say(.client, "RETR a\r\nPORT \(argument)\r\n")
            }
            let statistics: StatisticsReport = try await gateway.report("stats")
            try #require(statistics.expectations_opened == 1)
        }
    }

    @Test(.gateway)
    func `with --strict a bounce resets the connection`() async throws {
        try await Gateway.withStage(Self.natted, options: ["--strict"]) { gateway, stage in
            try await stage.logIn()
            try await stage.send(.client, "PORT 10,3,0,2,19,137\r\n")
            try await stage.ends()
            try await expectNothingOpen(in: gateway, ["address-mismatch": 1])
        }
    }

    // MARK: The server

    @Test(
        .gateway,
        arguments: [Topology.routed, natted],
        [
            "227 Entering Passive Mode (10,2,0,2,19,137)\r\n", "229 Entering (|||5001|)\r\n",
            "227 (10,1,0,2,0,22)\r\n",
            "227 Entering Passive Mode (10,2,0,2,19,137)\r\n227 Entering Passive Mode (10,2,0,2,19,138)\r\n",
        ]
    )
    func `an unsolicited 227 opens nothing`(topology: Topology, reply: String) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            try await stage.logIn()
            try await stage.say(.server, reply)
            try await stage.say(.client, "NOOP\r\n")
            try await stage.say(.server, reply)
            let count = 2 * (reply.split(separator: "\r\n").count)
            try await expectNothingOpen(in: gateway, ["unsolicited": count])
        }
    }

    /// The attacker is neither: he has the client say something that the server repeats in its reply.
    @Test(.gateway, arguments: [Topology.routed, natted])
    func `an echoed 227 opens nothing`(topology: Topology) async throws {
        let passive = "227 Entering Passive Mode (10,2,0,2,19,137)"
        try await Gateway.withStage(topology) { gateway, stage in
            try await stage.logIn()
            try await stage.say(.client, "CWD \(passive)\r\n")
            try await stage.say(.server, "550 \(passive): no such folder\r\n")
            try await stage.say(.client, "\(passive)\r\n")
            try await stage.say(.server, "500-what is\r\n\(passive)\r\n supposed to mean?\r\n500 well\r\n")
            // While one is awaited, too: it is no line of its own, or one within a reply.
            try await stage.say(.client, "CWD x\r\nPASV\r\n")
            try await stage.say(.server, "550-\(passive)\r\n\(passive)\r\n550 no such folder\r\n")
            try await stage.say(.server, "425-not now\r\n\(passive)\r\n425 later\r\n")
            try await expectNothingOpen(in: gateway, [:])
        }
    }

    @Test(
        .gateway,
        arguments: [Topology.routed, natted, published],
        ["10,1,0,3", "10,1,0,1", "10,3,0,2", "127,0,0,1", "0,0,0,0"]
    )
    func `a server that announces another host gets a pinhole to itself`(topology: Topology, host: String)
        async throws
    {
        try await Gateway.withStage(topology) { gateway, stage in
            let listener = try gateway.lab.start(
                ["/usr/bin/python3", "-B", try Files.script("listen"), "10.2.0.2", "5001"],
                as: "listener",
                on: .server
            )
            try await listener.said("listening")
            try await stage.logIn()
            try await stage.say(.client, "PASV\r\n")
            // Without NAT an address that the client might reach is left as it is: farms of servers have others.
            let isLeftAlone = topology.serverKnownAs == nil && host.hasPrefix("10,")
            let known = isLeftAlone ? host : topology.dialled.replacing(".", with: ",")
            try await stage.say(.server, "227 (\(host),19,137)\r\n", read: "227 (\(known),19,137)\r\n")
            let expectation = try #require(
                try await gateway.report("expectations", as: [ExpectationReport].self).first
            )
            try #require(expectation.translated.to == "10.2.0.2:5001")
            try await #require(gateway.probe("10.3.0.2", 5001, from: .client) == "dropped")
            try await #require(gateway.probe(topology.dialled, 5001, from: .client) == "connected")
        }
    }

    // MARK: Others

    /// Gives the client's host a second address.
    private func addClient(_ address: String, in gateway: Gateway) async throws {
        try await gateway.lab.require([
            "ip", "-n", "client", "addr", "add", "\(address)/24", "dev", "gateway",
        ])
    }

    @Test(.gateway, arguments: [Topology.routed, natted, published])
    func `a client cannot use another's expectation`(topology: Topology) async throws {
        try await Gateway.withStage(topology) { gateway, stage in
            try await addClient("10.1.0.3", in: gateway)
            let listener = try gateway.lab.start(
                ["/usr/bin/python3", "-B", try Files.script("listen"), "10.2.0.2", "5001"],
                as: "listener",
                on: .server
            )
            try await listener.said("listening")
            for (name, source) in [("mine", "10.1.0.2"), ("other", "10.1.0.3")] {
                try await stage.logIn(name, from: source)
            }
            try await stage.say(.client, "EPSV\r\n", on: "mine")
            try await stage.say(.server, "229 (|||5001|)\r\n", on: "mine")
            let server = topology.dialled
            try await #require(gateway.probe(server, 5001, from: .client, source: "10.1.0.3") == "dropped")
            try await #require(gateway.probe(server, 5001, from: .stranger) == "dropped")
            // Nor is it closed by what the other says: it takes the other's own PORT for the same port elsewhere.
            try await stage.say(.client, "PORT 10,1,0,2,19,137\r\n", on: "other")
            try await #require(gateway.probe(server, 5001, from: .client, source: "10.1.0.2") == "connected")
            try await #require(gateway.probe(server, 5001, from: .client, source: "10.1.0.2") == "dropped")
        }
    }

    @Test(.gateway)
    func `a client that announces on hundreds of connections leaves ports for others`() async throws {
        try await Gateway.withStage(Self.natted) { gateway, stage in
            try await addClient("10.1.0.3", in: gateway)
            for number in 1...200 {
                try await stage.logIn("\(number)", from: "10.1.0.3")
                try await stage.send(.client, "PORT 10,1,0,3,19,137\r\n", on: "\(number)")
            }
            try await poll(for: "200 expectations") {
                try await gateway.report("stats", as: StatisticsReport.self).expectations == 200
            }
            let expectations: [ExpectationReport] = try await gateway.report("expectations")
            try #require(Set(expectations.map(\.to)).count == 200)

            let listener = try gateway.startScript("listen", ["10.1.0.2", "5001"], as: "listener")
            try await listener.said("listening")
            try await stage.logIn("last", from: "10.1.0.2")
            try await stage.send(.client, "PORT 10,1,0,2,19,137\r\n", on: "last")
            try await poll(for: "the last expectation") {
                try await gateway.report("stats", as: StatisticsReport.self).expectations == 201
            }
            let last = try #require(
                try await gateway.report("expectations", as: [ExpectationReport].self).last
            )
            try #require(last.translated.to == "10.1.0.2:5001")
            let port = try #require(last.to.split(separator: ":").last.flatMap { Int($0) })
            try await #require(gateway.probe("10.2.0.100", port, from: .server) == "connected")
        }
    }

    @Test(.gateway)
    func `a port allocated by NAT cannot be guessed, and a correct guess is useless`() async throws {
        try await Gateway.withStage(Self.natted) { gateway, stage in
            for number in 1...40 {
                try await stage.logIn("\(number)")
                try await stage.send(.client, "PORT 10,1,0,2,19,137\r\n", on: "\(number)")
            }
            try await poll(for: "40 expectations") {
                try await gateway.report("stats", as: StatisticsReport.self).expectations == 40
            }
            let expectations: [ExpectationReport] = try await gateway.report("expectations")
            let ports = expectations.compactMap { $0.to.split(separator: ":").last.flatMap { Int($0) } }
            try #require(ports[0] == 5001 && Set(ports).count == 40)
            let lent = ports.dropFirst()
            // Nothing follows from one for the next: 39 of 64512 lie in every part of the range, and each step is another.
            let steps = Set(zip(lent, lent.dropFirst()).map { $1 - $0 })
            try #require(steps.count >= 37, "\(ports)")
            let spread = try #require(lent.max()) - (try #require(lent.min()))
            try #require(spread > 32768, "\(ports)")

            // Even whoever knows them all, with the server's other ports beside them, gets no connection.
            let stranger = try await gateway.probe("10.2.0.100", ports, from: .stranger)
            try #require(stranger == Array(repeating: "dropped", count: 40))
            let guesses = ports.map { $0 ^ 1 }.filter { !ports.contains($0) }
            let server = try await gateway.probe("10.2.0.100", guesses, from: .server)
            try #require(server == Array(repeating: "dropped", count: guesses.count))
            let left = try await gateway.members()
            try #require(left.count == 40)
        }
    }
}
