// SPDX-License-Identifier: GPL-2.0-or-later

/// Overwrites removed bytes, because they may contain a password.
///
/// An array that grows, shrinks or is freed leaves its old bytes in memory, where a memory disclosure could
/// reveal them.
extension [UInt8] {
    /// Reserves room for `count` more bytes, and wipes the old storage if the array moves.
    mutating func makeRoom(for count: Int) {
        guard capacity - self.count < count else { return }
        var larger: [UInt8] = []
        larger.reserveCapacity(Swift.max(2 * capacity, self.count + count))
        larger += self
        wipe()
        self = larger
    }

    /// Overwrites and removes all bytes; keeps the storage.
    mutating func wipe() {
        guard !isEmpty else { return }
        var bytes = mutableSpan
        bytes.update(repeating: 0)
        removeAll(keepingCapacity: true)
    }

    /// Overwrites and removes the first `count` bytes; there must be as many.
    mutating func wipeFirst(_ count: Int) {
        var bytes = mutableSpan
        for index in 0..<bytes.count - count { bytes[index] = bytes[index + count] }
        wipeLast(count)
    }

    /// Overwrites and removes the last `count` bytes; there must be as many.
    mutating func wipeLast(_ count: Int) {
        var bytes = mutableSpan
        for index in bytes.count - count..<bytes.count { bytes[index] = 0 }
        removeLast(count)
    }
}
