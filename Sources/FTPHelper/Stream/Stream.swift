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
        let bytes: [UInt8]
        var end: SequenceNumber { start + bytes.count }
    }

    /// A line longer than this passes uninspected (contract B5).
    static let maximumLine = 4096
    /// Bytes kept to compare retransmissions with; what is unacknowledged beyond passes as it comes.
    static let maximumHistory = 8192
    /// Bytes kept of segments that came too early; what is beyond passes unread.
    static let maximumAhead = 32768
    /// Segments that they may have come in, since each new one is compared with all.
    static let maximumFragments = 64
    /// Edits that may wait for their acknowledgement before new bytes have to wait too: a sender with more than this under
    /// way announces a data connection every few bytes.
    static let maximumEdits = 32

    // The order of the members, the large before the small, leaves no gaps between them.

    private(set) var edits: [Edit] = []
    /// The last bytes before `next`: what is unacknowledged, and the line that has not ended.
    private(set) var bytes: [UInt8] = []
    /// What came too early.
    private var ahead: [Fragment] = []
    /// Position at which the stream was first seen.
    package let initial: SequenceNumber
    /// Position of the first byte that has not come yet.
    package private(set) var next: SequenceNumber
    /// Position up to which the receiver has acknowledged.
    package private(set) var acknowledged: SequenceNumber
    /// Output position less input position at `next`.
    @Compact private var shift = 0
    /// Offset in `bytes` of what has not been read as a line yet.
    @Compact private var unread = 0
    /// Offset in `bytes` behind which no line end was looked for yet.
    @Compact private var scanned = 0
    /// How many of the last bytes are withheld.
    @Compact private(set) var heldCount = 0
    /// `next` as it was before the current segment: what came before it was held, or has gone on.
    private var previousNext: SequenceNumber
    /// First held position before the current segment; `previousNext` if none was held.
    private var previousHeldStart: SequenceNumber
    /// Position behind the last byte that has gone on; behind `previousNext` if segments came too early.
    private var passed: SequenceNumber
    /// Position up to which the receiver has acknowledged bytes that were never seen here, if that is behind `next`.
    private var acknowledgedUnseen: SequenceNumber
    /// Position of the sender's FIN, once it has come.
    private var fin: SequenceNumber
    private var hasFIN = false
    /// Set once the sender's FIN has come and all before it.
    package private(set) var isFinished = false
    /// Set while a line that is too long goes by.
    private var isSkipping = false
    /// Set when the stream went on beyond a hole; whoever reads it resets this.
    package var hasHole = false
    /// Set when a line was too long to be read; whoever reads it resets this.
    package var hasLongLine = false

    package init(next: SequenceNumber) {
        initial = next
        self.next = next
        acknowledged = next
        previousNext = next
        previousHeldStart = next
        passed = next
        acknowledgedUnseen = next
        fin = next
    }
}

/// The two sequence spaces.
extension Stream {
    /// Position of the first held byte; `next` if none is held.
    var heldStart: SequenceNumber { next - heldCount }

    /// Position of the first byte that had not gone on when the current segment came.
    var firstUnreleased: SequenceNumber { previousHeldStart }

    /// Tells whether an RST at this position is one that the receiver may believe: it has all before, and nothing behind.
    package func isDue(_ position: SequenceNumber) -> Bool {
        !position.isBefore(acknowledged) && !position.isAfter(next + (isFinished ? 1 : 0))
    }

    /// Tells whether positions of both spaces are the same and nothing is held.
    package var isTransparent: Bool { edits.isEmpty && shift == 0 && heldCount == 0 }

    /// Where a position in the input space is in the output space; a position inside an edit is at its start.
    package func output(of position: SequenceNumber) -> SequenceNumber {
        if heldCount > 0, position.isAfter(heldStart), !position.isAfter(next) { return heldStart + shift }
        for edit in edits.reversed() {
            if !position.isBefore(edit.end) { return position + edit.shiftAfter }
            if position.isAfter(edit.start) { return edit.outputStart }
        }
        return position + (edits.first?.shiftBefore ?? shift)
    }

