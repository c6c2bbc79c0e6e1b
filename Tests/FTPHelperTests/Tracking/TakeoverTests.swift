// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Sessions that go on through another gateway (`Tracker.prove`).
@Suite struct TakeoverTests {
    private static let hour: Int64 = 3_600_000_000_000

    /// A session with as many announcements as numbers, and a NOOP behind each.
    static func steps(_ nat: NATCase, _ ports: [Int]) -> [Simulation.Step] {
        var steps: [Simulation.Step] = [
            .init(.server, "220 ready\r\n"), .init(.client, "USER anonymous\r\n"),
            .init(.server, "331 password\r\n"), .init(.client, "PASS guest\r\n"),
            .init(.server, "230 in\r\n"),
        ]
        for port in ports {
            let (active, passive) = nat.transfers(port)
            steps += [
                .init(.client, active.sent, reads: active.read), .init(.server, "200 ok\r\n"),
                .init(.client, "NOOP\r\n"), .init(.server, "200 ok\r\n"),
                .init(.client, passive.command), .init(.server, passive.sent, reads: passive.read),
                .init(.client, "NOOP\r\n"), .init(.server, "200 ok\r\n"),
            ]
        }
        return steps
    }

    static let ports = [5001, 25_001, 1041, 60_000, 5001]

    @Test(arguments: NATCase.all)
    func `with all records, every session goes on, whenever the gateway dies`(nat: NATCase) {
        for moment in 2..<170 {
            var takeover = Takeover(nat.mapping, seed: UInt64(moment))
            let outcome = takeover.play(Self.steps(nat, Self.ports), at: moment, .death(missing: 0))
            #expect(outcome == .finished, "after \(moment) packets")
        }
    }

    @Test(arguments: NATCase.all, [1, 2, 4])
    func `without the last changes, a session goes on or is reset, and nobody gets anything else`(
        nat: NATCase,
        missing: Int
    ) {
        var finished = 0
        for moment in 2..<170 {
            var takeover = Takeover(nat.mapping, seed: UInt64(moment))
            let outcome = takeover.play(Self.steps(nat, Self.ports), at: moment, .death(missing: missing))
            if outcome == .finished { finished += 1 }
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
        }
        // Most changes are no edits.
        #expect(finished >= 80, "of 168")
    }

    @Test(arguments: NATCase.all)
    func `without any record, a session goes on or is reset, and nobody gets anything else`(nat: NATCase) {
        for moment in 2..<170 {
            var takeover = Takeover(nat.mapping, seed: UInt64(moment))
            let outcome = takeover.play(Self.steps(nat, Self.ports), at: moment, .death(missing: nil))
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
            // Where lines become shorter, a command on its way can look as if it had arrived.
            let isAmbiguous = nat.name == "SNAT to a shorter address"
            if moment < 12, !isAmbiguous { #expect(outcome == .finished, "nothing was edited yet") }
        }
    }

    @Test(arguments: NATCase.all)
    func `packets that get lost change nothing of that`(nat: NATCase) {
        for seed in UInt64(1)..<120 {
            var takeover = Takeover(nat.mapping, seed: seed)
            let outcome = takeover.play(
                Self.steps(nat, Self.ports),
                at: 10 + Int(seed),
                .death(missing: Int(seed) % 4),
                loss: 0.1
            )
            if case .failed(let reason) = outcome { Issue.record("seed \(seed): \(reason)") }
        }
    }
}

/// Sessions whose packets bypass the queue while the rules are gone (`Tracker.doubtSessions`).
@Suite struct GapTests {
    @Test(arguments: NATCase.all, [1, 3, 8])
    func `a session goes on or is reset, whenever the rules are gone, and never waits for ever`(
        nat: NATCase,
        packets: Int
    ) {
        var finished = 0
        for moment in 2..<170 {
            var takeover = Takeover(nat.mapping, seed: UInt64(moment))
            let steps = TakeoverTests.steps(nat, TakeoverTests.ports)
            let outcome = takeover.play(steps, at: moment, .gap(packets: packets))
            if outcome == .finished { finished += 1 }
            if case .failed(let reason) = outcome { Issue.record("after \(moment) packets: \(reason)") }
        }
        // Those with a command on its way whose bytes have become fewer are lost.
        #expect(finished >= 85, "of 168")
    }

