// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

/// Keep-alives and window probes: segments before what the receiver expects, to which it has to answer.
@Suite struct ProbeTests {
    @Test(arguments: NATCase.all, [Session.Side.client, .server])
    func `a probe has the sequence number before the receiver's next one at any point of an announcement`(
        nat: NATCase,
        side: Session.Side
    ) {
        let other: Session.Side = side == .client ? .server : .client
        let (active, passive) = nat.transfers(5001)
        let line = Array((side == .client ? active.sent : passive.sent).utf8)
        for count in 1...line.count {
            var dialogue = Dialogue.ready(nat.mapping)
            if side == .server { dialogue.send(.client, passive.command) }
            dialogue.transmit(dialogue.segment(side, line[..<count]))
            dialogue.acknowledge(other)
            let expected = dialogue.segment(other).acknowledgement

            let probe = dialogue.transmit(dialogue.segment(side, offset: -1, flags: [.ack]))
            #expect(probe?.sequence == expected &- 1, "\(nat), behind \(count) bytes")
            #expect(probe?.text == "")

            let acknowledgement = dialogue.acknowledge(side)
            #expect(acknowledgement?.sequence == expected, "an acknowledgement is no probe")
        }
    }
}
