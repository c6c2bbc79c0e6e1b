// SPDX-License-Identifier: GPL-2.0-or-later

/// The open expectations: the tables in which their SYNs are looked up, and the ports that they reserve.
///
/// A connection has at most one expectation. `open` sets it and `close` removes it; both change the
/// connection and the tables together.
struct ExpectationBook: ~Copyable {
    /// The key by which an expectation is found for a SYN.
    typealias Key = Tracker.Key

    /// Connections with an expectation, by the key of its SYN.
    private var expecting = ConnectionTable()
    /// Connections with an expectation, by the keys of the SYNs that other hosts of a server farm may send.
    private var expectingOthers = ConnectionTable()
    /// Connections with an encrypted session that something is open for.
    private var sessions = EncryptedSessionTable()
    private(set) var ports: PortAllocator
    private var random: any RandomNumberGenerator
    /// The number of the last expectation.
    private(set) var lastID: UInt64 = 0
    /// The number of the expectation that the current packet opened last and that the kernel does not have
    /// yet; 0 if there is none.
    private var newestID: UInt64 = 0

    /// Creates an empty book.
    ///
    /// - Parameters:
    ///   - random: chooses the ports that NAT lends.
    ///   - ports: the ports that are reserved from the start.
    init(random: any RandomNumberGenerator, ports: PortAllocator = PortAllocator()) {
        self.random = random
        self.ports = ports
    }

    /// Number of open expectations, including those of encrypted sessions.
    var count: Int { expecting.count + sessions.count }
    /// Number of encrypted sessions that something is open for.
    var sessionCount: Int { sessions.count }

    /// Returns the number of the next expectation.
    mutating func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }
}

/// Lookups.
extension ExpectationBook {
    /// The connections with an open expectation.
    var masters: [ConnectionStore.Slot] {
        var found: [ConnectionStore.Slot] = []
        expecting.forEach { found.append($0) }
        sessions.forEach { found.append($0) }
        return found
    }

    /// The connections with an encrypted session that something is open for.
    var sessionMasters: [ConnectionStore.Slot] {
        var found: [ConnectionStore.Slot] = []
        sessions.forEach { found.append($0) }
        return found
    }

    /// The connection that an open expectation belongs to, unless it is that of an encrypted session.
    func master(of expectation: Expectation) -> ConnectionStore.Slot? {
        let hash = ConnectionTable.hash(Key(expectation))
        let isMaster = { (slot: ConnectionStore.Slot) in slot.connection.opening?.id == expectation.id }
        return expecting.first(hash, where: isMaster) ?? expectingOthers.first(hash, where: isMaster)
    }

    /// The connection whose expectation matches a SYN; the oldest expectation if there are several.
    func master(of key: Key) -> ConnectionStore.Slot? {
        var oldest: (slot: ConnectionStore.Slot, id: UInt64)?
        func consider(_ slot: ConnectionStore.Slot) -> Bool {
            guard let opening = slot.connection.opening, opening.port == key.to.port,
                let expectation = slot.connection.expectation, expectation.to == key.to,
                expectation.from == key.from || expectation.others.contains(key.from),
                opening.id < oldest?.id ?? .max
            else { return false }
            oldest = (slot, opening.id)
            return false
        }
        let hash = ConnectionTable.hash(key)
        _ = expecting.first(hash, where: consider)
        if expectingOthers.count > 0 { _ = expectingOthers.first(hash, where: consider) }
        return oldest?.slot
    }

    /// The encrypted sessions of a pair of addresses, the newest last.
    func sessions(of pair: EncryptedSessionTable.Pair) -> [ConnectionStore.Slot] { sessions[pair] }

    /// The newest encrypted session that an address may open data connections of, if it still exists.
    func newestSession(from address: IPAddress) -> ConnectionStore.Slot? { sessions.newest(from: address) }

    /// Tells whether the SYNs from an address are queued.
    func queuesSYNs(from address: IPAddress) -> Bool { sessions.queuesSYNs(from: address) }
}

