// SPDX-License-Identifier: GPL-2.0-or-later

/// Insertion of segments.
extension Stream {
    /// What `insert` found about the payload of a segment.
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

    /// A snapshot of the stream before the segment in hand.
    ///
    /// It is needed only while the segment is processed, so it is not stored in the stream.
    package struct Snapshot: Sendable {
        /// `Stream.next`: the bytes before it had been withheld or forwarded.
        var next = SequenceNumber(0)
        /// `Stream.heldStart`: position of the first withheld byte; equal to `next` if there was none.
        var heldStart = SequenceNumber(0)

        package init() {}
    }

    /// Inserts the payload of a segment at its place in the stream.
    ///
    /// - Parameters:
    ///   - payload: the payload, which may be empty.
    ///   - position: position of the first byte.
    ///   - hasFIN: whether a FIN follows the payload.
    ///   - isInspected: whether to keep the bytes for `nextLine`. If not, they are only counted.
    ///   - snapshot: receives the state of the stream before the insertion.
    ///   - mayEdit: whether bytes that have not arrived yet may have to be rewritten.
    /// - Returns: how the segment is to be forwarded.
    package mutating func insert(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        isInspected: Bool,
        snapshot: inout Snapshot,
        mayEdit: Bool
    ) -> Insertion {
        let end = position + payload.count
        snapshot.next = next
        snapshot.heldStart = heldStart
        guard !isFinished else { return .accepted }
        if !acknowledgedUnseen.isAfter(next) {
            // Advanced with the stream. If it fell 2^31 behind, it would seem to be ahead.
            acknowledgedUnseen = next
        } else if position.isAfter(next) {
            snapshot.next = SequenceNumber.earlier(acknowledgedUnseen, position)
            snapshot.heldStart = snapshot.next
            resume(at: snapshot.next)
        }
        if position.isAfter(next) {
            // A segment that far ahead is outside of any window, and one without payload is only an
            // acknowledgement.
            guard !payload.isEmpty || hasFIN, next.distance(to: position) < Stream.reach else {
                return .accepted
            }
            guard !mayEdit else { return .postponed }
            noteFIN(hasFIN, end)
            guard isInspected else {
                count(upTo: end)
                return .accepted
            }
            return keep(payload, at: position)
        }
        if edits.count >= allowance.edits, end.isAfter(next), mayEdit {
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
    private mutating func keep(_ payload: Span<UInt8>, at position: SequenceNumber) -> Insertion {
        guard !payload.isEmpty else { return .accepted }
        let isConflicting = differs(payload, at: position)
        passed = SequenceNumber.later(passed, position + payload.count)
        keepFirstCopy(payload, at: position)
        return isConflicting ? .conflicting : .accepted
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
