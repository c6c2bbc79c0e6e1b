/// One replaced span in a stream: what the sender sent between two positions, and what the receiver gets instead.
///
/// It also stands for bytes that were withheld and then delivered as they were: `text` is then what the sender sent.
struct Edit: Sendable {
    /// Where the span starts and ends in what the sender sends; it is never empty.
    let start: SequenceNumber
    let end: SequenceNumber
    /// Where `text` starts in what the receiver gets.
    let outputStart: SequenceNumber
    /// What the receiver gets instead of the span.
    let text: [UInt8]
    /// Up to where the sender may have been told that its bytes arrived before `text` was delivered: within the span.
    let promised: SequenceNumber

    var outputEnd: SequenceNumber { outputStart + text.count }
    /// Output position less input position before the span, and behind it.
    var shiftBefore: Int { start.distance(to: outputStart) }
    var shiftAfter: Int { end.distance(to: outputEnd) }
}
