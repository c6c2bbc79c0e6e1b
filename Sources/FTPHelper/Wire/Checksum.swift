/// The ones' complement sum of IP and TCP (RFC 1071), and its update when a part changes (RFC 1624).
package enum Checksum {
    /// The sum of the bytes in `range` as 16-bit words, an odd last byte counting as the high half of a word.
    package static func sum(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var total: UInt64 = 0
        var index = range.lowerBound
        while index + 1 < range.upperBound {
            total &+= UInt64(bytes[index]) << 8 | UInt64(bytes[index + 1])
            index += 2
        }
        if index < range.upperBound { total &+= UInt64(bytes[index]) << 8 }
        return total
    }

    /// The 16-bit ones' complement of a sum: what stands in a header.
    package static func fold(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xffff { sum = (sum & 0xffff) &+ (sum >> 16) }
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// The checksum after what it covers changed from a sum of `old` to one of `new`, neither with the checksum itself.
    ///
    /// A checksum that was wrong before stays wrong, so a packet damaged on its way is not made to look whole.
    package static func updated(_ checksum: UInt16, from old: UInt64, to new: UInt64) -> UInt16 {
        fold(UInt64(~checksum) &+ UInt64(fold(old)) &+ new)
    }
}
