/// Follows every FTP control connection of a gateway and decides what becomes of its packets.
///
/// It does no IO, reads no clock and imports nothing: each verb is given what it needs, and answers with a verdict
/// and with actions that the shell performs in order (`Output`). Randomness, for the ports that NAT lends, comes from
/// the generator it is made with.
package struct Tracker: ~Copyable {
    /// What an expectation is found by when its SYN comes.
    struct Key: Hashable {
        let from: IPAddress
        let to: Endpoint

        init(from: IPAddress, to: Endpoint) {
            self.from = from
            self.to = to
        }

        /// What would be found if it were a data connection.
        init(_ mapping: Mapping) {
            self.init(from: mapping.original.source.address, to: mapping.original.destination)
        }

        init(_ expectation: Expectation) { self.init(from: expectation.from, to: expectation.to) }
    }

    /// Seconds without packets after which conntrack is asked whether it still has a connection.
    static let idleSeconds: UInt32 = 120
    /// The same while an expectation is open, since that must not outlive its master.
    static let expectingSeconds: UInt32 = 15
    /// Seconds without packets after which an edited connection that conntrack does not have is forgotten here, too: as long as
    /// it takes most hosts to look whether a silent peer still lives (RFC 9293, section 3.8.4).
    static let orphanSeconds: UInt32 = 7200
    /// Seconds that a silent connection is taken to live on: as long as conntrack keeps an established one
    /// (`nf_conntrack_tcp_timeout_established`).
    static let aliveSeconds: UInt32 = 432_000
    /// Seconds that a closed connection is still translated: as long as conntrack keeps it (`nf_conntrack_tcp_timeout_time_wait`).
    static let lingerSeconds: UInt32 = 120

    /// What is allowed; it may change at any time, and holds from then on.
    package var policy: Policy
    /// Whether lines are rewritten; an observer, who sees packets only after the fact, leaves them as they are.
    let rewrites: Bool
    package internal(set) var statistics = Statistics()
    /// Each connection twice, under the tuples that its packets arrive with.
    var table = ConnectionTable()
    /// Those of which NAT changes both ends, under the tuple that their packets have between the two changes.
    var halfway = ConnectionTable()
    /// Connections with an expectation, by what their data connection's SYN looks like.
    var expecting = ConnectionTable()
    /// Connections with the opening of an encrypted session.
    var sessions = EncryptedSessionTable()
    var deadlines = DeadlineHeap()
    /// Connections that are closed and still translated, and such as conntrack has forgotten.
    var lingering = EvictionList(.closed)
    /// Connections on which nobody has logged in yet.
    var waiting = EvictionList(.waiting)
    /// How many connections each client has.
    var clients = ClientTable()
    /// Connections that began in sight and are not to be taken as logged in.
    var rejected: RejectedConnections
    /// Connections that did not, and may be.
    var earlier = EarlierConnections()
    /// Clients whose SYN may have carried payload.
    var fastOpens = FastOpens()
    var ports = PortAllocator()
    /// What connections and clients may still announce.
    var connectionBudgets = Tracker.connectionBudgets
    var clientBudgets = Tracker.clientBudgets
    /// Set once a line of the packet in hand was passed over for want of a budget.
    var hasPassedOver = false
    /// The expectation that the packet in hand has announced last, and that nobody was told of yet; 0 if there is none.
    var freshID: UInt64 = 0
    /// How its line names it, if that is worth telling.
    var freshNaming: Naming?
    var random: any RandomNumberGenerator
    /// Whether somebody keeps what `takeRecords` hands over.
    let keepsRecords: Bool
    /// Connections whose records may have to be written anew.
    var changed: [Connection] = []
    /// The record being written; kept for its storage.
    var record = RecordWriter()
    var spares: [[UInt8]] = []
    /// Where the stream of the segment in hand stood before it.
    var before = Stream.Before()
    /// A sink for prefetched values, so that the loads are not optimised away.
    var prefetched = 0
    var lastID: UInt64 = 0
    /// Bytes that all streams keep together.
    package internal(set) var size = 0
    /// How many control connections are followed, as `connections` lists them.
    package internal(set) var connectionCount = 0
    /// Connections whose transfers are under way.
    var transferring: [ObjectIdentifier: Connection] = [:]

    package init(
        policy: Policy,
        rewrites: Bool = true,
        keepsRecords: Bool = false,
        random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.policy = policy
        self.rewrites = rewrites
        self.keepsRecords = keepsRecords
        self.random = random
        rejected = RejectedConnections(keepsChanges: keepsRecords)
    }

    /// When `fire` is next to be called; every other mutating verb may change it.
    package var nextDeadline: Instant? { deadlines.first?.deadline }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] {
        masters.compactMap(\.expectation).sorted { $0.id < $1.id }
    }

    package var expectationCount: Int { expecting.count + sessions.count }

    /// Bytes that all streams may keep before they are to keep no more than they need.
    package var maximumSize: Int { max(4 << 20, policy.maximumConnections * 1024) }

    /// The control connections that are followed, in no particular order.
    package var connections: [ConnectionSummary] {
        var summaries: [ConnectionSummary] = []
        deadlines.forEach { if isListed($0) { summaries.append($0.summary) } }
        return summaries
    }

    /// The connection that has this tuple, in its zone.
    func connection(of tuple: Tuple) -> Connection? {
        table.first(ConnectionTable.hash(tuple)) { connection in
            guard let side = connection.side(of: tuple) else { return false }
            let mapping = connection.mapping
            return tuple.zone == (side == .client ? mapping.original.zone : mapping.reply.zone)
        }
    }

    /// The connection that a packet is of.
    func connection(of arrival: HashedSegment) -> (connection: Connection, side: Session.Side)? {
        let segment = arrival.segment
        let tuple = segment.tuple
        var found: Session.Side?
        let connection = table.first(arrival.hash) { connection in
            found = connection.side(of: tuple)
            guard let side = found else { return false }
            return !connection.mayHaveDouble || connection.fits(segment, from: side)
        }
        guard let connection, let found else { return nil }
        return (connection, found)
    }

    /// Adds a connection under the tuples of its packets.
    mutating func insert(_ connection: Connection) {
        let mapping = connection.mapping
        connection.mayHaveDouble = mapping.zone != 0
        for tuple in [mapping.original, mapping.reply] {
            let hash = ConnectionTable.hash(tuple)
            if let double = table.first(hash, where: { $0.side(of: tuple) != nil }) {
                double.mayHaveDouble = true
                connection.mayHaveDouble = true
            }
            table.insert(connection, hash)
        }
        if let tuple = connection.halfwayTuple { halfway.insert(connection, ConnectionTable.hash(tuple)) }
        clients.add(connection.client)
    }

    /// Tells whether a connection is followed already.
    package func follows(_ mapping: Mapping) -> Bool { connection(of: mapping.original)?.mapping == mapping }

    func isListed(_ connection: Connection) -> Bool {
        connection.isPositioned && !connection.isHelped && !connection.isClosed
    }
}

