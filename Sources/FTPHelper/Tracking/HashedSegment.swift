/// A control packet that has come, before it is its turn: what it says by itself.
///
/// The packets of a batch are all read first, so that `Tracker.fetch` knows what they will need.
package struct HashedSegment: Sendable {
    let segment: Segment
    /// Of its tuple, by which its connection is found.
    let hash: UInt32

    /// `nil` if the packet is none that can be followed.
    package init?(_ packet: Span<UInt8>) {
        guard let segment = try? Segment(parsing: packet) else { return nil }
        self.segment = segment
        hash = ConnectionTable.hash(segment.tuple)
    }
}