/// Opening and closing.
extension ExpectationBook {
    /// Sets the expectation of a connection that has none, and reserves its port.
    ///
    /// It is opened in the kernel at the end of the packet (`takeNewest`), because a packet may hold many
    /// announcements, of which only the last one counts. A pending expectation is not opened yet.
    mutating func open(
        _ expectation: Expectation,
        on connection: inout Connection,
        command: UInt32,
        isPending: Bool
    ) {
        connection.expect(expectation, command: command, isPending: isPending)
        reservePort(of: expectation, on: connection)
        if !isPending { register(expectation, of: connection) }
    }

    /// Opens the pending expectation of a connection.
    mutating func confirmPending(on connection: inout Connection) {
        guard let expectation = connection.expectation else { return }
        connection.confirmPending()
        register(expectation, of: connection)
    }

    /// Sets the expectation of an encrypted session, and has the SYNs of its addresses queued.
    mutating func open(
        _ expectation: Expectation,
        _ session: EncryptedSession,
        on connection: inout Connection,
        into output: inout Output
    ) {
        connection.expect(expectation, session: session, command: .max)
        enterSession(of: connection, into: &output)
    }

    /// Adds the expectation of a restored connection, and opens it in the kernel.
    mutating func enter(_ connection: borrowing Connection, into output: inout Output) {
        guard let expectation = connection.expectation, let slot = connection.slot else { return }
        lastID = max(lastID, expectation.id)
        guard connection.opening?.session == nil else {
            enterSession(of: connection, into: &output)
            return
        }
        reservePort(of: expectation, on: connection)
        guard connection.opening?.isPending == false else { return }
        insert(expectation, slot)
        output.actions.append(.open(expectation))
    }

    /// Closes the expectation of a connection, here and in the kernel.
    ///
    /// - Returns: whether it was open in the kernel and reported.
    mutating func close(_ connection: inout Connection, into output: inout Output) -> Bool {
        guard let expectation = connection.expectation, let opening = connection.opening,
            let slot = connection.slot
        else { return false }
        defer { connection.expectNothing() }
        guard opening.session == nil else {
            for address in sessions.remove(slot, connection.dataPairs) {
                output.actions.append(.stopQueueingSYNs(from: address))
            }
            return true
        }
        freePort(of: expectation, on: connection)
        guard !opening.isPending else { return false }
        remove(expectation, slot)
        guard expectation.id != newestID else {
            newestID = 0
            return false
        }
        output.actions.append(.close(expectation))
        // An expectation of another session for the same SYN stays open.
        expectation.forEachSource { source in
            let key = Key(from: source, to: expectation.to)
            guard let other = master(of: key)?.connection.expectation, other.id != newestID else { return }
            output.actions.append(.open(other))
        }
        return true
    }

    /// Returns the expectation that the current packet opened last, for the caller to open in the kernel and
    /// to report; `nil` if it has closed again or there is none.
    mutating func takeNewest(of connection: borrowing Connection) -> Expectation? {
        guard newestID != 0 else { return nil }
        newestID = 0
        return connection.expectation
    }

    /// Adds an expectation to the table in which its SYN is looked up.
    private mutating func register(_ expectation: Expectation, of connection: borrowing Connection) {
        guard let slot = connection.slot else { return }
        insert(expectation, slot)
        newestID = expectation.id
    }

    private mutating func insert(_ expectation: Expectation, _ slot: ConnectionStore.Slot) {
        expecting.insert(slot, ConnectionTable.hash(Key(expectation)))
        for other in expectation.others {
            expectingOthers.insert(slot, ConnectionTable.hash(Key(from: other, to: expectation.to)))
        }
    }

    private mutating func remove(_ expectation: Expectation, _ slot: ConnectionStore.Slot) {
        expecting.remove(slot, ConnectionTable.hash(Key(expectation)))
        for other in expectation.others {
            expectingOthers.remove(slot, ConnectionTable.hash(Key(from: other, to: expectation.to)))
        }
    }

    private mutating func enterSession(of connection: borrowing Connection, into output: inout Output) {
        guard let slot = connection.slot else { return }
        for address in sessions.insert(slot, connection.dataPairs) {
            output.actions.append(.queueSYNs(from: address))
        }
    }
}

