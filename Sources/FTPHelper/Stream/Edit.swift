// SPDX-License-Identifier: GPL-2.0-or-later

/// A replaced span of a stream: what the sender sent between two positions, and what the receiver gets
/// instead.
///
/// An edit also records bytes that were withheld and then delivered unchanged; `text` is then what the sender
/// sent.
struct Edit: Sendable {
    /// What the receiver gets in place of the span.
    let text: [UInt8]
    /// Start and end of the span in the input space; the span is never empty.
    let start: SequenceNumber
    let end: SequenceNumber
    /// Start and end of `text` in the output space.
    ///
    /// The end is stored because every packet needs it, and `text` is in another part of memory.
    let outputStart: SequenceNumber
    let outputEnd: SequenceNumber
    /// The last position within the span that may have been acknowledged to the sender before `text` was
    /// delivered.
    let promised: SequenceNumber

    init(
        start: SequenceNumber,
        end: SequenceNumber,
        outputStart: SequenceNumber,
        text: [UInt8],
        promised: SequenceNumber
    ) {
        self.start = start
        self.end = end
        self.outputStart = outputStart
        self.text = text
        self.promised = promised
        outputEnd = outputStart + text.count
    }

    /// Output position minus input position, before the span and behind it.
    var shiftBefore: Int { start.distance(to: outputStart) }
    var shiftAfter: Int { end.distance(to: outputEnd) }
}
