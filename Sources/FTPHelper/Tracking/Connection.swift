// SPDX-License-Identifier: GPL-2.0-or-later

/// A control connection: its mapping, its two streams, its session, and its open expectation.
///
/// There may be a million connections. What few of them need is therefore stored separately, and an idle
/// connection has no buffers.
///
/// A connection is stored in a slot of the `ConnectionStore` and changes only there, in `Tracker.update`. Its
/// property observers mark the changes that move its deadline and those that outdate its record.
struct Connection: ~Copyable {
    // The members that every packet needs come first, adjacent and without padding.

    let compactMapping: CompactMapping
    /// Set if the kernel's helper is attached (`CTA_HELP`).
    ///
    /// Two helpers would both rewrite, so this one only watches.
    let hasKernelHelper: Bool
    private(set) var phase = ConnectionPhase.unpositioned { didSet { isRecordOutdated = true } }
    /// Set if the connection was established before Pinhole could see its packets; any packet may then be the
    /// first one.
    let isEarlier: Bool
    /// Set while `opening` belongs to an encrypted session.
    ///
    /// Every packet needs this, and `opening` is in another part of memory.
    private(set) var hasEncryptedSession = false
    /// Set until the login: the connection may be evicted.
    var isWaiting = false
    /// Why the positions of the streams may be wrong, until both ends have confirmed them (`Tracker.prove`); empty if they
    /// are certain.
    var uncertainty: PositionUncertainty = [] { didSet { isRecordOutdated = true } }
    /// Set while conntrack has lost the connection; the next packet may create the entry again.
    var isOrphaned = false
    /// Set once a change has moved the deadline.
    private(set) var isDeadlineMoved = false
    /// Set once a change has made the record out of date.
    private(set) var isRecordOutdated = false
    /// Interfaces through which the packets of each side arrive, by `Session.Side`; 0 while unknown.
    var interfaces: [2 of UInt32] = .init(repeating: 0)
    /// Identifier of the conntrack entry (`CTA_ID`).
    var entryID: UInt32 { didSet { isRecordOutdated = true } }
    var lastSeen: Instant
    /// The client's stream and the server's, by `Session.Side`.
    var streams: [2 of Stream]
    var session = Session(isAdopted: true)
    /// Set once conntrack was told to accept shifted sequence numbers (`Action.beLiberal`).
    var isLiberal = false
    /// Set while the packets bypass the queue, except SYN, FIN and RST.
    ///
    /// Has no effect without a bypass mark.
    var bypassesQueue = false { didSet { isRecordOutdated = true } }
    /// The streams whose numbers another part of the kernel shifts.
    var shifted: ShiftedStreams = [] { didSet { isRecordOutdated = true } }
    /// Set while the direction of the conntrack entry is reversed: it has the server as the one that opened
    /// the connection.
    var isReversed = false { didSet { isRecordOutdated = true } }
    /// The slot that stores the connection; `nil` until it is stored.
    ///
    /// The slot owns the connection, so it lives as long.
    private(set) unowned var slot: ConnectionStore.Slot?
    /// The last expectation, while it is open.
    private(set) var opening: OpenExpectation? {
        didSet {
            hasEncryptedSession = opening?.session != nil
            isDeadlineMoved = true
            isRecordOutdated = true
        }
    }
    /// The current or next transfer, stored apart because most connections have none.
    private var transferBox: TransferBox?
    /// When conntrack is asked next, or, for a closed connection, when it is removed.
    var due: Instant { didSet { isDeadlineMoved = true } }
    /// The port that NAT lent to the last data connection.
    ///
    /// It stays reserved until both ends have sent a FIN, or the connection is removed, and then for
    /// `PortAllocator.restSeconds`.
    var lentPort: LentPort? { didSet { isRecordOutdated = true } }
    /// The client address in the PROXY header; believed only if `Policy.Rules.trustsProxyHeader` is set.
    var proxied: ProxiedClient?
    /// The reasons why nothing opened that were already reported.
    var reportedReasons = UnopenedReason.Reported()

    // Counters for the listing.
    var edits: UInt32 = 0
    var opened: UInt32 = 0 { didSet { isRecordOutdated = true } }
    var used: UInt32 = 0 { didSet { isRecordOutdated = true } }
    var refused: UInt32 = 0

    /// When the connection was first seen, in seconds on the tracker's clock.
    @Compact<UInt32> var firstSecond = 0
    /// Position at which the server's stream was first seen.
    var serverStart = SequenceNumber(0)

