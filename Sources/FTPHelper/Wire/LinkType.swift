// SPDX-License-Identifier: GPL-2.0-or-later

/// The link type of a capture, which determines where a frame's IP packet starts.
///
/// Accepted, with libpcap's numbers (`DLT_...`):
/// - Ethernet (1) with any number of VLAN tags (802.1Q, 802.1ad, 0x9100);
/// - Linux cooked capture, version 1 (113) and 2 (276), also with VLAN tags;
/// - BSD loopback, with the address family in the byte order of the capturing host (0) or in network byte
///   order (108);
/// - raw IP (12, 14, 101; IPv4 only 228; IPv6 only 229).
///
/// Refused, for example: IEEE 802.11 (105); an Ethernet frame with a length (802.3) instead of a type; PPPoE,
/// MPLS and tunnels, because a gateway's firewall does not see the packets inside.
package enum LinkType: Hashable, Sendable {
    case ethernet
    case cooked
    case cookedVersion2
    case loopback
    case bare

    /// Returns `nil` for a link type that is not supported.
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

    /// The offsets of the IP packet in a frame, including any padding behind it; `nil` if there is none.
    package func packet(in frame: Span<UInt8>) -> Range<Int>? {
        switch self {
        case .ethernet: LinkType.payload(of: frame, type: 12, from: 14)
        case .cooked: LinkType.payload(of: frame, type: 14, from: 16)
        case .cookedVersion2: LinkType.payload(of: frame, type: 0, from: 20)
        case .loopback: LinkType.isInternet(frame) ? 4..<frame.count : nil
        case .bare: frame.isEmpty ? nil : 0..<frame.count
        }
    }

    /// The payload of a frame with an EtherType, behind any VLAN tags.
    private static func payload(of frame: Span<UInt8>, type: Int, from start: Int) -> Range<Int>? {
        var type = frame.uint16(at: type)
        var start = start
        // Each tag takes four bytes, and the frame ends at some point, so the loop ends.
        while let tag = type, tag == 0x8100 || tag == 0x88a8 || tag == 0x9100 {
            type = frame.uint16(at: start + 2)
            start += 4
        }
        guard type == 0x0800 || type == 0x86dd, start < frame.count else { return nil }
        return start..<frame.count
    }

    /// Tells whether the address family of a loopback frame is IPv4 or IPv6, by the numbers of the common
    /// systems.
    private static func isInternet(_ frame: Span<UInt8>) -> Bool {
        guard frame.count > 4, let family = frame.uint32(at: 0) else { return false }
        // A family is a small number, so the two byte orders can be told apart.
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
