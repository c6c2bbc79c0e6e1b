// SPDX-License-Identifier: GPL-2.0-or-later

/// The control connections, and everything that is derived from their state: lookup by tuple, the order of
/// eviction, the next deadline, the bytes kept, the records to be written.
///
/// A connection changes only in `Tracker.update`, after which the store updates all derived data.
struct ConnectionStore: ~Copyable {
    /// The storage of a connection, to which the tables refer.
    final class Slot {
        /// Places in the eviction lists, indexed by `EvictionList.Reason`; 0 if not in the list.
        var yieldingPlaces: [2 of Int32] = .init(repeating: 0)
        /// Place of the connection's record; 0 if it has none.
        @Compact<UInt32> var recordPlace = 0
        /// Place in the `DeadlineHeap`; negative if it is not there.
        @Compact<Int32> var heapIndex = -1
        /// Set while the slot is in the `RecordJournal`.
        var isInJournal = false
        /// Set if another connection may have the same addresses and ports in another zone.
        ///
        /// Packets are then matched by their sequence numbers, too.
        fileprivate(set) var mayHaveDouble = false
        /// Must not be read while `Tracker.update` changes it.
        fileprivate(set) var connection: Connection

        init(_ connection: consuming Connection) {
            self.connection = connection
            self.connection.enter(self)
        }

        deinit { connection.wipe() }

        /// Tells whether the connection is in the store.
        var isStored: Bool { heapIndex >= 0 }
    }

    /// Each connection twice, under both tuples of its mapping.
    private var table = ConnectionTable()
    /// Connections whose source and destination NAT changes, under the tuple between the two changes.
    private var halfway = ConnectionTable()
    private var deadlines = DeadlineHeap()
    /// Closed connections, and those that conntrack has forgotten.
    private var lingering = EvictionList(.closed)
    /// Connections without a login.
    private var waiting = EvictionList(.waiting)
    /// The number of connections of each client.
    private var clients = ClientTable()
    /// Connections with a transfer under way.
    private var transferring: [ObjectIdentifier: Slot] = [:]
    private var journal: RecordJournal
    /// A sink for prefetched values, without which the loads would be optimised away.
    private var prefetched = 0
    /// Bytes that all streams keep together.
    private(set) var size: Int
    /// Number of connections that count as followed (`Connection.isListed`).
    private(set) var listedCount = 0

    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - keepsRecords: whether records are wanted.
    ///   - size: bytes that count as kept from the start.
    init(keepsRecords: Bool, size: Int = 0) {
        journal = RecordJournal(isKept: keepsRecords)
        self.size = size
    }

    /// Number of connections.
    var count: Int { deadlines.count }

    /// Number of connections with a transfer under way.
    var transferCount: Int { transferring.count }

    /// The connection with the earliest deadline.
    var first: Slot? { deadlines.first }

    /// Calls `body` with each connection.
    func forEach(_ body: (Slot) -> Void) { deadlines.forEach(body) }

    /// Calls `body` with each connection that has a transfer under way.
    func forEachTransferring(_ body: (Slot) -> Void) { transferring.values.forEach(body) }
}

/// Changes.
extension ConnectionStore {
    /// Adds a connection under both tuples.
    mutating func insert(_ slot: Slot) {
        let mapping = slot.connection.mapping
        slot.mayHaveDouble = mapping.zone != 0
        for tuple in [mapping.original, mapping.reply] {
            let hash = ConnectionTable.hash(tuple)
            if let double = table.first(hash, where: { $0.connection.side(of: tuple) != nil }) {
                double.mayHaveDouble = true
                slot.mayHaveDouble = true
            }
            table.insert(slot, hash)
        }
        if let tuple = slot.connection.halfwayTuple { halfway.insert(slot, ConnectionTable.hash(tuple)) }
        clients.add(slot.connection.client)
        deadlines.update(slot)
        size += slot.connection.size
        if slot.connection.isListed { listedCount += 1 }
        settle(slot)
    }

    /// Removes a connection that is closed.
    mutating func remove(_ slot: Slot) {
        guard slot.isStored else { return }
        let mapping = slot.connection.mapping
        table.remove(slot, ConnectionTable.hash(mapping.original))
        table.remove(slot, ConnectionTable.hash(mapping.reply))
        if let tuple = slot.connection.halfwayTuple { halfway.remove(slot, ConnectionTable.hash(tuple)) }
        waiting.remove(slot)
        lingering.remove(slot)
        transferring[ObjectIdentifier(slot)] = nil
        clients.remove(slot.connection.client)
        deadlines.remove(slot)
        size -= slot.connection.size
        if slot.connection.isListed { listedCount -= 1 }
        journal.note(slot)
    }

    /// Records that a packet of a connection arrived: it is now the last one without a login to be evicted.
    mutating func touch(_ slot: Slot) {
        if slot.yieldingPlaces[EvictionList.Reason.waiting.rawValue] > 0 { waiting.append(slot) }
    }

    /// Makes lookups of a connection also compare sequence numbers, as if it had a double
    /// (`Slot.mayHaveDouble`).
    mutating func distinguish(_ slot: Slot) { slot.mayHaveDouble = true }

