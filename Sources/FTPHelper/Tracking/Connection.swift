/// One control connection: its mapping, its two streams, its session, and the expectation it has opened.
final class Connection {
    let mapping: Mapping
    /// The kernel's own helper is attached (`CTA_HELP`): two would rewrite, so this one only watches.
    let isHelped: Bool
    /// The client's stream and the server's, by `Session.Side`.
    var streams: [2 of Stream]
    var session = Session(isAdopted: true)
    /// Set once the first packet has told where the streams stand.
    var isPositioned = false
    /// The data connection announced last, while it is open.
    var expectation: Expectation?
    /// Ordinal of the command that announced it.
    var announcement: UInt32 = 0
    /// An endpoint that NAT lent to the data connection used last: it stays taken while that may still live.
    var lentEndpoint: Endpoint?
    /// Set once conntrack was told to accept shifted sequence numbers.
    var isLiberal = false
    /// Set by both FINs, by RST, or by a replaced conntrack entry: announces nothing any more, still translates.
    var isClosed = false
    /// Set in strict mode by a line that ends the connection: whatever comes is turned into an RST.
    var isReset = false
    /// The sequence numbers of those RSTs, in the output space, by `Session.Side` of the sender.
    var resetSequences: [2 of SequenceNumber] = .init(repeating: SequenceNumber(0))
    var lastSeen: Instant
    /// When conntrack is next to be asked, or, once it is closed, when the connection is to be forgotten.
    var due: Instant
    /// Where the connection is in the tracker's `DeadlineHeap`.
    var heapIndex = -1

    // For the listing.
    var edits: UInt32 = 0
    var opened: UInt32 = 0
    var used: UInt32 = 0
    var refused: UInt32 = 0

    init(mapping: Mapping, isHelped: Bool, now: Instant, due: Instant) {
        self.mapping = mapping
        self.isHelped = isHelped
        streams = .init(repeating: Stream(next: SequenceNumber(0)))
        lastSeen = now
        self.due = due
    }

    /// When something of the connection is next to be done.
    var deadline: Instant { expectation.map { min($0.deadline, due) } ?? due }

    /// The side that a packet with this tuple comes from.
    func side(of tuple: Tuple) -> Session.Side { tuple == mapping.original ? .client : .server }

    /// Tells whether bytes that this side has still to send may have to be rewritten.
    ///
    /// The client's, if NAT changes its address; the server's, while a reply with an address field is awaited.
    func mayEdit(_ side: Session.Side) -> Bool {
        guard session.isInspected, !isClosed else { return false }
        switch side {
        case .client: return mapping.original.source.address != mapping.reply.destination.address
        case .server: return session.solicited != nil
        }
    }

    var summary: ConnectionSummary {
        ConnectionSummary(
            mapping: mapping,
            state: session.state,
            isAdopted: session.isAdopted,
            user: session.user,
            edits: edits,
            opened: opened,
            used: used,
            refused: refused
        )
    }
}