    @Test(arguments: NATCase.all)
    func `packets that get lost change nothing of that`(nat: NATCase) {
        for seed in UInt64(1)..<120 {
            var takeover = Takeover(nat.mapping, seed: seed)
            let outcome = takeover.play(
                TakeoverTests.steps(nat, TakeoverTests.ports),
                at: 10 + Int(seed),
                .gap(packets: 1 + Int(seed) % 6),
                loss: 0.1
            )
            if case .failed(let reason) = outcome { Issue.record("seed \(seed): \(reason)") }
        }
    }
}

/// What the ends of a session do while its positions are doubted.
@Suite struct DoubtTests {
    private let nat = NATCase.all[1]

    /// A session with a rewritten line whose positions are doubted.
    private func doubted() -> Dialogue {
        var dialogue = Dialogue.ready(nat.mapping)
        dialogue.send(.client, nat.transfers(5001).active.sent)
        dialogue.send(.server, "200 ok\r\n")
        dialogue.acknowledge(.client)
        dialogue.perform { tracker, now, _ in tracker.doubtSessions(at: now) }
        dialogue.wait(seconds: 0)
        dialogue.actions = []
        return dialogue
    }

    @Test func `an RST goes through, and so does what comes behind it`() {
        var dialogue = doubted()
        #expect(dialogue.transmit(dialogue.segment(.client, flags: [.rst]))?.flags == [.rst])
        #expect(dialogue.acknowledge(.server) != nil)
    }

    @Test func `a session that the administrator ends is reset at both ends`() throws {
        var dialogue = doubted()
        let id = try #require(dialogue.tracker.connections.first?.id)
        _ = dialogue.perform { $0.disconnect(id, at: $1, into: &$2) }
        for side in [Session.Side.client, .server] {
            let packet = dialogue.segment(side, "NOOP\r\n".utf8)
            #expect(dialogue.transmit(packet)?.flags == [.rst, .ack])
        }
    }

    /// Some firewalls drop the question.
    @Test func `a session of which one end never answers goes on with the positions that are known`() {
        var dialogue = doubted()
        let command = dialogue.segment(.client, "NOOP\r\n".utf8)
        #expect(dialogue.transmit(command) == nil)
        dialogue.wait(seconds: 9)
        #expect(dialogue.transmit(command)?.text == "NOOP\r\n")
    }

    @Test func `an end that is asleep costs nothing, and is asked again later`() {
        var dialogue = doubted()
        dialogue.wait(seconds: 9)
        #expect(dialogue.actions.count { if case .inject = $0 { true } else { false } } == 8)
        dialogue.actions = []
        #expect(dialogue.transmit(dialogue.segment(.client, "NOOP\r\n".utf8)) == nil)
        dialogue.wait(seconds: 0)
        #expect(dialogue.actions.count { if case .inject = $0 { true } else { false } } == 2)
    }

    @Test(arguments: ["POST / HTTP/1.1\r\n", "X-Header: value\r\n"])
    func `doubt about the login makes no other protocol FTP`(line: String) {
        var dialogue = Dialogue(nat.mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.perform { tracker, now, _ in tracker.doubtSessions(at: now) }
        dialogue.send(.client, line)
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
    }

    @Test func `a login may be missing only where the doubt began`() {
        var dialogue = Dialogue(nat.mapping)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.perform { tracker, now, _ in tracker.doubtSessions(at: now) }
        dialogue.send(.client, "SYST\r\n")
        dialogue.send(.server, "215 UNIX\r\n")
        dialogue.miss(.client, "USER anonymous\r\n")
        dialogue.send(.server, "331 password\r\n")
        #expect(dialogue.tracker.connections.map(\.state) == [.notFTP])
    }
}

/// What another gateway has written about a session.
@Suite struct PeerRecordTests {
    private static let hour: Int64 = 3_600_000_000_000
    private let nat = NATCase.all[1]

