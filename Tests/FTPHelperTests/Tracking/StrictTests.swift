// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// What `--strict` adds (contract A7).
@Suite struct StrictTests {
    private static let strict: Policy = {
        var policy = Policy()
        policy.rules.isStrict = true
        return policy
    }()

    /// Lines of a session under way that end it.
    static let fatal: [(side: Session.Side, text: String, reason: Refusal.Reason)] = [
        (.client, "PORT 10,1,0,2,19,393\r\n", .malformed),
        (.client, "PORT 10,9,9,9,19,137\r\nNOOP\r\n", .addressMismatch),
        (.server, "227 (10,2,0,2,19,137)\r\n", .unsolicited),
        (.server, "200 hi\r\n229 (|||5001|)\r\nmore", .unsolicited),
    ]

    @Test(arguments: fatal)
    func `a line that no honest end sends resets both ends`(
        side: Session.Side,
        text: String,
        reason: Refusal.Reason
    ) throws {
        var dialogue = Dialogue.ready(snat, policy: Self.strict)
        // An edit on either side, so that both numberings differ.
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.acknowledge(.client)
        let received = dialogue.received
        dialogue.actions = []
        let packet = dialogue.segment(side, text.utf8)
        let arrival = try dialogue.arrival(packet)

        // Its receiver gets an RST in place of the line, with the number that is due.
        #expect(arrival.flags == [.rst, .ack])
        #expect(arrival.segment.tuple == packet.tuple)
        #expect(arrival.payload.isEmpty)
        let due = packet.sequence &+ (side == .client ? 2 : 0)
        #expect(arrival.sequence == due)
        #expect(dialogue.received == received)
        #expect(dialogue.refusals == [reason])
        #expect(dialogue.open.isEmpty)

        // Its sender gets one too, with the number that it expects, on the tuple with which the other's packets come.
        let injected = dialogue.actions.compactMap { if case .inject(let bytes) = $0 { bytes } else { nil } }
        #expect(injected.count == 1)
        let reset = try #require(injected.first.flatMap { Arrival($0) })
        #expect(reset.flags == [.rst, .ack])
        #expect(reset.segment.tuple == (side == .client ? snat.reply : snat.original))
        #expect(reset.sequence == packet.acknowledgement)
        #expect(reset.acknowledgement == packet.sequence &+ UInt32(packet.payload.count))
        // The expectation closes, the connection ends.
        #expect(dialogue.events.contains { if case .closed(_, .ended) = $0 { true } else { false } })
        #expect(dialogue.events.count { if case .connectionClosed = $0 { true } else { false } } == 1)
        #expect(dialogue.tracker.connections.isEmpty)
    }

    @Test func `packets after the reset become RSTs with the same sequence number`() throws {
        var dialogue = Dialogue.ready(snat, policy: Self.strict)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        let first = try dialogue.arrival(dialogue.segment(.client, "PORT x\r\n".utf8))
        for text in ["PORT 10,1,0,2,19,137\r\n", "", "QUIT\r\n"] {
            let again = try dialogue.arrival(dialogue.segment(.client, text.utf8))
            #expect(again.flags == [.rst, .ack])
            #expect(again.sequence == first.sequence)
        }
        let packet = dialogue.segment(.server, "200 ok\r\n".utf8)
        let back = try dialogue.arrival(packet)
        #expect(back.flags == [.rst, .ack])
        #expect(back.sequence == packet.sequence)
        #expect(dialogue.open.isEmpty)
        // An RST of their own passes.
        let reset = dialogue.segment(.server, flags: [.rst])
        #expect(dialogue.transmit(reset)?.bytes == reset.bytes)
    }

    @Test func `a line that is not FTP resets the connection`() throws {
        let endless = String(repeating: "x", count: 3000)
        for (side, text) in [
            (.client, "POST / HTTP/1.1\r\n"), (.server, String(repeating: "+OK\r\n", count: 20)),
            (.server, endless + "\r\n" + endless),
        ]
            as [(Session.Side, String)]
        {
            var dialogue = Dialogue(snat, policy: Self.strict)
            let arrival = try dialogue.arrival(dialogue.segment(side, text.utf8))
            #expect(arrival.flags == [.rst, .ack])
            #expect(dialogue.refusals == [.notFTP])
        }
        var dialogue = Dialogue(snat, policy: Self.strict)
        let long = String(repeating: "x", count: 5000)
        let arrival = try dialogue.arrival(dialogue.segment(.client, long.utf8))
        #expect(arrival.flags == [.rst, .ack])
    }

    @Test func `an address in several segments resets the connection with the last of them`() throws {
        var dialogue = Dialogue.ready(snat, policy: Self.strict)
        dialogue.send(.client, "PORT 10,9")
        let held = dialogue.sent.client &- 4
        let arrival = try dialogue.arrival(dialogue.segment(.client, ",9,9,19,137\r\n".utf8))
        #expect(arrival.flags == [.rst, .ack])
        #expect(arrival.sequence == held, "the server has not got what was withheld")
    }

    @Test func `a line that is merely not allowed resets nothing`() {
        var dialogue = Dialogue.ready(snat, policy: Self.strict)
        #expect(dialogue.send(.client, "PORT 10,1,0,2,0,22\r\n") == "PORT 10,1,0,2,0,22\r\n")
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.refusals == [.privilegedPort, .pipelined])
        dialogue.send(.server, "500 no\r\n500 no\r\n")
        #expect(dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,2,0,100,19,137\r\n")
        var early = Dialogue(snat, policy: Self.strict)
        #expect(early.send(.client, "PORT 10,1,0,2,19,137\r\n") == "PORT 10,1,0,2,19,137\r\n")
        #expect(early.refusals == [.notLoggedIn])
    }

    @Test func `a command injected after another opens nothing`() {
        var dialogue = Dialogue.ready(snat, policy: Self.strict)
        let text = "RETR a\r\nPORT 10,1,0,2,19,137\r\n"
        #expect(dialogue.send(.client, text) == text)
        #expect(dialogue.refusals == [.pipelined])
        #expect(dialogue.open.isEmpty)
    }

    @Test func `without strict mode such lines pass`() {
        for (side, text, _) in Self.fatal {
            var dialogue = Dialogue.ready(snat)
            #expect(dialogue.send(side, text) == text)
            #expect(dialogue.refusals.count == 1)
            #expect(dialogue.tracker.connections.count == 1)
        }
    }
}
