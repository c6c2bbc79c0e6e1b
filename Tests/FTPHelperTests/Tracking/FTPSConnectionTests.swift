// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// The data connections of encrypted sessions: their limit, retransmitted SYNs, and eviction.
@Suite struct FTPSConnectionTests {
    @Test func `the number of concurrent data connections is limited, and ended ones free their places`()
        throws
    {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 3 })
        for port: UInt16 in 1...3 {
            #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50000 + port)) != nil)
        }
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50004)) == nil)
        #expect(dialogue.refusals == [.ftpsLimit])
        // Conntrack is not asked again at once.
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50004), live: { _ in false }) == nil)
        dialogue.now = dialogue.now.advanced(bySeconds: 1)
        #expect(
            FTPSTests.open(&dialogue, FTPSTests.syn(from: 50004), live: { $0.source.port != 50002 }) != nil
        )
        #expect(FTPSTests.access(dialogue)?.live == 3)
    }

    @Test func `conntrack is asked about data connections whenever the limit is reached`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 2 })
        for port: UInt16 in 1...100 {
            #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50000 + port), live: { _ in false }) != nil)
        }
        #expect(dialogue.refusals.isEmpty)
        #expect(dialogue.tracker.connections.first?.used == 100)
    }

    @Test func `a retransmitted SYN is the same data connection, unless that has ended`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) != nil)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil)
        #expect(FTPSTests.access(dialogue)?.live == 1)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(), live: { _ in false }) != nil)
        #expect(FTPSTests.access(dialogue)?.live == 1)
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `unanswered data connections are removed when the session closes`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 2 })
        let waiting = try #require(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50001)))
        let under = try #require(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50002)))
        dialogue.perform { $0.complete(.looked(under.original, .answered), at: $1, into: &$2) }
        // Other rules take both over.
        dialogue.actions = []
        dialogue.tracker.policy = try FTPSTests.policy { $0.maximumFTPSConnections = 3 }
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(FTPSTests.access(dialogue)?.live == 2)
        #expect(!dialogue.actions.contains(.abandon(waiting.original)))
        dialogue.transmit(dialogue.segment(.server, flags: [.ack, .fin]))
        #expect(dialogue.actions.contains(.abandon(waiting.original)))
        #expect(!dialogue.actions.contains(.abandon(under.original)))
    }

    @Test func `the oldest unanswered data connection is evicted`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 3 })
        let first = try #require(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50001)))
        let spoofed = try [50002, 50003].map {
            try #require(FTPSTests.open(&dialogue, FTPSTests.syn(from: $0)))
        }
        func isAnswered(_ tuple: Tuple) -> Bool { tuple == first.original }
        // Even with one more SYN each millisecond, the client's own is let in and is answered before it could be evicted.
        for (port, victim) in [(50004, spoofed[0]), (50005, spoofed[1])] as [(UInt16, ExpectedConnection)] {
            dialogue.actions = []
            #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: port), answered: isAnswered) != nil)
            #expect(dialogue.actions.contains(.abandon(victim.original)))
            #expect(FTPSTests.access(dialogue)?.live == 3)
        }
        #expect(dialogue.refusals.isEmpty)
        // If all are answered none is evicted, and conntrack is not asked again at once.
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50006)) == nil)
        #expect(dialogue.refusals == [.ftpsLimit])
        dialogue.actions = []
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50006), answered: { _ in false }) == nil)
        #expect(!dialogue.actions.contains { if case .abandon = $0 { true } else { false } })
    }

    @Test func `an ended data connection is evicted before an unanswered one`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 2 })
        let waiting = try #require(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50001)))
        _ = FTPSTests.open(&dialogue, FTPSTests.syn(from: 50002))
        dialogue.actions = []
        let next = FTPSTests.open(
            &dialogue,
            FTPSTests.syn(from: 50003),
            live: { $0 == waiting.original },
            answered: { _ in false }
        )
        #expect(next != nil)
        #expect(!dialogue.actions.contains(.abandon(waiting.original)))
    }

    @Test func `conntrack is asked about many data connections a few at a time, in turn`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.maximumFTPSConnections = 100 })
        for port: UInt16 in 1...100 {
            #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50000 + port)) != nil)
        }
        var asked: Set<Tuple> = []
        for _ in 1...7 {
            dialogue.now = dialogue.now.advanced(bySeconds: 1)
            var count = 0
            #expect(
                FTPSTests.open(
                    &dialogue,
                    FTPSTests.syn(from: 50200),
                    live: {
                        asked.insert($0)
                        count += 1
                        return true
                    }
                ) == nil
            )
            #expect(count == 16)
        }
        #expect(asked.count == 100)
    }

    @Test
    func `a session with room takes its client's data connection, and the last session removes the address`()
        throws
    {
        let policy = try FTPSTests.policy { $0.maximumFTPSConnections = 1 }
        let client = FTPSTests.direct.original.source.address
        var other = FTPSTests.direct
        other.original.source.port = 40113
        other.reply.destination.port = 40113
        var first = FTPSTests.secured(policy)
        #expect(FTPSTests.open(&first, FTPSTests.syn(from: 50001)) != nil)
        var second = Dialogue(other, tracker: first.release())
        second.send(.server, "220 ready\r\n")
        second.send(.client, "AUTH TLS\r\n")
        second.send(.server, "234 go on\r\n")
        FTPSTests.shakeHands(&second)
        #expect(second.open.count == 2)
        #expect(!second.actions.contains(.queueSYNs(from: client)))
        #expect(FTPSTests.open(&second, FTPSTests.syn(from: 50002)) != nil)
        #expect(FTPSTests.open(&second, FTPSTests.syn(from: 50003)) == nil)
        second.transmit(second.segment(.client, flags: [.rst]))
        #expect(!second.actions.contains(.stopQueueingSYNs(from: client)))
        let isAdmitted = second.tracker.queuesSYNs(from: client)
        #expect(isAdmitted)
        second.perform { $0.complete(.verified(FTPSTests.direct, .gone), at: $1, into: &$2) }
        #expect(second.actions.contains(.stopQueueingSYNs(from: client)))
    }
}
