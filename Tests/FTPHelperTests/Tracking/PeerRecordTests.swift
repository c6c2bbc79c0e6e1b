// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

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

    /// A session with a rewritten line that the tracker of the other machine goes on with, still at the time of the first one.
    private func takenOver() throws -> Dialogue {
        let record = try #require(self.record())
        var dialogue = Dialogue(
            nat.mapping,
            tracker: Tracker(policy: Policy(), random: Seeded(state: 1))
        )
        dialogue.logIn()
        dialogue.send(.client, nat.transfers(5001).active.sent)
        dialogue.tracker = try tracker(record)
        return dialogue
    }

    @Test func `an expectation keeps its remaining time on another clock and gets a local conntrack id`()
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

    @Test func `an expectation does not outlast the local timeout`() throws {
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

    @Test func `an expectation that the local policy forbids is not opened`() throws {
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

    @Test func `times before the start of the local clock become the earliest time`() throws {
        let record = try #require(self.record())
        let now = Instant(nanoseconds: 5)
        let kept = try #require(
            KeptConnection(record.words, at: now, from: .peer(clockShift: -Self.hour))
        )
        #expect(kept.expectation?.deadline == Instant(nanoseconds: 0))
        let late = KeptConnection(record.words, at: now, from: .peer(clockShift: .max))
        #expect(late != nil)
    }

    @Test func `an answered probe lets a session go on, including a withheld command`() throws {
        var dialogue = try takenOver()
        let command = dialogue.segment(.client, "NOOP\r\n".utf8)
        dialogue.actions = []
        // To the time on the other machine.
        dialogue.wait(seconds: UInt32(Self.hour / 1_000_000_000))
        let question = dialogue.actions.compactMap { action -> Arrival? in
            if case .inject(let bytes) = action { Arrival(bytes) } else { nil }
        }
        #expect(question.map(\.segment.tuple) == [nat.mapping.reply, nat.mapping.original], "both are asked")
        #expect(question.map(\.flags) == [[.ack], [.ack]])
        #expect(dialogue.transmit(command)?.text == "")
        let answer = dialogue.acknowledge(.server)
        #expect(answer != nil)
        #expect(dialogue.transmit(command)?.text == "NOOP\r\n")
        #expect(dialogue.received.server.hasSuffix("NOOP\r\n"))
    }

    @Test(arguments: [Session.Side.client, .server])
    func `where no probe arrives, the first packet of an end becomes one for the other end`(
        _ side: Session.Side
    ) throws {
        var dialogue = try takenOver()
        dialogue.now.nanoseconds += UInt64(Self.hour)
        var line = dialogue.segment(side, "NOOP\r\n".utf8)
        // SACK blocks would mean nothing.
        line.options = [1, 1, 8, 10, 0, 1, 2, 3, 4, 5, 6, 7, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2]
        let carried = dialogue.carry(line)
        let question = try #require(carried)
        #expect(question.segment.tuple == line.tuple)
        #expect(question.flags == [.ack] && question.payload.isEmpty)
        let distances = [
            question.segment.sequence.distance(to: SequenceNumber(line.sequence)),
            question.segment.acknowledgement.distance(to: SequenceNumber(line.acknowledgement)),
        ]
        #expect(distances.allSatisfy { abs($0) > Stream.reach })
        // An end that uses time stamps drops what has none.
        #expect(question.bytes.dropLast(12).suffix(10) == [8, 10, 0, 1, 2, 3, 4, 5, 6, 7])
        #expect(question.bytes.suffix(12).allSatisfy { $0 == 1 })
        #expect(hasRightChecksums(question.bytes))
        let answer = dialogue.acknowledge(side.other)
        #expect(answer?.text == "", "both ends have said where they are")
        #expect(dialogue.transmit(line)?.text == "NOOP\r\n")
    }

    @Test func `however long a daemon takes to start, the ends have eight seconds to answer`() throws {
        var dialogue = try takenOver()
        dialogue.now.nanoseconds += UInt64(Self.hour)
        dialogue.now = dialogue.now.advanced(bySeconds: 20)
        dialogue.tracker.restartProofs(at: dialogue.now)
        let line = dialogue.segment(.client, "NOOP\r\n".utf8)
        dialogue.transmit(line)
        dialogue.wait(seconds: 7)
        #expect(!dialogue.tracker.connections.isEmpty)
        dialogue.acknowledge(.server)
        #expect(dialogue.transmit(line)?.text == "NOOP\r\n")
    }

    @Test func `an end that has spoken gets no further probe in place of a packet`() throws {
        var dialogue = try takenOver()
        dialogue.now.nanoseconds += UInt64(Self.hour)
        // The client is further than the record, and the server has not got everything.
        let later = dialogue.segment(.client, "NOOP\r\n".utf8, offset: 10)
        let question = dialogue.carry(later)
        #expect(question?.payload.isEmpty == true)
        let answer = dialogue.acknowledge(.server)
        #expect(answer == nil)
        let repeated = dialogue.carry(later)
        #expect(repeated == nil)
    }
}
