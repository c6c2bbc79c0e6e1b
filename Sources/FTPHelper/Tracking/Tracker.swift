// SPDX-License-Identifier: GPL-2.0-or-later

/// Tracks the FTP control connections of a gateway and decides what happens to their packets.
///
/// It performs no IO, reads no clock and depends on no module. Each function gets what it needs as
/// parameters, and returns a verdict and actions that the shell performs in order (`Output`). The ports that
/// NAT lends are chosen with the random number generator passed to `init`.
package struct Tracker: ~Copyable {
    /// The key by which an expectation is found for a SYN.
    struct Key: Hashable {
        let from: IPAddress
        let to: Endpoint

        init(from: IPAddress, to: Endpoint) {
            self.from = from
            self.to = to
        }

        /// The key of a connection, if it were a data connection.
        init(_ mapping: Mapping) {
            self.init(from: mapping.original.source.address, to: mapping.original.destination)
        }

        /// The key of an expectation's SYN from the end of its control connection.
        init(_ expectation: Expectation) { self.init(from: expectation.from, to: expectation.to) }
    }

    /// Seconds without packets after which conntrack is asked whether it still has a connection.
    static let idleSeconds: UInt32 = 120
    /// The same with an open expectation, which must not outlive its master.
    static let expectingSeconds: UInt32 = 15
    /// Seconds without packets after which a connection that conntrack has forgotten is removed: the usual
    /// interval of keep-alives (RFC 9293, section 3.8.4).
    static let orphanSeconds: UInt32 = 7200
    /// Seconds for which a silent connection is assumed to live: the timeout of conntrack for an established
    /// one (`nf_conntrack_tcp_timeout_established`).
    static let aliveSeconds: UInt32 = 432_000
    /// Seconds for which a closed connection is still translated, as long as conntrack keeps it
    /// (`nf_conntrack_tcp_timeout_time_wait`).
    static let lingerSeconds: UInt32 = 120

    /// The policy; it may change at any time and applies from then on.
    package var policy: Policy
    /// Whether lines are rewritten.
    ///
    /// An observer that sees packets only afterwards leaves them as they are.
    let rewrites: Bool
    package internal(set) var statistics = Statistics()
    /// Each connection twice, under both tuples of its mapping.
    var table = ConnectionTable()
    /// Connections whose source and destination NAT changes, under the tuple between the two changes.
    var halfway = ConnectionTable()
    /// Connections with an expectation, by the key of its SYN.
    var expecting = ConnectionTable()
    /// The same by the other hosts of a farm that may open the data connection.
    var expectingOthers = ConnectionTable()
    /// Connections with an encrypted session that something is open for.
    var sessions = EncryptedSessionTable()
    var deadlines = DeadlineHeap()
    /// Closed connections, and those that conntrack has forgotten.
    var lingering = EvictionList(.closed)
    /// Connections without a login.
    var waiting = EvictionList(.waiting)
    /// The number of connections of each client.
    var clients = ClientTable()
    /// Connections that began in sight and must not be adopted.
    var rejected: RejectedConnections
    /// Connections that were established earlier and may be adopted.
    var earlier = EarlierConnections()
    /// Clients whose SYN may have carried payload.
    var fastOpens = FastOpens()
    var ports = PortAllocator()
    /// Budgets for announcements.
    var connectionBudgets = Tracker.connectionBudgets
    var clientBudgets = Tracker.clientBudgets
    /// Set once a line of the current packet was refused because the budget is exhausted.
    var hasExceededBudget = false
    /// The last expectation that the current packet announced and that was not reported yet; 0 if there is
    /// none.
    var freshID: UInt64 = 0
    /// How its line names it, if that has to be reported.
    var freshDecision: AddressDecision?
    var random: any RandomNumberGenerator
    /// Whether records are wanted (`takeRecords`).
    let keepsRecords: Bool
    /// Connections whose records may be out of date.
    var changed: [Connection] = []
    /// The record being written; a member only to reuse its storage.
    var record = RecordWriter()
    /// Buffers that streams can borrow.
    var spares: [[UInt8]] = []
    /// The snapshot of the stream before the current segment.
    var snapshot = Stream.Snapshot()
    /// A sink for prefetched values, without which the loads would be optimised away.
    var prefetched = 0
    /// The number of the last expectation.
    var lastID: UInt64 = 0
    /// Bytes that all streams keep together.
    package internal(set) var size = 0
    /// Number of control connections that are followed, as listed in `connections`.
    package internal(set) var connectionCount = 0
    /// Connections with a transfer under way.
    var transferring: [ObjectIdentifier: Connection] = [:]

    /// Creates a tracker without connections.
    ///
    /// - Parameters:
    ///   - policy: what is allowed.
    ///   - rewrites: whether lines are rewritten; false for an observer that cannot change packets.
    ///   - keepsRecords: whether records of the connections are wanted (`takeRecords`).
    ///   - random: chooses the ports that NAT lends.
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

    /// When `fire` has to be called next; every mutating function may change it.
    package var nextDeadline: Instant? { deadlines.first?.deadline }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] {
        masters.compactMap(\.expectation).sorted { $0.id < $1.id }
    }

    /// Number of open expectations, including those of encrypted sessions.
    package var expectationCount: Int { expecting.count + sessions.count }

    /// Bytes that all streams may keep before each of them is limited to the minimum.
    package var maximumSize: Int { max(4 << 20, policy.maximumConnections * 1024) }

    /// The control connections that are followed, in no particular order.
    package var connections: [ConnectionSummary] {
        var summaries: [ConnectionSummary] = []
        deadlines.forEach { if isListed($0) { summaries.append($0.summary) } }
        return summaries
    }

    /// The connection with this tuple and zone.
    func connection(of tuple: Tuple) -> Connection? {
        table.first(ConnectionTable.hash(tuple)) { connection in
            guard let side = connection.side(of: tuple) else { return false }
            let mapping = connection.mapping
            return tuple.zone == (side == .client ? mapping.original.zone : mapping.reply.zone)
        }
    }

    /// The connection that a packet belongs to, and the side that sent it.
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

    /// Adds a connection under both tuples.
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

    /// Tells whether a connection is followed.
    package func follows(_ mapping: Mapping) -> Bool { connection(of: mapping.original)?.mapping == mapping }

    /// Tells whether a connection counts as followed: it is not closed, and not left to the kernel's helper.
    func isListed(_ connection: Connection) -> Bool {
        connection.isPositioned && !connection.isHelped && !connection.isClosed
    }
}
