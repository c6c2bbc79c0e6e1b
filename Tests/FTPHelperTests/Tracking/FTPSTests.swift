import FTPHelper
import Testing

/// What opens for encrypted sessions, of which nothing can be read.
@Suite struct FTPSTests {
    private static let server = "10.2.0.2"
    private static let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
    private static let data = TLSRecordsTests.record([7, 7, 7, 7])

    /// A policy for one server.
    private static func policy(
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
    private static func secured(_ policy: Policy, _ mapping: Mapping = direct) -> Dialogue {
        var dialogue = Dialogue(mapping, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        shakeHands(&dialogue)
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

    private static let direct = NATCase.all[0].mapping

    /// A SYN from one of the client's ports to the server as the client knows it.
    private static func syn(
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

    /// Tries a SYN as the shell does, with a conntrack that has those data connections still that are `live`.
    private static func open(
        _ dialogue: inout Dialogue,
        _ syn: PacketBuilder,
        live: (Tuple) -> Bool = { _ in true }
    ) -> ExpectedConnection? {
        let bytes = syn.bytes
        #expect(dialogue.expected(bytes) == nil)
        for tuple in dialogue.tracker.doubtful(bytes.span, at: dialogue.now) where !live(tuple) {
            dialogue.tracker.finish(tuple)
        }
        guard let data = dialogue.perform({ $0.request(bytes.span, at: $1, into: &$2) }) else { return nil }
        dialogue.perform { $0.confirm(data, at: $1, into: &$2) }
        return data
    }

    private static func access(_ dialogue: borrowing Dialogue) -> FTPHelper.Expectation.Access? {
        dialogue.tracker.connections.first?.access
    }

    @Test(arguments: NATCase.all)
    func `the client reaches the server's ports, translated as its control connection is`(nat: NATCase) throws
    {
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

    @Test func `where two zones have the same addresses, a data connection is let through in each`() throws {
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

    @Test func `the client's address is admitted when the session opens, and withdrawn at its end`() throws {
        var dialogue = Self.secured(try Self.policy())
        let client = Self.direct.original.source.address
        let admissions = dialogue.actions.filter { $0 == .admit(client) || $0 == .withdraw(client) }
        #expect(admissions == [.admit(client)])
        #expect(dialogue.actions.contains(.release(Self.direct)))
        dialogue.actions = []
        dialogue.transmit(dialogue.segment(.client, flags: [.ack, .fin]))
        #expect(dialogue.open.count == 1)
        dialogue.transmit(dialogue.segment(.server, flags: [.ack, .fin]))
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.actions.prefix(2) == [.withdraw(client), .recall(Self.direct)])
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `an RST ends it`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.transmit(dialogue.segment(.client, flags: [.rst]))
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `a connection that conntrack has no more ends it`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.perform { $0.forget(Self.direct, at: $1, into: &$2) }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `a data connection whose entry cannot be made has its control connection looked for`() throws {
        var dialogue = Self.secured(try Self.policy())
        let bytes = Self.syn().bytes
        let data = try #require(dialogue.perform { $0.request(bytes.span, at: $1, into: &$2) })
        dialogue.actions = []
        dialogue.perform { tracker, _, output in tracker.doubt(data, into: &output) }
        #expect(dialogue.actions == [.verify(Self.direct)])
    }

    @Test func `nobody else, nowhere else, no other port`() throws {
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

    @Test func `for a server that is not configured nothing opens`() throws {
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
    ]
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
    func `TLS that is none opens nothing`(index: Int) throws {
        let (name, said) = Self.pretenders[index]
        var dialogue = Dialogue(Self.direct, policy: try Self.policy())
        dialogue.send(.server, "220 ready\r\n")
        for (side, bytes) in said { dialogue.transmit(dialogue.segment(side, bytes)) }
        #expect(dialogue.open.isEmpty, "\(name)")
        #expect(Self.open(&dialogue, Self.syn()) == nil, "\(name)")
    }

    @Test func `each side may send its records in as many pieces as it likes`() throws {
        for cut in 1..<Self.hello.count + Self.data.count {
            var dialogue = Dialogue(Self.direct, policy: try Self.policy())
            dialogue.send(.server, "220 ready\r\n")
            dialogue.send(.client, "AUTH TLS\r\n")
            dialogue.send(.server, "234 go on\r\n")
            for side in [Session.Side.client, .server] {
                let bytes = Self.hello + Self.data
                dialogue.transmit(dialogue.segment(side, bytes[..<cut]))
                dialogue.transmit(dialogue.segment(side, bytes[cut...]))
            }
            #expect(dialogue.open.count == 1, "\(cut)")
        }
    }

    @Test(arguments: [(21, false), (990, true), (989, false)] as [(UInt16, Bool)])
    func `TLS from the first byte counts on the ports that are given for it`(port: UInt16, opens: Bool) throws
    {
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

    @Test func `of implicit TLS the server's has to be from the first byte, too`() throws {
        var policy = try Self.policy()
        policy.implicitTLSPorts = [21]
        var dialogue = Dialogue(Self.direct, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        Self.shakeHands(&dialogue)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `no more data connections at once than are allowed, and as many again as have ended`() throws {
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

    @Test func `while data connections end conntrack is asked whenever there is no room`() throws {
        var dialogue = Self.secured(try Self.policy { $0.maximumFTPSConnections = 2 })
        for port: UInt16 in 1...100 {
            #expect(Self.open(&dialogue, Self.syn(from: 50000 + port), live: { _ in false }) != nil)
        }
        #expect(dialogue.refusals.isEmpty)
        #expect(dialogue.tracker.connections.first?.used == 100)
    }

    @Test func `a SYN that comes again is the same data connection, unless that is over`() throws {
        var dialogue = Self.secured(try Self.policy())
        #expect(Self.open(&dialogue, Self.syn()) != nil)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        #expect(Self.access(dialogue)?.live == 1)
        #expect(Self.open(&dialogue, Self.syn(), live: { _ in false }) != nil)
        #expect(Self.access(dialogue)?.live == 1)
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `the server may connect from its ports for that where it is allowed to`() throws {
        var dialogue = Self.secured(try Self.policy { $0.allowsActiveFTPS = true })
        let server = Self.direct.reply.source.address
        #expect(dialogue.actions.contains(.admit(server)))
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
        #expect(dialogue.actions.contains(.withdraw(server)))
    }

    @Test func `behind NAT the server may not, and that is said`() throws {
        let dialogue = Self.secured(try Self.policy { $0.allowsActiveFTPS = true }, snat)
        #expect(Self.access(dialogue)?.active == .behindNAT)
        #expect(!dialogue.actions.contains(.admit(snat.reply.source.address)))
    }

    @Test func `where nothing of the kind is allowed the server may not`() throws {
        let dialogue = Self.secured(try Self.policy())
        #expect(Self.access(dialogue)?.active == .no)
        #expect(!dialogue.actions.contains(.admit(Self.direct.reply.source.address)))
    }

    @Test func `CCC closes it, and plain lines are read as always`() throws {
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

    @Test func `who closes it by hand closes it for good`() throws {
        var dialogue = Self.secured(try Self.policy())
        let id = try #require(dialogue.tracker.expectations.first?.id)
        let isDeleted = dialogue.perform { tracker, _, output in tracker.delete(id, into: &output) }
        #expect(isDeleted)
        for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, Self.data)) }
        #expect(dialogue.open.isEmpty)
        #expect(Self.open(&dialogue, Self.syn()) == nil)
    }

    @Test func `an idle session closes, and its next packet opens it again`() throws {
        var dialogue = Self.secured(try Self.policy { $0.timeout = 60 })
        dialogue.wait(seconds: 50)
        dialogue.transmit(dialogue.segment(.client, Self.data))
        dialogue.wait(seconds: 50)
        #expect(dialogue.open.count == 1)
        dialogue.wait(seconds: 20)
        #expect(dialogue.open.isEmpty)
        #expect(
            dialogue.events.contains { if case .expired(let gone) = $0 { gone.kind == .ftps } else { false } }
        )
        #expect(Self.open(&dialogue, Self.syn()) == nil)
        dialogue.transmit(dialogue.segment(.client, flags: [.ack]))
        #expect(dialogue.open.isEmpty)
        dialogue.transmit(dialogue.segment(.client, Self.data))
        #expect(dialogue.open.count == 1)
    }

    @Test func `a session with a data connection is not idle`() throws {
        var dialogue = Self.secured(try Self.policy { $0.timeout = 60 })
        let data = try #require(Self.open(&dialogue, Self.syn()))
        dialogue.wait(seconds: 1000)
        #expect(dialogue.open.count == 1)
        dialogue.tracker.finish(data.original)
        dialogue.wait(seconds: 121)
        #expect(dialogue.open.isEmpty)
    }

    @Test func `a released connection ends by its FINs and RSTs alone, whatever went by unseen`() throws {
        for flags in [[TCPFlags.fin, .ack], [.rst]] as [TCPFlags] {
            var dialogue = Self.secured(try Self.policy())
            var first = dialogue.segment(.client, flags: flags)
            first.sequence &+= 70000
            first.acknowledgement &+= 90000
            dialogue.transmit(first)
            if flags.contains(.fin) {
                #expect(dialogue.open.count == 1)
                var second = dialogue.segment(.server, flags: [.ack, .fin])
                second.sequence &+= 100_000
                second.acknowledgement &+= 70001
                dialogue.transmit(second)
            }
            #expect(dialogue.open.isEmpty)
            #expect(dialogue.tracker.connectionCount == 0)
        }
    }

    @Test func `a connection whose numbers edits have shifted is not released`() throws {
        var dialogue = Dialogue.ready(snat, policy: try Self.policy())
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        Self.shakeHands(&dialogue)
        #expect(dialogue.open == ["10.2.0.2:49000"])
        #expect(!dialogue.actions.contains(.release(snat)))
    }

    @Test
    func `of two sessions of a client the one with room takes the data connection, and the last withdraws`()
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
        #expect(!second.actions.contains(.admit(client)))
        #expect(Self.open(&second, Self.syn(from: 50002)) != nil)
        #expect(Self.open(&second, Self.syn(from: 50003)) == nil)
        second.transmit(second.segment(.client, flags: [.rst]))
        #expect(!second.actions.contains(.withdraw(client)))
        let isAdmitted = second.tracker.isAdmitted(client)
        #expect(isAdmitted)
        second.perform { $0.forget(Self.direct, at: $1, into: &$2) }
        #expect(second.actions.contains(.withdraw(client)))
    }

    @Test func `a session whose address the kernel does not take is closed as failed, and stays so`() throws {
        var dialogue = Self.secured(try Self.policy())
        dialogue.actions = []
        let client = Self.direct.original.source.address
        dialogue.perform { tracker, _, output in tracker.fail(client, into: &output) }
        dialogue.transmit(dialogue.segment(.client, Self.data))
        #expect(dialogue.open.isEmpty)
        let closings = dialogue.events.compactMap { if case .closed(_, let why) = $0 { why } else { nil } }
        #expect(closings == [.failed])
    }

    @Test func `new rules hold for the sessions that there are`() throws {
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

    @Test func `a table that is full does not give up a session for a connection that has shown nothing`()
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

    @Test func `the next daemon goes on with it, by its own rules`() throws {
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
            #expect(kept.admitted == [client])
            var next = Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 7))
            var output = Output()
            let isTaken = next.restore(kept, at: dialogue.now, into: &output)
            #expect(isTaken)
            #expect(output.actions.contains(.admit(client)) && output.actions.contains(.release(Self.direct)))
            #expect(next.expectations.map { Int($0.to.port) } == (ports.map { [$0] } ?? []))
            #expect(next.dataConnections(of: Self.direct) == (ports == nil ? [] : [data.original]))
            #expect(output.actions.contains(.withdraw(client)) == (ports != 49000))
        }
        for count in 0..<record.count {
            let kept = KeptConnection(Array(record[..<count]), at: dialogue.now)
            #expect(kept == nil)
        }
    }

    @Test func `one that was closed by hand stays so for the next daemon`() throws {
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
