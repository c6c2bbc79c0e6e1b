// SPDX-License-Identifier: GPL-2.0-or-later

/// What an attacker decides, a byte for each decision; once they have run out the attack is over.
struct Choices {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isOver: Bool { index >= bytes.count }

    /// The next decision among so many; the first one if none is left.
    mutating func next(of count: Int) -> Int {
        guard index < bytes.count else { return 0 }
        index += 1
        return Int(bytes[index - 1]) % count
    }

    mutating func next<Element>(of elements: [Element]) -> Element { elements[next(of: elements.count)] }

    /// Tells whether one of `count` cases is the one.
    mutating func isOne(of count: Int) -> Bool { next(of: count) == count - 1 }

    /// The next bytes as they are, as many as there are.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(index + count, bytes.count)
        defer { index = end }
        return Array(bytes[index..<end])
    }
}
