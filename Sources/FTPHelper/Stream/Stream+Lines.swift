// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines, and what is withheld of them.
extension Stream {
    /// Returns the next line, or the beginning of a line that is too long; `nil` if there is none yet.
    package mutating func nextLine(_ reading: borrowing Reading) -> Line? {
        while scanned < bytes.count {
            guard bytes[scanned] == UInt8(ascii: "\n") else {
                scanned += 1
                continue
            }
            scanned += 1
            let start = unread
            unread = scanned
            guard isSkipping else {
                let isWhole = scanned - start <= allowance.line
                return Line(range: start..<(isWhole ? scanned : start + allowance.line), isWhole: isWhole)
            }
            isSkipping = false
        }
        guard isSkipping || bytes.count - unread > allowance.line else { return nil }
        let start = unread
        unread = bytes.count
        guard !isSkipping else { return nil }
        isSkipping = true
        return Line(range: start..<start + allowance.line, isWhole: false)
    }

    /// Offsets in `bytes` of the bytes that have arrived and are not read yet.
    package var rest: Range<Int> { isSkipping ? bytes.count..<bytes.count : unread..<bytes.count }

    /// Skips everything up to the next line end, because it is not known where in a line the stream is.
    package mutating func skipLine() {
        isSkipping = true
    }

    /// Skips `count` bytes that are not read as lines.
    package mutating func skip(_ count: Int) {
        unread = min(unread + count, bytes.count)
        scanned = unread
        isSkipping = false
    }

    /// Tells whether a part of the last line can still be replaced: neither any of its bytes nor any byte
    /// behind it has been forwarded.
    package func canReplace(_ field: Range<Int>, _ reading: borrowing Reading) -> Bool {
        let start = position(field.lowerBound)
        return !start.isBefore(reading.heldStart)
            && (!passed.isAfter(reading.next) || !start.isBefore(passed))
    }

    /// Replaces a part of the last line; `canReplace` must be true for it.
    ///
    /// - Parameters:
    ///   - field: offsets in `bytes`; not empty.
    ///   - text: what the receiver gets instead.
    ///   - reading: what `insert` returned. The bytes that were withheld before are delivered.
    package mutating func replace(_ field: Range<Int>, with text: [UInt8], _ reading: inout Reading) {
        let start = position(field.lowerBound)
        let end = position(field.upperBound)
        guard reading.hasHeld, !start.isAfter(reading.next) else {
            deliverHeld(&reading)
            record(start, end, text, promised: start)
            return
        }
        // The sender does not send the withheld bytes again, so they are delivered with the first byte that
        // it still has to send.
        let spanEnd = SequenceNumber.later(end, reading.next + 1)
        record(
            reading.heldStart,
            spanEnd,
            copy(reading.heldStart, start) + text + copy(end, spanEnd),
            promised: reading.next
        )
        reading.deliver()
    }

    /// Ends the reading: withholds the last `count` bytes and lets everything else pass.
    package mutating func withhold(_ count: Int, _ reading: consuming Reading) {
        let start = next - count
        // In small segments, the window of a field can slide past the first byte that was withheld.
        let isTooLong = reading.heldStart.distance(to: next) > StreamLimits.withheld
        if reading.hasHeld, !start.isAfter(reading.next), !isFinished, !isTooLong {
            // No byte is forwarded with which the withheld ones could be delivered, so they stay withheld.
            heldCount = reading.heldStart.distance(to: next)
        } else {
            deliverHeld(&reading)
            let isFree =
                !start.isBefore(reading.next) && !start.isBefore(SequenceNumber.later(passed, reading.next))
            heldCount = isFree && !isFinished ? count : 0
        }
        passed = SequenceNumber.later(passed, heldStart)
        trim()
    }

    /// Ends the reading: nothing of the segment is forwarded, and nothing behind it.
    mutating func stop(_ reading: consuming Reading) { passed = reading.heldStart }

    /// Forwards nothing any more.
    mutating func stop() { passed = heldStart }

    /// Delivers the bytes that were withheld before the current segment unchanged, with the first byte behind
    /// them.
    private mutating func deliverHeld(_ reading: inout Reading) {
        guard reading.hasHeld else { return }
        let end = SequenceNumber.earlier(reading.next + 1, next)
        record(reading.heldStart, end, copy(reading.heldStart, end), promised: reading.next)
        reading.deliver()
    }

    private mutating func record(
        _ start: SequenceNumber,
        _ end: SequenceNumber,
        _ text: [UInt8],
        promised: SequenceNumber
    ) {
        // The newest edit is kept even after it is acknowledged: the sender may not know that yet.
        edits.removeAll { !$0.end.isAfter(acknowledged) }
        let edit = Edit(start: start, end: end, outputStart: start + shift, text: text, promised: promised)
        // Most streams never have two edits at once, and a literal allocates no room for a second one.
        if edits.isEmpty { edits = [edit] } else { edits.append(edit) }
        shift += text.count - start.distance(to: end)
    }

    private func position(_ offset: Int) -> SequenceNumber { next - (bytes.count - offset) }

    /// Drops acknowledged edits and bytes that no retransmission can need.
    mutating func trim() {
        if let last = edits.last, last.end.distance(to: acknowledged) > 1 << 30 { edits.removeAll() }
        guard !bytes.isEmpty else { return }
        let history = min(acknowledged.distance(to: next), allowance.history)
        let surplus = bytes.count - max(history, heldCount, bytes.count - unread)
        drop(surplus)
    }

    /// Drops the first `count` bytes.
    mutating func drop(_ count: Int) {
        guard count > 0 else { return }
        bytes.wipeFirst(count)
        unread = max(unread - count, 0)
        scanned = max(scanned - count, 0)
    }
}
