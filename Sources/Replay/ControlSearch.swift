// SPDX-License-Identifier: GPL-2.0-or-later
import Captures
import FTPHelper

/// Finds control connections on any port by their contents.
///
/// The packets of an undecided connection are buffered, so that its first lines are not lost if it is a control connection.
struct ControlSearch {
    /// A buffered packet and its frame.
    struct Packet {
        let bytes: [UInt8]
        let frame: CaptureFile.Frame
    }

    /// A control connection: the tuple of its client's packets, and all its packets so far.
    struct Finding {
        let client: Tuple
        let packets: [Packet]
    }

    private enum Standing {
        /// Undecided; `size` is the memory that the packets take, in bytes.
        case undecided(Candidate, [Packet], size: Int)
        /// Not a control connection.
        case other

        var size: Int {
            switch self {
            case .undecided(_, _, let size): size
            case .other: 0
            }
        }
    }

    /// The limits of a generation, in connections and in bytes of packets; there are two generations.
    private static let maximumCount = 16384
    private static let maximumSize = 16 << 20
    /// Bytes of overhead per buffered packet.
    private static let overhead = 128
    /// Maximum number of bytes buffered per connection: what a `Candidate` examines, sent as lines of 20 bytes with a packet and
    /// an acknowledgement each.
    private static let maximumSizeOfOne = 256 << 10

    /// Connections by the tuple of one of their directions.
    private var recent: [Tuple: Standing] = [:]
    /// Connections without packets since `recent` was started; dropped when `recent` is full.
    private var older: [Tuple: Standing] = [:]
    /// Bytes buffered in `recent`.
    private var size = 0

    /// Examines a packet with the ACK flag of a connection that is not known as a control connection.
    ///
    /// `tuple` is that of the packet's direction; the other direction has its inverse, even if NAT was in between.
    mutating func receive(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        _ tuple: Tuple,
        _ frame: CaptureFile.Frame
    ) -> Finding? {
        // A handshake starts a new connection, so the earlier decision no longer holds.
        if segment.flags.contains(.syn) { forget(tuple) }
        switch remove(tuple) ?? remove(tuple.inverted) ?? .undecided(Candidate(segment, tuple), [], size: 0) {
        case .other:
            put(.other, tuple)
            return nil
        case .undecided(var candidate, var packets, var size):
            packets.append(Packet(bytes: (0..<packet.count).map { packet[$0] }, frame: frame))
            size += packet.count + ControlSearch.overhead
            switch candidate.receive(packet, segment, tuple) {
            case .control(let client):
                return Finding(client: client, packets: packets)
            case .undecided where size <= ControlSearch.maximumSizeOfOne:
                put(.undecided(candidate, packets, size: size), tuple)
            case .undecided, .other:
                put(.other, tuple)
            }
            return nil
        }
    }

    /// Drops a connection, given by the tuple of either direction.
    mutating func forget(_ tuple: Tuple) {
        _ = remove(tuple)
        _ = remove(tuple.inverted)
    }

    private mutating func remove(_ tuple: Tuple) -> Standing? {
        guard let standing = recent.removeValue(forKey: tuple) else {
            return older.removeValue(forKey: tuple)
        }
        size -= standing.size
        return standing
    }

    private mutating func put(_ standing: Standing, _ tuple: Tuple) {
        if recent.count >= ControlSearch.maximumCount || size + standing.size > ControlSearch.maximumSize {
            older = recent
            recent = [:]
            size = 0
        }
        recent[tuple] = standing
        size += standing.size
    }
}