    /// Accounts for the changes of a connection.
    private mutating func settle(_ slot: Slot) {
        let isWaiting = slot.connection.isWaiting
        if isWaiting != (slot.yieldingPlaces[EvictionList.Reason.waiting.rawValue] > 0) {
            if isWaiting { waiting.append(slot) } else { waiting.remove(slot) }
        }
        let isLingering = slot.connection.isClosed || slot.connection.isOrphaned
        if isLingering != (slot.yieldingPlaces[EvictionList.Reason.closed.rawValue] > 0) {
            if isLingering { lingering.append(slot) } else { lingering.remove(slot) }
        }
        if slot.connection.isDeadlineMoved {
            deadlines.update(slot)
            if slot.connection.isTransferring {
                transferring[ObjectIdentifier(slot)] = slot
            } else if !transferring.isEmpty {
                transferring[ObjectIdentifier(slot)] = nil
            }
        }
        if slot.connection.isRecordOutdated { journal.note(slot) }
        slot.connection.settle()
    }

    /// Hands over the records that changed since the last call (`Tracker.takeRecords`).
    mutating func takeRecords<Failure>(
        _ keep: (_ old: Int, _ record: [UInt64]?) throws(Failure) -> Int
    ) -> Failure? {
        journal.takeRecords(keep)
    }
}

extension Tracker {
    /// Changes a connection: the only way to do so.
    ///
    /// Neither this connection nor the tables of the store may be used otherwise until `body` returns.
    mutating func update<Result>(
        _ slot: ConnectionStore.Slot,
        _ body: (inout Tracker, inout Connection) -> Result
    ) -> Result {
        let size = slot.connection.size
        let wasListed = slot.connection.isListed
        let result = body(&self, &slot.connection)
        guard slot.isStored else { return result }
        store.account(for: slot, size: size, wasListed: wasListed)
        return result
    }
}

extension ConnectionStore {
    /// Accounts for a change of a connection that had this size, and counted as followed or not, before.
    fileprivate mutating func account(for slot: Slot, size oldSize: Int, wasListed: Bool) {
        size += slot.connection.size - oldSize
        if slot.connection.isListed != wasListed { listedCount += wasListed ? -1 : 1 }
        settle(slot)
    }
}

/// Lookups.
extension ConnectionStore {
    /// The connection with this tuple and zone.
    func slot(of tuple: Tuple) -> Slot? {
        table.first(ConnectionTable.hash(tuple)) { slot in
            guard let side = slot.connection.side(of: tuple) else { return false }
            let mapping = slot.connection.mapping
            return tuple.zone == (side == .client ? mapping.original.zone : mapping.reply.zone)
        }
    }

    /// The connection that a packet belongs to, and the side that sent it.
    func slot(of arrival: HashedSegment) -> (slot: Slot, side: Session.Side)? {
        let segment = arrival.segment
        let tuple = segment.tuple
        var found: Session.Side?
        let slot = table.first(arrival.hash) { slot in
            found = slot.connection.side(of: tuple)
            guard let side = found else { return false }
            return !slot.mayHaveDouble || slot.connection.fits(segment, from: side)
        }
        guard let slot, let found else { return nil }
        return (slot, found)
    }

    /// The connection of a segment that an ICMP error quotes, and the side that sent the segment.
    ///
    /// The place where the error was generated determines which addresses NAT had already changed: none in
    /// front of the gateway, both behind it, and only the destination inside the gateway, between the two
    /// changes.
    func sender(of quoted: QuotedSegment) -> (slot: Slot, side: Session.Side)? {
        var found: Session.Side?
        let tuple = quoted.tuple
        let answer = tuple.inverted
        func search(
            _ table: ConnectionTable,
            _ key: Tuple,
            _ sender: (borrowing Connection) -> Session.Side?
        ) -> Slot? {
            table.first(ConnectionTable.hash(key)) { slot in
                found = sender(slot.connection)
                return found.map { slot.connection.mayHaveSent(quoted.sequence, from: $0) } ?? false
            }
        }
        let slot =
            search(table, answer) { $0.side(of: answer)?.other }
            ?? search(table, tuple) { $0.side(of: tuple) }
            ?? search(halfway, tuple) { $0.halfwayTuple?.isAlike(tuple) == true ? .client : nil }
            ?? search(halfway, answer) { $0.halfwayTuple?.isAlike(answer) == true ? .server : nil }
        guard let slot, let found else { return nil }
        return (slot, found)
    }

    /// Number of connections of a client.
    func count(of client: Client) -> Int { clients.connections(of: client) }

    /// Number of clients with a connection.
    var clientCount: Int { clients.count }

    /// The connection to evict for another one: closed connections and those that conntrack has forgotten
    /// first, then those without a login.
    var yielding: Slot? { lingering.first ?? waiting.first }

    /// The connection of a client to evict for another one.
    func yielding(of client: Client) -> Slot? { lingering.first(of: client) ?? waiting.first(of: client) }
}

/// Prefetching.
extension ConnectionStore {
    /// The number of connections that fit into the caches of most processors with all their data.
    private static var cachedCount: Int { 4096 }

    /// Loads the memory that the packets of a batch need (`Tracker.prefetch`).
    mutating func prefetch(_ arrivals: [HashedSegment?]) {
        guard arrivals.count > 1, count > ConnectionStore.cachedCount else { return }
        for case let arrival? in arrivals { prefetched &+= table.prefetchPlace(arrival.hash) }
        for case let arrival? in arrivals {
            prefetched &+= table.prefetchSlot(arrival.hash) { $0.connection.prefetch() }
        }
        for case let arrival? in arrivals {
            prefetched &+= table.prefetchSlot(arrival.hash) { $0.connection.prefetchEdits() }
        }
    }
}
