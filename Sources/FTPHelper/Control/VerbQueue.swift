// SPDX-License-Identifier: GPL-2.0-or-later

/// A queue of the commands that wait for their replies: at most 64, of which the first 16 need no allocation.
///
/// If there are more, the oldest are forgotten, but their number is kept, because their replies come first.
struct VerbQueue: Sendable {
    /// Maximum number of queued commands.
    static let capacity = 64
    private static let inlineCapacity = 16

    /// The oldest 16 commands, four bits each, the oldest in the lowest bits; 0 in unused places.
    private var oldest: UInt64 = 0
    /// The commands behind these.
    private var others: [Verb] = []
    private var size: UInt8 = 0
    /// Number of forgotten commands, which precede the oldest queued one.
    var forgotten: UInt16 = 0

    var count: Int { Int(size) }

    /// The command `index` places behind the oldest; `index` must be less than `count`.
    subscript(index: Int) -> Verb {
        guard index < VerbQueue.inlineCapacity else { return others[index - VerbQueue.inlineCapacity] }
        return Verb(rawValue: UInt8(oldest >> UInt64(index * 4) & 0xf)) ?? .other
    }

    /// Appends a command; forgets the oldest one if the queue is full.
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

    /// Removes an answered command and those in front of it, which count as unanswered.
    mutating func remove(through index: Int) {
        forgotten = 0
        dropFirst(index + 1)
    }

    /// Removes the commands in front of one; they count as unanswered.
    mutating func remove(before index: Int) {
        forgotten = 0
        dropFirst(index)
    }

    /// Counts one forgotten command as answered; returns `false` if there is none.
    mutating func answerForgotten() -> Bool {
        guard forgotten > 0 else { return false }
        forgotten -= 1
        return true
    }

    /// Marks a command behind the oldest as answered.
    mutating func answer(_ index: Int) {
        if index < VerbQueue.inlineCapacity {
            oldest &= ~(0xf << UInt64(index * 4))
            oldest |= UInt64(Verb.answered.rawValue) << UInt64(index * 4)
        } else {
            others[index - VerbQueue.inlineCapacity] = .answered
        }
    }

    mutating func removeAll() { self = VerbQueue() }

    /// Removes entries from the front, and all answered ones that follow them.
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
