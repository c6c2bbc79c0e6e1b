// SPDX-License-Identifier: GPL-2.0-or-later

/// The Internet checksum of IP and TCP (RFC 1071) and its incremental update (RFC 1624).
package enum Checksum {
    /// Adds up the bytes in `range` as big-endian 16-bit words.
    ///
    /// An odd last byte counts as the high half of a word.
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

    /// Folds a sum to 16 bits and complements it.
    ///
    /// The result is what a header contains.
    package static func fold(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xffff { sum = (sum & 0xffff) &+ (sum >> 16) }
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// Computes the TCP checksum of a packet from scratch (RFC 9293, section 3.1; RFC 8200, section 8.1).
    ///
    /// Use `updated` instead if the complete original packet is available: it does not give a damaged packet
    /// a valid checksum.
    ///
    /// - Parameters:
    ///   - packet: the packet from its IP header on, with its final length.
    ///   - segment: the offsets of the packet's headers.
    static func set(in packet: inout [UInt8], _ segment: Segment) {
        let tcp = segment.tcpOffset
        packet.put(UInt16(0), at: tcp + 16)
        let addresses = packet[0] >> 4 == 4 ? 12..<20 : 8..<40
        let sum =
            sum(packet.span, addresses) + 6 + UInt64(packet.count - tcp)
            + sum(packet.span, tcp..<packet.count)
        packet.put(fold(sum), at: tcp + 16)
    }

    /// Returns the checksum after the sum of the covered bytes changed from `old` to `new`, neither including
    /// the checksum field.
    ///
    /// An invalid checksum stays invalid, so a packet that was damaged on its way is not made to look intact.
    package static func updated(_ checksum: UInt16, from old: UInt64, to new: UInt64) -> UInt16 {
        fold(UInt64(~checksum) &+ UInt64(fold(old)) &+ new)
    }
}
