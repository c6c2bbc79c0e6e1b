// SPDX-License-Identifier: GPL-2.0-or-later

/// Translation between the two sequence spaces.
extension Stream {
    /// Position of the first withheld byte; `next` if none is withheld.
    var heldStart: SequenceNumber { next - heldCount }

    /// Tells whether the receiver would accept an RST at this position: it is neither in front of what the
    /// receiver acknowledged nor behind the end of the stream so far.
    package func isDue(_ position: SequenceNumber) -> Bool {
        !position.isBefore(acknowledged) && !position.isAfter(next + (isFinished ? 1 : 0))
    }

    /// Tells whether the two spaces are identical and nothing is withheld.
    package var isTransparent: Bool { edits.isEmpty && shift == 0 && heldCount == 0 }

    /// Translates a position from the input space to the output space.
    ///
    /// A position inside an edit becomes the start of its text.
    package func output(of position: SequenceNumber) -> SequenceNumber {
        if heldCount > 0, position.isAfter(heldStart), !position.isAfter(next) { return heldStart + shift }
        for edit in edits.reversed() {
            if !position.isBefore(edit.end) { return position + edit.shiftAfter }
            if position.isAfter(edit.start) { return edit.outputStart }
        }
        return position + (edits.first?.shiftBefore ?? shift)
    }

    /// Translates an acknowledged position from the output space to the input space.
    ///
    /// A position inside an edit's text acknowledges nothing of the edit beyond what was acknowledged to the
    /// sender before. A position at the first withheld byte acknowledges all withheld bytes: they are kept
    /// here, and the segment that completes the line delivers them.
    package func input(of position: SequenceNumber) -> SequenceNumber {
        if heldCount > 0, position == heldStart + shift { return next }
        for edit in edits.reversed() {
            if !position.isBefore(edit.outputEnd) { return position - edit.shiftAfter }
            if !position.isBefore(edit.outputStart) { return edit.promised }
        }
        return position - (edits.first?.shiftBefore ?? shift)
    }

    /// Translates the sequence number that an error message quotes from the output space to the sender's
    /// number.
    ///
    /// If the quoted segment is a piece of an edit, the result is the last position that may have been
    /// acknowledged to the sender: the sender accepts no earlier number as its own, and it has sent the bytes
    /// behind it. A quoted probe stands for the withheld bytes.
    func origin(of position: SequenceNumber) -> SequenceNumber {
        heldCount > 0 && position == probe ? next : input(of: position)
    }

    /// Translates a SACK block from the output space to the input space; `nil` if it covers no whole byte
    /// there.
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

    /// Records that the receiver has acknowledged everything up to a position of the input space.
    ///
    /// If the receiver acknowledges bytes that were never seen here, they took another route, and the stream
    /// resumes behind them.
    package mutating func acknowledge(_ position: SequenceNumber) {
        if position.isAfter(next + (isFinished ? 1 : 0)) {
            guard next.distance(to: position) < Stream.reach else { return }
            acknowledgedUnseen = SequenceNumber.later(acknowledgedUnseen, position)
            // Early segments behind the hole prove that it is a hole, and not just an acknowledgement that
            // overtook the segment.
            while let first = ahead.first, position.isAfter(next) {
                resume(at: SequenceNumber.earlier(position, first.start))
            }
        }
        if position.isAfter(acknowledged) { acknowledged = SequenceNumber.earlier(position, next) }
        trim()
    }

    /// Tells whether the receiver has acknowledged bytes that were never seen here.
    var hasUnseenBytes: Bool { hasHole || acknowledgedUnseen.isAfter(next + (isFinished ? 1 : 0)) }

    /// Resumes at a position behind a hole that will not be filled.
    ///
    /// The receiver determines the position, and it need not be honest. Call `skipLine` if the sender's
    /// lines are read.
    mutating func resume(at position: SequenceNumber) {
        bytes.wipe()
        unread = 0
        scanned = 0
        heldCount = 0
        isSkipping = false
        hasHole = true
        next = position
        appendFragments()
    }
}
