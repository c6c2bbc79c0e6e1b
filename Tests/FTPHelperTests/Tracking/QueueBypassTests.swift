// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

/// Connections that bypass the queue because their packets are not needed.
@Suite struct QueueBypassTests {
    private static let direct = NATCase.all[0].mapping
    private static let hello = TLSRecordsTests.record(22, version: 1, [1, 0, 0, 1, 0])
    private static let data = TLSRecordsTests.record(.init(repeating: 7, count: 20))

    private static func releases(_ dialogue: borrowing Dialogue) -> Int {
        dialogue.actions.count { if case .bypassQueue = $0 { true } else { false } }
    }

    @Test(arguments: NATCase.all)
    func `a connection that is not FTP starts to bypass the queue, once`(nat: NATCase) {
        var dialogue = Dialogue(nat.mapping)
        dialogue.send(.server, "220 ready\r\n")
        #expect(Self.releases(dialogue) == 0)
        dialogue.send(.client, "GET / HTTP/1.1\r\n")
        #expect(dialogue.refusals == [.notFTP])
        #expect(dialogue.actions.last == .bypassQueue(nat.mapping))
        dialogue.send(.client, "USER u\r\n")
        dialogue.send(.server, "230 ok\r\n")
        #expect(Self.releases(dialogue) == 1)
    }

    @Test func `FTP and TLS that can end again do not bypass the queue`() {
        var dialogue = Dialogue.ready(Self.direct)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(Self.releases(dialogue) == 0)
        dialogue = Dialogue(Self.direct)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, Self.hello)) }
        for side in [Session.Side.client, .server, .client] {
            dialogue.transmit(dialogue.segment(side, Self.data))
        }
        #expect(Self.releases(dialogue) == 0)
    }

    @Test func `implicit TLS bypasses the queue once both sides exchange data`() {
        var dialogue = Dialogue(Self.direct)
        for side in [Session.Side.client, .server] { dialogue.transmit(dialogue.segment(side, Self.hello)) }
        dialogue.transmit(dialogue.segment(.client, Self.data))
        #expect(Self.releases(dialogue) == 0)
        dialogue.transmit(dialogue.segment(.server, Self.data))
        #expect(dialogue.actions.last == .bypassQueue(Self.direct))
        // What opens for encrypted sessions may have changed: then it has to be seen again.
        dialogue.perform { $0.review(at: $1, into: &$2) }
        #expect(dialogue.actions.last == .requeue(Self.direct))
        dialogue.transmit(dialogue.segment(.server, Self.data))
        #expect(dialogue.actions.last == .bypassQueue(Self.direct))
    }

    @Test func `a connection with shifted sequence numbers does not bypass the queue`() throws {
        // Something that is no FTP after a line was rewritten: an announcement may come before the login one day.
        let nat = NATCase.all[1]
        var dialogue = Dialogue.ready(nat.mapping)
        dialogue.send(.client, nat.transfers(5001).active.sent)
        let found = dialogue.tracker.store.slot(of: nat.mapping.original)
        let slot = try #require(found)
        dialogue.tracker.update(slot) { $1.session.phase = .notFTP }
        dialogue.send(.client, "whatever\r\n")
        #expect(Self.releases(dialogue) == 0)
        let next = SequenceNumber(dialogue.sent.client)
        dialogue.tracker.update(slot) { $1.streams[0] = Stream(next: next) }
        dialogue.send(.client, "whatever\r\n")
        #expect(Self.releases(dialogue) == 1)
    }

    @Test func `strict mode resets a connection that is not FTP instead of letting it bypass the queue`() {
        var policy = Policy()
        policy.rules.isStrict = true
        var dialogue = Dialogue(Self.direct, policy: policy)
        dialogue.send(.server, "220 ready\r\n")
        dialogue.send(.client, "GET / HTTP/1.1\r\n")
        #expect(dialogue.verdict == .replace)
        #expect(Self.releases(dialogue) == 0)
    }

    @Test func `any number of bytes that bypassed the queue makes no gap`() throws {
        var dialogue = Dialogue(Self.direct)
        dialogue.send(.client, "SSH-2.0-OpenSSH_9.2\r\n")
        dialogue.actions = []
        for side in [Session.Side.client, .server] {
            let packet = dialogue.segment(side, offset: 1 << 30, flags: [.ack, .fin])
            #expect(try dialogue.arrival(packet).bytes == packet.bytes)
        }
        #expect(dialogue.events.count == 1)
        guard case .connectionClosed = dialogue.events.first else {
            Issue.record("\(dialogue.events)")
            return
        }
    }

    @Test func `a new conntrack entry gets the bypass mark, also after a restart`() throws {
        var dialogue = Dialogue(Self.direct, tracker: Tracker(policy: Policy(), keepsRecords: true))
        dialogue.send(.client, "SSH-2.0-OpenSSH_9.2\r\n")
        dialogue.actions = []
        dialogue.perform {
            $0.learn(Self.direct, entryID: 5, hasKernelHelper: false, phase: .established, at: $1, into: &$2)
        }
        #expect(dialogue.actions == [.bypassQueue(Self.direct)])
        var record: [UInt64] = []
        dialogue.perform { tracker, _, _ in
            tracker.takeRecords { _, new in
                record = new ?? []
                return 1
            }
        }
        let kept = try #require(KeptConnection(record, at: dialogue.now))
        var next = Tracker(policy: Policy(), keepsRecords: true)
        var output = Output()
        let isRestored = next.restore(kept, at: dialogue.now, into: &output)
        #expect(isRestored)
        #expect(output.actions.contains(.bypassQueue(Self.direct)))
    }

    @Test func `a new connection with the same tuple is followed`() {
        var first = Dialogue(Self.direct)
        first.send(.client, "SSH-2.0-OpenSSH_9.2\r\n")
        // Conntrack knows that a new one has begun.
        first.perform { $0.learn(Self.direct, hasKernelHelper: false, phase: .opening, at: $1, into: &$2) }
        var second = Dialogue(Self.direct, tracker: first.release(), initial: 0x4000_0000)
        second.logIn()
        second.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(second.open == ["10.1.0.2:5001"])
    }
}
