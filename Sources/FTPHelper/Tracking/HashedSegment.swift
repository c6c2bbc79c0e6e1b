// SPDX-License-Identifier: GPL-2.0-or-later

/// A parsed control packet with the hash of its tuple.
///
/// All packets of a batch are parsed first, so that `Tracker.prefetch` knows what they need.
package struct HashedSegment: Sendable {
    let segment: Segment
    /// Hash of the tuple, by which the connection is found.
    let hash: UInt32
    /// The interface through which the packet arrived; 0 if it does not matter, for example for packets of
    /// this host.
    let interface: UInt32

    package var tuple: Tuple { segment.tuple }

    /// Tells whether the packet is a SYN-ACK.
    package var isHandshake: Bool { segment.flags.contains([.syn, .ack]) }

    /// Tells whether the packet is a SYN or a SYN-ACK.
    package var isBeginning: Bool { segment.flags.contains(.syn) }

    /// Parses a packet; `nil` if it is not a TCP segment that can be followed.
    package init?(_ packet: Span<UInt8>, from interface: UInt32 = 0) {
        guard let segment = try? Segment(parsing: packet) else { return nil }
        self.segment = segment
        self.interface = interface
        hash = ConnectionTable.hash(segment.tuple)
    }
}