/// Ports.
extension ExpectationBook {
    /// Chooses the port that a line must name: without NAT the port of the target, with NAT one that is free
    /// at the address that NAT shows.
    ///
    /// - Parameters:
    ///   - target: where the data connection leads to.
    ///   - side: the side that listens.
    ///   - connection: the control connection.
    ///   - others: the hosts that may connect besides the other side.
    ///   - range: the ports that NAT may lend.
    ///   - now: the time.
    /// - Returns: `nil` if none is free, or the client has its share.
    mutating func choosePort(
        for target: Endpoint,
        _ side: Session.Side,
        _ connection: borrowing Connection,
        others: [IPAddress],
        within range: ClosedRange<UInt16>,
        at now: Instant
    ) -> UInt16? {
        let shown = connection.shownAddress(of: side)
        guard connection.ownAddress(of: side) != shown else { return target.port }
        // The old expectation closes in any case, so its port is free for the new one.
        let old = connection.opening?.session == nil ? connection.expectation : nil
        if let old { freePort(of: old, on: connection) }
        let port = ports.choose(
            of: shown,
            from: [connection.ownAddress(of: side.other)] + others,
            leadingTo: target,
            within: range,
            for: connection.client,
            at: now,
            random: &random
        )
        if let old { reservePort(of: old, on: connection) }
        return port
    }

    /// Keeps the port that NAT lent to the connection's expectation reserved for the data connection, for as
    /// long as that may exist.
    mutating func lendPort(on connection: inout Connection, at now: Instant) {
        guard let expectation = connection.expectation,
            let client = ExpectationBook.borrower(of: expectation, connection)
        else { return }
        restLentPort(of: &connection, at: now)
        ports.reserve(
            PortAllocator.Place(Key(expectation)),
            leadingTo: expectation.translatedTo,
            by: .connection,
            for: client
        )
        connection.lentPort = LentPort(
            side: expectation.kind.isActive ? .client : .server,
            port: expectation.to.port,
            target: connection.opening?.target == nil ? expectation.translatedTo.port : 0
        )
    }

    /// Releases the port that NAT lent to the last data connection, after `PortAllocator.restSeconds`.
    mutating func restLentPort(of connection: inout Connection, at now: Instant) {
        restLentPort(ofClosed: &connection, at: now)
        connection.lentPort = nil
    }

    /// The same for a connection that closes: its record still tells the next daemon which port rests.
    mutating func restLentPort(ofClosed connection: inout Connection, at now: Instant) {
        guard let lent = connection.lentPort, !lent.isResting else { return }
        ports.rest(ExpectationBook.place(of: lent, connection), for: connection.client, at: now)
        connection.lentPort?.isResting = true
    }

    /// After a restart, reserves the port that NAT lent to the last data connection.
    mutating func reserveLentPort(of connection: inout Connection, at now: Instant) {
        guard let lent = connection.lentPort else { return }
        let target = Endpoint(connection.ownAddress(of: lent.side), lent.target)
        ports.reserve(
            ExpectationBook.place(of: lent, connection),
            leadingTo: target,
            by: .connection,
            for: connection.client
        )
        if connection.isFinished { restLentPort(ofClosed: &connection, at: now) }
    }

    /// Reserves the port of an expectation with respect to each of its sources.
    private mutating func reservePort(of expectation: Expectation, on connection: borrowing Connection) {
        let client = ExpectationBook.borrower(of: expectation, connection)
        expectation.forEachSource { source in
            ports.reserve(
                PortAllocator.Place(from: source, to: expectation.to),
                leadingTo: expectation.translatedTo,
                by: .expectation,
                for: client
            )
        }
    }

    /// Undoes `reservePort`.
    private mutating func freePort(of expectation: Expectation, on connection: borrowing Connection) {
        let client = ExpectationBook.borrower(of: expectation, connection)
        expectation.forEachSource { source in
            ports.free(
                PortAllocator.Place(from: source, to: expectation.to),
                by: .expectation,
                for: client
            )
        }
    }

    /// The client that the port of an expectation counts for; `nil` if NAT does not lend the port.
    private static func borrower(
        of expectation: Expectation,
        _ connection: borrowing Connection
    ) -> Client? {
        expectation.to.address == expectation.translatedTo.address ? nil : connection.client
    }

    private static func place(
        of lent: LentPort,
        _ connection: borrowing Connection
    ) -> PortAllocator.Place {
        PortAllocator.Place(
            from: connection.ownAddress(of: lent.side.other),
            to: Endpoint(connection.shownAddress(of: lent.side), lent.port)
        )
    }
}
