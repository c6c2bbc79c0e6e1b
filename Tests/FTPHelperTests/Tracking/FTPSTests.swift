// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// What opens for encrypted sessions, of which nothing can be read.
@Suite struct FTPSTests {
    static let server = "10.2.0.2"
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
    static func granted(_ policy: Policy, _ mapping: Mapping = direct) -> Dialogue {
        var dialogue = Dialogue(mapping, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        return dialogue
    }

    static func shakeHands(_ dialogue: inout Dialogue) {
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

    static func access(_ dialogue: borrowing Dialogue) -> FTPHelper.Expectation.Access? {
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
