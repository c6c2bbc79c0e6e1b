// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Bytes that went another way, and acknowledgements of what never came by.
@Suite struct HoleTests {
    private static let plain = NATCase.all[0].mapping
    private static let port = "PORT 10,1,0,2,19,137\r\n"

    @Test func `after an acknowledged but unseen hole reading resumes at the next line`() {
        for isAhead in [true, false] {
            var dialogue = Dialogue.ready(Self.plain)
            // Ten bytes went another way.
            let behind = dialogue.segment(.client, "x\r\n".utf8, offset: 10)
            if isAhead { dialogue.transmit(behind) }
            var answer = dialogue.segment(.server, flags: [.ack])
            answer.acknowledgement &+= 10
            dialogue.transmit(answer)
            if !isAhead { dialogue.transmit(behind) }
            #expect(dialogue.events.contains { if case .gap(_, .client) = $0 { true } else { false } })
            #expect(dialogue.send(.client, Self.port) == Self.port)
            #expect(dialogue.open == ["10.1.0.2:5001"])
            #expect(dialogue.refusals.isEmpty)
        }
    }

    @Test func `after a hole under NAT lines are rewritten again`() {
        var dialogue = Dialogue.ready(snat)
        dialogue.send(.client, Self.port)
        dialogue.send(.server, "200 ok\r\n")
        let behind = dialogue.segment(.client, "NOOP\r\n".utf8, offset: 10)
        var answer = dialogue.segment(.server, flags: [.ack])
        answer.acknowledgement &+= 10
        dialogue.transmit(answer)
        #expect(dialogue.transmit(behind)?.sequence == behind.sequence &+ 2)
        let packet = dialogue.segment(.client, Self.port.utf8)
        let arrival = dialogue.transmit(packet)
        #expect(arrival?.text == "PORT 10,2,0,100,19,137\r\n")
        #expect(arrival?.sequence == packet.sequence &+ 2)
    }

    @Test(arguments: [NATCase.all[1], NATCase.all[4]])
    func `after an unacknowledged hole the receiver is probed, and the line in it opens nothing`(
        nat: NATCase
    ) throws {
        for side in [Session.Side.client, .server] {
            var dialogue = Dialogue.ready(nat.mapping)
            let (active, passive) = nat.transfers(5001)
            if side == .server { dialogue.send(.client, "PASV\r\n") }
            // Ten bytes went another way, and so did their acknowledgement.
            let line = side == .client ? active : (passive.sent, passive.read, passive.opens)
            let behind = dialogue.segment(side, line.0.utf8, offset: 10)
            let probe = try dialogue.arrival(behind)
            #expect(probe.text.isEmpty)
            #expect(probe.sequence == behind.sequence &- 11)
            // Until it answers, the next one is no more believed than the first.
            #expect(try dialogue.arrival(behind).text.isEmpty)
            var answer = dialogue.segment(side.other, flags: [.ack])
            answer.acknowledgement = behind.sequence
            dialogue.transmit(answer)
            // Where a line begins there is the receiver's word.
            #expect(try dialogue.arrival(behind).text == line.0)
            #expect(dialogue.open.isEmpty)
            guard side == .client else {
                // Nor may it be the inside of a longer reply; what the client says next ends that.
                dialogue.send(.server, "226 ok\r\n")
                dialogue.send(.client, "PASV\r\n")
                #expect(dialogue.send(.server, passive.sent) == passive.read)
                #expect(dialogue.open == [passive.opens])
                continue
            }
            #expect(dialogue.send(.client, active.sent) == active.read)
            #expect(dialogue.open == [active.opens])
            #expect(dialogue.refusals.isEmpty)
        }
    }

    @Test func `a FIN beyond a gap does not go on`() throws {
        var dialogue = Dialogue.ready(snat)
        let end = dialogue.segment(.client, "QUIT\r\n".utf8, offset: 10, flags: [.ack, .fin])
        #expect(try !dialogue.arrival(end).flags.contains(.fin))
        #expect(dialogue.carry(dialogue.segment(.client, "x".utf8, offset: 30, flags: [.ack, .rst])) == nil)
    }

    @Test func `after a hole in the replies nothing counts before the client's next command`() {
        var dialogue = Dialogue.ready(Self.plain)
        dialogue.send(.client, "NOOP\r\n")
        // The reply to that, and the beginning of a longer one, went another way.
        dialogue.send(.client, "PASV\r\n")
        let announcement = "227 (10,2,0,2,19,137)\r\n"
        let behind = dialogue.segment(.server, "x\r\n\(announcement)211 end\r\n".utf8, offset: 20)
        dialogue.transmit(behind)
        var answer = dialogue.segment(.client, flags: [.ack])
        answer.acknowledgement &+= 20
        dialogue.transmit(answer)
        dialogue.transmit(behind)
        dialogue.send(.server, announcement)
        #expect(dialogue.open.isEmpty)
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, announcement)
        #expect(dialogue.open == ["10.2.0.2:5001"])
        #expect(dialogue.refusals.isEmpty)
    }

    @Test func `the start of a multi-line reply before a hole does not swallow later replies`() {
        var dialogue = Dialogue.ready(Self.plain)
        dialogue.send(.client, "NOOP\r\n")
        dialogue.send(.server, "200-a\r\n")
        // Ten bytes went another way.
        let behind = dialogue.segment(.server, "200 b\r\n".utf8, offset: 10)
        var answer = dialogue.segment(.client, flags: [.ack])
        answer.acknowledgement &+= 10
        dialogue.transmit(answer)
        dialogue.transmit(behind)
        dialogue.send(.client, "PASV\r\n")
        dialogue.send(.server, "227 (10,2,0,2,19,137)\r\n")
        #expect(dialogue.open == ["10.2.0.2:5001"])
    }

    @Test(arguments: NATCase.all)
    func `an acknowledgement that overtakes its bytes makes no gap`(nat: NATCase) {
        for side in [Session.Side.client, .server] {
            var dialogue = Dialogue.ready(nat.mapping)
            let (active, passive) = nat.transfers(5001)
            if side == .server { dialogue.send(.client, passive.command + passive.command) }
            let text = side == .client ? "NOOP\r\n" : "200 ok\r\n"
            let late = dialogue.segment(side, text.utf8)
            var answer = dialogue.segment(side.other, flags: [.ack])
            answer.acknowledgement &+= UInt32(text.utf8.count)
            dialogue.transmit(answer)
            #expect(dialogue.transmit(late)?.text == text)
            #expect(!dialogue.events.contains { if case .gap = $0 { true } else { false } })
            let line = side == .client ? active : (passive.sent, passive.read, passive.opens)
            #expect(dialogue.send(side, line.0) == line.1)
            #expect(dialogue.open == [line.2])
        }
    }

    @Test func `an acknowledgement from far ahead is ignored`() {
        var dialogue = Dialogue(Self.plain)
        var answer = dialogue.segment(.server, flags: [.ack])
        answer.acknowledgement &+= 1 << 24
        dialogue.transmit(answer)
        dialogue.logIn()
        #expect(dialogue.send(.client, Self.port) == Self.port)
        #expect(dialogue.open == ["10.1.0.2:5001"])
    }

    @Test func `an RST after a FIN still ends the connection`() {
        var dialogue = Dialogue.ready(Self.plain)
        dialogue.send(.client, Self.port)
        dialogue.send(.client, "", flags: [.ack, .fin])
        #expect(dialogue.open == ["10.1.0.2:5001"])
        dialogue.send(.client, "", flags: [.ack, .rst])
        #expect(dialogue.open.isEmpty)
    }
}
