// SPDX-License-Identifier: GPL-2.0-or-later

/// Takes whole messages out of a stream of bytes.
package struct FrameReader {
    private var bytes: [UInt8] = []
    /// How many of the bytes were taken already.
    private var taken = 0

    /// What arrives is no message: the sender is something else, or of another version.
    package struct Malformed: Error {}

    package init() {}

    /// Lets `read` append bytes that have arrived.
    package mutating func fill<Failure, Result>(
        _ read: (inout [UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Most of the time everything was taken.
        bytes.removeFirst(taken)
        taken = 0
        return try read(&bytes)
    }

    /// The next message; `nil` until all of it has arrived.
    package mutating func next() throws(Malformed) -> Frame? {
        guard let head = word(0) else { return nil }
        guard let kind = Frame.Kind(rawValue: UInt8(truncatingIfNeeded: head)),
            case let count = head >> 8, count <= Frame.maximumSize
        else { throw Malformed() }
        let size = Frame.headerSize + Int(count)
        guard bytes.count - taken >= size * 8, let sequence = word(1), let first = word(2),
            let second = word(3)
        else { return nil }
        let words = (Frame.headerSize..<size).map { word($0) ?? 0 }
        taken += size * 8
        return Frame(kind, sequence: sequence, first, second, words: words)
    }

    /// Takes a line out of the stream, without its line feed; `nil` until all of it has arrived.
    package mutating func takeLine() -> String? {
        guard let end = bytes[taken...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { taken = end + 1 }
        return String(decoding: bytes[taken..<end], as: UTF8.self)
    }

    /// A word of the next message; `nil` if it has not arrived.
    private func word(_ index: Int) -> UInt64? {
        let start = taken + index * 8
        guard start + 8 <= bytes.count else { return nil }
        return (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
}
