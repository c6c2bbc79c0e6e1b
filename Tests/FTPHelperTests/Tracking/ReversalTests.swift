// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Connections that conntrack has the wrong way round.
@Suite struct ReversalTests {
    private static let direct = NATCase.all[0].mapping

    /// A packet of a side, as the data queue gives it.
    private static func arrival(_ side: Session.Side, _ dialogue: borrowing Dialogue) throws -> HashedSegment
    {
        let bytes = dialogue.segment(side, "226 done\r\n".utf8).bytes
        let arrival = HashedSegment(bytes.span)
        return try #require(arrival)
    }

    @Test func `the first packet of the server in a reversed entry has the connection watched, once`() throws
    {
        var dialogue = Dialogue.ready(Self.direct)
        let arrival = try Self.arrival(.server, dialogue)
        let isFollowed = dialogue.tracker.mayBeReversed(arrival)
        #expect(isFollowed)
        for _ in 1...3 {
            dialogue.perform { tracker, _, output in tracker.markReversed(arrival, into: &output) }
        }
        #expect(dialogue.actions == [.watch(Self.direct)])
        // Conntrack has it the right way round again.
        for _ in 1...2 {
            dialogue.perform {
                let entry = Completion.ControlConnection.there(
                    entryID: 0,
                    hasKernelHelper: false,
                    shifted: [],
                    hasMaster: false,
                    isReversed: false
                )
                $0.complete(.verified(Self.direct, entry), at: $1, into: &$2)
            }
        }
        #expect(dialogue.actions == [.watch(Self.direct), .unwatch(Self.direct)])
    }

    @Test func `a packet of the client reverses nothing, and its connection is not watched`() throws {
        var dialogue = Dialogue.ready(Self.direct)
        let arrival = try Self.arrival(.client, dialogue)
        let isFollowed = dialogue.tracker.mayBeReversed(arrival)
        #expect(isFollowed)
        dialogue.perform { tracker, _, output in tracker.markReversed(arrival, into: &output) }
        #expect(dialogue.actions.isEmpty)
    }

    @Test(arguments: NATCase.all.filter(\.mapping.isTranslated))
    func `a reversed packet of a connection under NAT is not followed`(nat: NATCase) throws {
        let dialogue = Dialogue.ready(nat.mapping)
        let arrival = try Self.arrival(.server, dialogue)
        let isFollowed = dialogue.tracker.mayBeReversed(arrival)
        #expect(!isFollowed)
    }

    @Test func `a packet of an unknown connection from a control port is not followed`() throws {
        let dialogue = Dialogue.ready(Self.direct)
        var packet = dialogue.segment(.server, "226 done\r\n".utf8)
        packet.tuple.destination.port += 1
        let bytes = packet.bytes
        let found = HashedSegment(bytes.span)
        let arrival = try #require(found)
        let isFollowed = dialogue.tracker.mayBeReversed(arrival)
        #expect(!isFollowed)
    }

    @Test func `a connection that ends is no longer watched`() throws {
        var dialogue = Dialogue.ready(Self.direct)
        let arrival = try Self.arrival(.server, dialogue)
        dialogue.perform { tracker, _, output in tracker.markReversed(arrival, into: &output) }
        dialogue.perform { $0.end(Self.direct, at: $1, into: &$2) }
        #expect(dialogue.actions.contains(.unwatch(Self.direct)))
    }

    @Test func `a restarted daemon watches the connection again`() throws {
        let tracker = Tracker(policy: Policy(), keepsRecords: true)
        var dialogue = Dialogue(Self.direct, tracker: tracker, isAdopted: true)
        dialogue.send(.client, "NOOP\r\n")
        let arrival = try Self.arrival(.server, dialogue)
        var record: [UInt64] = []
        dialogue.perform { tracker, now, output in
            tracker.markReversed(arrival, into: &output)
            tracker.takeRecords { _, new in
                record = new ?? []
                return 1
            }
        }
        let kept = try #require(KeptConnection(record, at: dialogue.now))
        #expect(kept.isReversed)
        var next = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        let isRestored = next.restore(kept, at: dialogue.now, into: &output)
        #expect(isRestored)
        #expect(output.actions.contains(.watch(Self.direct)))
    }
}
