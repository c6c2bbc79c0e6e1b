// SPDX-License-Identifier: GPL-2.0-or-later

/// Insertion of segments.
extension Stream {
    /// What happens to the payload of a segment.
    package enum Insertion: Sendable {
        /// Nothing in it contradicts the first copy of its bytes.
        case accepted
        /// It differs from the first copy of some bytes. The first copy is forwarded in their place.
        case conflicting
        /// It must not be forwarded yet, because bytes in front of it may still be edited, which would shift
        /// its position. A probe is sent in its place. The receiver's answer makes the sender retransmit what
        /// is missing, or shows that the receiver has the missing bytes although they never passed here.
        case postponed
    }

    /// The reading of a stream after a segment was inserted.
    ///
    /// `insert` begins a reading, lines are read and replaced with it, and `withhold` or `stop` ends it. The
    /// type enforces this order.
    package struct Reading: ~Copyable {
        /// Whether the segment contradicts the first copy of its bytes.
        package let isConflicting: Bool
        /// `Stream.next` before the segment: all earlier bytes had been withheld or forwarded.
        let next: SequenceNumber
        /// `Stream.heldStart` before the segment: the position of the first withheld byte.
        ///
        /// Equal to `next` if no byte was withheld, or once an edit has delivered the withheld bytes.
        private(set) var heldStart: SequenceNumber

        fileprivate init(_ next: SequenceNumber, heldStart: SequenceNumber, isConflicting: Bool) {
            self.next = next
            self.heldStart = heldStart
            self.isConflicting = isConflicting
        }

        /// Tells whether bytes of earlier segments are withheld.
        var hasHeld: Bool { heldStart.isBefore(next) }

        /// Records that an edit delivers the withheld bytes.
        mutating func deliver() { heldStart = next }
    }

    /// Inserts the payload of a segment at its place in the stream.
    ///
    /// - Parameters:
    ///   - payload: the payload, which may be empty.
    ///   - position: position of the first byte.
    ///   - hasFIN: whether a FIN follows the payload.
    ///   - isInspected: whether to keep the bytes for `nextLine`. If not, they are only counted.
    ///   - mayEdit: whether bytes that have not arrived yet may have to be rewritten.
    /// - Returns: the reading of the stream; `nil` if the segment is postponed.
    package mutating func insert(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        isInspected: Bool,
        mayEdit: Bool
    ) -> Reading? {
        let end = position + payload.count
        var (start, heldStart) = (next, self.heldStart)
        var isConflicting = false
        guard !isFinished else { return Reading(start, heldStart: heldStart, isConflicting: false) }
        if !acknowledgedUnseen.isAfter(next) {
            // Advanced with the stream. If it fell 2^31 behind, it would seem to be ahead.
            acknowledgedUnseen = next
        } else if position.isAfter(next) {
            start = SequenceNumber.earlier(acknowledgedUnseen, position)
            heldStart = start
            resume(at: start)
        }
        if position.isAfter(next) {
            // A segment that far ahead is outside of any window, and one without payload is only an
            // acknowledgement.
            if !payload.isEmpty || hasFIN, next.distance(to: position) < Stream.reach {
                guard !mayEdit else { return nil }
                noteFIN(hasFIN, end)
                if isInspected {
                    isConflicting = keepEarly(payload, at: position)
                } else {
                    count(upTo: end)
                }
            }
            return Reading(start, heldStart: heldStart, isConflicting: isConflicting)
        }
        if edits.count >= allowance.edits, end.isAfter(next), mayEdit {
            edits.removeAll { !$0.end.isAfter(acknowledged) }
            guard edits.count < allowance.edits else { return nil }
        }
        isConflicting = differs(payload, at: position)
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
        return Reading(start, heldStart: heldStart, isConflicting: isConflicting)
    }

    /// Appends the new part of a payload; uses the first copy of bytes that arrived early if asked to.
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

    /// Records the sender's FIN.
    ///
    /// A FIN in front of bytes that have already arrived is ignored.
    private mutating func noteFIN(_ isThere: Bool, _ position: SequenceNumber) {
        guard isThere, !position.isBefore(next) else { return }
        hasFIN = true
        fin = position
    }

    /// Advances the stream past bytes that are not read.
    private mutating func count(upTo end: SequenceNumber) {
        bytes.wipe()
        unread = 0
        scanned = 0
        next = end
    }

    /// Keeps a copy of a payload that arrived early; the segment itself is forwarded at once.
    ///
    /// - Returns: whether it differs from the first copy of its bytes.
    private mutating func keepEarly(_ payload: Span<UInt8>, at position: SequenceNumber) -> Bool {
        guard !payload.isEmpty else { return false }
        let isConflicting = differs(payload, at: position)
        passed = SequenceNumber.later(passed, position + payload.count)
        keepFirstCopy(payload, at: position)
        return isConflicting
    }

    /// Appends the early payloads whose turn has come.
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
