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
    /// Connections with an expectation, by what their data connection's SYN looks like.
    var expecting = ConnectionTable()
    /// Connections with the opening of an encrypted session.
    var sessions = SessionBook()
    var deadlines = DeadlineHeap()
    /// Closed connections that are still translated, and such as have gone since, the one closed first in front.
    var lingering = Queue<Connection>()
    /// Connections on which nobody has logged in yet.
    var waiting = WaitingList()
    /// Connections that began in sight and are not to be taken as logged in.
    var outsiders = Outsiders()
    var ports = PortBook()
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
    /// What `fetch` has read: nobody wants to know, but what nobody keeps would not be read.
    var fetched = 0
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
    /// - Parameters:
    ///   - mapping: its two tuples.
    ///   - entryID: which entry it is (`CTA_ID`).
    ///   - isHelped: a kernel helper is attached to it (`CTA_HELP`).
    ///   - isOpening: its handshake is under way (`TCP_CONNTRACK_SYN_RECV`), so nothing known of an older one holds.
    ///   - now: the time.
    ///   - output: gets what is to be done.
    package mutating func learn(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        isHelped: Bool,
        isOpening: Bool = false,
        at now: Instant,
        into output: inout Output
    ) {
        if let known = connection(of: mapping.original) {
            guard known.mapping != mapping || known.isHelped != isHelped || isOpening else {
                // The entry may be a new one (after `conntrack -F`), which knows nothing of the edits; and it ages faster
                // than those of other connections (`nf_conntrack_tcp_timeout_unacknowledged`).
                if known.isLiberal, isAlive(known, at: now) { output.actions.append(.beLiberal(mapping)) }
                if known.entryID != entryID {
                    known.entryID = entryID
                    note(known)
                }
                return
            }
            remove(known, at: now, into: &output)
        }
        if let stale = connection(of: mapping.reply) { remove(stale, at: now, into: &output) }
        makeRoom(at: now, into: &output)
        let connection = Connection(
            mapping: mapping,
            entryID: entryID,
            isHelped: isHelped,
            now: now,
            due: now.advanced(bySeconds: Tracker.idleSeconds)
        )
        insert(connection)
        deadlines.update(connection)
        waiting.append(connection)
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
    /// It may have been made to forget (`conntrack -F`), and find it again with its next packet. Most connections are then
    /// adopted anew; one whose numbers edits have shifted would be lost, and is kept for as long as a silent peer may live.
    package mutating func forget(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let connection = connection(of: mapping.original), connection.mapping == mapping else { return }
        closeExpectation(of: connection, .ended, into: &output)
        let isSilent = connection.lastSeen.advanced(bySeconds: Tracker.orphanSeconds) <= now
        guard !connection.isLiberal || connection.isClosed || isSilent else { return }
        remove(connection, at: now, into: &output)
    }

    /// Conntrack has no entry for a control packet of which nothing is known, or cannot be asked.
    package mutating func refuseUnmapped(_ packet: Span<UInt8>, into output: inout Output) {
        guard let arrival = HashedSegment(packet) else { return }
        if connection(of: arrival) == nil { turnAway(arrival.segment) }
        report(
            Refusal(reason: .noMapping, kind: nil, connection: arrival.segment.tuple, line: []),
            into: &output
        )
    }

    /// Remembers a connection for which there is no place, if this is the SYN-ACK that begins it.
    mutating func turnAway(_ segment: Segment) {
        guard segment.flags.contains(.syn) else { return }
        outsiders.insert(segment.tuple)
        outsiders.insert(segment.tuple.inverted)
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
        _ = firstLingering()
        lingering.append(connection)
    }

    /// Tells whether one connection more finds a place, its own or that of another.
    mutating func hasRoom() -> Bool {
        deadlines.count < policy.maximumConnections || firstLingering() != nil || waiting.first != nil
    }

    /// Makes room for one connection more: of those that are closed, else of those that nobody has logged in on.
    private mutating func makeRoom(at now: Instant, into output: inout Output) {
        guard deadlines.count >= policy.maximumConnections else { return }
        if let closed = firstLingering() {
            remove(closed, at: now, into: &output)
        } else if let silent = waiting.first {
            let tuple = silent.mapping.original
            remove(silent, at: now, into: &output)
            report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
        }
    }

    /// The closed connection that was closed first of those that have not gone.
    private mutating func firstLingering() -> Connection? {
        while let gone = lingering.first, gone.heapIndex < 0 { lingering.removeFirst() }
        return lingering.first
    }

    /// Forgets a connection.
    mutating func remove(_ connection: Connection, at now: Instant, into output: inout Output) {
        if connection.isWaiting, connection.isPositioned {
            outsiders.insert(connection.mapping.original)
            outsiders.insert(connection.mapping.reply)
        }
        waiting.remove(connection)
        size -= connection.size
        close(connection, at: now, into: &output)
        restLentPort(of: connection, at: now)
        table.remove(connection, ConnectionTable.hash(connection.mapping.original))
        table.remove(connection, ConnectionTable.hash(connection.mapping.reply))
        deadlines.remove(connection)
        note(connection)
    }

    mutating func report(_ refusal: Refusal, into output: inout Output) {
        statistics.refused[refusal.reason, default: 0] += 1
        output.actions.append(.report(.refused(refusal)))
    }
}
