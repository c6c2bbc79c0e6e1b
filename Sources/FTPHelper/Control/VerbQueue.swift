/// Commands that wait for their replies, first in first out: at most 64, of which 16 take no memory of their own.
struct VerbQueue: Sendable {
    /// As many commands as may wait; those behind them count as unanswered.
    static let capacity = 64
    private static let inlineCapacity = 16

    /// The oldest, four bits each, the first the lowest; 0 where there is none.
    private var oldest: UInt64 = 0
    /// Those behind them.
    private var others: [Verb] = []
    private var size: UInt8 = 0

    var count: Int { Int(size) }

    /// The command that is `index` places behind the oldest; `index` is less than `count`.
    subscript(index: Int) -> Verb {
        guard index < VerbQueue.inlineCapacity else { return others[index - VerbQueue.inlineCapacity] }
        return Verb(rawValue: UInt8(oldest >> UInt64(index * 4) & 0xf)) ?? .other
    }

    /// Adds a command; `false` if there is no place for it.
    mutating func append(_ verb: Verb) -> Bool {
        guard count < VerbQueue.capacity else { return false }
        if count < VerbQueue.inlineCapacity {
            oldest |= UInt64(verb.rawValue) << UInt64(count * 4)
        } else {
            others.append(verb)
        }
        size += 1
        return true
    }

    /// Takes the oldest `number` commands out; there are as many.
    mutating func removeFirst(_ number: Int) {
        for _ in 0..<number {
            oldest >>= 4
            if !others.isEmpty {
                oldest |= UInt64(others.removeFirst().rawValue) << UInt64((VerbQueue.inlineCapacity - 1) * 4)
            }
            size -= 1
        }
    }

    mutating func removeAll() { self = VerbQueue() }
}
