// SPDX-License-Identifier: GPL-2.0-or-later

/// Reads numbers in network byte order, with every index checked.
extension Span<UInt8> {
    /// The 16-bit number at `offset`, or `nil` if it is not all there.
    func uint16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= count - 2 else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The 32-bit number at `offset`, or `nil` if it is not all there.
    func uint32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= count - 4 else { return nil }
        return UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16
            | UInt32(self[offset + 2]) << 8 | UInt32(self[offset + 3])
    }

    /// The 64-bit number at `offset`, or `nil` if it is not all there.
    func uint64(at offset: Int) -> UInt64? {
        guard let high = uint32(at: offset), let low = uint32(at: offset + 4) else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }
}

extension [UInt8] {
    /// Writes a 16-bit number over the two bytes at `offset`, which must be there.
    mutating func put(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Writes a 32-bit number over the four bytes at `offset`, which must be there.
    mutating func put(_ value: UInt32, at offset: Int) {
        put(UInt16(truncatingIfNeeded: value >> 16), at: offset)
        put(UInt16(truncatingIfNeeded: value), at: offset + 2)
    }

    /// Appends `count` bytes of `source` from `offset` on, which must be there.
    mutating func append(_ source: Span<UInt8>, from offset: Int, count: Int) {
        makeRoom(for: count)
        append(addingCapacity: count) { room in
            for index in offset..<offset + count { room.append(source[index]) }
        }
    }
}
