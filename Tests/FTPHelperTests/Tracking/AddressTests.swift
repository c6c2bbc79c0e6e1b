// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// What an address in a line means (contract A1 to A6).
@Suite struct AddressTests {
    private static func policy(
        isLoose: Bool = false,
        allowsPrivilegedPorts: Bool = false,
        maximumConnections: Int = 65536
    ) -> Policy {
        var policy = Policy()
        policy.rules.honoured = isLoose ? .any : .none
        policy.rules.allowsPrivilegedPorts = allowsPrivilegedPorts
        policy.maximumConnections = maximumConnections
        return policy
    }

    /// Sends a line and returns the line that goes on, and what it opens or the reason of its refusal.
    private static func outcome(_ line: String, _ nat: NATCase, _ policy: Policy = Policy()) -> [String] {
        var dialogue = Dialogue.ready(nat.mapping, policy: policy)
        let text: String
        if line.hasPrefix("2") {
            dialogue.send(.client, ["227": "PASV\r\n", "228": "LPSV\r\n"][line.prefix(3)] ?? "EPSV\r\n")
            text = dialogue.send(.server, line + "\r\n")
        } else {
            text = dialogue.send(.client, line + "\r\n")
        }
        let opened = dialogue.tracker.expectations.map { "\($0.to) -> \($0.translatedTo)" }
        return [String(text.dropLast(1))] + opened + dialogue.refusals.map(\.rawValue)
    }

    private static let plain = NATCase.all[0]
    private static let source = NATCase("SNAT", "10.1.0.2", "10.2.0.2", client: "10.2.0.100")
    private static let destination = NATCase("DNAT", "10.1.0.2", "203.0.113.5", server: "10.2.0.2")

