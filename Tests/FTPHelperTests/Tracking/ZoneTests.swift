// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Connections with the same addresses and ports, in conntrack zones that tell them apart.
@Suite struct ZoneTests {
    /// The same connection in another zone.
    private func zoned(_ mapping: Mapping, _ original: UInt16, _ reply: UInt16) -> Mapping {
        var mapping = mapping
        mapping.original.zone = original
        mapping.reply.zone = reply
        return mapping
    }

    @Test(arguments: [(0, 0), (5, 5), (5, 0)] as [(UInt16, UInt16)], NATCase.all)
    func `each zone has its own session, edits and sequence numbers`(_ zones: (UInt16, UInt16), nat: NATCase)
    {
        let one = zoned(nat.mapping, zones.0, zones.1)
        let other = zoned(nat.mapping, 6, 6)
        let transfer = nat.transfers(5001).active
        var first = Dialogue(one)
        first.logIn()
        first.send(.client, transfer.sent)
        let position = first.sent
        var second = Dialogue(other, tracker: first.release(), initial: 0x4000_0000)
        second.logIn()
        #expect(second.tracker.connections.count == 2)
        #expect(second.tracker.expectations.map(\.master) == [one.original])
        #expect(second.received.server == "USER anonymous\r\nPASS secret\r\n")

        // A packet of the first connection, whose packets are still translated as before.
        var late = PacketBuilder(
            tuple: nat.mapping.original,
            sequence: position.client,
            acknowledgement: position.server,
            flags: [.ack, .psh],
            payload: Array("NOOP\r\n".utf8)
        )
        let shift = transfer.read.utf8.count - transfer.sent.utf8.count
        let arrival = second.carry(late)
        #expect(arrival?.segment.sequence.value == position.client &+ UInt32(truncatingIfNeeded: shift))
        // And one of neither.
        late.sequence &+= 0x2000_0000
        #expect(second.carry(late)?.segment.sequence.value == late.sequence)
        #expect(second.send(.client, "NOOP\r\n") == "NOOP\r\n")
        #expect(second.tracker.connections.allSatisfy { $0.state == .ready })
    }

    @Test(arguments: [(5, 5), (5, 0), (0, 5)] as [(UInt16, UInt16)])
    func `a pinhole is in the zone of its connection`(_ zones: (UInt16, UInt16)) {
        let mapping = zoned(NATCase.all[0].mapping, zones.0, zones.1)
        var dialogue = Dialogue.ready(mapping)
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        #expect(dialogue.tracker.expectations.map(\.zone) == [zones.1])
        dialogue.send(.server, "200 ok\r\n")
        dialogue.send(.client, "EPSV\r\n")
        dialogue.send(.server, "229 ok (|||5001|)\r\n")
        #expect(dialogue.tracker.expectations.map(\.zone) == [zones.0])
        #expect(dialogue.tracker.expectations.map(\.master) == [mapping.original])
    }
}
