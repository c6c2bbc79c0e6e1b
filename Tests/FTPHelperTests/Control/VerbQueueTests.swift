import Testing

@testable import FTPHelper

@Suite struct VerbQueueTests {
    @Test func `commands leave in the order in which they came, however many wait`() {
        var queue = VerbQueue()
        var waiting: [Verb] = []
        var most = 0
        var random = Seeded(state: 1)
        for round in 0..<2000 {
            // It fills up and becomes empty by turns.
            for _ in 0..<Int.random(in: 0...(round / 100 % 2 == 0 ? 9 : 3), using: &random) {
                let verb = Verb(rawValue: .random(in: 0...12, using: &random)) ?? .other
                let isTaken = queue.append(verb)
                #expect(isTaken == (waiting.count < VerbQueue.capacity))
                if isTaken { waiting.append(verb) }
            }
            most = max(most, queue.count)
            let count = Int.random(in: 0...min(waiting.count, round / 100 % 2 == 0 ? 3 : 9), using: &random)
            queue.removeFirst(count)
            waiting.removeFirst(count)
            #expect((0..<queue.count).map { queue[$0] } == waiting)
        }
        #expect(most == VerbQueue.capacity)
    }
}
