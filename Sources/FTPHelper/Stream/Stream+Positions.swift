/// The two sequence spaces.
extension Stream {
    /// Position of the first held byte; `next` if none is held.
    var heldStart: SequenceNumber { next - heldCount }

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

    /// Where the sender has the segment of which an error message quotes this position of the output space.
    ///
    /// Of one that went on in pieces of an edit that is what the sender may have been told of: it takes no earlier number for
    /// its own, and has sent what is behind. A probe stands for what is held.
    func origin(of position: SequenceNumber) -> SequenceNumber {
        heldCount > 0 && position == probe ? next : input(of: position)
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
            guard next.distance(to: position) < Stream.reach else { return }
            acknowledgedUnseen = SequenceNumber.later(acknowledgedUnseen, position)
            // What came behind the hole shows that it is one, and not just an acknowledgement that was faster.
            while let first = ahead.first, position.isAfter(next) {
                resume(at: SequenceNumber.earlier(position, first.start))
            }
        }
        if position.isAfter(acknowledged) { acknowledged = SequenceNumber.earlier(position, next) }
        trim()
    }

    /// Tells whether the receiver has acknowledged bytes that were never seen here.
    var hasUnseenBytes: Bool { hasHole || acknowledgedUnseen.isAfter(next + (isFinished ? 1 : 0)) }

    /// Goes on at a position beyond a hole that will not be filled.
    ///
    /// Where that is the receiver has said, who need not be honest: `passOverLine` if the sender's lines are read.
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
