/// One control connection: its mapping, its two streams, its session, and the expectation it has opened.
///
/// There may be a million of them, so what most of them do not have is kept apart, and an idle one has no buffers.
final class Connection {
    // What every packet needs comes first, side by side, and without gaps.

    let compactMapping: CompactMapping
    /// The kernel's own helper is attached (`CTA_HELP`): two would rewrite, so this one only watches.
    let isHelped: Bool
    /// Set once the first packet has told where the streams stand.
    var isPositioned = false
    /// Set if it was established before any packet could be seen, so that its first one may be any.
    let isEarlier: Bool
    /// Set while it has the opening of an encrypted session: what every packet asks, `opening` lying elsewhere in memory.
    private(set) var hasEncryptedSession = false
    /// Set by both FINs, by RST, or by a replaced conntrack entry: announces nothing any more, still translates.
    var isClosed = false
    /// Set in strict mode by a line that ends the connection: whatever comes is turned into an RST.
    var isReset = false
    /// Set if another may have its addresses and ports in another zone: its packets are known by their numbers, too.
    var mayHaveDouble = false
    /// Set while its record may have to be written anew.
    var isChanged = false
    /// Where it is in the tracker's lists, by `EvictionList.Reason`; 0 where it is not.
    var yieldingPlaces: [2 of Int32] = .init(repeating: 0)
    /// Where its record is kept; 0 while it has none.
    @Compact<UInt32> var recordPlace = 0
    /// The interfaces that the client's packets and the server's are known to come in by; 0 while that is not known.
    var interfaces: [2 of UInt32] = .init(repeating: 0)
    var lastSeen: Instant
    /// The client's stream and the server's, by `Session.Side`.
    var streams: [2 of Stream]
    var session = Session(isAdopted: true)
    /// Set once conntrack was told to accept shifted sequence numbers.
    var isLiberal = false
    /// Set while its packets pass by unseen, but for SYN, FIN and RST, where there is a mark for that.
    var isReleased = false
    /// The streams whose numbers somebody else shifts.
    var shifted: ShiftedStreams = []
    /// Set while conntrack takes the server for who has opened the connection.
    var isReversed = false
    /// The data connection announced last, while it is open.
    private(set) var opening: OpenExpectation?
    /// What it transfers, or is about to.
    var transfer: Transfer?
    /// When conntrack is next to be asked, or, once it is closed, when the connection is to be forgotten.
    var due: Instant
    /// Where the connection is in the tracker's `DeadlineHeap`.
    @Compact<Int32> var heapIndex = -1
    /// The port that NAT lent to the data connection used last, of the client's shown address or the server's: it
    /// stays taken while that connection may still live.
    var lentPort: LentPort?
    /// Who the client says it is by a PROXY header; believed only where `Policy.Rules.trustsProxyHeader` is set.
    var proxied: ProxiedClient?
    /// What was told of it already.
    var told = UnopenedReason.Told()

    // For the listing.
    var edits: UInt32 = 0
    var opened: UInt32 = 0
    var used: UInt32 = 0
    var refused: UInt32 = 0

    /// Which conntrack entry it is (`CTA_ID`).
    var entryID: UInt32
    /// Position at which the server's stream was first seen.
    var serverStart = SequenceNumber(0)

    init(
        mapping: Mapping,
        entryID: UInt32,
        isHelped: Bool,
        isEarlier: Bool = false,
        now: Instant,
        due: Instant
    ) {
        self.isEarlier = isEarlier
        compactMapping = CompactMapping(mapping)
        self.entryID = entryID
        self.isHelped = isHelped
        streams = .init(repeating: Stream(next: SequenceNumber(0)))
        lastSeen = now
        self.due = due
    }

    deinit {
        for side in streams.indices { streams[side].wipe() }
    }

    /// Tells whether nobody has logged in yet.
    var isWaiting: Bool { yieldingPlaces[EvictionList.Reason.waiting.rawValue] > 0 }

    /// Tells whether conntrack does not have it: it may find it again with the next packet.
    var isOrphaned: Bool { !isClosed && yieldingPlaces[EvictionList.Reason.closed.rawValue] > 0 }

    /// When something of the connection is next to be done.
    var deadline: Instant {
        var deadline = due
        if let opening { deadline = min(deadline, opening.deadline) }
        if let look = transfer?.due { deadline = min(deadline, look) }
        return deadline
    }

    var mapping: Mapping { compactMapping.mapping }

    /// The side that packets with this tuple come from, in whatever zone; `nil` if the tuple is another connection's.
    func side(of tuple: Tuple) -> Session.Side? { compactMapping.side(of: tuple) }