    /// Where an acknowledged position in the output space is in the input space.
    ///
    /// Inside an edit nothing of it counts as arrived beyond what the sender was told before. At the first held byte all that
    /// is held counts: the bytes are kept here, and the segment that completes the line will bring them.
    package func input(of position: SequenceNumber) -> SequenceNumber {
        if heldCount > 0, position == heldStart + shift { return next }
        for edit in edits.reversed() {
            if !position.isBefore(edit.outputEnd) { return position - edit.shiftAfter }
            if !position.isBefore(edit.outputStart) { return edit.promised }
        }
        return position - (edits.first?.shiftBefore ?? shift)
    }

    /// Where a SACK block of the output space is in the input space; `nil` if nothing whole is left of it.
    package func input(of block: (left: SequenceNumber, right: SequenceNumber))
        -> (left: SequenceNumber, right: SequenceNumber)?
    {
        var left = block.left - (edits.first?.shiftBefore ?? shift)
        var right = block.right - (edits.first?.shiftBefore ?? shift)
        for edit in edits {
            if block.left.isAfter(edit.outputStart) {
                left = block.left.isBefore(edit.outputEnd) ? edit.end : block.left - edit.shiftAfter
            }
            if !block.right.isBefore(edit.outputEnd) {
                right = block.right - edit.shiftAfter
            } else if block.right.isAfter(edit.outputStart) {
                right = edit.start
            }
        }
        return left.isBefore(right) ? (left, right) : nil
    }

    /// The receiver has acknowledged up to a position of the input space.
    ///
    /// Bytes that were never seen here have come another way: the stream resumes behind them.
    package mutating func acknowledge(_ position: SequenceNumber) {
        if position.isAfter(next + (isFinished ? 1 : 0)) {
            guard next.distance(to: position) < 1 << 30 else { return }
            acknowledgedUnseen = position
            // What came behind the hole shows that it is one, and not just an acknowledgement that was faster.
            if !ahead.isEmpty { resume(at: position) }
        }
        if position.isAfter(acknowledged) { acknowledged = SequenceNumber.earlier(position, next) }
        trim()
    }

    /// Goes on at a position beyond a hole that will not be filled, as if a line began there.
    private mutating func resume(at position: SequenceNumber) {
        bytes.removeAll(keepingCapacity: true)
        unread = 0
        scanned = 0
        heldCount = 0
        isSkipping = false
        hasHole = true
        next = position
        previousNext = position
        previousHeldStart = position
        admitFragments()
    }
}

/// Taking segments.
extension Stream {
    /// What a segment's payload is to the stream.
    package enum Admission: Sendable {
        /// It brings new bytes, or none at all.
        case taken
        /// It brings nothing new and differs from the first copy: the first copy goes on instead.
        case conflicting
        /// It must not go on: edits before it may still change where it belongs.
        case postponed
    }

    /// Takes the payload of a segment.
    ///
    /// - Parameters:
    ///   - payload: may be empty.
    ///   - position: of its first byte.
    ///   - hasFIN: a FIN stands behind it.
    ///   - isInspected: keep the bytes for `nextLine`; if not, they are only counted.
    ///   - mayEdit: bytes that have not come yet may have to be rewritten.
    /// - Returns: what is to become of the segment.
    package mutating func admit(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        isInspected: Bool,
        mayEdit: Bool
    ) -> Admission {
        let end = position + payload.count
        previousNext = next
        previousHeldStart = heldStart
        guard !isFinished else { return .taken }
        if acknowledgedUnseen.isAfter(next), position.isAfter(next) {
            resume(at: SequenceNumber.earlier(acknowledgedUnseen, position))
        }
        if position.isAfter(next) {
            // A segment that far ahead is outside of any window; one without payload is only an acknowledgement.
            guard !payload.isEmpty || hasFIN, next.distance(to: position) < 1 << 30 else { return .taken }
            guard !mayEdit else { return .postponed }
            noteFIN(hasFIN, end)
            guard isInspected else {
                count(upTo: end)
                return .taken
            }
            return keep(payload, at: position)
        }
        if mayEdit, edits.count >= Stream.maximumEdits, end.isAfter(next) {
            edits.removeAll { !$0.end.isAfter(acknowledged) }
            guard edits.count < Stream.maximumEdits else { return .postponed }
        }
        let isConflicting = differs(payload, at: position)
        noteFIN(hasFIN, end)
        if end.isAfter(next) {
            if isInspected || heldCount > 0 {
                append(payload, from: position.distance(to: next), prefersFirstCopy: isConflicting)
                admitFragments()
            } else {
                count(upTo: end)
            }
        }
        if self.hasFIN, fin == next { isFinished = true }
        return isConflicting ? .conflicting : .taken
    }