    /// The record of a session with an open expectation, and the time on the clock of its gateway.
    private func record(_ line: String? = nil, policy: Policy = Policy()) -> (words: [UInt64], now: Instant)?
    {
        var dialogue = Dialogue(
            nat.mapping,
            tracker: Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 1))
        )
        dialogue.logIn()
        dialogue.send(.client, line ?? nat.transfers(5001).active.sent)
        var record: [UInt64]?
        dialogue.tracker.takeRecords { _, words in
            record = words
            return 1
        }
        return record.map { ($0, dialogue.now) }
    }

    /// A tracker on a machine whose clock is an hour ahead, with the session.
    private func tracker(
        _ record: (words: [UInt64], now: Instant),
        policy: Policy = Policy()
    ) throws -> Tracker {
        let now = Instant(nanoseconds: record.now.nanoseconds + UInt64(Self.hour))
        let kept = try #require(
            KeptConnection(record.words, at: now, from: .peer(clockShift: Self.hour))
        )
        var tracker = Tracker(policy: policy, random: Seeded(state: 2))
        var output = Output()
        let isTaken = tracker.restore(kept, entryID: 9, at: now, into: &output)
        #expect(isTaken)
        return tracker
    }

    @Test func `an expectation has the time that is left, on another clock, and conntrack's own number`()
        throws
    {
        let record = try #require(self.record())
        let tracker = try tracker(record)
        let expectation = try #require(tracker.expectations.first)
        #expect(
            expectation.deadline
                == Instant(nanoseconds: record.now.nanoseconds + UInt64(Self.hour)).advanced(bySeconds: 300)
        )
        #expect(tracker.connections.map(\.id) == [9])
    }

    @Test func `an expectation does not outlast the timeout here`() throws {
        let record = try #require(self.record())
        var policy = Policy()
        policy.rules.timeout = 20
        let tracker = try tracker(record, policy: policy)
        let expectation = try #require(tracker.expectations.first)
        #expect(
            expectation.deadline
                == Instant(nanoseconds: record.now.nanoseconds + UInt64(Self.hour)).advanced(bySeconds: 20)
        )
    }

    @Test func `what the rules here do not allow is not opened`() throws {
        var liberal = Policy()
        liberal.rules.allowsPrivilegedPorts = true
        liberal.rules.honoured = .any
        for line in ["PORT 10,1,0,2,3,137\r\n", "PORT 10,1,0,7,19,137\r\n"] {
            let record = try #require(self.record(line, policy: liberal))
            #expect(try tracker(record, policy: liberal).expectationCount == 1, "it is allowed there")
            #expect(try tracker(record).expectationCount == 0)
        }
        let record = try #require(self.record())
        var passive = Policy()
        passive.rules.allowsActive = false
        #expect(try tracker(record, policy: passive).expectationCount == 0)
    }

    @Test func `times before the start of this machine's clock are the earliest there is`() throws {
        let record = try #require(self.record())
        let now = Instant(nanoseconds: 5)
        let kept = try #require(
            KeptConnection(record.words, at: now, from: .peer(clockShift: -Self.hour))
        )
        #expect(kept.expectation?.deadline == Instant(nanoseconds: 0))
        let late = KeptConnection(record.words, at: now, from: .peer(clockShift: .max))
        #expect(late != nil)
    }

    @Test func `an answer to the question lets a session go on, with the command that was held back`() throws
    {
        let record = try #require(self.record())
        var dialogue = Dialogue(
            nat.mapping,
            tracker: Tracker(policy: Policy(), random: Seeded(state: 1))
        )
        dialogue.logIn()
        dialogue.send(.client, nat.transfers(5001).active.sent)
        dialogue.tracker = try tracker(record)
        let command = dialogue.segment(.client, "NOOP\r\n".utf8)
        dialogue.actions = []
        #expect(dialogue.transmit(command) == nil)
        dialogue.wait(seconds: 0)
        let question = dialogue.actions.compactMap { action -> Arrival? in
            if case .inject(let bytes) = action { Arrival(bytes) } else { nil }
        }
        #expect(question.map(\.segment.tuple) == [nat.mapping.reply, nat.mapping.original], "both are asked")
        #expect(question.map(\.flags) == [[.ack], [.ack]])
        let answer = dialogue.acknowledge(.server)
        #expect(answer != nil)
        #expect(dialogue.transmit(command)?.text == "NOOP\r\n")
        #expect(dialogue.received.server.hasSuffix("NOOP\r\n"))
    }
}
