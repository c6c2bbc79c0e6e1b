/// Commands that wait for their replies, first in first out: at most 64, in four bits each.
struct VerbQueue: Sendable {
    /// As many commands as may wait; those behind them count as unanswered.
    static let capacity = 64

    private var words: [4 of UInt64] = .init(repeating: 0)
    private var start: UInt8 = 0
    private var size: UInt8 = 0

    var count: Int { Int(size) }

    /// The command that is `index` places behind the oldest; `index` is less than `count`.
    subscript(index: Int) -> Verb {
        let place = (Int(start) + index) % VerbQueue.capacity
        return Verb(rawValue: UInt8(words[place / 16] >> UInt64(place % 16 * 4) & 0xf)) ?? .other
    }

    /// Adds a command; `false` if there is no place for it.
    mutating func append(_ verb: Verb) -> Bool {
        guard count < VerbQueue.capacity else { return false }
        let place = (Int(start) + count) % VerbQueue.capacity
        let shift = UInt64(place % 16 * 4)
        words[place / 16] = words[place / 16] & ~(0xf << shift) | UInt64(verb.rawValue) << shift
        size += 1
        return true
    }

    /// Takes the oldest `number` commands out; there are as many.
    mutating func removeFirst(_ number: Int) {
        start = UInt8((Int(start) + number) % VerbQueue.capacity)
        size -= UInt8(number)
    }

    mutating func removeAll() { size = 0 }
}