    init(
        mapping: Mapping,
        entryID: UInt32,
        hasKernelHelper: Bool,
        isEarlier: Bool = false,
        now: Instant,
        due: Instant
    ) {
        self.isEarlier = isEarlier
        compactMapping = CompactMapping(mapping)
        self.entryID = entryID
        self.hasKernelHelper = hasKernelHelper
        streams = .init(repeating: Stream(next: SequenceNumber(0)))
        lastSeen = now
        self.due = due
        firstSecond = Int(now.nanoseconds / 1_000_000_000)
    }

    /// Wipes the stored bytes when the connection is removed.
    mutating func wipe() {
        for side in streams.indices { streams[side].wipe() }
    }

    /// The current or next transfer.
    var transfer: Transfer? {
        get { transferBox?.transfer }
        set {
            isDeadlineMoved = true
            isRecordOutdated = true
            guard let newValue else {
                transferBox = nil
                return
            }
            if let transferBox {
                transferBox.transfer = newValue
            } else {
                transferBox = TransferBox(newValue)
            }
        }
    }

    /// Whether the positions of the streams are set.
    var isPositioned: Bool { phase != .unpositioned }

    /// Whether the connection has ended, in any way.
    var isClosed: Bool { phase == .closed || phase == .reset }

    /// Whether both ends have sent a FIN.
    var isFinished: Bool { streams[0].isFinished && streams[1].isFinished }

    /// Whether its packets are to be turned into RSTs.
    var isReset: Bool { phase == .ending || phase == .reset }

    /// Notes that the positions of the streams are set.
    mutating func open() { phase = .open }

    /// Demands that both ends are reset.
    mutating func demandReset() {
        switch phase {
        case .open: phase = .ending
        case .closed: phase = .reset
        case .unpositioned, .ending, .reset: break
        }
    }

    /// Notes that the connection has ended; with resets, if they were demanded.
    mutating func close() {
        switch phase {
        case .open: phase = .closed
        case .ending: phase = .reset
        case .unpositioned, .closed, .reset: break
        }
    }

    /// Tells whether a transfer is under way.
    var isTransferring: Bool { transferBox?.transfer.isUnderWay ?? false }

    /// Tells whether the connection counts as followed: it is not closed, and not left to the kernel's
    /// helper.
    var isListed: Bool { isPositioned && !hasKernelHelper && !isClosed }

    /// The earliest moment at which something has to be done for the connection.
    var deadline: Instant {
        var deadline = due
        if let opening { deadline = min(deadline, opening.deadline) }
        if let look = transferBox?.transfer.due { deadline = min(deadline, look) }
        return deadline
    }

    var mapping: Mapping { compactMapping.mapping }

    /// The side that sends packets with this tuple, in any zone; `nil` if the tuple belongs to another
    /// connection.
    func side(of tuple: Tuple) -> Session.Side? { compactMapping.side(of: tuple) }

    /// Tells whether the sequence and acknowledgement numbers of a segment are close to the positions of the
    /// streams.
    ///
    /// For a segment of another connection this is true with a probability of about 1 in 10,000.
    func fits(_ segment: Segment, from side: Session.Side) -> Bool {
        guard isPositioned else { return true }
        let isNear = abs(streams[side.rawValue].next.distance(to: segment.firstByte)) < Stream.reach
        guard isNear, segment.flags.contains(.ack), !shifted.contains(side.other) else { return isNear }
        let other = side.other.rawValue
        let position = streams[other].input(of: segment.acknowledgement)
        return abs(streams[other].next.distance(to: position)) < Stream.reach
    }

    /// Touches the cache lines that even a bare acknowledgement needs.
    ///
    /// Each further line would delay it.
    func prefetch() -> Int { (hasKernelHelper ? 1 : 0) &+ streams[0].heldCount &+ streams[1].heldCount }

    /// Touches the memory of the streams' edits, if there are any.
    func prefetchEdits() -> Int { streams[0].edits.count &+ streams[1].edits.count }

    /// The address under which the other side knows a side.
    func shownAddress(of side: Session.Side) -> IPAddress {
        side == .client ? mapping.reply.destination.address : mapping.original.destination.address
    }

    /// The client whose share the connection counts for.
    var client: Client { Client(mapping.original.source.address) }

