/// Taking segments.
extension Stream {
    /// What a segment's payload is to the stream.
    package enum Admission: Sendable {
        /// It brings new bytes, or none at all.
        case taken
        /// It brings nothing new and differs from the first copy: the first copy goes on instead.
        case conflicting
        /// It must not go on: edits before it may still change where it belongs. It goes on as a probe, whose answer tells
        /// the sender what is missing, or this side of the gap that the receiver got what was never seen here.
        case postponed
    }

    /// Where a stream stood before the segment in hand.
    ///
    /// It is needed until the segment is dealt with and then no more, so it is not kept in the stream.
    package struct Before: Sendable {
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
    ///   - before: gets where the stream stands before that.
    ///   - mayEdit: bytes that have not come yet may have to be rewritten.
    /// - Returns: what is to become of the segment.
    package mutating func admit(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        isInspected: Bool,
        before: inout Before,
        mayEdit: @autoclosure () -> Bool
    ) -> Admission {
        let end = position + payload.count
        before.next = next
        before.heldStart = heldStart
        guard !isFinished else { return .taken }
        if !acknowledgedUnseen.isAfter(next) {
            // Kept up, so that it never lies so far behind that it would seem to be ahead.
            acknowledgedUnseen = next
        } else if position.isAfter(next) {
            before.next = SequenceNumber.earlier(acknowledgedUnseen, position)
            before.heldStart = before.next
            resume(at: before.next)
        }
        if position.isAfter(next) {
            // A segment that far ahead is outside of any window; one without payload is only an acknowledgement.
            guard !payload.isEmpty || hasFIN, next.distance(to: position) < 1 << 30 else { return .taken }
            guard !mayEdit() else { return .postponed }
            noteFIN(hasFIN, end)
            guard isInspected else {
                count(upTo: end)
                return .taken
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
            bytes.makeRoom(for: payload.count - offset)
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
        bytes.wipe()
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
            let offset = fragment.start.distance(to: position)
            let overlap = max(0, -offset)..<max(0, -offset, min(copy.count, fragment.bytes.count - offset))
            for index in overlap where fragment.bytes[offset + index] != copy[index] {
                copy[index] = fragment.bytes[offset + index]
                isConflicting = true
            }
        }
        passed = SequenceNumber.later(passed, position + copy.count)
        let size = ahead.reduce(copy.count) { $0 + $1.bytes.count }
        if size <= allowance.ahead, ahead.count < allowance.fragments,
            !isKnown(position, position + copy.count)
        {
            ahead.append(Fragment(start: position, bytes: copy))
        } else {
            copy.wipe()
        }
        return isConflicting ? .conflicting : .taken
    }

    private func isKnown(_ start: SequenceNumber, _ end: SequenceNumber) -> Bool {
        ahead.contains { !$0.start.isAfter(start) && !$0.end.isBefore(end) }
    }

    /// Appends what came too early and is due now.
    mutating func admitFragments() {
        while let index = ahead.firstIndex(where: { !$0.start.isAfter(next) }) {
            var fragment = ahead.remove(at: index)
            let offset = fragment.start.distance(to: next)
            if offset < fragment.bytes.count {
                bytes.append(fragment.bytes.span, from: offset, count: fragment.bytes.count - offset)
                next = fragment.end
            }
            fragment.bytes.wipe()
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
