// SPDX-License-Identifier: GPL-2.0-or-later

/// What the two ends of an unproven connection have said of their positions.
struct Proof {
    /// When the connection is ended unless both ends have confirmed the positions.
    let deadline: Instant
    /// When an end may be asked again.
    var nextQuestion: Instant
    /// The lowest sequence number that each side has sent, in its own space.
    private(set) var sent: [2 of SequenceNumber?] = .init(repeating: nil)
    /// The latest number that the receiver of each side's stream has acknowledged, in the receiver's space.
    private(set) var acknowledged: [2 of SequenceNumber?] = .init(repeating: nil)

    /// The highest number behind what each side has sent.
    private(set) var ends: [2 of SequenceNumber?] = .init(repeating: nil)
    /// Set if the connection cannot go on, whatever the ends say.
    var isHopeless = false

    init(at now: Instant) {
        deadline = now.advanced(bySeconds: Proof.timeout)
        nextQuestion = now
    }

    /// Seconds until a connection is ended that its ends do not confirm: time for a few retransmissions
    /// (RFC 6298).
    private static let timeout: UInt32 = 5
    /// Nanoseconds between two questions: Linux answers such packets twice in a second
    /// (`net.ipv4.tcp_invalid_ratelimit`).
    static let questionInterval: UInt64 = 500_000_000

    /// Notes the numbers of a segment.
    mutating func note(_ segment: Segment, from side: Session.Side) {
        let first = segment.firstByte
        sent[side.rawValue] = sent[side.rawValue].map { SequenceNumber.earlier($0, first) } ?? first
        let end = segment.endOfPayload
        ends[side.rawValue] = ends[side.rawValue].map { SequenceNumber.later($0, end) } ?? end
        let number = segment.acknowledgement
        let other = side.other.rawValue
        acknowledged[other] = acknowledged[other].map { SequenceNumber.later($0, number) } ?? number
    }
}
