// SPDX-License-Identifier: GPL-2.0-or-later

/// The header of an IPv4 or IPv6 packet, including options or extension headers (RFC 791, RFC 8200).
///
/// Error messages quote only the beginning of a packet, so the length in the header is not checked against
/// the bytes that are there. Parsing fails if the header itself is incomplete or the version is neither 4 nor
/// 6. In IPv6, the chain of extension headers ends at the first one that is not hop-by-hop options, routing,
/// fragment or destination options; its number is then `content`.
struct IPHeader: Sendable {
    let source: IPAddress
    let destination: IPAddress
    /// Protocol number of the content.
    let content: UInt8
    /// Size of the header in bytes, including options or extension headers.
    ///
    /// The content starts at this offset.
    let size: Int
    /// Size of the whole packet in bytes, as the header gives it.
    let total: Int
    /// Offset of this fragment in the datagram, in units of 8 bytes.
    private(set) var fragmentOffset: UInt16 = 0
    /// Set if more fragments follow.
    private(set) var hasMoreFragments = false

    init?(parsing bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return nil }
        switch bytes[0] >> 4 {
        case 4:
            size = Int(bytes[0] & 0x0f) * 4
            guard size >= 20, bytes.count >= size, let total = bytes.uint16(at: 2),
                let fragment = bytes.uint16(at: 6), let from = bytes.uint32(at: 12),
                let to = bytes.uint32(at: 16)
            else { return nil }
            (source, destination) = (.v4(from), .v4(to))
            content = bytes[9]
            self.total = Int(total)
            fragmentOffset = fragment & 0x1fff
            hasMoreFragments = fragment & 0x2000 != 0
        case 6:
            guard let length = bytes.uint16(at: 4), let fromHigh = bytes.uint64(at: 8),
                let fromLow = bytes.uint64(at: 16), let toHigh = bytes.uint64(at: 24),
                let toLow = bytes.uint64(at: 32)
            else { return nil }
            source = .v6(high: fromHigh, low: fromLow)
            destination = .v6(high: toHigh, low: toLow)
            total = Int(length) + 40
            var next = bytes[6]
            var offset = 40
            // Each extension header is at least 8 bytes long, so the loop ends (RFC 8200, section 4).
            while [0, 43, 44, 60].contains(next) {
                guard offset + 8 <= bytes.count else { return nil }
                if next == 44 {
                    let fragment = bytes.uint16(at: offset + 2) ?? 0
                    fragmentOffset = fragment >> 3
                    hasMoreFragments = fragment & 1 != 0
                    next = bytes[offset]
                    offset += 8
                } else {
                    next = bytes[offset]
                    offset += (Int(bytes[offset + 1]) + 1) * 8
                }
            }
            guard offset <= bytes.count else { return nil }
            content = next
            size = offset
        default:
            return nil
        }
    }
}
