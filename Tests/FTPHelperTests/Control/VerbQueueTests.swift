// SPDX-License-Identifier: GPL-2.0-or-later
import Testing

@testable import FTPHelper

@Suite struct VerbQueueTests {
    @Test func `commands leave in the order in which they came, for any number of them`() {
        var queue = VerbQueue()
        var waiting: [Verb] = []
        var most = 0
        var forgotten = 0
        var random = Seeded(state: 1)
        for round in 0..<2000 {
            // It fills up and becomes empty by turns.
            for _ in 0..<Int.random(in: 0...(round / 100 % 2 == 0 ? 9 : 3), using: &random) {
                let verb = Verb(rawValue: .random(in: 0...12, using: &random)) ?? .other
                queue.append(verb)
                waiting.append(verb)
                if waiting.count > VerbQueue.capacity {
                    waiting.removeFirst()
                    forgotten += 1
                }
            }
            most = max(most, queue.count)
            let count = Int.random(in: 0...min(waiting.count, round / 100 % 2 == 0 ? 3 : 9), using: &random)
            #expect(Int(queue.forgotten) == forgotten)
            if count > 0 {
                queue.remove(before: count)
                waiting.removeFirst(count)
                forgotten = 0
            }
            #expect((0..<queue.count).map { queue[$0] } == waiting)
        }
        #expect(most == VerbQueue.capacity)
    }

    @Test(arguments: [1, 15, 16, 40])
    func `a command answered out of order leaves together with the oldest`(index: Int) {
        var queue = VerbQueue()
        for _ in 0..<50 { queue.append(.retr) }
        queue.answer(index)
        #expect(queue[index] == .answered && queue.count == 50)
        queue.remove(through: index - 1)
        #expect(queue.count == 50 - index - 1 && queue[0] == .retr)
    }

    @Test func `forgotten commands are answered first`() {
        var queue = VerbQueue()
        for _ in 0..<66 { queue.append(.pasv) }
        #expect(queue.answerForgotten() && queue.answerForgotten() && !queue.answerForgotten())
        #expect(queue.count == 64)
    }
}
