// SPDX-License-Identifier: GPL-2.0-or-later

/// A message of the stream of records, from a daemon to `pinhole sync` and from there to the other gateway.
///
/// On the wire it is a sequence of 64-bit words, little-endian:
///
///     word 0   bits 63-8  number of words after the first four
///              bits 7-0   kind
///     word 1   sequence: number of the change in the daemon's state file, or 0
///     word 2   first argument
///     word 3   second argument
///     then     the words
package struct Frame: Hashable, Sendable {
    /// What a message says, with its arguments and words.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Who speaks: the version of the protocol, and the newest version of records that it writes. Words: the oldest that it
        /// reads. From a daemon: its version of records, and the bytes of its state file's path as words.
        case hello = 1
        /// The time on the sender's monotonic clock, and of day, since 1970; both in nanoseconds. Versions before 9 of the
        /// records come with 0 for the time of day.
        case clock
        /// A snapshot begins: the term of the state file, and the version of its records. Words: the key of the rejected
        /// connections.
        case begin
        /// A record has replaced another one: the place of the older one, 0 if there was none, and of the newer one, 0 if the
        /// connection was removed. Words: the record.
        case kept
        /// Words of the rejected connections: the index of the first one.
        case rejected
        /// The snapshot is complete.
        case end
        /// The sender's daemon has ended.
        case gone
    }

    /// Version of this protocol.
    package static let protocolVersion: UInt64 = 1
    /// Words before those of the message.
    static let headerSize = 4
    /// Maximum number of words after the header: more than any record has.
    package static let maximumSize = 1 << 16

    package let kind: Kind
    package var sequence: UInt64 = 0
    package var first: UInt64 = 0
    package var second: UInt64 = 0
    package var words: [UInt64] = []

    package init(
        _ kind: Kind,
        sequence: UInt64 = 0,
        _ first: UInt64 = 0,
        _ second: UInt64 = 0,
        words: [UInt64] = []
    ) {
        self.kind = kind
        self.sequence = sequence
        self.first = first
        self.second = second
        self.words = words
    }

    /// Appends the message as it is on the wire.
    package func write(to bytes: inout [UInt8]) {
        bytes.append(UInt64(words.count) << 8 | UInt64(kind.rawValue))
        bytes.append(sequence)
        bytes.append(first)
        bytes.append(second)
        for word in words { bytes.append(word) }
    }

    /// A text as words, the inverse of `text`.
    package static func words(of text: String) -> [UInt64] {
        let bytes = Array(text.utf8)
        return StateFile.words(of: bytes + repeatElement(0, count: -bytes.count & 7))
    }

    /// The text that the words contain.
    package var text: String {
        let bytes = words.flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