    /// A side's own address.
    func ownAddress(of side: Session.Side) -> IPAddress {
        side == .client ? mapping.original.source.address : mapping.reply.source.address
    }

    /// The open or pending expectation.
    var expectation: Expectation? {
        opening.map { opening in
            expectation(
                opening.kind,
                opening.id,
                target: opening.target,
                others: opening.others,
                port: opening.port,
                opening.translatedPort,
                until: opening.deadline,
                access: opening.session?.access
            )
        }
    }

    /// Makes an expectation of this connection.
    ///
    /// The side that announces it listens.
    ///
    /// - Parameters:
    ///   - kind: the kind, which determines the listening side.
    ///   - id: the number of the expectation.
    ///   - target: the address of the data connection's end; `nil` for the listening side's own.
    ///   - others: other hosts that may open the data connection.
    ///   - port: the destination port with which the SYN arrives.
    ///   - translatedPort: the port on which the listening side listens.
    ///   - deadline: when the expectation closes unused.
    ///   - listener: the listening side, if the kind does not determine it.
    ///   - access: what else it allows, for an encrypted session.
    /// - Returns: the expectation, with the same NAT as the control connection.
    func expectation(
        _ kind: Expectation.Kind,
        _ id: UInt64,
        target: IPAddress?,
        others: [IPAddress] = [],
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
            others: others,
            to: Endpoint(isShownOtherwise(listener) ? shownAddress(of: listener) : end, port),
            translatedFrom: shownAddress(of: listener.other),
            translatedTo: Endpoint(end, translatedPort),
            zone: listener == .client ? mapping.reply.zone : mapping.original.zone,
            deadline: deadline,
            access: access
        )
    }

    /// Tells whether NAT changes the address of a side.
    func isShownOtherwise(_ side: Session.Side) -> Bool { ownAddress(of: side) != shownAddress(of: side) }

    /// Sets the expectation; if `isPending`, it opens once the login is accepted.
    mutating func expect(
        _ expectation: Expectation,
        session: EncryptedSession? = nil,
        command: UInt32,
        isPending: Bool = false
    ) {
        let end = expectation.translatedTo.address
        let isOwn = end == ownAddress(of: expectation.kind.isActive ? .client : .server)
        opening = OpenExpectation(
            expectation,
            session: session,
            target: isOwn ? nil : end,
            command: command,
            isPending: isPending
        )
    }

    /// Clears the expectation.
    mutating func expectNothing() { opening = nil }

    /// Opens the pending expectation.
    mutating func confirmPending() { opening = opening?.confirmed }

    /// Lets other hosts of the server's farm open the data connection of an active expectation.
    mutating func allowSources(_ others: [IPAddress]) {
        guard let expected = opening, expected.kind.isActive, expected.others != others else { return }
        opening = expected.shared(with: others)
    }

    /// Moves the deadline of the expectation.
    mutating func postponeExpectation(until deadline: Instant) {
        opening = opening?.postponed(until: deadline)
    }

    /// Marks the record as out of date, for changes of the streams and the session.
    mutating func outdateRecord() { isRecordOutdated = true }

    /// Records that the store has accounted for all changes so far.
    mutating func settle() {
        isDeadlineMoved = false
        isRecordOutdated = false
    }

    /// Records the slot that stores the connection.
    mutating func enter(_ slot: ConnectionStore.Slot) { self.slot = slot }

    /// Tells whether bytes that a side has not sent yet may have to be rewritten.
    ///
    /// Those of the client may, if NAT changes its address, and those of the server, while a reply with an
    /// address field is expected. Nothing is rewritten on a connection whose numbers another part of the
    /// kernel shifts.
    func mayEdit(_ side: Session.Side) -> Bool {
        guard session.isInspected, !isClosed, shifted.isEmpty else { return false }
        switch side {
        case .client: return isShownOtherwise(.client)
        case .server: return session.isSoliciting
        }
    }

    /// Bytes that the two streams keep.
    var size: Int { streams[0].size + streams[1].size }

    var summary: ConnectionSummary {
        ConnectionSummary(
            id: entryID,
            mapping: mapping,
            state: session.state,
            isAdopted: session.isAdopted,
            user: session.user,
            edits: edits,
            opened: opened,
            used: used,
            refused: refused,
            began: Instant(nanoseconds: UInt64(firstSecond) * 1_000_000_000),
            lastSeen: lastSeen,
            access: opening?.session?.access
        )
    }
}