/// What conntrack says.
extension Tracker {
    /// Conntrack has this connection.
    ///
    /// Where its client has as many as it may have already, and none of them gives way, it passes without help.
    ///
    /// - Parameters:
    ///   - mapping: its two tuples.
    ///   - entryID: which entry it is (`CTA_ID`).
    ///   - isHelped: a kernel helper is attached to it (`CTA_HELP`).
    ///   - shifted: streams whose numbers the kernel shifts for somebody else (`CTA_SEQ_ADJ_ORIG`, `CTA_SEQ_ADJ_REPLY`).
    ///   - hasMaster: it is another connection's data connection (`CTA_TUPLE_MASTER`): whatever it carries are no commands.
    ///   - phase: how far it is; if its handshake is under way, nothing known of an older one holds.
    ///   - now: the time.
    ///   - output: gets what is to be done.
    package mutating func learn(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        isHelped: Bool,
        shifted: ShiftedStreams = [],
        hasMaster: Bool = false,
        phase: ConntrackPhase,
        at now: Instant,
        into output: inout Output
    ) {
        if let known = connection(of: mapping.original) {
            let isSame = known.mapping == mapping && known.isHelped == isHelped && !hasMaster
            guard !isSame || phase == .opening else {
                takeNotice(of: shifted, on: known)
                // The entry may be a new one (after `conntrack -F`), which knows nothing of the edits; and it ages faster
                // than those of other connections (`nf_conntrack_tcp_timeout_unacknowledged`).
                if known.isLiberal, isAlive(known, at: now) { output.actions.append(.beLiberal(mapping)) }
                if known.entryID != entryID {
                    // A new entry has no mark yet.
                    if known.isReleased { output.actions.append(.release(mapping)) }
                    known.entryID = entryID
                    note(known)
                }
                return
            }
            remove(known, at: now, into: &output)
        }
        if let stale = connection(of: mapping.reply) { remove(stale, at: now, into: &output) }
        let isEarlier = earlier.remove(mapping, entryID: entryID) && phase == .established
        // A data connection whose entry could not be made has no master, and is expected still.
        let isExpected = self.connection(expecting: Key(mapping)) != nil
        guard !hasMaster, !isExpected, isHelped || isEarlier || phase == .opening else {
            turnAway(mapping)
            return
        }
        guard makeRoom(for: mapping, at: now, into: &output) else { return }
        let connection = Connection(
            mapping: mapping,
            entryID: entryID,
            isHelped: isHelped,
            isEarlier: isEarlier,
            now: now,
            due: now.advanced(bySeconds: Tracker.idleSeconds)
        )
        connection.shifted = shifted
        insert(connection)
        deadlines.update(connection)
        waiting.append(connection)
    }

