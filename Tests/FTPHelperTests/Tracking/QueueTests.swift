@testable import FTPHelper
import Testing

@Suite struct QueueTests {
    @Test func `what goes in first comes out first, however it is mixed`() {
        for seed: UInt64 in 0..<50 {
            var random = Seeded(state: seed)
            var queue = Queue<Int>()
            var model: [Int] = []
            for number in 0..<500 {
                if random.next() % 5 < 2 {
                    queue.append(number)
                    model.append(number)
                } else if random.next() % 3 > 0 || model.count > 20 {
                    queue.removeFirst()
                    if !model.isEmpty { model.removeFirst() }
                }
                #expect(queue.first == model.first && queue.count == model.count)
            }
        }
    }
}
