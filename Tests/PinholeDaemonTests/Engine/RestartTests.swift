// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc
import Linux
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
    private func record(
        _ mapping: Mapping,
        _ lines: Lines,
        isReversed: Bool = false,
        beginningAt positions: [UInt32] = [1000, 5000]
    ) throws -> [UInt64] {
        var earlier = Tracker(policy: Self.policy, keepsRecords: true)
        var output = Output()
        var sent = positions
        earlier.noteEarlier(mapping, entryID: 1)
        earlier.learn(
            mapping,
            entryID: 1,
            hasKernelHelper: false,
            phase: .established,
            at: start,
            into: &output
        )
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

    @Test func `in another entry with the same tuples a packet must continue the streams`()
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

    @Test func `an expectation of a replaced connection is closed`() throws {
        let record = try record(Self.mapping, Self.port, isReversed: true)
        memory.mapping?.reply.destination.port ^= 1
        let engine = restored(record)
        #expect(engine.connections.isEmpty)
        let calls = memory.take()
        #expect(calls.contains(.close(1)))
        #expect(calls.contains(.unwatch(Self.mapping)))
    }

    @Test
    func `an address that no session needs is removed from the kernel, and one that another needs stays`()
        throws
    {
        let gone = try record(Self.neighbour(1), Self.encrypted)
        let there = try record(Self.mapping, Self.encrypted)
        let client = Samples.client.address
        #expect(restored(gone).connections.isEmpty)
        #expect(memory.take().contains(.stopQueueingSYNs(from: client)))
        #expect(restored(gone, there).connections.map(\.mapping) == [Self.mapping])
        let calls = memory.take()
        #expect(calls.contains(.queueSYNs(from: client)) && !calls.contains(.stopQueueingSYNs(from: client)))
    }

    @Test func `an encrypted session that conntrack closed meanwhile opens nothing`() throws {
        let record = try record(Self.mapping, Self.encrypted)
        for (state, count) in [(TCP_CONNTRACK_ESTABLISHED, 1), (TCP_CONNTRACK_FIN_WAIT, 0)] {
            memory.tcpState = UInt8(state.rawValue)
            let engine = restored(record)
            #expect(engine.connections.count == 1 && engine.expectations.count == count)
        }
    }

    @Test func `a connection whose entry now belongs to another ends when conntrack is asked`()
        throws
    {
        var engine = restored(try record(Self.mapping, Self.port))
        #expect(engine.expectations.count == 1)
        memory.mapping?.reply.destination.port ^= 1
        engine.fire(at: start.advanced(bySeconds: 120))
        #expect(engine.expectations.isEmpty)
    }

    @Test func `a record of the other gateway is restored under any local entry number`() throws {
        let record = try record(Self.mapping, Self.port)
        memory.entryID = 99
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(engine.restore([record], from: .peer(clockShift: 0), at: start) == (1, 0))
        let far = packet(Self.mapping.original, [.ack], sequence: 1 << 28, "NOOP\r\n")
        _ = engine.control(far.span, at: later)
        #expect(engine.connections.map(\.lastSeen) == [later], "it is the same connection all the time")
    }

    @Test(arguments: [true, false])
    func `of two records of one connection, the one that saw more of it is restored`(isOwnLater: Bool) throws
    {
        let earlier = try record(Self.mapping, [(0, "NOOP\r\n")])
        let later = try record(Self.mapping, [(0, "NOOP\r\n"), (1, "200 OK\r\n")] + Self.port)
        let (own, theirs) = isOwnLater ? (later, earlier) : (earlier, later)
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        let peer = RecordOrigin.peer(clockShift: 0)
        let late = Engine<FakeKernel>.records([theirs], laterThan: [own], at: start)
        #expect(late == (isOwnLater ? [] : [theirs]))
        let ownLate = Engine<FakeKernel>.records([own], laterThan: [theirs], at: start)
        #expect(engine.restore(ownLate, from: peer, at: start) == (isOwnLater ? 1 : 0, 0))
        let restored = engine.restore([theirs], from: peer, at: start)
        #expect(restored == (isOwnLater ? 0 : 1, 0))
        #expect(engine.restore([own], from: peer, at: start) == (0, 0))
        #expect(engine.expectations.count == 1, "only the later one has it")
    }

    @Test func `a record of an earlier connection of the same tuples does not count as a later one`() throws {
        let theirs = try record(Self.mapping, Self.port)
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        let other = try record(Self.mapping, [(0, "NOOP\r\n")], beginningAt: [1 << 30, 1 << 29])
        #expect(Engine<FakeKernel>.records([other], laterThan: [theirs], at: start) == [])
        #expect(engine.restore([theirs], from: .peer(clockShift: 0), at: start) == (1, 0))
    }

    @Test(arguments: ["helper", "master", "mapping", "gone"])
    func `a record of the other gateway without such a connection in conntrack is left alone`(
        reason: String
    ) throws {
        let record = try record(Self.mapping, Self.port, isReversed: true)
        switch reason {
        case "helper": memory.helper = "ftp"
        case "master": memory.master = Self.neighbour(1).original
        case "mapping": memory.mapping?.reply.destination.port ^= 1
        default: memory.mapping = nil
        }
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(engine.restore([record], from: .peer(clockShift: 0), at: start) == (0, 1))
        #expect(engine.connections.isEmpty)
        // Nothing was opened here, so there is nothing to close.
        #expect(memory.take() == [.entry(Self.mapping.original)])
        // This gateway has not seen it before: it may be adopted.
        memory.helper = nil
        memory.master = nil
        memory.mapping = Self.mapping
        memory.established = [memory.entry(Self.mapping)]
        _ = engine.survey(at: start)
        _ = engine.control(packet(Self.mapping.original, [.ack], "NOOP\r\n").span, at: later)
        #expect(engine.connections.map(\.mapping) == [Self.mapping])
    }

    @Test func `an entry with a helper or a master is accepted if it had one before`() throws {
        let record = try record(Self.mapping, Self.port)
        memory.master = Self.neighbour(1).original
        #expect(restored(record).connections.map(\.mapping) == [Self.mapping])
    }

    @Test func `a connection that conntrack has lost goes on, but its expectations close`() throws {
        let record = try record(Self.mapping, Self.port)
        memory.mapping = nil
        let engine = restored(record)
        #expect(engine.connections.map(\.mapping) == [Self.mapping])
        #expect(engine.expectations.isEmpty)
        #expect(memory.take().contains(.close(1)))
    }

    @Test func `the ports of an encrypted session are not closed like a single port`() throws {
        let record = try record(Self.mapping, Self.encrypted)
        memory.mapping?.reply.destination.port ^= 1
        #expect(restored(record).connections.isEmpty)
        #expect(
            memory.take() == [.entry(Self.mapping.original), .stopQueueingSYNs(from: Samples.client.address)]
        )
    }

    @Test func `a record that cannot be verified is dropped and counted as a fault`() throws {
        let record = try record(Self.mapping, Self.port)
        memory.entryFailure = SystemError("do it", code: ENOSPC)
        memory.failures = 1
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(
            engine.restore([record, [1, 2, 3]], at: start) == (0, 2),
            "a record that is none counts, too"
        )
        #expect(engine.report(nil, lostLines: 0).faults == [.findConnection: 1, .log: 0])
    }

    @Test func `a connection that conntrack has established keeps its expectations`() throws {
        let record = try record(Self.mapping, Self.port)
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(engine.restore([record], at: start) == (1, 0))
        #expect(engine.expectations.map(\.id) == [1])
        #expect(memory.take().contains(.open(1, timeout: 300)))
        #expect(engine.report(nil, lostLines: 0).faults == [.log: 0])
    }

    // MARK: Connections older than any daemon

    /// An entry of a connection between other ports.
    private func entry(_ port: UInt16, master: Tuple? = nil, tcpState: UInt32) -> ConntrackEntry {
        ConntrackEntry(
            mapping: Self.neighbour(port),
            master: master,
            id: 1,
            mark: 0,
            helper: nil,
            tcpState: UInt8(tcpState),
            hasSeenReply: true
        )
    }

    @Test func `a survey adopts established connections that have no master`() {
        let open = TCP_CONNTRACK_ESTABLISHED.rawValue
        memory.established = [
            entry(1, tcpState: open), entry(2, master: Self.mapping.original, tcpState: open),
            entry(3, tcpState: TCP_CONNTRACK_SYN_SENT.rawValue),
        ]
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(engine.survey(at: start) == 2, "a handshake is no connection yet")
        for port: UInt16 in 1...4 {
            memory.mapping = Self.neighbour(port)
            _ = engine.control(packet(Self.neighbour(port).original, [.ack], "NOOP\r\n").span, at: start)
        }
        #expect(engine.connections.map(\.mapping) == [Self.neighbour(1)])
    }

    @Test func `a survey that fails is a fault and adopts nothing`() {
        memory.entryFailure = SystemError("do it", code: ENOSPC)
        memory.established = [entry(1, tcpState: TCP_CONNTRACK_ESTABLISHED.rawValue)]
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        #expect(engine.survey(at: start) == 0)
        #expect(engine.report(nil, lostLines: 0).faults[.findConnection] == 1)
    }

    /// What a session that begins with a handshake may open once its user has logged in.
    private func opensAfterLogin(_ engine: inout Engine<FakeKernel>) -> Bool {
        memory.mapping = Self.mapping
        memory.tcpState = UInt8(TCP_CONNTRACK_SYN_RECV.rawValue)
        let handshake = packet(Self.mapping.reply, [.syn, .ack], sequence: 4999, acknowledgement: 1000)
        _ = engine.control(handshake.span, at: start)
        let lines: Lines = [
            (1, "220 ready\r\n"), (0, "USER x\r\n"), (1, "331 go on\r\n"), (0, "PASS y\r\n"),
            (1, "230 ok\r\n"),
        ]
        engine.converse(lines + Self.port, on: Self.mapping, at: start)
        return !engine.expectations.isEmpty
    }

    @Test func `a handshake whose SYN nobody saw logs nobody in`() {
        var engine = Engine(Self.policy, FakeKernel(memory: memory))
        let opensElse = opensAfterLogin(&engine)
        #expect(opensElse, "it does where the SYN was seen")
        engine = Engine(Self.policy, FakeKernel(memory: memory))
        memory.tcpState = UInt8(TCP_CONNTRACK_SYN_SENT.rawValue)
        memory.established = [memory.entry(Self.mapping)]
        #expect(engine.survey(at: start) == 0)
        let opens = opensAfterLogin(&engine)
        #expect(!opens)
    }
}
