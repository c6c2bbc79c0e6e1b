// SPDX-License-Identifier: GPL-2.0-or-later

/// A TCP sequence number: a position in a stream, modulo 2^32 (RFC 9293, section 3.4).
///
/// Numbers are compared by their signed distance, so the order is right for numbers less than 2^31 apart. No
/// operation traps, whatever the network sends.
package struct SequenceNumber: Hashable, Sendable {
    /// The number in host order.
    package var value: UInt32

    package init(_ value: UInt32) { self.value = value }

    /// The number of bytes from `self` to `other`; negative if `other` comes first.
    package func distance(to other: SequenceNumber) -> Int {
        Int(Int32(bitPattern: other.value &- value))
    }

    /// Tells whether this position precedes `other`.
    package func isBefore(_ other: SequenceNumber) -> Bool { distance(to: other) > 0 }
    /// Tells whether this position follows `other`.
    package func isAfter(_ other: SequenceNumber) -> Bool { distance(to: other) < 0 }

    /// The position `count` bytes later, which may be negative.
    package static func + (position: SequenceNumber, count: Int) -> SequenceNumber {
        SequenceNumber(position.value &+ UInt32(truncatingIfNeeded: count))
    }

    /// The position `count` bytes earlier, which may be negative.
    package static func - (position: SequenceNumber, count: Int) -> SequenceNumber {
        SequenceNumber(position.value &- UInt32(truncatingIfNeeded: count))
    }

    /// The earlier of two positions.
    package static func earlier(_ one: SequenceNumber, _ other: SequenceNumber) -> SequenceNumber {
        one.isAfter(other) ? other : one
    }

    /// The later of two positions.
    package static func later(_ one: SequenceNumber, _ other: SequenceNumber) -> SequenceNumber {
        one.isAfter(other) ? one : other
    }
}
