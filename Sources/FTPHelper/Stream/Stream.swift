/// One direction of a control connection: order, lines, edits, and the map between the two sequence spaces.
///
/// The sender numbers its bytes in the *input* space, the receiver gets them in the *output* space; the two differ by
/// what edits have added or removed. Bytes are taken in the order of the stream, whatever the order, overlap or number of
/// the segments, and the first copy of a byte counts.
///
///     input      P O R T _ 1 0 , 1 , 0 , 2 , 1 9 , 1 3 7 \r \n L I S T
///                          |--- edit: start ... end ----|
///     output     P O R T _ 1 0 , 2 , 0 , 1 0 0 , 1 9 , 1 3 7 \r \n L I S T
///     shift      0         |                             | + 2
///
/// A line that has not ended may end in a field that has to be rewritten: its bytes are *held*. What has to go on in their
/// place is a segment with the last byte before them, which the receiver acknowledges at once; that acknowledgement,
/// translated, tells the sender that the held bytes arrived, so that it goes on sending. They are delivered, rewritten, with
/// the segment that completes the line, and again with every retransmission of it.
package struct Stream: Sendable {
    /// A payload that came before what precedes it.
    struct Fragment: Sendable {
        let start: SequenceNumber
        var bytes: [UInt8]
        var end: SequenceNumber { start + bytes.count }
    }

    // The order of the members, the large before the small, leaves no gaps between them.

    var edits: [Edit] = []
    /// The last bytes before `next`: what is unacknowledged, and the line that has not ended.
    var bytes: [UInt8] = []
    /// What came too early, in order; no byte is in two of them.
    var ahead: [Fragment] = []
    /// Position of the first byte that has not come yet.
    package internal(set) var next: SequenceNumber
    /// Position up to which the receiver has acknowledged.
    package internal(set) var acknowledged: SequenceNumber
    /// Output position less input position at `next`.
    @Compact<Int32> var shift = 0
    /// Offset in `bytes` of what has not been read as a line yet.
    @Compact<Int32> var unread = 0
    /// Offset in `bytes` behind which no line end was looked for yet.
    @Compact<Int32> var scanned = 0
    /// Position behind the last byte that has gone on; behind `next` if segments came too early.
    var passed: SequenceNumber
    /// Position up to which the receiver has acknowledged bytes that were never seen here, if that is behind `next`.
    var acknowledgedUnseen: SequenceNumber
    /// Position of the sender's FIN, once it has come.
    var fin: SequenceNumber
    /// How many of the last bytes are withheld: of a line that can be read.
    @Compact<UInt16> var heldCount = 0
    var hasFIN = false
    /// Set once the sender's FIN has come and all before it.
    package internal(set) var isFinished = false
    /// Set while a line that is too long goes by.
    var isSkipping = false
    /// Set when the stream went on beyond a hole; whoever reads it resets this.
    package var hasHole = false
    /// Set while the stream may keep no more than it needs.
    package var isScarce = false

    package init(next: SequenceNumber) {
        self.next = next
        acknowledged = next
        passed = next
        acknowledgedUnseen = next
        fin = next
    }
}

/// What a stream keeps, and how much it may.
extension Stream {
    /// More bytes than are ever under way or missed on a control connection: what lies further off is of another one.
    static let reach = 1 << 24

    var allowance: StreamLimits { isScarce ? .scarce : StreamLimits() }

    /// Bytes that are kept, more or less: an edit has its text and two headers.
    var size: Int {
        bytes.count + (ahead.isEmpty ? 0 : ahead.reduce(0) { $0 + $1.bytes.count }) + edits.count * 128
    }
}

/// Buffers, which connections share so that an idle one has none.
extension Stream {
    /// Gives the stream a buffer if it has none.
    mutating func lend(from spares: inout [[UInt8]]) {
        guard bytes.capacity == 0, let spare = spares.popLast() else { return }
        bytes = spare
    }

    /// Takes the stream's buffer back if nothing is in it.
    mutating func reclaim(to spares: inout [[UInt8]]) {
        guard bytes.isEmpty, bytes.capacity > 0 else { return }
        if spares.count < 16 { spares.append(bytes) }
        bytes = []
    }

    /// Forgets all bytes but those of a line of which some are withheld, when nothing is to be opened any more.
    mutating func forget() {
        drop(heldCount > 0 ? min(unread, bytes.count - heldCount) : bytes.count)
        while var fragment = ahead.popLast() { fragment.bytes.wipe() }
    }

    /// Forgets all bytes, at the end.
    mutating func wipe() {
        heldCount = 0
        forget()
    }
}
