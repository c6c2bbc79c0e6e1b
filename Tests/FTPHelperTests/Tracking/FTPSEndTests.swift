// SPDX-License-Identifier: GPL-2.0-or-later
@testable import FTPHelper
import Testing

/// How an encrypted session closes, ends, or goes back to plain text.
@Suite struct FTPSEndTests {
    @Test func `CCC closes the session, and plain lines are read again`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, TLSRecordsTests.record(21, [1, 0])))
        }
        dialogue.send(.client, "PASV\r\n")
        #expect(dialogue.open.isEmpty)
        dialogue.send(.server, "227 ok (10,2,0,2,19,137)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil)
    }

    @Test func `CCC may be followed by TLS again`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "AUTH TLS\r\n")
        dialogue.send(.server, "234 go on\r\n")
        #expect(dialogue.open.isEmpty)
        FTPSTests.shakeHands(&dialogue)
        #expect(dialogue.open.count == 1)
    }

    @Test func `a session closed by the administrator stays closed`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        let id = try #require(dialogue.tracker.expectations.first?.id)
        let isDeleted = dialogue.perform { tracker, _, output in tracker.delete(id, into: &output) }
        #expect(isDeleted)
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, FTPSTests.data))
        }
        #expect(dialogue.open.isEmpty)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil)
    }

    @Test func `an idle session closes, and the server's next data opens it again`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.timeout = 60 })
        dialogue.wait(seconds: 50)
        dialogue.transmit(dialogue.segment(.server, flags: [.ack]))
        dialogue.wait(seconds: 50)
        #expect(dialogue.open.count == 1)
        dialogue.wait(seconds: 20)
        #expect(dialogue.open.isEmpty)
        #expect(
            dialogue.events.contains { if case .expired(let gone) = $0 { gone.kind == .ftps } else { false } }
        )
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil)
        dialogue.transmit(dialogue.segment(.client, FTPSTests.data))
        dialogue.transmit(dialogue.segment(.server, flags: [.ack]))
        #expect(dialogue.open.isEmpty)
        dialogue.transmit(dialogue.segment(.server, FTPSTests.data))
        #expect(dialogue.open.count == 1)
    }

    @Test func `a session with an answered data connection is not idle`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.timeout = 60 })
        let data = try #require(FTPSTests.open(&dialogue, FTPSTests.syn()))
        dialogue.perform { $0.complete(.looked(data.original, .answered), at: $1, into: &$2) }
        dialogue.wait(seconds: 1000)
        #expect(dialogue.open.count == 1)
        dialogue.perform {
            $0.complete(.looked(data.original, .ended(wasAnswered: false)), at: $1, into: &$2)
        }
        dialogue.wait(seconds: 121)
        #expect(dialogue.open.isEmpty)
    }

    @Test(arguments: [Session.Side.client, .server], [[.fin, .ack], [.rst]] as [TCPFlags])
    func `a connection that bypasses the queue ends by a FIN or an RST after unseen bytes`(
        side: Session.Side,
        flags: TCPFlags
    ) throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        var first = dialogue.segment(side, flags: flags)
        first.sequence &+= 70000
        first.acknowledgement &+= 90000
        dialogue.transmit(first)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connectionCount == (flags.contains(.rst) ? 0 : 1))
        var second = dialogue.segment(side.other, flags: [.ack, .fin])
        second.sequence &+= 90000
        second.acknowledgement &+= 70001
        dialogue.transmit(second)
        #expect(dialogue.tracker.connectionCount == 0)
    }

    @Test(arguments: NATCase.all, [Session.Side.client, .server])
    func `a FIN of either side ends the session, and later data does not open it again`(
        nat: NATCase,
        side: Session.Side
    ) throws {
        var dialogue = FTPSTests.secured(
            try FTPSTests.policy("\(nat.mapping.reply.source.address)"),
            nat.mapping
        )
        let data = try #require(FTPSTests.open(&dialogue, FTPSTests.syn(nat.mapping)))
        dialogue.perform { $0.complete(.looked(data.original, .answered), at: $1, into: &$2) }
        dialogue.actions = []
        dialogue.transmit(dialogue.segment(side, flags: [.ack, .fin]))
        #expect(dialogue.open.isEmpty)
        // Data connections in progress may finish.
        #expect(!dialogue.actions.contains(.abandon(data.original)))
        for side in [Session.Side.client, .server, .client] {
            dialogue.transmit(dialogue.segment(side, flags: [.ack]))
            dialogue.transmit(dialogue.segment(side, FTPSTests.data))
            dialogue.wait(seconds: 8)
        }
        #expect(dialogue.open.isEmpty)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(nat.mapping, from: 50124)) == nil)
    }

    @Test func `a FIN after missing bytes ends the session, a FIN before received bytes does not`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        dialogue.transmit(dialogue.segment(.server, offset: -10, flags: [.ack, .fin]))
        #expect(dialogue.open.count == 1)
        var ahead = dialogue.segment(.server, offset: 400, flags: [.ack, .fin])
        ahead.payload = Array(FTPSTests.data)
        dialogue.carry(ahead)
        #expect(dialogue.open.isEmpty)
    }

    @Test(arguments: [-30, 1, 1000, 1 << 20])
    func `an RST outside of the receiver's window ends nothing`(offset: Int) throws {
        // One that is not released is seen whole.
        var seen = Dialogue.ready(snat, policy: try FTPSTests.policy())
        seen.send(.client, "PORT 10,1,0,2,19,137\r\n")
        seen.send(.server, "200 ok\r\n")
        seen.send(.client, "AUTH TLS\r\n")
        seen.send(.server, "234 go on\r\n")
        FTPSTests.shakeHands(&seen)
        var released = FTPSTests.secured(try FTPSTests.policy())
        for side in [Session.Side.client, .server] {
            seen.acknowledge(side.other)
            seen.carry(seen.segment(side, offset: offset, flags: [.rst]))
            released.acknowledge(side.other)
            if offset < 0 { released.carry(released.segment(side, offset: offset, flags: [.rst])) }
        }
        #expect(seen.open.count == 1)
        #expect(released.open.count == 1)
    }

    @Test func `a session that conntrack has closing or closed does not open again`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy())
        let client = FTPSTests.direct.original.source.address
        dialogue.actions = []
        dialogue.perform { $0.complete(.verified(FTPSTests.direct, .closing), at: $1, into: &$2) }
        #expect(dialogue.actions.prefix(2) == [.stopQueueingSYNs(from: client), .requeue(FTPSTests.direct)])
        for side in [Session.Side.client, .server] {
            dialogue.transmit(dialogue.segment(side, FTPSTests.data))
        }
        #expect(dialogue.open.isEmpty)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn()) == nil)
        #expect(dialogue.tracker.connections.first?.state == .encrypted)
    }

    @Test func `data of the client alone does not prolong a session`() throws {
        var dialogue = FTPSTests.secured(try FTPSTests.policy { $0.timeout = 60 })
        dialogue.actions = []
        for _ in 1...7 {
            dialogue.wait(seconds: 8)
            dialogue.transmit(dialogue.segment(.client, flags: [.ack]))
            dialogue.transmit(dialogue.segment(.client, FTPSTests.data))
            _ = FTPSTests.open(&dialogue, FTPSTests.syn(), answered: { _ in false })
        }
        #expect(dialogue.actions.count { $0 == .verify(FTPSTests.direct) } == 3)
        #expect(dialogue.open.count == 1)
        for _ in 1...3 {
            dialogue.wait(seconds: 8)
            dialogue.transmit(dialogue.segment(.client, FTPSTests.data))
            _ = FTPSTests.open(&dialogue, FTPSTests.syn(), answered: { _ in false })
        }
        #expect(dialogue.open.isEmpty)
        #expect(FTPSTests.open(&dialogue, FTPSTests.syn(from: 50124)) == nil)
    }
}
