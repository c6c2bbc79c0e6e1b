// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// What opens for encrypted sessions, of which nothing can be read.
@Suite struct FTPSTests {
    private static let server = "10.2.0.2"
    static let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
    static let data = TLSRecordsTests.record(.init(repeating: 7, count: 20))

    /// A policy for one server.
    static func policy(
        _ server: String = server,
        _ change: (inout Policy.Rules) -> Void = { _ in }
    ) throws -> Policy {
        var policy = Policy()
        var rules = Policy.Rules()
        rules.ftpsPorts = 49000...50000
        change(&rules)
        let text = Array(server.utf8)
        let prefix = AddressPrefix(parsing: text.span)
        policy.set(rules, for: try #require(prefix))
        return policy
    }

    /// A connection on which TLS is under way, whose client has sent what it sends with PASV.
    static func secured(_ policy: Policy, _ mapping: Mapping = direct) -> Dialogue {
        var dialogue = granted(policy, mapping)
        shakeHands(&dialogue)
        return dialogue
    }

    /// A connection on which TLS was granted and has not begun.
    private static func granted(_ policy: Policy, _ mapping: Mapping = direct) -> Dialogue {
        var dialogue = Dialogue(mapping, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        return dialogue
    }

    private static func shakeHands(_ dialogue: inout Dialogue) {
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, hello))
        }
        for side in [Session.Side.client, .server, .client] {
            dialogue.transmit(dialogue.segment(side, data))
        }
    }

    static let direct = NATCase.all[0].mapping

    /// A SYN from one of the client's ports to the server as the client knows it.
    static func syn(
        _ mapping: Mapping = direct,
        from source: UInt16 = 50123,
        to port: UInt16 = 49123
    ) -> PacketBuilder {
        PacketBuilder(
            tuple: Tuple(
                source: Endpoint(mapping.original.source.address, source),
                destination: Endpoint(mapping.original.destination.address, port)
            ),
            sequence: 1,
            acknowledgement: 0,
            flags: [.syn]
        )
    }

    /// Tries a SYN as the shell does, with a conntrack that has those data connections still that are `live`, and of these an
    /// answer to those that are `answered`.
    static func open(
        _ dialogue: inout Dialogue,
        _ syn: PacketBuilder,
        live: (Tuple) -> Bool = { _ in true },
        answered: (Tuple) -> Bool = { _ in true }
    ) -> ExpectedConnection? {
        let bytes = syn.bytes
        #expect(dialogue.expected(bytes) == nil)
        guard let syn = SYN(bytes.span) else { return nil }
        for tuple in dialogue.tracker.unconfirmedData(for: syn, at: dialogue.now) {
            if !live(tuple) {
                dialogue.perform {
                    $0.complete(.looked(tuple, .ended(wasAnswered: false)), at: $1, into: &$2)
                }
            } else if answered(tuple) {
                dialogue.perform { $0.complete(.looked(tuple, .answered), at: $1, into: &$2) }
            } else {
                dialogue.perform {
                    $0.complete(.looked(tuple, .unanswered(.unanswered, leaving: tuple)), at: $1, into: &$2)
                }
            }
        }
        guard let data = dialogue.perform({ $0.expectedEncrypted(syn, at: $1, into: &$2) }) else {
            return nil
        }
        dialogue.perform { $0.complete(.established(data), at: $1, into: &$2) }
        return data
    }

    @Test func `conntrack is asked about a session soon after something opens for it`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.wait(seconds: Tracker.expectingSeconds)
        #expect(dialogue.actions.contains(.verify(Self.direct)))
    }

    private static func access(_ dialogue: borrowing Dialogue) -> FTPHelper.Expectation.Access? {
        dialogue.tracker.connections.first?.access
    }

    @Test(arguments: NATCase.all)
    func `the client reaches the server's ports with the NAT of its control connection`(nat: NATCase) throws {
        let known = nat.mapping.original.destination.address
        let own = nat.mapping.reply.source.address
        for server in [known, own] {
            var dialogue = Self.secured(try Self.policy("\(server)"), nat.mapping)
            #expect(dialogue.open == [Endpoint(known, 49000).description])
            let data = try #require(Self.open(&dialogue, Self.syn(nat.mapping, to: 49123)))
            #expect(data.expectation.kind == .ftps)
            #expect(data.expectation.master == nat.mapping.original)
            #expect(data.expectation.to == Endpoint(known, 49123))
            #expect(data.expectation.translatedTo == Endpoint(own, 49123))
            #expect(data.expectation.from == nat.mapping.original.source.address)
            #expect(data.expectation.translatedFrom == nat.mapping.reply.destination.address)
            #expect(Self.access(dialogue)?.live == 1)
            #expect(dialogue.tracker.connections.first?.used == 1)
        }
    }

    @Test func `with the same addresses in two zones, a data connection is let through in each`() throws {
        var mappings = [Self.direct, Self.direct]
        for (index, zone) in [UInt16(5), 6].enumerated() {
            mappings[index].original.zone = zone
            mappings[index].reply.zone = zone
        }
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 1 }, mappings[0])
        var other = Dialogue(mappings[1], tracker: dialogue.release(), initial: 0x4000_0000)
        other.send(.server, "220 ready\r\n")
        other.send(.client, "AUTH TLS\r\n")
        other.send(.server, "234 go on\r\n")
        Self.shakeHands(&other)
        dialogue = other
        for zone in [UInt16(6), 5] {
            let data = try #require(Self.open(&dialogue, Self.syn()))
            #expect(data.original.zone == zone)
            #expect(data.expectation.master.zone == zone)
        }
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        #expect(dialogue.refusals.isEmpty)
        // There is room for one in each.
        #expect(Self.open(&dialogue, Self.syn(from: 50124)) == nil)
        #expect(dialogue.refusals == [.ftpsLimit])
    }

    @Test func `the client's address is admitted when the session opens and removed when it ends`() throws {
        var dialogue = Self.secured(try Self.policy())
        let client = Self.direct.original.source.address
        let admissions = dialogue.actions.filter {
            $0 == .queueSYNs(from: client) || $0 == .stopQueueingSYNs(from: client)
        }
        #expect(admissions == [.queueSYNs(from: client)])
        #expect(dialogue.actions.contains(.bypassQueue(Self.direct)))
        dialogue.actions = []
        dialogue.transmit(dialogue.segment(.server, flags: [.ack, .fin]))
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.actions.prefix(2) == [.stopQueueingSYNs(from: client), .requeue(Self.direct)])
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `an RST ends the session`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.transmit(dialogue.segment(.client, flags: [.rst]))
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `a connection that conntrack has lost ends the session`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.perform { $0.complete(.verified(Self.direct, .gone), at: $1, into: &$2) }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `a data connection without an entry has conntrack asked about its control connection`() throws
    {
        var dialogue = Self.secured(try Self.policy())
        let bytes = Self.syn().bytes
        let parsed = SYN(bytes.span)
        let syn = try #require(parsed)
        let data = try #require(dialogue.perform { $0.expectedEncrypted(syn, at: $1, into: &$2) })
        dialogue.actions = []
        dialogue.perform { $0.complete(.notEstablished(data), at: $1, into: &$2) }
        #expect(dialogue.actions == [.verify(Self.direct)])
    }

    @Test func `no other client, server or port is let through`() throws {
        var dialogue = Self.secured(try Self.policy())
        let stranger = NATCase("another client", "10.3.0.2", "10.2.0.2").mapping
        let elsewhere = NATCase("another server", "10.1.0.2", "10.2.0.3").mapping
        #expect(Self.open(&dialogue, Self.syn(stranger)) == nil)
        #expect(Self.open(&dialogue, Self.syn(elsewhere)) == nil)
        for port: UInt16 in [22, 48999, 50001] {
            #expect(Self.open(&dialogue, Self.syn(to: port)) == nil)
        }
        for port: UInt16 in [49000, 50000] {
            #expect(Self.open(&dialogue, Self.syn(from: port, to: port)) != nil)
        }
        var answer = Self.syn(from: 50124)
        answer.flags = [.syn, .ack]
        #expect(Self.open(&dialogue, answer) == nil)
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `a session for which nothing is configured is reported once`() throws {
        for policy in [Policy(), try Self.policy("10.9.9.9")] {
            var dialogue = Self.secured(policy)
            for side in [Session.Side.server, .client, .server] {
                dialogue.transmit(dialogue.segment(side, Self.data))
            }
            #expect(dialogue.statistics.unopened == [.ftpsUnconfigured: 1])
        }
        let configured = Self.secured(try Self.policy())
        #expect(configured.statistics.unopened.isEmpty)
    }

    @Test func `nothing opens for a server without configuration`() throws {
        var dialogue = Self.secured(try Self.policy("10.2.0.3"))
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        #expect(dialogue.tracker.connections.first?.state == .encrypted)
    }

    /// What the two sides say, in turn, and never both in TLS.
    static let pretenders: [(name: String, said: [(Session.Side, [UInt8])])] = [
        ("AUTH alone", [(.client, Array("AUTH TLS\r\n".utf8))]),
        (
            "a refused AUTH",
            [(.client, Array("AUTH TLS\r\n".utf8)), (.server, Array("534 no\r\n".utf8))] + handshake
        ),
        ("a granted AUTH, and silence", granted),
        ("a client that goes on in plain text", granted + [(.client, Array("USER x\r\n".utf8))] + answer),
        (
            "a server that goes on in plain text",
            granted + [(.client, hello), (.server, Array("220 x\r\n".utf8))] + handshake
        ),
        (
            "a handshake that the server ends",
            granted + [(.client, hello), (.client, data), (.server, alert)]
        ),
        ("a handshake in which nothing is said", granted + [(.client, hello), (.server, hello)]),
        (
            "data without a handshake",
            granted + [(.client, data), (.server, data), (.client, data), (.server, data)]
        ),
        ("TLS that nobody asked for", handshake),
        (
            "the header of a record, before the server's part of a handshake of TLS 1.3",
            granted + [(.client, hello), (.client, [0x17, 3, 3, 0x40, 0]), (.server, flight)]
        ),
        (
            "a record that the server does not get, before its part of a handshake of TLS 1.3",
            granted + [(.client, hello), (.client, data), (.server, flight)]
        ),
        (
            "the server's part of a handshake of TLS 1.3, bit by bit, as the client has room for it",
            granted + [(.client, hello)] + bitByBit
        ),
        (
            "a client that the server has refused in the end",
            granted + [
                (.client, hello), (.server, flight), (.client, data),
                (.server, TLSRecordsTests.record(.init(repeating: 1, count: 19))),
            ]
        ),
        (
            "a header without what belongs to it",
            granted + [
                (.client, hello), (.server, hello), (.client, [0x17, 3, 3, 0x40, 0]), (.server, data),
            ]
        ),
        (
            "a header of the server without what belongs to it",
            granted + [
                (.client, hello), (.server, hello), (.client, data), (.server, [0x17, 3, 3, 0x40, 0]),
            ]
        ),
        (
            "data of the server before that of the client",
            granted + [(.client, hello), (.server, hello + data), (.client, data)]
        ),
    ]
    /// What a server says before its client has finished the handshake: ServerHello, ChangeCipherSpec, and four more in TLS 1.3.
    private static let flight = flightRecords.flatMap(\.self)
    private static let flightRecords =
        [TLSRecordsTests.choice(), TLSRecordsTests.record(20, [1])]
        + [23, 837, 281, 53].map { TLSRecordsTests.record(.init(repeating: 1, count: $0)) }
    private static let bitByBit = flightRecords.flatMap { record in
        [
            (Session.Side.server, Array(record[..<4])), (.client, data), (.server, Array(record[4...])),
            (.client, data),
        ]
    }
    private static let granted: [(Session.Side, [UInt8])] = [
        (.client, Array("AUTH TLS\r\n".utf8)), (.server, Array("234 go on\r\n".utf8)),
    ]
    private static let handshake: [(Session.Side, [UInt8])] = [
        (.client, hello), (.server, hello), (.client, data), (.server, data), (.client, data),
    ]
    private static let answer: [(Session.Side, [UInt8])] = [
        (.server, hello), (.server, data), (.client, hello), (.client, data), (.server, data),
    ]
    private static let alert = TLSRecordsTests.record(21, [2, 40])

    @Test(arguments: pretenders.indices)
    func `malformed TLS opens nothing`(index: Int) throws {
        let (name, said) = Self.pretenders[index]
        var dialogue = Dialogue(Self.direct, policy: try Self.policy())
        dialogue.send(.server, "220 ready\r\n")
        for (side, bytes) in said { dialogue.transmit(dialogue.segment(side, bytes)) }
        #expect(dialogue.open.isEmpty, "\(name)")
        #expect(Self.open(&dialogue, Self.syn()) == nil, "\(name)")
    }

    @Test func `each side may send its records in any pieces`() throws {
        for cut in 1..<Self.hello.count + Self.data.count {
            var dialogue = Self.granted(try Self.policy())
            for side in [Session.Side.client, .server] {
                let bytes = Self.hello + Self.data
                dialogue.transmit(dialogue.segment(side, bytes[..<cut]))
                dialogue.transmit(dialogue.segment(side, bytes[cut...]))
            }
            #expect(dialogue.open.count == 1, "\(cut)")
        }
    }

    @Test(arguments: [(21, false), (990, true), (989, false)] as [(UInt16, Bool)])
    func `implicit TLS counts only on its configured ports`(port: UInt16, opens: Bool) throws {
        var policy = try Self.policy()
        policy.implicitTLSPorts = [990]
        var mapping = Self.direct
        mapping.original.destination.port = port
        mapping.reply.source.port = port
        var dialogue = Dialogue(mapping, policy: policy)
        Self.shakeHands(&dialogue)
        #expect(dialogue.open.count == (opens ? 1 : 0))
        #expect((Self.open(&dialogue, Self.syn()) != nil) == opens)
    }

    @Test func `malformed implicit TLS opens nothing, and data after the handshake does`() throws {
        var policy = try Self.policy()
        policy.implicitTLSPorts = [21]
        for said in [[(.client, [0x17, 3, 3, 0x40, 0])], [(.client, Self.data)]]
            as [[(Session.Side, [UInt8])]]
        {
            var dialogue = Dialogue(Self.direct, policy: policy)
            dialogue.transmit(dialogue.segment(.client, Self.hello))
            for (side, bytes) in said + [(.server, Self.flight)] {
                dialogue.transmit(dialogue.segment(side, bytes))
            }
            #expect(dialogue.open.isEmpty)
        }
        var dialogue = Dialogue(Self.direct, policy: policy)
        for (side, bytes) in [(.client, Self.hello), (.server, Self.flight), (.client, Self.data)]
            as [(Session.Side, [UInt8])]
        {
            dialogue.transmit(dialogue.segment(side, bytes))
        }
        // Two tickets and the greeting.
        for length in [250, 250, 40] {
            #expect(dialogue.open.isEmpty)
            let record = TLSRecordsTests.record(.init(repeating: 1, count: length))
            dialogue.transmit(dialogue.segment(.server, record))
        }
        #expect(dialogue.open.count == 1)
    }

    @Test func `implicit TLS needs a server that speaks TLS from the first byte`() throws {
        var policy = try Self.policy()
        policy.implicitTLSPorts = [21]
        var dialogue = Dialogue(Self.direct, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        Self.shakeHands(&dialogue)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `the number of concurrent data connections is limited, and ended ones free their places`()
        throws
    {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 3 })
        for port: UInt16 in 1...3 { #expect(Self.open(&dialogue, Self.syn(from: 50000 + port)) != nil) }
        #expect(Self.open(&dialogue, Self.syn(from: 50004)) == nil)
        #expect(dialogue.refusals == [.ftpsLimit])
        // Conntrack is not asked again at once.
        #expect(Self.open(&dialogue, Self.syn(from: 50004), live: { _ in false }) == nil)
        dialogue.now = dialogue.now.advanced(bySeconds: 1)
        #expect(Self.open(&dialogue, Self.syn(from: 50004), live: { $0.source.port != 50002 }) != nil)
        #expect(Self.access(dialogue)?.live == 3)
    }

    @Test func `conntrack is asked about data connections whenever the limit is reached`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 2 })
        for port: UInt16 in 1...100 {
            #expect(Self.open(&dialogue, Self.syn(from: 50000 + port), live: { _ in false }) != nil)
        }
        #expect(dialogue.refusals.isEmpty)
        #expect(dialogue.tracker.connections.first?.used == 100)
    }

    @Test func `a retransmitted SYN is the same data connection, unless that has ended`() throws {
        var dialogue = Self.secured(try Self.policy())
        #expect(Self.open(&dialogue, Self.syn()) != nil)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        #expect(Self.access(dialogue)?.live == 1)
        #expect(Self.open(&dialogue, Self.syn(), live: { _ in false }) != nil)
        #expect(Self.access(dialogue)?.live == 1)
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `the server may connect from its ports where active FTPS is allowed`() throws {
        var dialogue = Self.secured(try Self.policy { $0.allowsActiveFTPS = true })
        let server = Self.direct.reply.source.address
        #expect(dialogue.actions.contains(.queueSYNs(from: server)))
        #expect(Self.access(dialogue)?.active == .yes)
        func syn(from source: UInt16, to port: UInt16) -> PacketBuilder {
            PacketBuilder(
                tuple: Tuple(
                    source: Endpoint(server, source),
                    destination: Endpoint(Self.direct.original.source.address, port)
                ),
                sequence: 1,
                acknowledgement: 0,
                flags: [.syn]
            )
        }
        for (source, port) in [(21, 5001), (40000, 5001), (20, 1023), (20, 22)] as [(UInt16, UInt16)] {
            #expect(Self.open(&dialogue, syn(from: source, to: port)) == nil)
        }
        for (source, port) in [(20, 1024), (989, 65535)] as [(UInt16, UInt16)] {
            let data = try #require(Self.open(&dialogue, syn(from: source, to: port)))
            #expect(data.expectation.translatedTo == Endpoint(Self.direct.original.source.address, port))
            #expect(data.expectation.from == server)
        }
        dialogue.transmit(dialogue.segment(.client, flags: [.rst]))
        #expect(dialogue.actions.contains(.stopQueueingSYNs(from: server)))
    }

    @Test func `active FTPS behind NAT is refused and reported`() throws {
        let dialogue = Self.secured(try Self.policy { $0.allowsActiveFTPS = true }, snat)
        #expect(Self.access(dialogue)?.active == .behindNAT)
        #expect(!dialogue.actions.contains(.queueSYNs(from: snat.reply.source.address)))
    }

    @Test func `active FTPS is refused by default`() throws {
        let dialogue = Self.secured(try Self.policy())
        #expect(Self.access(dialogue)?.active == .no)
        #expect(!dialogue.actions.contains(.queueSYNs(from: Self.direct.reply.source.address)))
    }

    @Test func `CCC closes the session, and plain lines are read again`() throws {
        var dialogue = Self.secured(try Self.policy())
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, TLSRecordsTests.record(21, [1, 0])))
        }
        dialogue.send(.client, "PASV\r\n")
        #expect(dialogue.open.isEmpty)
        dialogue.send(.server, "227 ok (10,2,0,2,19,137)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `CCC may be followed by TLS again`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        #expect(dialogue.open.isEmpty)
        Self.shakeHands(&dialogue)
        #expect(dialogue.open.count == 1)
    }

    @Test func `a session closed by the administrator stays closed`() throws {
        var dialogue = Self.secured(try Self.policy())
        let id = try #require(dialogue.tracker.expectations.first?.id)
        let isDeleted = dialogue.perform { tracker, _, output in tracker.delete(id, into: &output) }
        #expect(isDeleted)
        for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, Self.data)) }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `an idle session closes, and the server's next data opens it again`() throws {
        var dialogue = Self.secured(try Self.policy { $0.timeout = 60 })
        dialogue.wait(seconds: 50)
        dialogue.transmit(dialogue.segment(.server, flags: [.ack]))
        dialogue.wait(seconds: 50)
        #expect(dialogue.open.count == 1)
        dialogue.wait(seconds: 20)
        #expect(dialogue.open.isEmpty)
        #expect(
            dialogue.events.contains { if case .expired(let gone) = $0 { gone.kind == .ftps } else { false } }
        )
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        dialogue.transmit(dialogue.segment(.client, Self.data))
        dialogue.transmit(dialogue.segment(.server, flags: [.ack]))
        #expect(dialogue.open.isEmpty)
        dialogue.transmit(dialogue.segment(.server, Self.data))
        #expect(dialogue.open.count == 1)
    }

    @Test func `a session with an answered data connection is not idle`() throws {
        var dialogue = Self.secured(try Self.policy { $0.timeout = 60 })
        let data = try #require(Self.open(&dialogue, Self.syn()))
        dialogue.perform { $0.complete(.looked(data.original, .answered), at: $1, into: &$2) }
        dialogue.wait(seconds: 1000)
        #expect(dialogue.open.count == 1)
        dialogue.perform {
            $0.complete(.looked(data.original, .ended(wasAnswered: false)), at: $1, into: &$2)
        }
        dialogue.wait(seconds: 121)
        #expect(dialogue.open.isEmpty)
    }

    @Test(arguments: [Session.Side.client, .server], [[.fin, .ack], [.rst]] as [TCPFlags])
    func `a connection that bypasses the queue ends by a FIN or an RST after unseen bytes`(
        side: Session.Side,
        flags: TCPFlags
    ) throws {
        var dialogue = Self.secured(try Self.policy())
        var first = dialogue.segment(side, flags: flags)
        first.sequence &+= 70000
        first.acknowledgement &+= 90000
        dialogue.transmit(first)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == (flags.contains(.rst) ? 0 : 1))
        var second = dialogue.segment(side.other, flags: [.ack, .fin])
        second.sequence &+= 90000
        second.acknowledgement &+= 70001
        dialogue.transmit(second)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    @Test(arguments: NATCase.all, [Session.Side.client, .server])
    func `a FIN of either side ends the session, and later data does not open it again`(
        nat: NATCase,
        side: Session.Side
    ) throws {
        var dialogue = Self.secured(try Self.policy("\(nat.mapping.reply.source.address)"), nat.mapping)
        let data = try #require(Self.open(&dialogue, Self.syn(nat.mapping)))
        dialogue.perform { $0.complete(.looked(data.original, .answered), at: $1, into: &$2) }
        dialogue.actions = []
        dialogue.transmit(dialogue.segment(side, flags: [.ack, .fin]))
        #expect(dialogue.open.isEmpty)
        // Data connections in progress may finish.
        #expect(!dialogue.actions.contains(.abandon(data.original)))
        for side in [Session.Side.client, .server, .client] {
            dialogue.transmit(dialogue.segment(side, flags: [.ack]))
            dialogue.transmit(dialogue.segment(side, Self.data))
            dialogue.wait(seconds: 8)
        }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn(nat.mapping, from: 50124)) == nil)
    }

    @Test func `a FIN after missing bytes ends the session, a FIN before received bytes does not`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.transmit(dialogue.segment(.server, offset: -10, flags: [.ack, .fin]))
        #expect(dialogue.open.count == 1)
        var ahead = dialogue.segment(.server, offset: 400, flags: [.ack, .fin])
        ahead.payload = Array(Self.data)
        dialogue.carry(ahead)
        #expect(dialogue.open.isEmpty)
    }

    @Test(arguments: [-30, 1, 1000, 1 << 20])
    func `an RST outside of the receiver's window ends nothing`(offset: Int) throws {
        // One that is not released is seen whole.
        var seen = Dialogue.ready(snat, policy: try Self.policy())
        seen.send(.client, "PORT 10,1,0,2,19,137\r\n")
        seen.send(.server, "200 ok\r\n")
        seen.send(.client, "AUTH TLS\r\n")
        seen.send(.server, "234 go on\r\n")
        Self.shakeHands(&seen)
        var released = Self.secured(try Self.policy())
        for side in [Session.Side.client, .server] {
            seen.acknowledge(side.other)
            seen.carry(seen.segment(side, offset: offset, flags: [.rst]))
            released.acknowledge(side.other)
            if offset < 0 { released.carry(released.segment(side, offset: offset, flags: [.rst])) }
        }
        #expect(seen.open.count == 1)
        #expect(released.open.count == 1)
    }

    @Test func `a session that conntrack has closing or closed does not open again`() throws {
        var dialogue = Self.secured(try Self.policy())
        let client = Self.direct.original.source.address
        dialogue.actions = []
        dialogue.perform { $0.complete(.verified(Self.direct, .closing), at: $1, into: &$2) }
        #expect(dialogue.actions.prefix(2) == [.stopQueueingSYNs(from: client), .requeue(Self.direct)])
        for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, Self.data)) }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        #expect(dialogue.tracker.connections.first?.state == .encrypted)
    }

    @Test func `data of the client alone does not prolong a session`() throws {
        var dialogue = Self.secured(try Self.policy { $0.timeout = 60 })
        dialogue.actions = []
        for _ in 1...7 {
            dialogue.wait(seconds: 8)
            dialogue.transmit(dialogue.segment(.client, flags: [.ack]))
            dialogue.transmit(dialogue.segment(.client, Self.data))
            _ = Self.open(&dialogue, Self.syn(), answered: { _ in false })
        }
        #expect(dialogue.actions.count { $0 == .verify(Self.direct) } == 3)
        #expect(dialogue.open.count == 1)
        for _ in 1...3 {
            dialogue.wait(seconds: 8)
            dialogue.transmit(dialogue.segment(.client, Self.data))
            _ = Self.open(&dialogue, Self.syn(), answered: { _ in false })
        }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn(from: 50124)) == nil)
    }

    @Test func `unanswered data connections are removed when the session closes`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 2 })
        let waiting = try #require(Self.open(&dialogue, Self.syn(from: 50001)))
        let under = try #require(Self.open(&dialogue, Self.syn(from: 50002)))
        dialogue.perform { $0.complete(.looked(under.original, .answered), at: $1, into: &$2) }
        // Other rules take both over.
        dialogue.actions = []
        dialogue.tracker.policy = try Self.policy { $0.maximumFTPSConnections = 3 }
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(Self.access(dialogue)?.live == 2)
        #expect(!dialogue.actions.contains(.abandon(waiting.original)))
        dialogue.transmit(dialogue.segment(.server, flags: [.ack, .fin]))
        #expect(dialogue.actions.contains(.abandon(waiting.original)))
        #expect(!dialogue.actions.contains(.abandon(under.original)))
    }

    @Test func `the oldest unanswered data connection is evicted`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 3 })
        let first = try #require(Self.open(&dialogue, Self.syn(from: 50001)))
        let spoofed = try [50002, 50003].map { try #require(Self.open(&dialogue, Self.syn(from: $0))) }
        func isAnswered(_ tuple: Tuple) -> Bool { tuple == first.original }
        // Even with one more SYN each millisecond, the client's own is let in and is answered before it could be evicted.
        for (port, victim) in [(50004, spoofed[0]), (50005, spoofed[1])] as [(UInt16, ExpectedConnection)] {
            dialogue.actions = []
            #expect(Self.open(&dialogue, Self.syn(from: port), answered: isAnswered) != nil)
            #expect(dialogue.actions.contains(.abandon(victim.original)))
            #expect(Self.access(dialogue)?.live == 3)
        }
        #expect(dialogue.refusals.isEmpty)
        // If all are answered none is evicted, and conntrack is not asked again at once.
        #expect(Self.open(&dialogue, Self.syn(from: 50006)) == nil)
        #expect(dialogue.refusals == [.ftpsLimit])
        dialogue.actions = []
        #expect(Self.open(&dialogue, Self.syn(from: 50006), answered: { _ in false }) == nil)
        #expect(!dialogue.actions.contains { if case .abandon = $0 { true } else { false } })
    }

    @Test func `an ended data connection is evicted before an unanswered one`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 2 })
        let waiting = try #require(Self.open(&dialogue, Self.syn(from: 50001)))
        _ = Self.open(&dialogue, Self.syn(from: 50002))
        dialogue.actions = []
        let next = Self.open(
            &dialogue,
            Self.syn(from: 50003),
            live: { $0 == waiting.original },
            answered: { _ in false }
        )
        #expect(next != nil)
        #expect(!dialogue.actions.contains(.abandon(waiting.original)))
    }

    @Test func `conntrack is asked about many data connections a few at a time, in turn`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 100 })
        for port: UInt16 in 1...100 { #expect(Self.open(&dialogue, Self.syn(from: 50000 + port)) != nil) }
        var asked: Set<Tuple> = []
        for _ in 1...7 {
            dialogue.now = dialogue.now.advanced(bySeconds: 1)
            var count = 0
            #expect(
                Self.open(
                    &dialogue,
                    Self.syn(from: 50200),
                    live: {
                        asked.insert($0)
                        count += 1
                        return true
                    }
                ) == nil
            )
            #expect(count == 16)
        }
        #expect(asked.count == 100)
    }

    @Test func `a connection with shifted sequence numbers does not bypass the queue`() throws {
        var dialogue = Dialogue.ready(snat, policy: try Self.policy())
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        Self.shakeHands(&dialogue)
        #expect(dialogue.open == ["10.2.0.2:49000"])
        #expect(!dialogue.actions.contains(.bypassQueue(snat)))
    }

    @Test
    func `a session with room takes its client's data connection, and the last session removes the address`()
        throws
    {
        let policy = try Self.policy { $0.maximumFTPSConnections = 1 }
        let client = Self.direct.original.source.address
        var other = Self.direct
        other.original.source.port = 40113
        other.reply.destination.port = 40113
        var first = Self.secured(policy)
        #expect(Self.open(&first, Self.syn(from: 50001)) != nil)
        var second = Dialogue(other, tracker: first.release())
        second.send(.server, "220 ready\r\n")
        second.send(.client, "AUTH TLS\r\n")
        second.send(.server, "234 go on\r\n")
        Self.shakeHands(&second)
        #expect(second.open.count == 2)
        #expect(!second.actions.contains(.queueSYNs(from: client)))
        #expect(Self.open(&second, Self.syn(from: 50002)) != nil)
        #expect(Self.open(&second, Self.syn(from: 50003)) == nil)
        second.transmit(second.segment(.client, flags: [.rst]))
        #expect(!second.actions.contains(.stopQueueingSYNs(from: client)))
        let isAdmitted = second.tracker.queuesSYNs(from: client)
        #expect(isAdmitted)
        second.perform { $0.complete(.verified(Self.direct, .gone), at: $1, into: &$2) }
        #expect(second.actions.contains(.stopQueueingSYNs(from: client)))
    }

    @Test func `a session whose address the kernel rejects closes as failed and stays closed`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.actions = []
        let client = Self.direct.original.source.address
        dialogue.perform { $0.complete(.notQueued(client), at: $1, into: &$2) }
        dialogue.transmit(dialogue.segment(.client, Self.data))
        #expect(dialogue.open.isEmpty)
        let closings = dialogue.events.compactMap { if case .closed(_, let why) = $0 { why } else { nil } }
        #expect(closings == [.failed])
    }

    @Test func `a new policy applies to existing sessions`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.tracker.policy = try Self.policy { $0.ftpsPorts = 3000...3010 }
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(dialogue.open == ["10.2.0.2:3000"])
        #expect(Self.open(&dialogue, Self.syn(to: 49123)) == nil)
        #expect(Self.open(&dialogue, Self.syn(to: 3001)) != nil)
        dialogue.actions = []
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(dialogue.actions.isEmpty)
        dialogue.tracker.policy = Policy()
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a full table does not evict a session for a connection without data`()
        throws
    {
        var policy = try Self.policy()
        policy.maximumConnections = 1
        let first = Self.secured(policy)
        let other = NATCase("another client", "10.3.0.2", "10.2.0.2").mapping
        let second = Dialogue(other, tracker: first.release())
        #expect(second.refusals == [.tableFull])
        #expect(second.open.count == 1)
    }

    @Test func `a restarted daemon continues the session under its own policy`() throws {
        var dialogue = Dialogue(
            Self.direct,
            tracker: Tracker(policy: try Self.policy(), keepsRecords: true, random: Seeded(state: 7))
        )
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        Self.shakeHands(&dialogue)
        let data = try #require(Self.open(&dialogue, Self.syn()))
        var record: [UInt64] = []
        dialogue.tracker.takeRecords {
            record = $1 ?? []
            return 1
        }
        let client = Self.direct.original.source.address
        for (policy, ports) in [
            (try Self.policy(), 49000), (try Self.policy { $0.ftpsPorts = 3000...3001 }, 3000),
            (Policy(), nil),
        ] as [(Policy, Int?)] {
            let kept = try #require(KeptConnection(record, at: dialogue.now))
            #expect(kept.queuedAddresses == [client])
            var next = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 7))
            var output = Output()
            let isTaken = next.restore(kept, at: dialogue.now, into: &output)
            #expect(isTaken)
            #expect(
                output.actions.contains(.queueSYNs(from: client))
                    && output.actions.contains(.bypassQueue(Self.direct))
            )
            #expect(next.expectations.map { Int($0.to.port) } == (ports.map { [$0] } ?? []))
            #expect(next.dataConnections(of: Self.direct) == (ports == nil ? [] : [data.original]))
            #expect(output.actions.contains(.stopQueueingSYNs(from: client)) == (ports != 49000))
        }
        for count in 0..<record.count {
            let kept = KeptConnection(Array(record[..<count]), at: dialogue.now)
            #expect(kept == nil)
        }
    }

    @Test func `a session closed by the administrator stays closed after a restart`() throws {
        var dialogue = Dialogue(
            Self.direct,
            tracker: Tracker(policy: try Self.policy(), keepsRecords: true, random: Seeded(state: 7))
        )
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        Self.shakeHands(&dialogue)
        let count = dialogue.perform { tracker, _, output in tracker.flush(into: &output) }
        #expect(count == 1)
        var record: [UInt64] = []
        dialogue.tracker.takeRecords {
            record = $1 ?? []
            return 1
        }
        let kept = try #require(KeptConnection(record, at: dialogue.now))
        var next = Tracker(policy: try Self.policy(), random: Seeded(state: 7))
        var output = Output()
        _ = next.restore(kept, at: dialogue.now, into: &output)
        let bytes = dialogue.segment(.client, Self.data).bytes
        _ = next.receive(bytes.span, at: dialogue.now, into: &output)
        #expect(next.expectations.isEmpty)
    }
}
