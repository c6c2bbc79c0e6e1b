/// Commands that wait for their replies, first in first out: at most 64, of which 16 take no memory of their own.
///
/// Of more than 64 the oldest are forgotten; how many of these there are is kept, since their replies come first.
struct VerbQueue: Sendable {
    /// As many commands as are known at a time.
    static let capacity = 64
    private static let inlineCapacity = 16

    /// The oldest, four bits each, the first the lowest; 0 where there is none.
    private var oldest: UInt64 = 0
    /// Those behind them.
    private var others: [Verb] = []
    private var size: UInt8 = 0
    /// How many commands before the oldest wait for replies.
    var forgotten: UInt16 = 0

    var count: Int { Int(size) }

    /// The command that is `index` places behind the oldest; `index` is less than `count`.
    subscript(index: Int) -> Verb {
        guard index < VerbQueue.inlineCapacity else { return others[index - VerbQueue.inlineCapacity] }
        return Verb(rawValue: UInt8(oldest >> UInt64(index * 4) & 0xf)) ?? .other
    }

    /// Adds a command; where there is no place for it, the oldest gives way.
    mutating func append(_ verb: Verb) {
        if count == VerbQueue.capacity {
            dropFirst(1)
            if forgotten < .max { forgotten += 1 }
        }
        if count < VerbQueue.inlineCapacity {
            oldest |= UInt64(verb.rawValue) << UInt64(count * 4)
        } else {
            others.append(verb)
        }
        size += 1
    }

    /// Takes a command that has been answered out, and those before it, which then count as unanswered.
    mutating func remove(through index: Int) {
        forgotten = 0
        dropFirst(index + 1)
    }

    /// Counts those before a command as unanswered.
    mutating func remove(before index: Int) {
        forgotten = 0
        dropFirst(index)
    }

    /// One that was forgotten has been answered; `false` if there is none.
    mutating func answerForgotten() -> Bool {
        guard forgotten > 0 else { return false }
        forgotten -= 1
        return true
    }

    /// A command behind the oldest has been answered.
    mutating func answer(_ index: Int) {
        if index < VerbQueue.inlineCapacity {
            oldest &= ~(0xf << UInt64(index * 4))
            oldest |= UInt64(Verb.answered.rawValue) << UInt64(index * 4)
        } else {
            others[index - VerbQueue.inlineCapacity] = .answered
        }
    }

    mutating func removeAll() { self = VerbQueue() }

    /// The one that is the oldest then still waits for its reply.
    private mutating func dropFirst(_ number: Int) {
        var rest = number
        while rest > 0 || count > 0 && self[0] == .answered {
            rest -= 1
            oldest >>= 4
            if !others.isEmpty {
                oldest |= UInt64(others.removeFirst().rawValue) << UInt64((VerbQueue.inlineCapacity - 1) * 4)
            }
            size -= 1
        }
    }
}
