// SPDX-License-Identifier: GPL-2.0-or-later

/// One direction of a control connection: order, lines, edits, and the map between the two sequence spaces.
///
/// The sender numbers its bytes in the *input* space, and the receiver gets them in the *output* space. The
/// spaces differ by what edits added or removed. Bytes are processed in stream order, whatever the order,
/// overlap or number of the segments, and the first copy of a byte counts.
///
///     input      P O R T _ 1 0 , 1 , 0 , 2 , 1 9 , 1 3 7 \r \n L I S T
///                          |--- edit: start ... end ----|
///     output     P O R T _ 1 0 , 2 , 0 , 1 0 0 , 1 9 , 1 3 7 \r \n L I S T
///     shift      0         |                             | + 2
///
/// An unfinished line may contain the beginning of a field that has to be rewritten. The bytes of that field
/// are *withheld*. If nothing else of a segment can be forwarded, the last byte before the withheld ones is
/// sent in its place. The receiver acknowledges it at once, and the translated acknowledgement tells the
/// sender that the withheld bytes arrived, so that it goes on sending. The withheld bytes are delivered,
/// rewritten, with the segment that completes the line, and with every retransmission of that segment.
package struct Stream: Sendable {
    /// A payload that arrived before the bytes in front of it.
    struct Fragment: Sendable {
        let start: SequenceNumber
        var bytes: [UInt8]
        var end: SequenceNumber { start + bytes.count }
    }

    // The members are sorted by size, so there is no padding between them.

    var edits: [Edit] = []
    /// The last bytes before `next`: those that are unacknowledged, and the unfinished line.
    var bytes: [UInt8] = []
    /// The payloads that arrived early, sorted and without overlaps.
    var ahead: [Fragment] = []
    /// Position of the first byte that has not arrived.
    package internal(set) var next: SequenceNumber
    /// Position up to which the receiver has acknowledged.
    package internal(set) var acknowledged: SequenceNumber
    /// Output position minus input position at `next`.
    @Compact<Int32> var shift = 0
    /// Offset in `bytes` of the first byte that has not been read as part of a line.
    @Compact<Int32> var unread = 0
    /// Offset in `bytes` from which on no line end was searched for yet.
    @Compact<Int32> var scanned = 0
    /// Position behind the last byte that was forwarded; greater than `next` if segments arrived early.
    var passed: SequenceNumber
    /// Position up to which the receiver has acknowledged bytes that were never seen here; meaningful if it
    /// is behind `next`.
    var acknowledgedUnseen: SequenceNumber
    /// Position of the sender's FIN; valid if `hasFIN`.
    var fin: SequenceNumber
    /// Number of bytes at the end of `bytes` that are withheld, all in a line that can be read.
    @Compact<UInt16> var heldCount = 0
    var hasFIN = false
    /// Set once the sender's FIN and all bytes before it have arrived.
    package internal(set) var isFinished = false
    /// Set while the rest of a line that is too long passes.
    var isSkipping = false
    /// Set when the stream resumed behind a hole; reset by whoever reads the stream.
    package var hasHole = false
    /// Set while memory is scarce and the stream may keep only the minimum.
    package var isScarce = false

    /// Begins a stream at the position of its first byte.
    package init(next: SequenceNumber) {
        self.next = next
        acknowledged = next
        passed = next
        acknowledgedUnseen = next
        fin = next
    }
}

/// Memory of a stream.
extension Stream {
    /// More bytes than a control connection ever has in flight or loses.
    ///
    /// A segment further away belongs to another connection.
    static let reach = 1 << 24

    var allowance: StreamLimits { isScarce ? .scarce : StreamLimits() }

    /// Approximate number of bytes that the stream keeps.
    ///
    /// An edit counts as 128: its text and two array headers.
    var size: Int {
        bytes.count + (ahead.isEmpty ? 0 : ahead.reduce(0) { $0 + $1.bytes.count }) + edits.count * 128
    }
}

/// Buffers. Connections share them, so that an idle connection has none.
extension Stream {
    /// Lends the stream a spare buffer if it has none.
    mutating func lend(from spares: inout [[UInt8]]) {
        guard bytes.capacity == 0, let spare = spares.popLast() else { return }
        bytes = spare
    }

    /// Takes the buffer back if it is empty.
    mutating func reclaim(to spares: inout [[UInt8]]) {
        guard bytes.isEmpty, bytes.capacity > 0 else { return }
        if spares.count < 16 { spares.append(bytes) }
        bytes = []
    }

    /// Wipes all bytes except those of a partly withheld line; for a connection that announces nothing any
    /// more.
    mutating func forget() {
        drop(heldCount > 0 ? min(unread, bytes.count - heldCount) : bytes.count)
        while var fragment = ahead.popLast() { fragment.bytes.wipe() }
    }

    /// Wipes all bytes when the connection is removed.
    mutating func wipe() {
        heldCount = 0
        forget()
    }
}
