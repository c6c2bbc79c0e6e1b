// SPDX-License-Identifier: GPL-2.0-or-later

/// The first segment of a connection, as far as it matters whether it is the SYN of a data connection.
package struct SYN: Sendable {
    /// Addresses and ports of the packet, before NAT.
    package let tuple: Tuple
    /// Header bytes of each packet after the SYN, and of the SYN itself.
    let headerSize: Int
    let size: Int

    /// Reads a packet; `nil` if it is anything else.
    package init?(_ packet: Span<UInt8>) {
        guard let segment = try? Segment(parsing: packet) else { return nil }
        self.init(segment, packet)
    }

    /// Reads a packet that was already parsed; `nil` if it is anything else.
    package init?(_ arrival: HashedSegment, _ packet: Span<UInt8>) { self.init(arrival.segment, packet) }

    private init?(_ segment: Segment, _ packet: Span<UInt8>) {
        guard segment.flags.contains(.syn), !segment.flags.contains(.ack) else { return nil }
        tuple = segment.tuple
        // The options of the SYN determine the header size.
        headerSize = segment.tcpOffset + 20 + (segment.hasTimeStamps(in: packet) ? 12 : 0)
        size = segment.payloadOffset
    }
}
