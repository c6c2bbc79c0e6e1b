/// What the frames of a capture begin with, and so where the IP packet is in them.
///
/// Accepted, with the numbers that libpcap has for them (`DLT_...`):
/// - Ethernet (1) with any number of VLAN tags (802.1Q, 802.1ad, the older 0x9100);
/// - Linux cooked capture, version 1 (113) and 2 (276), also with tags;
/// - BSD loopback, whose address family is in the byte order of whichever host wrote it (0) or of the network (108);
/// - bare IP (12, 14 and 101, IPv4 alone 228, IPv6 alone 229).
///
/// Refused, for example: IEEE 802.11 (105); an Ethernet frame with a length (802.3) instead of a type; PPPoE, MPLS and tunnels,
/// whose packets are not those that a gateway's firewall sees.
package enum LinkType: Hashable, Sendable {
    case ethernet
    case cooked
    case cookedVersion2
    case loopback
    case bare

    /// `nil` for a number of libpcap's that is none of these.
    package init?(_ number: Int32) {
        switch number {
        case 1: self = .ethernet
        case 113: self = .cooked
        case 276: self = .cookedVersion2
        case 0, 108: self = .loopback
        case 12, 14, 101, 228, 229: self = .bare
        default: return nil
        }
    }

    /// The part of a frame that is an IP packet, with what padding may follow; `nil` if there is none.
    package func packet(in frame: Span<UInt8>) -> Range<Int>? {
        switch self {
        case .ethernet: LinkType.payload(of: frame, type: 12, from: 14)
        case .cooked: LinkType.payload(of: frame, type: 14, from: 16)
        case .cookedVersion2: LinkType.payload(of: frame, type: 0, from: 20)
        case .loopback: LinkType.isInternet(frame) ? 4..<frame.count : nil
        case .bare: frame.isEmpty ? nil : 0..<frame.count
        }
    }

    /// What comes behind a link header with an EtherType, and behind the tags.
    private static func payload(of frame: Span<UInt8>, type: Int, from start: Int) -> Range<Int>? {
        var type = frame.uint16(at: type)
        var start = start
        // Each tag takes four bytes, and where there are none left there is no type.
        while let tag = type, tag == 0x8100 || tag == 0x88a8 || tag == 0x9100 {
            type = frame.uint16(at: start + 2)
            start += 4
        }
        guard type == 0x0800 || type == 0x86dd, start < frame.count else { return nil }
        return start..<frame.count
    }

    /// Tells whether the address family of a loopback frame is IPv4 or IPv6, as the systems number them.
    private static func isInternet(_ frame: Span<UInt8>) -> Bool {
        guard frame.count > 4, let family = frame.uint32(at: 0) else { return false }
        // A family is a small number, so either byte order can be told from the other.
        switch family < 0x10000 ? family : family.byteSwapped {
        case 2,  // AF_INET, everywhere
            10,  // AF_INET6 of Linux
            23,  // Windows
            24,  // NetBSD, OpenBSD
            28,  // FreeBSD
            30:  // macOS
            return true
        default: return false
        }
    }
}
