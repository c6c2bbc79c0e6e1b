/// Taking segments.
extension Stream {
    /// What a segment's payload is to the stream.
    package enum Insertion: Sendable {
        /// It brings new bytes, or none at all.
        case accepted
        /// It brings nothing new and differs from the first copy: the first copy goes on instead.
        case conflicting
        /// It must not go on: edits before it may still change where it belongs. It goes on as a probe, whose answer tells
        /// the sender what is missing, or this side of the gap that the receiver got what was never seen here.
        case postponed
    }

    /// Where a stream stood before the segment in hand.
    ///
    /// It is needed until the segment is dealt with and then no more, so it is not kept in the stream.
    package struct Snapshot: Sendable {
        /// Position of the first byte that had not come: what is before it was held, or has gone on.
        var next = SequenceNumber(0)
        /// Position of the first held byte; `next` if none was held.
        var heldStart = SequenceNumber(0)

        package init() {}
    }

    /// Takes the payload of a segment.
    ///
    /// - Parameters:
    ///   - payload: may be empty.
    ///   - position: of its first byte.
    ///   - hasFIN: a FIN stands behind it.
    ///   - isInspected: keep the bytes for `nextLine`; if not, they are only counted.
    ///   - snapshot: gets where the stream stands before that.
    ///   - mayEdit: bytes that have not come yet may have to be rewritten.
    /// - Returns: what is to become of the segment.
    package mutating func insert(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        isInspected: Bool,
        snapshot: inout Snapshot,
        mayEdit: @autoclosure () -> Bool
    ) -> Insertion {
        let end = position + payload.count
        snapshot.next = next
        snapshot.heldStart = heldStart
        guard !isFinished else { return .accepted }
        if !acknowledgedUnseen.isAfter(next) {
            // Kept up, so that it never lies so far behind that it would seem to be ahead.
            acknowledgedUnseen = next
        } else if position.isAfter(next) {
            snapshot.next = SequenceNumber.earlier(acknowledgedUnseen, position)
            snapshot.heldStart = snapshot.next
            resume(at: snapshot.next)
        }
        if position.isAfter(next) {
            // A segment that far ahead is outside of any window; one without payload is only an acknowledgement.
            guard !payload.isEmpty || hasFIN, next.distance(to: position) < Stream.reach else {
                return .accepted
            }
            guard !mayEdit() else { return .postponed }
            noteFIN(hasFIN, end)
            guard isInspected else {
                count(upTo: end)
                return .accepted
            }
            return keep(payload, at: position)
        }
        if edits.count >= allowance.edits, end.isAfter(next), mayEdit() {
            edits.removeAll { !$0.end.isAfter(acknowledged) }
            guard edits.count < allowance.edits else { return .postponed }
        }
        let isConflicting = differs(payload, at: position)
        noteFIN(hasFIN, end)
        if end.isAfter(next) {
            if isInspected || heldCount > 0 {
                append(payload, from: position.distance(to: next), prefersFirstCopy: isConflicting)
                appendFragments()
            } else {
                count(upTo: end)
            }
        }
        if self.hasFIN, fin == next { isFinished = true }
        return isConflicting ? .conflicting : .accepted
    }

    /// Appends what a payload brings that is new; of what came too early, the first copy if asked for.
    private mutating func append(_ payload: Span<UInt8>, from offset: Int, prefersFirstCopy: Bool) {
        let count = payload.count - offset
        if prefersFirstCopy {
            var grown: [UInt8] = []
            swap(&grown, &bytes)
            grown.append(payload, from: offset, count: count)
            restoreFirstCopies(in: &grown, count: count, at: next)
            swap(&grown, &bytes)
        } else {
            bytes.append(payload, from: offset, count: count)
        }
        next = next + count
    }

    /// Takes notice of the sender's FIN: one before what has come already is none.
    private mutating func noteFIN(_ isThere: Bool, _ position: SequenceNumber) {
        guard isThere, !position.isBefore(next) else { return }
        hasFIN = true
        fin = position
    }

    /// Counts bytes that nobody reads.
    private mutating func count(upTo end: SequenceNumber) {
        bytes.wipe()
        unread = 0
        scanned = 0
        next = end
    }

    /// Keeps a payload that came too early; it goes on at once.
    private mutating func keep(_ payload: Span<UInt8>, at position: SequenceNumber) -> Insertion {
        guard !payload.isEmpty else { return .accepted }
        let isConflicting = differs(payload, at: position)
        passed = SequenceNumber.later(passed, position + payload.count)
        keepFirstCopy(payload, at: position)
        return isConflicting ? .conflicting : .accepted
    }

    /// Appends what came too early and is due now.
    mutating func appendFragments() {
        while let first = ahead.first, !first.start.isAfter(next) {
            var fragment = ahead.removeFirst()
            let offset = fragment.start.distance(to: next)
            if offset < fragment.bytes.count {
                bytes.append(fragment.bytes.span, from: offset, count: fragment.bytes.count - offset)
                next = fragment.end
            }
            fragment.bytes.wipe()
        }
    }
}