    /// Somebody else has begun to shift numbers of a connection; if lines were edited before, it is too late to do without.
    private mutating func takeNotice(of shifted: ShiftedStreams, on connection: Connection) {
        guard !connection.isLiberal, !connection.shifted.isSuperset(of: shifted) else { return }
        connection.shifted.formUnion(shifted)
        note(connection)
    }

    /// Tells whether an edited connection is to last in conntrack for as long as others.
    ///
    /// One that an end has closed is not, nor one of which both may be gone without a word: nothing else ends those.
    private func isAlive(_ connection: Connection, at now: Instant) -> Bool {
        !connection.streams[0].isFinished && !connection.streams[1].isFinished
            && now < connection.lastSeen.advanced(bySeconds: Tracker.aliveSeconds)
    }

    /// Conntrack no longer has the connection it was asked for with `Action.verify`.
    ///
    /// It may have been made to forget (`conntrack -F`), and find it again with its next packet. Who has logged in is still
    /// logged in then, and numbers that edits have shifted are still shifted: such a connection is kept for as long as a silent
    /// peer may live, unless its place is needed.
    package mutating func forget(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let connection = connection(of: mapping.original), connection.mapping == mapping else { return }
        closeExpectation(of: connection, .ended, into: &output)
        let isSilent = connection.lastSeen.advanced(bySeconds: Tracker.orphanSeconds) <= now
        let isWorthKeeping = connection.isLiberal || connection.isPositioned && !connection.isWaiting
        guard isWorthKeeping, !connection.isClosed, !connection.isHelped, !isSilent else {
            remove(connection, at: now, into: &output)
            return
        }
        guard !connection.isOrphaned else { return }
        lingering.append(connection)
    }

    /// Another connection has the same tuples now, as far as anybody can tell who cannot ask conntrack.
    package mutating func end(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let connection = connection(of: mapping.original) else { return }
        remove(connection, at: now, into: &output)
    }

