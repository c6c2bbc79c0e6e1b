// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Netfilter
import Testing
import TestPackets

@testable import PinholeDaemon

/// What a daemon makes of the records of the one before, by what conntrack has meanwhile.
@Suite struct RestartTests {
    private typealias Lines = [(side: Int, text: String)]

    private let memory = FakeKernel.Memory()
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let later = Instant(nanoseconds: 6_000_000_000)
    private static let mapping = Mapping(untranslated: Samples.mapping.original)
    private static let port: Lines = [(0, "PORT 10,1,0,2,19,137\r\n")]

    init() {
        memory.mapping = Self.mapping
        memory.tcpState = UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue)
    }

    /// What both sides say until nothing can be read any more, and the server's ports open.
    private static let encrypted: Lines = {
        let hello = "\u{16}\u{3}\u{3}\u{0}\u{1}h"
        let data = "\u{17}\u{3}\u{3}\u{0}\u{14}" + String(repeating: "d", count: 20)
        return [(0, "AUTH TLS\r\n"), (1, "234 go on\r\n"), (0, hello), (1, hello), (0, data), (1, data)]
    }()

    private static let policy: Policy = {
        var policy = Policy()
        policy.rules.ftpsPorts = 49000...50000
        return policy
    }()

    /// A connection of another port of the same client.
    private static func neighbour(_ port: UInt16) -> Mapping {
        var original = mapping.original
        original.source.port = port
        return Mapping(untranslated: original)
    }

    /// The record of a connection that was established before.
    private func record(_ mapping: Mapping, _ lines: Lines, isReversed: Bool = false) throws -> [UInt64] {
        var earlier = Tracker(policy: Self.policy, keepsRecords: true)
        var output = Output()
        var sent: [UInt32] = [1000, 5000]
        earlier.noteEarlier(mapping, entryID: 1)
        earlier.learn(mapping, entryID: 1, isHelped: false, phase: .established, at: start, into: &output)
        func receive(_ side: Int, _ text: String) -> [UInt8] {
            let bytes = packet(
                side == 0 ? mapping.original : mapping.reply,
                [.ack],
                sequence: sent[side],
                acknowledgement: sent[1 - side],
                text
            )
            _ = earlier.receive(bytes.span, at: start, into: &output)
            sent[side] += UInt32(text.utf8.count)
            return bytes
        }
        for (side, text) in lines { _ = receive(side, text) }
        if isReversed, let arrival = HashedSegment(receive(1, "").span) {
            earlier.markReversed(arrival, into: &output)
        }
        var last: [UInt64]?
        earlier.takeRecords { _, record in
            last = record
            return 1
        }
        return try #require(last)
    }

    private func restored(_ records: [UInt64]...) -> Engine<FakeKernel> {
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        _ = engine.restore(records, at: start)
        return engine
    }

    @Test func `where conntrack has an entry of the same tuples only packets that continue it are its own`()
        throws
    {
        let record = try record(Self.mapping, Self.port)
        for isSame in [true, false] {
            memory.entryID = isSame ? 1 : 2
            var engine = restored(record)
            let far = packet(Self.mapping.original, [.ack], sequence: 1 << 28, "NOOP\r\n")
            _ = engine.control(far.span, at: later)
            #expect(engine.connections.map(\.lastSeen) == [isSame ? later : start])
        }
    }

    @Test func `what is open of a connection that another one has replaced is closed`() throws {
        let record = try record(Self.mapping, Self.port, isReversed: true)
        memory.mapping?.reply.destination.port ^= 1
        let engine = restored(record)
        #expect(engine.connections.isEmpty)
        let calls = memory.take()
        #expect(calls.contains(.close(1)))
        #expect(calls.contains(.unwatch(Self.mapping)))
    }

    @Test func `what no session needs any more is withdrawn, and what another needs is not`() throws {
        let gone = try record(Self.neighbour(1), Self.encrypted)
        let there = try record(Self.mapping, Self.encrypted)
        let client = Samples.client.address
        #expect(restored(gone).connections.isEmpty)
        #expect(memory.take().contains(.withdraw(client)))
        #expect(restored(gone, there).connections.map(\.mapping) == [Self.mapping])
        let calls = memory.take()
        #expect(calls.contains(.admit(client)) && !calls.contains(.withdraw(client)))
    }

    @Test func `an encrypted session that conntrack has closed meanwhile opens nothing`() throws {
        let record = try record(Self.mapping, Self.encrypted)
        for (state, count) in [(TCP_CONNTRACK_ESTABLISHED, 1), (TCP_CONNTRACK_FIN_WAIT, 0)] {
            memory.tcpState = UInt8(state.rawValue)
            let engine = restored(record)
            #expect(engine.connections.count == 1 && engine.expectations.count == count)
        }
    }

    @Test func `a connection whose entry has become that of another one is over when conntrack is asked`()
        throws
    {
        var engine = restored(try record(Self.mapping, Self.port))
        #expect(engine.expectations.count == 1)
        memory.mapping?.reply.destination.port ^= 1
        engine.fire(at: start.advanced(bySeconds: 120))
        #expect(engine.expectations.isEmpty)
    }
}