    /// Appends what a payload brings that is new; of what came too early, the first copy if asked for.
    private mutating func append(_ payload: Span<UInt8>, from offset: Int, prefersFirstCopy: Bool) {
        if prefersFirstCopy {
            for index in offset..<payload.count {
                bytes.append(byte(at: next) ?? payload[index])
                next = next + 1
            }
        } else {
            bytes.append(payload, from: offset, count: payload.count - offset)
            next = next + (payload.count - offset)
        }
    }

    private mutating func noteFIN(_ isThere: Bool, _ position: SequenceNumber) {
        guard isThere else { return }
        hasFIN = true
        fin = position
    }

    /// Counts bytes that nobody reads.
    private mutating func count(upTo end: SequenceNumber) {
        bytes.removeAll(keepingCapacity: true)
        unread = 0
        scanned = 0
        next = end
    }

    /// Keeps a payload that came too early; it goes on at once.
    private mutating func keep(_ payload: Span<UInt8>, at position: SequenceNumber) -> Admission {
        guard !payload.isEmpty else { return .taken }
        var copy: [UInt8] = []
        copy.append(payload, from: 0, count: payload.count)
        var isConflicting = false
        for fragment in ahead {
            for index in copy.indices {
                let offset = fragment.start.distance(to: position + index)
                guard fragment.bytes.indices.contains(offset), fragment.bytes[offset] != copy[index] else {
                    continue
                }
                copy[index] = fragment.bytes[offset]
                isConflicting = true
            }
        }
        passed = SequenceNumber.later(passed, position + copy.count)
        let size = ahead.reduce(copy.count) { $0 + $1.bytes.count }
        if size <= Stream.maximumAhead, ahead.count < Stream.maximumFragments,
            !isKnown(position, position + copy.count)
        {
            ahead.append(Fragment(start: position, bytes: copy))
        }
        return isConflicting ? .conflicting : .taken
    }

    private func isKnown(_ start: SequenceNumber, _ end: SequenceNumber) -> Bool {
        ahead.contains { !$0.start.isAfter(start) && !$0.end.isBefore(end) }
    }

    /// Appends what came too early and is due now.
    private mutating func admitFragments() {
        while let index = ahead.firstIndex(where: { !$0.start.isAfter(next) }) {
            let fragment = ahead.remove(at: index)
            guard fragment.end.isAfter(next) else { continue }
            bytes.append(contentsOf: fragment.bytes[fragment.start.distance(to: next)...])
            next = fragment.end
        }
    }

    /// Tells whether a payload differs from the first copy of its unacknowledged bytes.
    private func differs(_ payload: Span<UInt8>, at position: SequenceNumber) -> Bool {
        let known = ahead.isEmpty ? min(payload.count, position.distance(to: next)) : payload.count
        guard !bytes.isEmpty || !ahead.isEmpty else { return false }
        for index in 0..<known {
            guard !(position + index).isBefore(acknowledged), let first = byte(at: position + index) else {
                continue
            }
            if first != payload[index] { return true }
        }
        return false
    }

    /// The first copy of a byte, if it is still kept.
    func byte(at position: SequenceNumber) -> UInt8? {
        let offset = bytes.count - position.distance(to: next)
        if bytes.indices.contains(offset) { return bytes[offset] }
        for fragment in ahead {
            let offset = fragment.start.distance(to: position)
            if fragment.bytes.indices.contains(offset) { return fragment.bytes[offset] }
        }
        return nil
    }
}

/// Reading lines.
extension Stream {
    /// Offsets in `bytes` of the next whole line with its end; `nil` if there is none.
    package mutating func nextLine() -> Range<Int>? {
        while scanned < bytes.count {
            guard bytes[scanned] == UInt8(ascii: "\n") else {
                scanned += 1
                continue
            }
            scanned += 1
            let line = unread..<scanned
            unread = scanned
            if isSkipping {
                isSkipping = false
            } else if line.count <= Stream.maximumLine {
                return line
            } else {
                hasLongLine = true
            }
        }
        if isSkipping || bytes.count - unread > Stream.maximumLine {
            hasLongLine = hasLongLine || !isSkipping
            isSkipping = true
            unread = bytes.count
        }
        return nil
    }

