/// One replaced span in a stream: what the sender sent between two positions, and what the receiver gets instead.
///
/// It also stands for bytes that were withheld and then delivered as they were: `text` is then what the sender sent.
struct Edit: Sendable {
    /// What the receiver gets instead of the span.
    let text: [UInt8]
    /// Where the span starts and ends in what the sender sends; it is never empty.
    let start: SequenceNumber
    let end: SequenceNumber
    /// Where `text` starts and ends in what the receiver gets: every packet asks, and `text` lies elsewhere in memory.
    let outputStart: SequenceNumber
    let outputEnd: SequenceNumber
    /// Up to where the sender may have been told that its bytes arrived before `text` was delivered: within the span.
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

    /// Output position less input position before the span, and behind it.
    var shiftBefore: Int { start.distance(to: outputStart) }
    var shiftAfter: Int { end.distance(to: outputEnd) }
}
