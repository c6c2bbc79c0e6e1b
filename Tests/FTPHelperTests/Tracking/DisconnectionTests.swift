// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Sessions that the administrator ends.
@Suite struct DisconnectionTests {
    private func resets(_ dialogue: borrowing Dialogue) -> [Arrival] {
        dialogue.actions.compactMap { if case .inject(let bytes) = $0 { Arrival(bytes) } else { nil } }
    }

    @Test func `both ends get an RST with the expected sequence number, and nothing opens afterwards`() throws
    {
        var dialogue = Dialogue.ready(snat)
        // Rewritten, so that both numberings differ.
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "200 ok\r\n")
        dialogue.acknowledge(.client)
        let next = (client: dialogue.segment(.client), server: dialogue.segment(.server))
        let id = try #require(dialogue.tracker.connections.first?.id)
        dialogue.actions = []
        let count = dialogue.perform { $0.disconnect(id, at: $1, into: &$2) }
        #expect(count == 1)
        #expect(dialogue.open.isEmpty)
        #expect(dialogue.tracker.connections.isEmpty)
        #expect(dialogue.events.count { if case .connectionClosed = $0 { true } else { false } } == 1)

        let resets = resets(dialogue)
        #expect(resets.map(\.flags) == [[.rst, .ack], [.rst, .ack]])
        #expect(resets.map(\.segment.tuple) == [snat.original, snat.reply])
        // What the server expects is what it has acknowledged, and the same for the client.
        #expect(resets.map(\.sequence) == [next.server.acknowledgement, next.client.acknowledgement])
        #expect(resets.map(\.acknowledgement) == [next.server.sequence, next.client.sequence])
    }

    @Test func `packets after a disconnection are answered with another RST`() throws {
        var dialogue = Dialogue.ready(snat)
        let id = try #require(dialogue.tracker.connections.first?.id)
        _ = dialogue.perform { $0.disconnect(id, at: $1, into: &$2) }
        for side in [Session.Side.client, .server] {
            dialogue.actions = []
            let packet = dialogue.segment(side, "NOOP\r\n".utf8)
            let arrival = try dialogue.arrival(packet)
            #expect(arrival.flags == [.rst, .ack], "its receiver gets one in place of the packet")
            let reset = try #require(resets(dialogue).first)
            #expect(reset.segment.tuple == (side == .client ? snat.reply : snat.original))
            #expect(reset.sequence == packet.acknowledgement)
        }
        // An RST is no packet to answer.
        dialogue.actions = []
        dialogue.transmit(dialogue.segment(.client, flags: [.rst]))
        #expect(resets(dialogue).isEmpty)
    }

    @Test func `an id that no session or two sessions have disconnects nothing`() throws {
        var dialogue = Dialogue.ready(snat)
        let id = try #require(dialogue.tracker.connections.first?.id)
        let none = dialogue.perform { $0.disconnect(id &+ 1, at: $1, into: &$2) }
        #expect(none == 0)
        let other = Dialogue(NATCase.all[3].mapping, tracker: dialogue.release())
        dialogue = other
        let two = dialogue.perform { $0.disconnect(id, at: $1, into: &$2) }
        #expect(two == 2)
        #expect(dialogue.tracker.connections.count == 2)
        #expect(resets(dialogue).isEmpty)
    }
}
