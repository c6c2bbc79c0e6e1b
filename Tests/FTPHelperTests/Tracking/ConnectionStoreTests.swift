// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// What follows from a change of a connection.
@Suite struct ConnectionStoreTests {
    private static let mapping = NATCase.all[0].mapping

    /// A connection that is logged in and on record.
    private static func dialogue() -> Dialogue {
        let tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var dialogue = Dialogue(mapping, tracker: tracker)
        dialogue.logIn()
        _ = records(of: &dialogue)
        return dialogue
    }

    private static func slot(of dialogue: borrowing Dialogue) throws -> ConnectionStore.Slot {
        let found = dialogue.tracker.store.slot(of: mapping.original)
        return try #require(found)
    }

    /// The number of records that changed.
    private static func records(of dialogue: inout Dialogue) -> Int {
        var count = 0
        dialogue.tracker.takeRecords { _, _ in
            count += 1
            return 1
        }
        return count
    }

    @Test func `moving a check moves the next deadline`() throws {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        for nanoseconds: UInt64 in [5, 3, 7] {
            dialogue.tracker.update(slot) { $1.due = Instant(nanoseconds: nanoseconds) }
            #expect(dialogue.tracker.nextDeadline == Instant(nanoseconds: nanoseconds))
        }
    }

    @Test func `moving an expectation's deadline moves the next deadline`() throws {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.tracker.update(slot) { $1.postponeExpectation(until: Instant(nanoseconds: 2)) }
        #expect(dialogue.tracker.nextDeadline == Instant(nanoseconds: 2))
    }

    @Test func `the size counts the bytes that a stream keeps`() throws {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        let size = dialogue.tracker.size
        dialogue.tracker.update(slot) { $1.streams[0].bytes += [1, 2, 3] }
        #expect(dialogue.tracker.size == size + 3)
        dialogue.tracker.update(slot) { $1.streams[0].bytes.removeLast(3) }
        #expect(dialogue.tracker.size == size)
    }

    @Test
    func `a closed connection is not counted and may be evicted, a lost one is counted and may be evicted`()
        throws
    {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        #expect(dialogue.tracker.store.yielding == nil)
        dialogue.tracker.update(slot) { $1.isOrphaned = true }
        #expect(dialogue.tracker.store.yielding === slot && dialogue.tracker.connectionCount == 1)
        dialogue.tracker.update(slot) { $1.isOrphaned = false }
        #expect(dialogue.tracker.store.yielding == nil)
        dialogue.tracker.update(slot) { $1.close() }
        #expect(dialogue.tracker.store.yielding === slot && dialogue.tracker.connectionCount == 0)
    }

    @Test func `only a change that a restarted daemon needs is recorded, once`()
        throws
    {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        let changes: [(inout Connection) -> Void] = [
            { $0.entryID = 7 }, { $0.isReversed = true }, { $0.bypassesQueue = true },
            { $0.shifted = .client }, { $0.close() }, { $0.expectNothing() },
        ]
        for change in changes {
            dialogue.tracker.update(slot) { change(&$1) }
            #expect(Self.records(of: &dialogue) == 1)
            #expect(Self.records(of: &dialogue) == 0)
        }
        dialogue.tracker.update(slot) { $1.interfaces[0] = 7 }
        #expect(Self.records(of: &dialogue) == 0)
    }

    @Test func `a transfer is listed from its command to its end`() throws {
        var dialogue = Self.dialogue()
        let slot = try Self.slot(of: dialogue)
        dialogue.tracker.update(slot) { $1.transfer = Transfer(at: Instant(nanoseconds: 1)) }
        #expect(dialogue.tracker.transferCount == 0)
        dialogue.tracker.update(slot) { $1.transfer?.command = .retr }
        #expect(dialogue.tracker.transferCount == 1)
        dialogue.tracker.update(slot) { $1.transfer = nil }
        #expect(dialogue.tracker.transferCount == 0)
    }
}
