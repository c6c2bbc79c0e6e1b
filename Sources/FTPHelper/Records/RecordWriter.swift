// SPDX-License-Identifier: GPL-2.0-or-later

/// Writes a record: values without gaps, each in as many bits as it needs.
///
/// Bits are collected in 64-bit words, because a record is written before each packet with payload is
/// forwarded.
struct RecordWriter {
    /// The complete words; all words after `finish`.
    private(set) var words: [UInt64] = []
    /// Bits of the incomplete word, the first in the lowest place, and their number.
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// Writes the lowest `count` bits of a number, 1 to 64; its other bits must be 0.
    ///
    /// Inlined, because it takes few instructions and a record calls it dozens of times.
    @inline(__always)
    mutating func put(_ value: some FixedWidthInteger & UnsignedInteger, bits count: Int) {
        let value = UInt64(truncatingIfNeeded: value)
        let sum = pendingCount &+ count
        pending |= value &<< UInt64(truncatingIfNeeded: pendingCount)
        pendingCount = sum & 63
        guard sum >= 64 else { return }
        words.append(pending)
        pending = value >> UInt64(truncatingIfNeeded: count &- pendingCount)
    }

    /// Pads the last word with zeros.
    mutating func finish() {
        guard pendingCount > 0 else { return }
        words.append(pending)
        pending = 0
        pendingCount = 0
    }

    /// Starts a new record; keeps the storage.
    mutating func clear() {
        words.removeAll(keepingCapacity: true)
        pending = 0
        pendingCount = 0
    }
}
