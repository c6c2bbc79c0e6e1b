// SPDX-License-Identifier: GPL-2.0-or-later

/// What the two ends of an unproven connection have said of their positions.
struct Proof {
    /// When the connection is ended unless both ends have confirmed the positions.
    let deadline: Instant
    /// From this time on, retransmitted bytes count as evidence.
    ///
    /// An acknowledgement that has bypassed the queue may reach a sender after it has sent bytes again, and
    /// keep it from doing so once more. A round trip later it has arrived.
    private let settled: Instant
    /// When the ends are asked again.
    private var nextQuestion: Instant
    /// Nanoseconds from the next question to the one after it.
    private var pause = Proof.firstPause
    /// The lowest sequence number that each side has sent, in its own space.
    private(set) var sent: [2 of SequenceNumber?] = .init(repeating: nil)
    /// The latest number that the receiver of each side's stream has acknowledged, in the receiver's space.
    private(set) var acknowledged: [2 of SequenceNumber?] = .init(repeating: nil)
    /// The highest number behind bytes that the receiver of each side's stream keeps for later (RFC 2018), in
    /// the receiver's space.
    private(set) var early: [2 of SequenceNumber?] = .init(repeating: nil)
    /// The highest number behind what each side has sent.
    private(set) var ends: [2 of SequenceNumber?] = .init(repeating: nil)
    /// Set, by side, once a packet was read whose receiver had acknowledged unknown bytes.
    var isTried: [2 of Bool] = .init(repeating: false)
    /// Set once something was held back that an end waits for.
    var isAwaited = false
    /// Set if the connection cannot go on, whatever the ends say.
    var isHopeless = false

    /// Begins a proof; the ends are to be asked at once.
    init(_ uncertainty: PositionUncertainty, at now: Instant) {
        deadline = now.advanced(bySeconds: Proof.timeout)
        nextQuestion = now
        settled =
            uncertainty.contains(.bypassed) ? Instant(nanoseconds: now.nanoseconds + Proof.firstPause) : now
    }

    /// Seconds until a connection is ended that its ends do not confirm: time for five retransmissions
    /// (RFC 6298), and for a firewall that has just removed the rules to load its own.
    private static let timeout: UInt32 = 8
    /// Nanoseconds between the first two questions: Linux answers such packets twice in a second
    /// (`net.ipv4.tcp_invalid_ratelimit`).
    private static let firstPause: UInt64 = 500_000_000

    /// When something has to be done.
    var due: Instant { min(nextQuestion, deadline) }

    /// Whether the ends were asked before.
    var hasAsked: Bool { pause > Proof.firstPause }

    /// Notes that the ends are asked; each pause until the next time is twice as long as the one before.
    mutating func noteQuestion(at now: Instant) {
        nextQuestion = Instant(nanoseconds: now.nanoseconds + pause)
        pause *= 2
    }

    /// Whether both ends have said something.
    private var isAnswered: Bool { acknowledged.indices.allSatisfy { acknowledged[$0] != nil } }

    /// Whether only one end has said something.
    var hasOneSilentEnd: Bool { (acknowledged[0] == nil) != (acknowledged[1] == nil) }

    /// Whether the connection has to end with the proof: both ends have answered, or one waits for something.
    ///
    /// An end that is silent, and for which nothing waits, may be asleep.
    var isConclusive: Bool { isAwaited || isAnswered }

    /// Whether there is nothing more to wait for.
    func isOver(at now: Instant) -> Bool { deadline <= now || isHopeless && isAnswered }

    /// Notes the numbers of a segment.
    mutating func note(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        from side: Session.Side,
        at now: Instant
    ) {
        let first = segment.firstByte
        if segment.payloadCount == 0 || now >= settled {
            sent[side.rawValue] = sent[side.rawValue].map { SequenceNumber.earlier($0, first) } ?? first
        }
        let end = segment.endOfPayload
        ends[side.rawValue] = ends[side.rawValue].map { SequenceNumber.later($0, end) } ?? end
        let number = segment.acknowledgement
        let other = side.other.rawValue
        acknowledged[other] = acknowledged[other].map { SequenceNumber.later($0, number) } ?? number
        for index in 0..<segment.sackCount {
            // A block in front of the acknowledgement is a duplicate (RFC 2883).
            guard let end = segment.sackBlock(index, of: packet)?.right, end.isAfter(number) else { continue }
            early[other] = early[other].map { SequenceNumber.later($0, end) } ?? end
        }
    }
}
