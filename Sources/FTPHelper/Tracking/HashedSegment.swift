/// A control packet that has come, before it is its turn: what it says by itself.
///
/// The packets of a batch are all read first, so that `Tracker.prefetch` knows what they will need.
package struct HashedSegment: Sendable {
    let segment: Segment
    /// Of its tuple, by which its connection is found.
    let hash: UInt32
    /// The interface that it came in by; 0 if that does not matter, as of what this host sends itself.
    let interface: UInt32

    package var tuple: Tuple { segment.tuple }

    /// Tells whether it is a SYN-ACK.
    package var isHandshake: Bool { segment.flags.contains([.syn, .ack]) }

    /// Tells whether it is one of those that begin a connection, a SYN or a SYN-ACK.
    package var isBeginning: Bool { segment.flags.contains(.syn) }

    /// `nil` if the packet is none that can be followed.
    package init?(_ packet: Span<UInt8>, from interface: UInt32 = 0) {
        guard let segment = try? Segment(parsing: packet) else { return nil }
        self.segment = segment
        self.interface = interface
        hash = ConnectionTable.hash(segment.tuple)
    }
}