    /// Conntrack has no entry for a control packet of which nothing is known, or cannot be asked.
    package mutating func refuseUnmapped(_ packet: Span<UInt8>, into output: inout Output) {
        guard let arrival = HashedSegment(packet) else { return }
        if connection(of: arrival) == nil, arrival.segment.flags.contains(.syn) {
            rejected.insert(arrival.segment.tuple)
        }
        report(
            Refusal(reason: .noMapping, kind: nil, connection: arrival.segment.tuple, line: []),
            into: &output
        )
    }

    /// Ends the tracking of a connection that still translates: nothing opens any more.
    mutating func close(_ connection: Connection, at now: Instant, into output: inout Output) {
        guard !connection.isClosed else { return }
        closeExpectation(of: connection, .ended, into: &output)
        settle(connection, at: now, into: &output)
        if isListed(connection) {
            connectionCount -= 1
            output.actions.append(.report(.connectionClosed(connection.summary)))
        }
        connection.isClosed = true
        note(connection)
        connection.due = now.advanced(bySeconds: Tracker.lingerSeconds)
        deadlines.update(connection)
        lingering.append(connection)
    }

    /// Tells whether one connection more finds a place, its own or that of another.
    func hasRoom() -> Bool {
        deadlines.count < policy.maximumConnections || lingering.first != nil || waiting.first != nil
    }

    /// Makes room for one connection more: of those that are closed or forgotten by conntrack, else of those that
    /// nobody has logged in on.
    ///
    /// Where its client has its share, only one of the client's own gives way.
    ///
    /// - Returns: `false` if there is none.
    private mutating func makeRoom(for mapping: Mapping, at now: Instant, into output: inout Output) -> Bool {
        let client = Client(mapping.original.source.address)
        if clients.connections(of: client) >= policy.clientShare {
            let closed = lingering.first(of: client)
            guard let own = closed ?? waiting.first(of: client) else {
                turnAway(mapping)
                refuseForWantOfRoom(mapping.original, into: &output)
                return false
            }
            evict(own, at: now, into: &output)
        } else if deadlines.count >= policy.maximumConnections,
            let other = lingering.first ?? waiting.first
        {
            evict(other, at: now, into: &output)
        }
        return true
    }

    /// Forgets a connection for the sake of another.
    private mutating func evict(_ connection: Connection, at now: Instant, into output: inout Output) {
        let isInUse = !connection.isClosed && !connection.isOrphaned
        remove(connection, at: now, into: &output)
        if isInUse { refuseForWantOfRoom(connection.mapping.original, into: &output) }
    }

    /// Reports a connection that has found or kept no place.
    mutating func refuseForWantOfRoom(_ tuple: Tuple, into output: inout Output) {
        report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// Forgets a connection.
    mutating func remove(_ connection: Connection, at now: Instant, into output: inout Output) {
        // Who has logged in may do so in the next daemon's sight, too; but what is gone from here for good is not adopted there.
        if connection.isPositioned, connection.isWaiting || !connection.isClosed {
            turnAway(connection.mapping)
        }
        waiting.remove(connection)
        size -= connection.size
        close(connection, at: now, into: &output)
        lingering.remove(connection)
        if connection.heapIndex >= 0 { clients.remove(connection.client) }
        if connection.isReversed { output.actions.append(.unwatch(connection.mapping)) }
        restLentPort(of: connection, at: now)
        table.remove(connection, ConnectionTable.hash(connection.mapping.original))
        table.remove(connection, ConnectionTable.hash(connection.mapping.reply))
        if let tuple = connection.halfwayTuple { halfway.remove(connection, ConnectionTable.hash(tuple)) }
        deadlines.remove(connection)
        note(connection)
    }

    mutating func report(_ refusal: Refusal, into output: inout Output) {
        statistics.refused[refusal.reason, default: 0] += 1
        output.actions.append(.report(.refused(refusal)))
    }
}
