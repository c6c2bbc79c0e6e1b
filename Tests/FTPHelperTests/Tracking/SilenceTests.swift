import FTPHelper
import Testing

@Suite struct SilenceTests {
    @Test func `conntrack is asked about a silent connection, and told to keep an edited one`() {
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
        dialogue.tracker.learn(dialogue.mapping, isHelped: false, at: end, into: &dialogue.output)
        #expect(dialogue.output.actions == [.beLiberal(dialogue.mapping)])
    }

    @Test func `a silent connection that conntrack no longer has is forgotten with its expectation`() {
        var dialogue = Dialogue(NATCase.all[0].mapping)
        dialogue.logIn()
        dialogue.send(.client, "PORT 10,1,0,2,19,137\r\n")
        dialogue.output.clear()
        dialogue.tracker.forget(dialogue.mapping, at: dialogue.now, into: &dialogue.output)
        #expect(dialogue.tracker.expectationCount == 0)
        #expect(dialogue.tracker.connectionCount == 0)
        #expect(dialogue.tracker.nextDeadline == nil)
    }
}