    static let cases: [(line: String, nat: NATCase, policy: Policy, outcome: [String])] = [
        // The client's own address, or the one NAT gives it.
        (
            "PORT 10,1,0,2,19,137", source, policy(),
            ["PORT 10,2,0,100,19,137", "10.2.0.100:5001 -> 10.1.0.2:5001"]
        ),
        (
            "PORT 10,2,0,100,19,137", source, policy(),
            ["PORT 10,2,0,100,19,137", "10.2.0.100:5001 -> 10.1.0.2:5001"]
        ),
        (
            "EPRT |1|10.2.0.100|5001|", source, policy(),
            ["EPRT |1|10.2.0.100|5001|", "10.2.0.100:5001 -> 10.1.0.2:5001"]
        ),
        // Any other is a bounce.
        ("PORT 10,2,0,2,19,137", source, policy(), ["PORT 10,2,0,2,19,137", "address-mismatch"]),
        ("PORT 10,9,9,9,19,137", source, policy(), ["PORT 10,9,9,9,19,137", "address-mismatch"]),
        ("PORT 0,0,0,0,19,137", source, policy(), ["PORT 0,0,0,0,19,137", "address-mismatch"]),
        ("PORT 127,0,0,1,19,137", plain, policy(), ["PORT 127,0,0,1,19,137", "address-mismatch"]),
        ("EPRT |1|10.9.9.9|5001|", plain, policy(), ["EPRT |1|10.9.9.9|5001|", "address-mismatch"]),
        ("LPRT 4,4,10,9,9,9,2,19,137", plain, policy(), ["LPRT 4,4,10,9,9,9,2,19,137", "address-mismatch"]),
        ("EPRT |2|fd09::9|5001|", NATCase.all[5], policy(), ["EPRT |2|fd09::9|5001|", "address-mismatch"]),
        // Whatever a server says leads to the server.
        (
            "227 (10,2,0,2,19,137)", plain, policy(),
            ["227 (10,2,0,2,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (10,9,9,9,19,137)", plain, policy(),
            ["227 (10,9,9,9,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (0,0,0,0,19,137)", plain, policy(),
            ["227 (10,2,0,2,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (10,2,0,2,19,137)", destination, policy(),
            ["227 (203,0,113,5,19,137)", "203.0.113.5:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (203,0,113,5,19,137)", destination, policy(),
            ["227 (203,0,113,5,19,137)", "203.0.113.5:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (0,0,0,0,19,137)", destination, policy(),
            ["227 (203,0,113,5,19,137)", "203.0.113.5:5001 -> 10.2.0.2:5001"]
        ),
        ("229 (|||5001|)", destination, policy(), ["229 (|||5001|)", "203.0.113.5:5001 -> 10.2.0.2:5001"]),
        (
            "229 (|1|10.2.0.2|5001|)", destination, policy(),
            ["229 (|1|203.0.113.5|5001|)", "203.0.113.5:5001 -> 10.2.0.2:5001"]
        ),
        (
            "228 (4,4,10,9,9,9,2,19,137)", plain, policy(),
            ["228 (4,4,10,9,9,9,2,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (10,2,0,2,19,137)", source, policy(),
            ["227 (10,2,0,2,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        // With `loose` a third host is accepted, but not an address that belongs to no host.
        (
            "PORT 10,9,9,9,19,137", plain, policy(isLoose: true),
            ["PORT 10,9,9,9,19,137", "10.9.9.9:5001 -> 10.9.9.9:5001"]
        ),
        (
            "PORT 10,9,9,9,19,137", source, policy(isLoose: true),
            ["PORT 10,2,0,100,19,137", "10.2.0.100:5001 -> 10.9.9.9:5001"]
        ),
        ("PORT 0,0,0,0,19,137", plain, policy(isLoose: true), ["PORT 0,0,0,0,19,137", "address-mismatch"]),
        (
            "227 (10,9,9,9,19,137)", plain, policy(isLoose: true),
            ["227 (10,9,9,9,19,137)", "10.9.9.9:5001 -> 10.9.9.9:5001"]
        ),
        (
            "227 (0,0,0,0,19,137)", plain, policy(isLoose: true),
            ["227 (10,2,0,2,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        ),
        (
            "227 (10,9,9,9,19,137)", destination, policy(isLoose: true),
            ["227 (203,0,113,5,19,137)", "203.0.113.5:5001 -> 10.9.9.9:5001"]
        ),
        // Privileged ports.
        ("PORT 10,1,0,2,3,255", plain, policy(), ["PORT 10,1,0,2,3,255", "privileged-port"]),
        ("PORT 10,1,0,2,4,0", plain, policy(), ["PORT 10,1,0,2,4,0", "10.1.0.2:1024 -> 10.1.0.2:1024"]),
        (
            "PORT 10,1,0,2,0,22", plain, policy(allowsPrivilegedPorts: true),
            ["PORT 10,1,0,2,0,22", "10.1.0.2:22 -> 10.1.0.2:22"]
        ),
        (
            "PORT 10,1,0,2,0,22", source, policy(allowsPrivilegedPorts: true),
            ["PORT 10,2,0,100,0,22", "10.2.0.100:22 -> 10.1.0.2:22"]
        ),
        ("227 (10,2,0,2,0,22)", plain, policy(), ["227 (10,2,0,2,0,22)", "privileged-port"]),
        ("229 (|||22|)", plain, policy(), ["229 (|||22|)", "privileged-port"]),
        (
            "229 (|||22|)", plain, policy(allowsPrivilegedPorts: true),
            ["229 (|||22|)", "10.2.0.2:22 -> 10.2.0.2:22"]
        ),
        (
            "PORT 10,1,0,2,0,0", plain, policy(allowsPrivilegedPorts: true),
            ["PORT 10,1,0,2,0,0", "malformed"]
        ),
        // A bounce to a privileged port is a bounce.
        ("PORT 10,9,9,9,0,22", plain, policy(), ["PORT 10,9,9,9,0,22", "address-mismatch"]),
        ("PORT 10,9,9,9,0,22", plain, policy(isLoose: true), ["PORT 10,9,9,9,0,22", "privileged-port"]),
    ]

    @Test(arguments: cases)
    func `an announced address is compared, never trusted`(
        line: String,
        nat: NATCase,
        policy: Policy,
        outcome: [String]
    ) {
        #expect(Self.outcome(line, nat, policy) == outcome)
    }

    @Test func `a refusal contains its line and its connection`() {
        var dialogue = Dialogue.ready(snat)
        let long = "PORT " + String(repeating: "9", count: 200)
        dialogue.send(.client, long + " \r\n")
        #expect(
            dialogue.events == [
                .refused(
                    Refusal(
                        reason: .malformed,
                        kind: .port,
                        connection: snat.original,
                        line: Array(long.utf8.prefix(120))
                    )
                )
            ]
        )
        #expect(dialogue.statistics.refused == [.malformed: 1])
        #expect(dialogue.tracker.connections.first?.refused == 1)
    }

    // MARK: Ports

    /// As many clients as wanted behind one address, each logged in.
    private static func crowd(_ count: Int, policy: Policy = Policy(), _ body: (Int, inout Dialogue) -> Void)
        -> Tracker
    {
        var tracker = Tracker(policy: policy, random: Seeded(state: 3))
        for number in 0..<count {
            let nat = NATCase("\(number)", "10.1.0.\(number + 2)", "10.2.0.2", client: "10.2.0.100")
            var mapping = nat.mapping
            mapping.original.source.port = 40000
            mapping.reply.destination.port = 40000 + UInt16(number)
            var dialogue = Dialogue(mapping, tracker: tracker)
            dialogue.logIn()
            body(number, &dialogue)
            tracker = dialogue.release()
        }
        return tracker
    }

    @Test func `clients that announce the same port get ports of their own`() {
        let tracker = Self.crowd(32) { number, dialogue in
            let text = dialogue.send(.client, "PORT 10,1,0,\(number + 2),19,137\r\n")
            let expectation = dialogue.tracker.expectations.last
            let port = expectation?.to.port ?? 0
            #expect(text == "PORT 10,2,0,100,\(port >> 8),\(port & 0xff)\r\n")
            #expect(expectation?.translatedTo.description == "10.1.0.\(number + 2):5001")
            #expect((port == 5001) == (number == 0))
        }
        #expect(tracker.expectationCount == 32)
        #expect(Set(tracker.expectations.map(\.to)).count == 32)
        #expect(tracker.expectations.allSatisfy { $0.to.port >= 1024 })
    }

    @Test func `a client that announces again keeps its port`() {
        var dialogue = Dialogue.ready(snat)
        for _ in 0..<10 {
            dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
            #expect(dialogue.open == ["10.2.0.100:5001"])
        }
    }

    @Test func `a port is allocated again after its expectation is gone`() {
        let tracker = Self.crowd(2) { number, dialogue in
            let text = dialogue.send(.client, "PORT 10,1,0,\(number + 2),19,137\r\n")
            #expect(text == "PORT 10,2,0,100,19,137\r\n")
            if number == 0 { dialogue.send(.server, "500 no\r\n") }
        }
        #expect(tracker.expectationCount == 1)
    }

    /// Announces port 5001 of 10.1.0.`number`, and returns the line that reaches the server.
    private func announce(_ dialogue: inout Dialogue, _ number: UInt32) -> UInt16? {
        dialogue.send(.client, "PORT 10,1,0,\(number),19,137\r\n")
        let own = v4(10, 1, 0, number)
        return dialogue.tracker.expectations.last { $0.translatedTo.address == own }?.to.port
    }

    @Test func `a port rests while its data connection may exist, and for some time after it`() {
        var first = Dialogue.ready(NATCase("1", "10.1.0.2", "10.2.0.2", client: "10.2.0.100").mapping)
        #expect(announce(&first, 2) == 5001)
        let syn = ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 5001)
        first.use(syn)
        #expect(first.open.isEmpty)
        var mapping = NATCase("2", "10.1.0.3", "10.2.0.2", client: "10.2.0.100").mapping
        mapping.original.source.port = 2
        mapping.reply.destination.port = 2
        let now = first.now
        let own = first.mapping
        var second = Dialogue(mapping, tracker: first.release())
        second.now = now
        second.logIn()
        // In use for as long as the client has not announced another or left, however long that is.
        second.now = second.now.advanced(bySeconds: 7200)
        #expect(announce(&second, 3) != 5001)
        second.perform { $0.complete(.verified(own, .gone), at: $1, into: &$2) }
        second.now = second.now.advanced(bySeconds: 119)
        #expect(announce(&second, 3) != 5001)
        second.now = second.now.advanced(bySeconds: 1)
        #expect(announce(&second, 3) == 5001)
    }

    @Test func `a repeated announcement of the same port is rewritten to the same port`() {
        var dialogue = Dialogue.ready(snat)
        for session in 0..<5 {
            for _ in 0..<3 {
                #expect(announce(&dialogue, 2) == 5001)
                dialogue.use(ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 5001))
            }
            // In another session, while the port of the last one is in use still, or rests.
            if session % 2 == 0 { dialogue.send(.client, "", flags: [.rst, .ack]) }
            var next = snat
            next.original.source.port = UInt16(50000 + session)
            next.reply.destination.port = UInt16(50000 + session)
            let now = dialogue.now
            dialogue = Dialogue(next, tracker: dialogue.release())
            dialogue.now = now
            dialogue.logIn()
        }
    }

    @Test func `ports stay within a server's range for any clients and number of sessions`() {
        // Ten ports, three clients in turn, and every other session ends without a data connection.
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 1))
        for round in 0..<60 {
            var mapping = Self.destination.mapping
            let client = v4(10, 1, 0, UInt32(2 + round % 3))
            mapping.original.source = Endpoint(client, UInt16(40000 + round))
            mapping.reply.destination = mapping.original.source
            var dialogue = Dialogue(mapping, tracker: tracker)
            dialogue.logIn()
            let port = UInt16(30000 + round % 10)
            dialogue.send(.client, "PASV\r\n")
            let reply = dialogue.send(.server, "227 (10,2,0,2,\(port >> 8),\(port & 0xff))\r\n")
            #expect(reply == "227 (203,0,113,5,\(port >> 8),\(port & 0xff))\r\n")
            if round % 2 == 0 {
                dialogue.use(ExpectationTests.syn(from: "\(client)", to: "203.0.113.5", port))
            } else {
                dialogue.send(.client, "", flags: [.rst, .ack])
            }
            tracker = dialogue.release()
        }
    }

    @Test func `a port in use by another endpoint is not allocated, nor one outside of the range`() {
        var policy = Policy()
        policy.rules.natPorts = 6000...6001
        var tracker = Tracker(policy: policy, random: Seeded(state: 1))
        var ports: [UInt16?] = []
        for client in UInt32(2)...5 {
            var mapping = snat
            mapping.original.source = Endpoint(v4(10, 1, 0, client), 40000)
            mapping.reply.destination.port = 40000 + UInt16(client)
            var dialogue = Dialogue(mapping, tracker: tracker)
            dialogue.logIn()
            ports.append(announce(&dialogue, client))
            if client == 5 { #expect(dialogue.refusals == [.noPort]) }
            tracker = dialogue.release()
        }
        #expect(ports[0] == 5001 && Set(ports[1...2]) == [6000, 6001] && ports[3] == nil)
    }

    @Test func `without NAT a port keeps its number`() {
        var dialogue = Dialogue.ready(Self.plain.mapping)
        for _ in 0..<3 {
            dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
            #expect(dialogue.open == ["10.1.0.2:5001"])
            let syn = ExpectationTests.syn(from: "10.2.0.2", to: "10.1.0.2", 5001)
            dialogue.use(syn)
        }
        #expect(dialogue.statistics.expectationsUsed == 3)
    }

    @Test(arguments: NATCase.all)
    func `a farm host named by loose may open active data connections and be announced`(
        nat: NATCase
    ) throws {
        let (member, stranger) = nat.isIPv6 ? (v6Member, v6Stranger) : (v4Member, v4Stranger)
        var policy = Policy()
        policy.rules.honoured = .hosts([v4Member, v6Member])
        var dialogue = Dialogue.ready(nat.mapping, policy: policy)
        let opened = nat.transfers(5001).active
        let read = dialogue.send(.client, opened.sent)
        #expect(read == opened.read)
        let expectation = try #require(dialogue.tracker.expectations.first)
        #expect(dialogue.tracker.expectationCount == 1)
        func syn(from address: IPAddress) -> [UInt8] {
            PacketBuilder(
                tuple: Tuple(source: Endpoint(address, 20), destination: expectation.to),
                sequence: 1,
                acknowledgement: 0,
                flags: .syn
            ).bytes
        }
        let isStrangerExpected = dialogue.expected(syn(from: stranger)) != nil
        let isServerExpected = dialogue.expected(syn(from: expectation.from)) != nil
        #expect(!isStrangerExpected && isServerExpected)
        let arrived = try #require(dialogue.expected(syn(from: member))?.expectation)
        #expect(arrived.from == member && arrived.translatedTo == expectation.translatedTo)
        // The client sees the address that it knows the server by, or that of the host.
        let isShownOtherwise = expectation.from != expectation.translatedFrom
        #expect(arrived.translatedFrom == (isShownOtherwise ? expectation.translatedFrom : member))
        let isUsed = dialogue.use(syn(from: member))
        let isReusable = [member, expectation.from].contains { dialogue.expected(syn(from: $0)) != nil }
        #expect(isUsed && !isReusable && dialogue.tracker.expectationCount == 0)
    }

    @Test func `a list of hosts honours only these`() {
        var policy = Policy()
        policy.rules.honoured = .hosts([v4(10, 9, 9, 9)])
        #expect(
            Self.outcome("227 (10,9,9,9,19,137)", Self.plain, policy)
                == ["227 (10,9,9,9,19,137)", "10.9.9.9:5001 -> 10.9.9.9:5001"]
        )
        #expect(
            Self.outcome("227 (10,9,9,8,19,137)", Self.plain, policy)
                == ["227 (10,9,9,8,19,137)", "10.2.0.2:5001 -> 10.2.0.2:5001"]
        )
        #expect(
            Self.outcome("PORT 10,9,9,8,19,137", Self.plain, policy)
                == ["PORT 10,9,9,8,19,137", "address-mismatch"]
        )
    }
}

private let v4Member = v4(10, 77, 0, 1)
private let v4Stranger = v4(10, 77, 0, 2)
private let v6Member = address("fd77::1")
private let v6Stranger = address("fd77::2")
