// SPDX-License-Identifier: GPL-2.0-or-later
import Testing
@testable import FTPHelper

/// What survives a restart of the daemon.
extension IntrusionTests {
    /// What a dialogue's tracker leaves of those that it does not follow.
    private func rejected(of dialogue: inout Dialogue) -> RejectedConnections? {
        var words = [UInt64](repeating: 0, count: RejectedConnections.wordCount)
        dialogue.tracker.takeRejectedConnections { words[$0] = $1 }
        return RejectedConnections(key: dialogue.tracker.rejectedConnectionsKey, words: words)
    }

    /// The next tracker, which has this record.
    func next(_ record: [UInt64]? = nil, at now: Instant) -> Tracker {
        var tracker = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 3))
        var output = Output()
        if let kept = record.flatMap({ KeptConnection($0, at: now) }) {
            _ = tracker.restore(kept, at: now, into: &output)
        }
        return tracker
    }

    @Test func `early bytes before a restart log nobody in`() {
        let stages: [[(Session.Side, String)]] = [
            [], [(.server, "220 hi\r\n")], [(.server, "220 hi\r\n"), (.client, "USER a\r\n")],
            [
                (.server, "220 hi\r\n"), (.client, "USER a\r\n"), (.server, "331 pw\r\n"),
                (.client, "PASS b\r\n"),
            ],
        ]
        for (number, stage) in stages.enumerated() {
            for early in [Session.Side.client, .server] {
                var dialogue = Dialogue(
                    Self.routed,
                    tracker: Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
                )
                for (side, text) in stage { dialogue.send(side, text) }
                dialogue.carry(dialogue.segment(early, Array("z".utf8), offset: 100))
                var record: [UInt64]?
                dialogue.tracker.takeRecords {
                    record = $1
                    return 1
                }
                let rejected = rejected(of: &dialogue)
                var tracker = next(record, at: dialogue.now)
                #expect(tracker.connectionCount == 1)
                tracker.noteEarlier(Self.routed, predecessors: rejected.map { [$0] } ?? [])
                #expect(tracker.connections.first?.state != .ready, "stage \(number)")
                var output = Output()
                let line = dialogue.segment(.client, Self.port.utf8).bytes
                _ = tracker.receive(line.span, at: dialogue.now, into: &output)
                #expect(tracker.expectations.isEmpty, "stage \(number)")
            }
        }
    }

    @Test func `a connection rejected before a restart is rejected after it`() {
        var policy = Policy()
        policy.maximumConnections = 1
        var first = Dialogue(
            snat,
            tracker: Tracker(policy: policy, keepsRecords: true, random: Seeded(state: 1))
        )
        first.logIn()
        var turnedAway = Dialogue(Self.routed, tracker: first.release())
        #expect(turnedAway.refusals == [.tableFull])
        let rejected = rejected(of: &turnedAway)
        var tracker = next(at: turnedAway.now)
        tracker.noteEarlier(Self.routed, predecessors: rejected.map { [$0] } ?? [])
        var dialogue = Dialogue(Self.routed, tracker: tracker, isAdopted: true)
        dialogue.send(.client, Self.port)
        #expect(dialogue.open.isEmpty)
        // Others are adopted as ever.
        tracker = next(at: turnedAway.now)
        tracker.noteEarlier(snat, predecessors: rejected.map { [$0] } ?? [])
        dialogue = Dialogue(snat, tracker: tracker, isAdopted: true)
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == ["10.2.0.100:5001"])
    }

    @Test(arguments: NATCase.all)
    func `a handshake that waited in the queue for a conntrack answer counts as seen from its start`(
        nat: NATCase
    ) {
        var tracker = Tracker(policy: Policy(), random: Seeded(state: 7))
        // Somebody has acknowledged the SYN-ACK before the client has it.
        tracker.noteEarlier(nat.mapping, entryID: 3)
        var output = Output()
        let now = Instant(nanoseconds: 1)
        let answer = Dialogue(nat.mapping).handshake.bytes
        #expect(tracker.receive(answer.span, at: now, into: &output) == .needsMapping(nat.mapping.reply))
        tracker.learn(
            nat.mapping,
            entryID: 3,
            hasKernelHelper: false,
            phase: .established,
            at: now,
            into: &output
        )
        _ = tracker.receive(answer.span, at: now, into: &output)
        var dialogue = Dialogue(nat.mapping, tracker: tracker, isAdopted: true)
        slipstream(&dialogue)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    /// What happened to a SYN before the daemon that sees its SYN-ACK.
    enum EarlierSYN: CaseIterable {
        /// An earlier daemon has taken fast open out of it.
        case openedFast
        /// It was an ordinary one, in the sight of an earlier daemon.
        case ordinary
        /// There were no rules, so the SYN was not seen.
        case unseen
    }

    @Test(arguments: EarlierSYN.allCases)
    func `data in a SYN is not trusted after a restart between SYN and SYN-ACK`(syn: EarlierSYN) throws {
        var first = Tracker(policy: Policy(), keepsRecords: true, random: Seeded(state: 1))
        var output = Output()
        let now = Instant(nanoseconds: 1)
        if syn == .openedFast {
            var packet = PacketBuilder(
                tuple: snat.original,
                sequence: 0xffff_fff0,
                acknowledgement: 0,
                flags: [.syn]
            )
            packet.payload = Array(Self.post.utf8.prefix(40))
            let bytes = packet.bytes
            _ = first.receive(bytes.span, at: now, into: &output)
        }
        var words = [UInt64](repeating: 0, count: RejectedConnections.wordCount)
        first.takeRejectedConnections { words[$0] = $1 }
        let predecessor = RejectedConnections(key: first.rejectedConnectionsKey, words: words)
        var tracker = next(at: now)
        tracker.noteOpening(snat, predecessors: syn == .unseen ? [] : [try #require(predecessor)], at: now)
        var dialogue = Dialogue(snat, tracker: tracker)
        dialogue.logIn()
        dialogue.send(.client, Self.port)
        #expect(dialogue.open == (syn == .ordinary ? ["10.2.0.100:5001"] : []))
        #expect(dialogue.refusals.contains(.notFTP) == (syn != .ordinary))
    }
}
