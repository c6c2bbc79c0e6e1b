// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct SilenceTests {
    @Test func `conntrack is asked about a silent connection and told to keep an edited one`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.send(.server, "500 no\r\n")
        dialogue.actions.removeAll()

        // Well within the 300 s that conntrack leaves a connection whose data it thinks unacknowledged.
        let end = dialogue.now.advanced(bySeconds: 150)
        while let deadline = dialogue.tracker.nextDeadline, deadline <= end {
            dialogue.output.clear()
            dialogue.tracker.fire(at: deadline, into: &dialogue.output)
            dialogue.actions += dialogue.output.actions
        }
        #expect(dialogue.actions == [.verify(dialogue.mapping)])

        dialogue.output.clear()
        dialogue.tracker.learn(
            dialogue.mapping,
            hasKernelHelper: false,
            phase: .established,
            at: end,
            into: &dialogue.output
        )
        #expect(dialogue.output.actions == [.beLiberal(dialogue.mapping)])
    }

    @Test
    func `an edited connection is kept no longer than others if an end is closing or gone`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.now = dialogue.now.advanced(bySeconds: 400_000)
        var isKept = self.isKept(in: &dialogue)
        #expect(isKept)
        dialogue.now = dialogue.now.advanced(bySeconds: 40_000)
        isKept = self.isKept(in: &dialogue)
        #expect(!isKept)
        dialogue.send(.client, "NOOP\r\n")
        isKept = self.isKept(in: &dialogue)
        #expect(isKept)
        dialogue.transmit(dialogue.segment(.client, "".utf8, flags: [.fin, .ack]))
        isKept = self.isKept(in: &dialogue)
        #expect(!isKept)
    }

    /// Returns whether conntrack, which still has the connection, is told to keep it.
    private func isKept(in dialogue: inout Dialogue) -> Bool {
        dialogue.output.clear()
        dialogue.tracker.learn(
            dialogue.mapping,
            hasKernelHelper: false,
            phase: .established,
            at: dialogue.now,
            into: &dialogue.output
        )
        return dialogue.output.actions == [.beLiberal(dialogue.mapping)]
    }

    @Test func `an edited connection that conntrack has lost is kept for two hours of silence`() {
        var dialogue = Dialogue(NATCase.all[1].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        let start = dialogue.now
        var hours: [Double] = []
        // Conntrack, whenever it is asked, has nothing.
        while let deadline = dialogue.tracker.nextDeadline {
            dialogue.now = deadline
            dialogue.perform { $0.fire(at: $1, into: &$2) }
            guard dialogue.output.actions.contains(.verify(dialogue.mapping)) else { continue }
            dialogue.perform { [mapping = dialogue.mapping] in
                $0.complete(.verified(mapping, .gone), at: $1, into: &$2)
            }
            #expect(dialogue.tracker.expectationCount == 0)
            hours.append(start.seconds(until: deadline) / 3600)
            guard hours.count == 20 else { continue }
            // It has it again with the next packet, whose number is translated as ever.
            let packet = dialogue.segment(.client, "NOOP\r\n".utf8)
            #expect(dialogue.transmit(packet)?.sequence != packet.sequence)
        }
        #expect(dialogue.tracker.connectionCount == 0)
        #expect(hours[19] < 1 && hours.last.map { $0 > 2.4 && $0 < 3 } == true, "\(hours)")
    }

    @Test
    func
        `an expectation closes when conntrack no longer has its connection, which may find that again for two hours`()
    {
        var dialogue = Dialogue(NATCase.all[0].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.output.clear()
        dialogue.tracker.complete(
            .verified(dialogue.mapping, .gone),
            at: dialogue.now,
            into: &dialogue.output
        )
        #expect(dialogue.tracker.expectationCount == 0)
        #expect(dialogue.tracker.connectionCount == 1)
        dialogue.now = dialogue.now.advanced(bySeconds: 7200)
        dialogue.tracker.complete(
            .verified(dialogue.mapping, .gone),
            at: dialogue.now,
            into: &dialogue.output
        )
        #expect(dialogue.tracker.connectionCount == 0)
        #expect(dialogue.tracker.nextDeadline == nil)
    }
}
