import Captures
import FTPHelper

/// Finds the control connections among all the connections of a capture by what is said in them.
///
/// The packets of a connection that has not yet shown what it is are kept, so that nothing of a control connection is missed.
struct ControlSearch {
    /// A packet that was kept, and the frame it came in.
    struct Packet {
        let bytes: [UInt8]
        let frame: CaptureFile.Frame
    }

    /// A control connection: the tuple of its client's packets, and all packets so far.
    struct Finding {
        let client: Tuple
        let packets: [Packet]
    }

    private enum Standing {
        /// `size` is what the packets cost.
        case undecided(Candidate, [Packet], size: Int)
        /// No control connection, whatever is said in it later on.
        case other

        var size: Int {
            switch self {
            case .undecided(_, _, let size): size
            case .other: 0
            }
        }
    }

    /// Connections, and bytes of their packets, that fill a generation; there are two of these.
    private static let maximumCount = 16384
    private static let maximumSize = 16 << 20
    /// Bytes that a kept packet costs besides its own.
    private static let overhead = 128
    /// Bytes that one connection may keep: what a `Candidate` looks at, in lines of 20 bytes with a packet and an acknowledgement
    /// each.
    private static let maximumSizeOfOne = 256 << 10

    /// Connections by the tuple of one of their directions.
    private var recent: [Tuple: Standing] = [:]
    /// Those not heard of since `recent` was begun; forgotten when that is full.
    private var older: [Tuple: Standing] = [:]
    /// Bytes that are kept in `recent`.
    private var size = 0

    /// Takes a packet of a connection that is not known as a control connection; it has the ACK flag.
    ///
    /// The tuple is that of its direction, which the other direction has the opposite of, whatever NAT makes of it in between.
    mutating func receive(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        _ tuple: Tuple,
        _ frame: CaptureFile.Frame
    ) -> Finding? {
        // A handshake begins another connection, which may be what the one before was not.
        if segment.flags.contains(.syn) { forget(tuple) }
        switch take(tuple) ?? take(tuple.inverted) ?? .undecided(Candidate(segment, tuple), [], size: 0) {
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

    /// Forgets a connection, of which either direction may be given.
    mutating func forget(_ tuple: Tuple) {
        _ = take(tuple)
        _ = take(tuple.inverted)
    }

    private mutating func take(_ tuple: Tuple) -> Standing? {
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