    /// Offsets in `bytes` of what has come and is not read yet.
    package var rest: Range<Int> { isSkipping ? bytes.count..<bytes.count : unread..<bytes.count }

    /// Passes over bytes that are not to be read as lines.
    package mutating func skip(_ count: Int) {
        unread = min(unread + count, bytes.count)
        scanned = unread
        isSkipping = false
    }

    /// Tells whether a part of the line just read can still be replaced: nothing of it or behind it has gone on.
    package func canReplace(_ field: Range<Int>) -> Bool {
        let start = position(field.lowerBound)
        return !start.isBefore(previousHeldStart)
            && (!passed.isAfter(previousNext) || !start.isBefore(passed))
    }

    /// Replaces a part of the line just read, for which `canReplace` holds.
    ///
    /// - Parameters:
    ///   - field: offsets in `bytes`; not empty.
    ///   - text: what the receiver is to get instead.
    package mutating func replace(_ field: Range<Int>, with text: [UInt8]) {
        let start = position(field.lowerBound)
        let end = position(field.upperBound)
        guard previousHeldStart.isBefore(previousNext), !start.isAfter(previousNext) else {
            releaseHeld()
            record(start, end, text, promised: start)
            return
        }
        // The sender sends the held bytes no more, so they go with the first byte that it still has to send.
        let spanEnd = SequenceNumber.later(end, previousNext + 1)
        record(
            previousHeldStart,
            spanEnd,
            copy(previousHeldStart, start) + text + copy(end, spanEnd),
            promised: previousNext
        )
        previousHeldStart = previousNext
    }

    /// Ends the reading of a segment: everything but the last `count` bytes goes on.
    package mutating func hold(_ count: Int) {
        let start = next - count
        if previousHeldStart.isBefore(previousNext), !start.isAfter(previousNext), !isFinished {
            // Nothing is to go on behind which the held bytes could stand, so they stay held.
            heldCount = previousHeldStart.distance(to: next)
        } else {
            releaseHeld()
            let isFree =
                !start.isBefore(previousNext) && !start.isBefore(SequenceNumber.later(passed, previousNext))
            heldCount = isFree && !isFinished ? count : 0
        }
        passed = SequenceNumber.later(passed, heldStart)
        trim()
    }

    /// Lets what was held before the current segment go on as it is, with the first byte behind it.
    private mutating func releaseHeld() {
        guard previousHeldStart.isBefore(previousNext) else { return }
        let end = SequenceNumber.earlier(previousNext + 1, next)
        record(previousHeldStart, end, copy(previousHeldStart, end), promised: previousNext)
        previousHeldStart = previousNext
    }

    private mutating func record(
        _ start: SequenceNumber,
        _ end: SequenceNumber,
        _ text: [UInt8],
        promised: SequenceNumber
    ) {
        // The newest is kept even when acknowledged: the sender may not have learnt of that yet.
        edits.removeAll { !$0.end.isAfter(acknowledged) }
        let edit = Edit(start: start, end: end, outputStart: start + shift, text: text, promised: promised)
        // Most streams never have two at once, and a literal takes no room for a second one.
        if edits.isEmpty { edits = [edit] } else { edits.append(edit) }
        shift += text.count - start.distance(to: end)
    }

    private func position(_ offset: Int) -> SequenceNumber { next - (bytes.count - offset) }

    /// The kept bytes from one position to another.
    private func copy(_ start: SequenceNumber, _ end: SequenceNumber) -> [UInt8] {
        guard start.isBefore(end) else { return [] }
        return (0..<start.distance(to: end)).compactMap { byte(at: start + $0) }
    }

    /// Drops what nobody can ask for again.
    private mutating func trim() {
        if let last = edits.last, last.end.distance(to: acknowledged) > 1 << 30 { edits.removeAll() }
        guard !bytes.isEmpty else { return }
        let kept = max(acknowledged.distance(to: next), heldCount, bytes.count - unread)
        let surplus = bytes.count - min(max(kept, 0), Stream.maximumHistory)
        guard surplus > 0 else { return }
        bytes.removeFirst(surplus)
        unread = max(unread - surplus, 0)
        scanned = max(scanned - surplus, 0)
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
}
