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
    var snapshot = Stream.Snapshot()
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
