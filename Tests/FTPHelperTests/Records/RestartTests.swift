// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// What the next daemon goes on with, each part of it where nothing else would show that it is missing.
@Suite struct RestartTests {
    private static let nat = NATCase.all[1]
    private static let active = nat.transfers(5001).active

    private static func tracker(_ policy: Policy = Policy()) -> Tracker {
        Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 7))
    }

    private static func ready(_ mapping: Mapping = nat.mapping, _ policy: Policy = Policy()) -> Dialogue {
        var dialogue = Dialogue(mapping, tracker: tracker(policy))
        dialogue.logIn()
        return dialogue
    }

    /// Takes the record of the only connection.
    private static func record(of dialogue: inout Dialogue) throws -> KeptConnection {
        var last: [UInt64]?
        dialogue.tracker.takeRecords { _, record in
            last = record ?? last
            return 1
        }
        let record = try #require(last)
        return try #require(KeptConnection(record, at: dialogue.now))
    }

    /// Lets another daemon take over, and returns the actions with which it does.
    @discardableResult
    private static func restart(
        _ dialogue: inout Dialogue,
        _ policy: Policy = Policy()
    ) throws -> [Action] {
        let kept = try record(of: &dialogue)
        dialogue.tracker = tracker(policy)
        let isTaken = dialogue.perform { $0.restore(kept, at: $1, into: &$2) }
        try #require(isTaken)
        return dialogue.output.actions
    }

    @Test func `the record of a connection that ended long ago is dropped`() {
        var dialogue = Self.ready()
        dialogue.send(.client, "", flags: [.rst, .ack])
        var kept: [Bool] = []
        let keep = { (_: Int, record: [UInt64]?) in
            kept.append(record != nil)
            return record == nil ? 0 : 1
        }
        dialogue.tracker.takeRecords(keep)
        dialogue.wait(seconds: 2 * Tracker.lingerSeconds)
        dialogue.tracker.takeRecords(keep)
        #expect(kept == [true, false])
    }

    @Test func `a session that strict mode reset stays reset`() throws {
        var policy = Policy()
        policy.rules.isStrict = true
        var dialogue = Self.ready(Self.nat.mapping, policy)
        dialogue.send(.client, "PORT x\r\n")
        try Self.restart(&dialogue, policy)
        let arrival = try dialogue.arrival(dialogue.segment(.client, "NOOP\r\n".utf8))
        #expect(arrival.flags == [.rst, .ack])
    }

    @Test func `early bytes that were forwarded before a restart do not make a session out of step`() throws {
        let nat = try #require(NATCase.all.first { $0.name == "DNAT" })
        let passive = nat.transfers(5001).passive
        var dialogue = Self.ready(nat.mapping)
        dialogue.send(.client, passive.command)
        dialogue.send(.server, passive.sent)
        dialogue.send(.client, "NOOP\r\n")
        let (beginning, early) = (
            dialogue.segment(.server, "200 ".utf8), dialogue.segment(.server, "ok\r\n".utf8, offset: 4)
        )
        #expect(dialogue.transmit(early)?.text == "ok\r\n")
        try Self.restart(&dialogue)
        #expect(dialogue.transmit(beginning)?.text == "200 ")
        dialogue.acknowledge(.client)
        // By chance at the number that would be due next without the edit.
        let shift = passive.read.utf8.count - passive.sent.utf8.count
        let next = dialogue.segment(.server, "421 time is over\r\n".utf8.dropFirst(shift), offset: shift)
        #expect(dialogue.transmit(next)?.flags.contains(.rst) == false)
    }

    @Test func `a closed session stays closed and is evicted first`() throws {
        var policy = Policy()
        policy.maximumConnections = 1
        var dialogue = Self.ready(Self.nat.mapping, policy)
        dialogue.send(.client, "", flags: [.rst, .ack])
        try Self.restart(&dialogue, policy)
        #expect(dialogue.tracker.connectionCount == 0)
        #expect(dialogue.send(.client, Self.active.sent) == Self.active.sent)
        #expect(dialogue.open.isEmpty)
        let other = Dialogue(NATCase.all[0].mapping, tracker: dialogue.release())
        #expect(other.tracker.connections.map(\.mapping) == [NATCase.all[0].mapping])
    }

    @Test func `implicit TLS on an unconfigured port opens nothing after a restart either`() throws {
        var policy = Policy()
        policy.rules.ftpsPorts = 49000...50000
        let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
        let data = TLSRecordsTests.record(.init(repeating: 7, count: 20))
        for isForIt in [true, false] {
            policy.implicitTLSPorts = isForIt ? [21] : []
            var dialogue = Dialogue(NATCase.all[0].mapping, tracker: Self.tracker(policy))
            for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, hello)) }
            try Self.restart(&dialogue, policy)
            for side in [Session.Side.client, .server, .client] {
                dialogue.transmit(dialogue.segment(side, data))
            }
            #expect(dialogue.open.isEmpty != isForIt)
        }
    }

    @Test func `an expectation for the hosts of a farm stays open to all of them`() throws {
        var policy = Policy()
        let member = v4(10, 2, 0, 33)
        policy.rules.honoured = .hosts([member])
        var dialogue = Self.ready(Self.nat.mapping, policy)
        dialogue.send(.client, Self.active.sent)
        try Self.restart(&dialogue, policy)
        #expect(dialogue.tracker.expectations.map(\.others) == [[member]])
    }

    @Test func `a TLS record of the server that is cut by a restart counts as usual`() throws {
        var policy = Policy()
        policy.rules.ftpsPorts = 49000...50000
        let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
        let data = TLSRecordsTests.record(.init(repeating: 7, count: 20))
        var dialogue = Dialogue(NATCase.all[0].mapping, tracker: Self.tracker(policy))
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        for (side, bytes) in [
            (Session.Side.client, hello), (.server, hello), (.client, data), (.server, Array(data[..<9])),
        ] {
            dialogue.transmit(dialogue.segment(side, bytes))
        }
        try Self.restart(&dialogue, policy)
        #expect(dialogue.open.isEmpty)
        dialogue.transmit(dialogue.segment(.server, data[9...]))
        #expect(dialogue.open == ["10.2.0.2:49000"])
    }

    @Test func `the size counts restored bytes until the connection ends`() throws {
        var dialogue = Self.ready()
        let none = Self.tracker().size
        let begun = String(Self.active.sent.dropLast(4))
        dialogue.send(.client, begun)
        try Self.restart(&dialogue)
        #expect(dialogue.tracker.size == none + begun.utf8.count)
        dialogue.perform { $0.end(Self.nat.mapping, at: $1, into: &$2) }
        #expect(dialogue.tracker.size == none)
    }

    /// How much more is kept of a session that begins now, after an early segment.
    private static func growth(of tracker: inout Tracker) -> Int {
        let mapping = NATCase.all[0].mapping
        var dialogue = Dialogue(mapping, tracker: tracker)
        dialogue.logIn()
        dialogue.acknowledge(.client)
        let size = dialogue.tracker.size
        dialogue.carry(dialogue.segment(.client, "NOOP\r\n".utf8, offset: 1))
        let growth = dialogue.tracker.size - size
        dialogue.perform { $0.end(mapping, at: $1, into: &$2) }
        tracker = dialogue.release()
        return growth
    }

    @Test func `restored connections beyond the memory bound leave others only the scarce limits`() throws {
        var policy = Policy()
        policy.maximumConnections = 1200
        var tracker = Self.tracker(policy)
        var output = Output()
        #expect(Self.growth(of: &tracker) == 6)
        for number in 0..<1100 as Range<UInt32> {
            let client = Endpoint(v4(10, 16, number >> 8, number & 255), 40000)
            let mapping = Mapping(
                untranslated: Tuple(source: client, destination: Endpoint(v4(10, 2, 0, 2), 21))
            )
            var dialogue = Self.ready(mapping)
            dialogue.send(.server, "226 " + String(repeating: "x", count: 4000))
            let kept = try Self.record(of: &dialogue)
            let isTaken = tracker.restore(kept, at: dialogue.now, into: &output)
            try #require(isTaken)
        }
        #expect(tracker.size > tracker.maximumSize)
        #expect(Self.growth(of: &tracker) == 0)
    }

    @Test func `a port lent before a restart is not lent to another client`() throws {
        let first = NATCase("1", "10.1.0.2", "10.2.0.2", client: "10.2.0.100")
        var dialogue = Self.ready(first.mapping)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        let isExpected = dialogue.use(ExpectationTests.syn(from: "10.2.0.2", to: "10.2.0.100", 5001))
        #expect(isExpected)
        try Self.restart(&dialogue)
        var mapping = NATCase("2", "10.1.0.3", "10.2.0.2", client: "10.2.0.100").mapping
        mapping.original.source.port = 50000
        mapping.reply.destination.port = 50000
        var second = Dialogue(mapping, tracker: dialogue.release())
        second.logIn()
        let line = second.send(.client, "PORT 10,1,0,3,19,137\r\n")
        #expect(line.hasPrefix("PORT 10,2,0,100,"))
        #expect(line != "PORT 10,2,0,100,19,137\r\n")
        #expect(second.tracker.expectations.map(\.translatedTo.description) == ["10.1.0.3:5001"])
    }

    @Test(arguments: [true, false])
    func `a restored session without a login is evicted first`(isOlder: Bool) throws {
        var policy = Policy()
        policy.maximumConnections = 2
        let mappings = ["10.1.0.2", "10.1.0.3", "10.1.0.4"].map { NATCase($0, $0, "10.2.0.2").mapping }
        var tracker = Self.tracker(policy)
        var output = Output()
        for (number, mapping) in mappings.prefix(2).enumerated() {
            var dialogue = Dialogue(mapping, tracker: Self.tracker(policy))
            if (number == 0) == isOlder {
                dialogue.send(.server, "220 ready\r\n")
            } else {
                dialogue.logIn()
            }
            let kept = try Self.record(of: &dialogue)
            let isTaken = tracker.restore(kept, at: dialogue.now, into: &output)
            try #require(isTaken)
        }
        let dialogue = Dialogue(mappings[2], tracker: tracker)
        let left = Set(dialogue.tracker.connections.map(\.mapping))
        #expect(left == [mappings[isOlder ? 1 : 0], mappings[2]])
    }

    @Test func `conntrack is set liberal again for an edited session`() throws {
        var dialogue = Self.ready()
        #expect(try !Self.restart(&dialogue).contains(.beLiberal(Self.nat.mapping)))
        dialogue.send(.client, Self.active.sent)
        #expect(try Self.restart(&dialogue).contains(.beLiberal(Self.nat.mapping)))
        #expect(try Self.restart(&dialogue).contains(.beLiberal(Self.nat.mapping)))
    }

    @Test
    func `with another conntrack entry a packet belongs to the session only if it continues its streams`()
        throws
    {
        for isCertain in [true, false] {
            var dialogue = Self.ready()
            let kept = try Self.record(of: &dialogue)
            dialogue.tracker = Self.tracker()
            _ = dialogue.perform { $0.restore(kept, isCertain: isCertain, at: $1, into: &$2) }
            dialogue.wait(seconds: 5)
            dialogue.carry(dialogue.segment(.client, "NOOP\r\n".utf8, offset: 1 << 25))
            let seen = dialogue.tracker.connections.map(\.lastSeen)
            #expect(seen == [isCertain ? dialogue.now : Instant(nanoseconds: 1_000_000_000)])
            #expect(dialogue.send(.client, Self.active.sent) == Self.active.read)
        }
    }
}
