// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// How the SYN of a data connection was answered, and how its control connection is kept meanwhile.
@Suite struct DataAnswerTests {
    /// The data connections reported as unanswered.
    private static func blocked(_ dialogue: borrowing Dialogue) -> [BlockedConnection] {
        dialogue.events.compactMap { if case .blocked(let blocked) = $0 { blocked } else { nil } }
    }

    /// Answers the one request to conntrack.
    private static func answer(_ dialogue: inout Dialogue, _ entry: DataEntry) throws {
        let requests = dialogue.actions.compactMap {
            if case .measure(let transfer) = $0 { transfer } else { nil }
        }
        dialogue.actions.removeAll { if case .measure = $0 { true } else { false } }
        let request = try #require(requests.count == 1 ? requests.first : nil)
        dialogue.perform { $0.complete(.measured(request, entry), at: $1, into: &$2) }
    }

    private static let leaving = Tuple(
        source: Endpoint(.v4(0x0a02_0002), 20),
        destination: Endpoint(.v4(0x0a01_0002), 5001)
    )

    @Test(arguments: BlockedConnection.Stage.allCases)
    func `an unanswered data connection is reported once, after four seconds`(
        stage: BlockedConnection.Stage
    ) throws {
        var dialogue = TransferTests.active()
        dialogue.wait(seconds: 3)
        #expect(!dialogue.actions.contains { if case .measure = $0 { true } else { false } })
        dialogue.wait(seconds: 1)
        try Self.answer(&dialogue, .there(nil, .opening(stage, leaving: Self.leaving)))
        let blocked = try #require(Self.blocked(dialogue).first)
        #expect(blocked.master == snat.original && blocked.kind == .port && blocked.id == 1)
        #expect(blocked.leaving == Self.leaving && blocked.stage == stage && blocked.seconds == 4)
        #expect(dialogue.tracker.transfers.map(\.answer) == [.unanswered])
        dialogue.wait(seconds: 60)
        try Self.answer(&dialogue, .there(nil, .opening(stage, leaving: Self.leaving)))
        #expect(Self.blocked(dialogue).count == 1 && dialogue.statistics.blocked == 1)
        // The server waits for longer than that.
        dialogue.wait(seconds: 60)
        try Self.answer(&dialogue, .there(nil, .open))
        #expect(dialogue.tracker.transfers.map(\.answer) == [.established])
    }

    @Test(arguments: [("226 done", 0), ("425 no", 1)])
    func `an error reply of the server reports an unanswered data connection at once`(
        reply: String,
        count: Int
    ) throws {
        var dialogue = TransferTests.active()
        dialogue.send(.server, reply + "\r\n")
        try Self.answer(&dialogue, .there(nil, .opening(.unanswered, leaving: Self.leaving)))
        #expect(Self.blocked(dialogue).count == count)
    }

    @Test func `a SYN without an entry counts as refused, unless it is old or the transfer is complete`()
        throws
    {
        func answer(after seconds: UInt32, _ reply: String) throws -> DataAnswer? {
            var dialogue = TransferTests.passive()
            // Conntrack is not asked meanwhile.
            dialogue.now = dialogue.now.advanced(bySeconds: seconds)
            dialogue.send(.server, reply + "\r\n")
            try Self.answer(&dialogue, .gone)
            #expect(Self.blocked(dialogue).isEmpty)
            return TransferTests.ended(dialogue).first?.answer
        }
        #expect(try answer(after: 1, "425 no") == .refused)
        #expect(try answer(after: 20, "425 no") == nil)
        #expect(try answer(after: 1, "226 done") == nil)
    }

    @Test func `conntrack keeps the control connection alive only while a transfer runs`() throws {
        func kept(_ dialogue: borrowing Dialogue) -> [Mapping] {
            dialogue.actions.compactMap { if case .keepAlive(let mapping) = $0 { mapping } else { nil } }
        }

        var dialogue = TransferTests.passive()
        dialogue.tracker.establishedTimeout = 12
        dialogue.wait(seconds: 4)
        #expect(kept(dialogue) == [snat])
        try Self.answer(&dialogue, .there(nil, .open))
        dialogue.wait(seconds: 4)
        #expect(kept(dialogue) == [snat, snat])
        try Self.answer(&dialogue, .there(nil, .open))
        dialogue.send(.server, "226 done\r\n")
        try Self.answer(&dialogue, .there(TransferTests.traffic(original: 0, reply: 10), .open))
        dialogue.wait(seconds: 1)
        #expect(kept(dialogue) == [snat, snat])
        try Self.answer(&dialogue, .there(TransferTests.traffic(original: 0, reply: 10), .closing))

        var closed = TransferTests.passive()
        closed.transmit(closed.segment(.client, "".utf8, flags: [.fin, .ack]))
        closed.wait(seconds: 4)
        #expect(kept(closed).isEmpty)
    }
}
