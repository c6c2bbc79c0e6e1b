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

    /// Makes the TCP checksum of a packet anew (RFC 9293, section 3.1; RFC 8200, section 8.1).
    ///
    /// Where the whole of the old packet is at hand use `updated`, which does not make a damaged packet look whole.
    ///
    /// - Parameters:
    ///   - packet: from its IP header on, as long as it is to be.
    ///   - segment: tells where its parts are.
    static func set(in packet: inout [UInt8], _ segment: Segment) {
        let tcp = segment.tcpOffset
        packet.put(UInt16(0), at: tcp + 16)
        let addresses = packet[0] >> 4 == 4 ? 12..<20 : 8..<40
        let sum =
            sum(packet.span, addresses) + 6 + UInt64(packet.count - tcp)
            + sum(packet.span, tcp..<packet.count)
        packet.put(fold(sum), at: tcp + 16)
    }

    /// The checksum after what it covers changed from a sum of `old` to one of `new`, neither with the checksum itself.
    ///
    /// A checksum that was wrong before stays wrong, so a packet damaged on its way is not made to look whole.
    package static func updated(_ checksum: UInt16, from old: UInt64, to new: UInt64) -> UInt16 {
        fold(UInt64(~checksum) &+ UInt64(fold(old)) &+ new)
    }
}
