// SPDX-License-Identifier: GPL-2.0-or-later

/// Tracks the FTP control connections of a gateway and decides what happens to their packets.
///
/// It performs no IO, reads no clock and depends on no module. Each function gets what it needs as
/// parameters, and returns a verdict and actions that the shell performs in order (`Output`). The ports that
/// NAT lends are chosen with the random number generator passed to `init`.
///
/// The connections are in a `ConnectionStore` and the expectations in an `ExpectationBook`, which keep
/// everything up to date that is derived from them.
///
/// The shell calls:
/// 1. at the start, `restore` for each record of an earlier daemon, then `noteEarlier` and `noteOpening` for
///    each connection that conntrack has;
/// 2. for the packets of a batch, `prefetch`, and then `receive` for each. If the verdict is `needsMapping`,
///    `learn`, or `needsOrigin`, `vouch`, and then `receive` again;
/// 3. for the SYN of a data connection, `expected`. If that is `nil`, `unconfirmedData`, `complete` for each
///    of them, and `expectedEncrypted`. In both cases, `complete` once the conntrack entry is created;
/// 4. after each of these, before any packet is forwarded: it performs `Output.actions`, stores what
///    `takeRecords` hands over, and calls `complete` for what the kernel answered; again until there are no
///    more actions;
/// 5. when `nextDeadline` has come, `fire`, and when the policy has changed, `review`; then as in 4.
package struct Tracker: ~Copyable {
    /// The key by which an expectation is found for a SYN.
    struct Key: Hashable {
        let from: IPAddress
        let to: Endpoint

        init(from: IPAddress, to: Endpoint) {
            self.from = from
            self.to = to
        }

        /// The key by which the SYN of a connection is looked up if it is a data connection.
        init(_ mapping: Mapping) {
            self.init(from: mapping.original.source.address, to: mapping.original.destination)
        }

        /// The key of an expectation's SYN, if the other end of the control connection sends it.
        init(_ expectation: Expectation) { self.init(from: expectation.from, to: expectation.to) }
    }

    /// Seconds without packets after which conntrack is asked whether it still has a connection.
    static let idleSeconds: UInt32 = 120
    /// Seconds without packets after which conntrack is asked about a connection with an open expectation,
    /// which must not outlive it.
    static let expectingSeconds: UInt32 = 15
    /// Seconds without packets after which a connection that conntrack has forgotten is removed: the usual
    /// interval of keep-alives (RFC 9293, section 3.8.4).
    static let orphanSeconds: UInt32 = 7200
    /// Seconds for which a silent connection is assumed to live: five days, the default timeout of conntrack
    /// for an established connection (`nf_conntrack_tcp_timeout_established`).
    package static let aliveSeconds: UInt32 = 432_000
    /// Seconds for which a closed connection is still translated, as long as conntrack keeps it
    /// (`nf_conntrack_tcp_timeout_time_wait`).
    static let lingerSeconds: UInt32 = 120

    /// The policy; it may change at any time and applies from then on.
    package var policy: Policy
    /// Whether lines are rewritten; `false` for an observer that cannot change packets.
    let rewrites: Bool
    package internal(set) var statistics = Statistics()
    /// The control connections.
    var store: ConnectionStore
    /// The open expectations.
    var book: ExpectationBook
    /// Connections that must not be adopted.
    var rejected: RejectedConnections
    /// Connections that were established earlier and may be adopted.
    var earlier = EarlierConnections()
    /// Whether both ends of an adopted connection with NAT have to confirm the positions of its streams,
    /// because another daemon may have edited its lines.
    package var provesAdopted = false
    /// What the ends of unproven connections have said, by the original tuple.
    var proofs: [Tuple: Proof] = [:]
    /// Connections whose login may have bypassed the queue, until the client's next line; by original tuple.
    var unseenLogins: Set<Tuple> = []
    /// Clients whose SYN may have carried payload.
    var fastOpens = FastOpens()
    var budgets = AnnouncementBudgets()
    /// Whose sessions are traced.
    package var traced: [TraceTarget] = []
    /// Seconds after which conntrack forgets a silent connection that is established
    /// (`nf_conntrack_tcp_timeout_established`).
    package var establishedTimeout = Tracker.aliveSeconds
    /// The address decision on the last announcement of the current packet; `nil` if there is nothing to
    /// report.
    var newestDecision: AddressDecision?
    /// Buffers that streams can borrow.
    var spares: [[UInt8]] = []

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
        store = ConnectionStore(keepsRecords: keepsRecords)
        book = ExpectationBook(random: random)
        rejected = RejectedConnections(keepsChanges: keepsRecords)
    }

    /// When `fire` has to be called next; every mutating function may change it.
    package var nextDeadline: Instant? {
        store.first?.connection.deadline
    }

    /// The open expectations, oldest first.
    package var expectations: [Expectation] {
        book.masters.compactMap { $0.connection.expectation }.sorted { $0.id < $1.id }
    }

    /// Number of open expectations, including those of encrypted sessions.
    package var expectationCount: Int { book.count }

    /// Number of encrypted sessions that something is open for.
    package var encryptedSessionCount: Int { book.sessionCount }

    /// Number of control connections that are followed, as listed in `connections`.
    package var connectionCount: Int { store.listedCount }

    /// Bytes that all streams keep together.
    package var size: Int { store.size }

    /// Bytes that all streams may keep before each of them is limited to the minimum.
    package var maximumSize: Int { max(4 << 20, policy.maximumConnections * 1024) }

    /// The control connections that are followed, in no particular order.
    package var connections: [ConnectionSummary] {
        var summaries: [ConnectionSummary] = []
        store.forEach { if $0.connection.isListed { summaries.append($0.connection.summary) } }
        return summaries
    }

    /// Tells whether a connection is followed.
    package func follows(_ mapping: Mapping) -> Bool { slot(of: mapping) != nil }

    /// The connection with this mapping.
    func slot(of mapping: Mapping) -> ConnectionStore.Slot? {
        store.slot(of: mapping.original).flatMap { $0.connection.mapping == mapping ? $0 : nil }
    }
}