    /// Tells whether the numbers of a segment are near those of the streams.
    ///
    /// Those of another connection are so by chance only, once in ten thousand times.
    func fits(_ segment: Segment, from side: Session.Side) -> Bool {
        guard isPositioned else { return true }
        let isNear = abs(streams[side.rawValue].next.distance(to: segment.firstByte)) < Stream.reach
        guard isNear, segment.flags.contains(.ack), !shifted.contains(side.other) else { return isNear }
        let other = side.other.rawValue
        let position = streams[other].input(of: segment.acknowledgement)
        return abs(streams[other].next.distance(to: position)) < Stream.reach
    }

    /// Reads something of each cache line that even an acknowledgement needs; a line more would let it wait for longer.
    func prefetch() -> Int { (isHelped ? 1 : 0) &+ streams[0].heldCount &+ streams[1].heldCount }

    /// Reads something of what the streams keep elsewhere, if they keep anything.
    func prefetchEdits() -> Int { streams[0].edits.count &+ streams[1].edits.count }

    /// The address under which NAT shows a side to the other one.
    func shownAddress(of side: Session.Side) -> IPAddress {
        side == .client ? mapping.reply.destination.address : mapping.original.destination.address
    }

    /// Who it is that has the connection.
    var client: Client { Client(mapping.original.source.address) }

    /// A side's own address.
    func ownAddress(of side: Session.Side) -> IPAddress {
        side == .client ? mapping.original.source.address : mapping.reply.source.address
    }

    /// The expectation that is open.
    var expectation: Expectation? {
        opening.map { opening in
            expectation(
                opening.kind,
                opening.id,
                target: opening.target,
                port: opening.port,
                opening.translatedPort,
                until: opening.deadline,
                access: opening.session?.access
            )
        }
    }

    /// An expectation of this connection: the side that listens is the one that announces it.
    ///
    /// - Parameters:
    ///   - kind: tells which side that is.
    ///   - id: its number.
    ///   - target: the address that it leads to, if that is not the listening side's own.
    ///   - port: where the SYN arrives.
    ///   - translatedPort: where the listening side listens.
    ///   - deadline: when it closes unused.
    ///   - listener: which side listens, where the kind does not tell.
    ///   - access: what it is for besides, if it is that of an encrypted session.
    /// - Returns: the expectation, with NAT as it is for the control connection.
    func expectation(
        _ kind: Expectation.Kind,
        _ id: UInt64,
        target: IPAddress?,
        port: UInt16,
        _ translatedPort: UInt16,
        until deadline: Instant,
        listener: Session.Side? = nil,
        access: Expectation.Access? = nil
    ) -> Expectation {
        let listener = listener ?? (kind.isActive ? .client : .server)
        let end = target ?? ownAddress(of: listener)
        return Expectation(
            id: id,
            kind: kind,
            master: mapping.original,
            from: ownAddress(of: listener.other),
            to: Endpoint(isShownOtherwise(listener) ? shownAddress(of: listener) : end, port),
            translatedFrom: shownAddress(of: listener.other),
            translatedTo: Endpoint(end, translatedPort),
            zone: listener == .client ? mapping.reply.zone : mapping.original.zone,
            deadline: deadline,
            access: access
        )
    }

    /// Tells whether NAT shows a side to the other one under another address than its own.
    func isShownOtherwise(_ side: Session.Side) -> Bool { ownAddress(of: side) != shownAddress(of: side) }

    /// Takes an expectation as the one that is open, or, if it is foretold, that opens once the login is accepted.
    func expect(
        _ expectation: Expectation,
        session: EncryptedSession? = nil,
        command: UInt32,
        isForetold: Bool = false
    ) {
        let end = expectation.translatedTo.address
        let isOwn = end == ownAddress(of: expectation.kind.isActive ? .client : .server)
        opening = OpenExpectation(
            expectation,
            session: session,
            target: isOwn ? nil : end,
            command: command,
            isForetold: isForetold
        )
        hasEncryptedSession = session != nil
    }

    /// Has no expectation any more.
    func expectNothing() {
        opening = nil
        hasEncryptedSession = false
    }

    /// Tells whether bytes that this side has still to send may have to be rewritten.
    ///
    /// The client's, if NAT changes its address; the server's, while a reply with an address field is awaited. None of a connection
    /// whose numbers somebody else shifts.
    func mayEdit(_ side: Session.Side) -> Bool {
        guard session.isInspected, !isClosed, shifted.isEmpty else { return false }
        switch side {
        case .client: return isShownOtherwise(.client)
        case .server: return session.isSoliciting
        }
    }

    /// Bytes that both streams keep.
    var size: Int { streams[0].size + streams[1].size }

    var summary: ConnectionSummary {
        ConnectionSummary(
            mapping: mapping,
            state: session.state,
            isAdopted: session.isAdopted,
            user: session.user,
            edits: edits,
            opened: opened,
            used: used,
            refused: refused,
            access: opening?.session?.access
        )
    }
}
