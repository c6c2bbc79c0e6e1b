// SPDX-License-Identifier: GPL-2.0-or-later

/// The life cycle of expectations.
extension Tracker {
    /// Opens an expectation in place of the connection's previous one.
    ///
    /// Several connections may have an expectation for the same SYN; each gets one data connection, the
    /// oldest first (contract S5).
    ///
    /// The kernel and the listeners are told at the end of the packet (`tellFresh`): a packet has room for
    /// many announcements, and only the last one counts.
    ///
    /// Before the login is accepted, the expectation is only foretold: its port is reserved, but nothing
    /// opens (contract S2a).
    mutating func open(
        _ expectation: Expectation,
        on connection: Connection,
        command: UInt32,
        at now: Instant,
        into output: inout Output
    ) {
        closeExpectation(of: connection, .replaced, into: &output)
        endAnsweredTransfer(of: connection, at: now, into: &output)
        restLentPort(of: connection, at: now)
        let isForetold = !connection.session.isLoggedIn
        connection.expect(expectation, command: command, isForetold: isForetold)
        reservePort(of: expectation, on: connection)
        if !isForetold { register(expectation, of: connection) }
        scheduleCheck(of: connection, at: now)
    }

    /// Opens a foretold expectation once the login is accepted; drops it once the login or the command can no
    /// longer succeed.
    mutating func resolveForetold(_ connection: Connection, into output: inout Output) {
        guard let opening = connection.opening, opening.isForetold, let expectation = connection.expectation
        else {
            return
        }
        if connection.session.isLoggedIn {
            opening.isForetold = false
            register(expectation, of: connection)
            note(connection)
        } else if !connection.session.isLoginUnderWay || !connection.session.awaitsReply(to: opening.command)
        {
            refuse(.notLoggedIn, opening.kind, Span(), connection, into: &output)
            closeExpectation(of: connection, .ended, into: &output)
        }
    }

    /// Opens and reports the last expectation that the current packet announced, if it is still open at the
    /// end of the packet.
    mutating func tellFresh(of connection: Connection, into output: inout Output) {
        if freshID != 0, let expectation = connection.expectation {
            output.actions.append(.open(expectation))
            count(expectation, of: connection, into: &output)
        }
        if let freshDecision { output.actions.append(.report(.addressDecision(freshDecision))) }
        freshID = 0
        freshDecision = nil
    }

    /// Opens the expectation that a connection was just given.
    mutating func begin(
        _ expectation: Expectation,
        of connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        enter(expectation, of: connection, into: &output)
        scheduleCheck(of: connection, at: now)
        count(expectation, of: connection, into: &output)
    }

    /// Schedules the next check of a connection early, because its open expectation must not outlive it.
    private mutating func scheduleCheck(of connection: Connection, at now: Instant) {
        connection.due = min(connection.due, now.advanced(bySeconds: Tracker.expectingSeconds))
        deadlines.update(connection)
    }

    /// Counts and reports an open expectation.
    private mutating func count(
        _ expectation: Expectation,
        of connection: Connection,
        into output: inout Output
    ) {
        connection.opened &+= 1
        note(connection)
        statistics.expectationsOpened += 1
        output.actions.append(.report(.expectation(expectation)))
    }

    /// Enters an expectation into the table in which its SYN is looked up.
    ///
    /// It is opened in the kernel at the end of the packet.
    private mutating func register(_ expectation: Expectation, of connection: Connection) {
        insertExpecting(connection, expectation)
        freshID = expectation.id
    }

    private mutating func insertExpecting(_ connection: Connection, _ expectation: Expectation) {
        expecting.insert(connection, ConnectionTable.hash(Key(expectation)))
        for other in expectation.others {
            expectingOthers.insert(
                connection,
                ConnectionTable.hash(Key(from: other, to: expectation.to))
            )
        }
    }

    private mutating func removeExpecting(_ connection: Connection, _ expectation: Expectation) {
        expecting.remove(connection, ConnectionTable.hash(Key(expectation)))
        for other in expectation.others {
            expectingOthers.remove(
                connection,
                ConnectionTable.hash(Key(from: other, to: expectation.to))
            )
        }
    }

    /// Reserves the port of an expectation with respect to each of its sources.
    mutating func reservePort(of expectation: Expectation, on connection: Connection) {
        let client = borrower(of: expectation, connection)
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
    mutating func freePort(of expectation: Expectation, on connection: Connection) {
        let client = borrower(of: expectation, connection)
        expectation.forEachSource { source in
            ports.free(
                PortAllocator.Place(from: source, to: expectation.to),
                by: .expectation,
                for: client
            )
        }
    }

    /// The client that the port of an expectation counts for; `nil` if NAT does not lend the port.
    func borrower(of expectation: Expectation, _ connection: Connection) -> Client? {
        expectation.to.address == expectation.translatedTo.address ? nil : connection.client
    }

    /// Enters the connection's expectation into the tables and opens it in the kernel.
    mutating func enter(_ expectation: Expectation, of connection: Connection, into output: inout Output) {
        if connection.opening?.session != nil {
            for address in sessions.insert(connection) { output.actions.append(.admit(address)) }
            release(connection, into: &output)
        } else {
            reservePort(of: expectation, on: connection)
            guard connection.opening?.isForetold == false else { return }
            insertExpecting(connection, expectation)
            output.actions.append(.open(expectation))
        }
    }

    /// Removes the connection's expectation from the tables and closes it in the kernel.
    mutating func removeExpectation(
        _ expectation: Expectation,
        of connection: Connection,
        into output: inout Output
    ) {
        if let session = connection.opening?.session {
            for address in sessions.remove(connection) { output.actions.append(.withdraw(address)) }
            recall(connection, into: &output)
            // Established data connections may finish; unanswered ones are abandoned.
            for data in session.unconfirmed { output.actions.append(.abandon(data)) }
        } else {
            freePort(of: expectation, on: connection)
            let isForetold = connection.opening?.isForetold == true
            if !isForetold { removeExpecting(connection, expectation) }
            if expectation.id == freshID {
                freshID = 0
            } else if !isForetold {
                output.actions.append(.close(expectation))
                // An expectation of another session for the same SYN stays open.
                expectation.forEachSource { source in
                    let key = Key(from: source, to: expectation.to)
                    guard let other = self.connection(expecting: key)?.expectation, other.id != freshID
                    else { return }
                    output.actions.append(.open(other))
                }
            }
        }
        connection.expectNothing()
        note(connection)
    }

    /// Closes the expectation of a connection, if it has one, and reports why.
    mutating func closeExpectation(
        of connection: Connection,
        _ closing: Event.Closing,
        into output: inout Output
    ) {
        guard let expectation = connection.expectation else { return }
        let isKnown = expectation.id != freshID && connection.opening?.isForetold == false
        removeExpectation(expectation, of: connection, into: &output)
        deadlines.update(connection)
        if isKnown { output.actions.append(.report(.closed(expectation, closing))) }
    }

    /// Finds the expectation for a SYN that matched the pinhole set; `nil` if there is none.
    ///
    /// The expectation stays open until `confirm`, so that a retransmitted SYN can retry what failed.
    package func expected(_ packet: Span<UInt8>) -> ExpectedConnection? {
        guard let segment = Segment(parsingSYN: packet) else { return nil }
        let key = Key(from: segment.tuple.source.address, to: segment.tuple.destination)
        return connection(expecting: key)?.expectation.map {
            ExpectedConnection(expectation: $0.arriving(from: key.from), syn: segment, packet)
        }
    }

    /// Records that the conntrack entry of the data connection was created, and closes its expectation as
    /// used.
    package mutating func confirm(
        _ connection: ExpectedConnection,
        at now: Instant,
        into output: inout Output
    ) {
        let expectation = connection.expectation
        guard expectation.kind != .ftps else {
            confirmEncrypted(connection, at: now, into: &output)
            return
        }
        guard let master = master(of: expectation), let announced = master.expectation else { return }
        if let client = borrower(of: expectation, master) {
            // The port stays reserved for as long as the data connection may exist.
            restLentPort(of: master, at: now)
            ports.reserve(
                PortAllocator.Place(Key(announced)),
                leadingTo: expectation.translatedTo,
                by: .connection,
                for: client
            )
            master.lentPort = LentPort(
                side: expectation.kind.isActive ? .client : .server,
                port: expectation.to.port,
                target: master.opening?.target == nil ? expectation.translatedTo.port : 0
            )
        }
        removeExpectation(announced, of: master, into: &output)
        master.used &+= 1
        statistics.expectationsUsed += 1
        attach(DataConnection(connection), to: master, at: now, into: &output)
        deadlines.update(master)
        output.actions.append(.report(.data(expectation, from: connection.original.source)))
    }

    /// Closes an expectation that the kernel refused to open.
    package mutating func fail(_ expectation: Expectation, into output: inout Output) {
        guard let master = master(of: expectation) else { return }
        closeExpectation(of: master, .failed, into: &output)
    }

    /// Closes an expectation at the administrator's request; returns `false` if there is none with this
    /// number.
    package mutating func delete(_ id: UInt64, into output: inout Output) -> Bool {
        guard let master = masters.first(where: { $0.opening?.id == id }) else { return false }
        delete(master, into: &output)
        return true
    }

    /// Closes all expectations at the administrator's request; returns their number.
    package mutating func flush(into output: inout Output) -> Int {
        let masters = masters
        for master in masters { delete(master, into: &output) }
        return masters.count
    }

    private mutating func delete(_ master: Connection, into output: inout Output) {
        // Without this, the next packet would open it again.
        if master.opening?.session != nil { master.session.distrust() }
        closeExpectation(of: master, .deleted, into: &output)
    }

    /// The connections with an open expectation.
    var masters: [Connection] {
        var found: [Connection] = []
        expecting.forEach { found.append($0) }
        sessions.forEach { found.append($0) }
        return found
    }

    /// Lets the port that NAT lent to the last data connection rest.
    mutating func restLentPort(of connection: Connection, at now: Instant) {
        guard let lent = connection.lentPort else { return }
        connection.lentPort = nil
        note(connection)
        ports.rest(Tracker.place(of: lent, connection), for: connection.client, at: now)
    }

    /// Reserves the port that NAT lent to the last data connection, after a restart.
    mutating func reserveLentPort(of connection: Connection) {
        guard let lent = connection.lentPort else { return }
        let target = Endpoint(connection.ownAddress(of: lent.side), lent.target)
        ports.reserve(
            Tracker.place(of: lent, connection),
            leadingTo: target,
            by: .connection,
            for: connection.client
        )
    }

    private static func place(of lent: LentPort, _ connection: Connection) -> PortAllocator.Place {
        PortAllocator.Place(
            from: connection.ownAddress(of: lent.side.other),
            to: Endpoint(connection.shownAddress(of: lent.side), lent.port)
        )
    }

    private func master(of expectation: Expectation) -> Connection? {
        let hash = ConnectionTable.hash(Key(expectation))
        let isMaster = { (connection: Connection) in connection.opening?.id == expectation.id }
        return expecting.first(hash, where: isMaster) ?? expectingOthers.first(hash, where: isMaster)
    }

    /// The connection whose expectation matches a SYN; the oldest expectation if there are several.
    func connection(expecting key: Key) -> Connection? {
        var oldest: Connection?
        func consider(_ connection: Connection) -> Bool {
            guard let opening = connection.opening, opening.port == key.to.port,
                let expectation = connection.expectation, expectation.to == key.to,
                expectation.from == key.from || expectation.others.contains(key.from),
                opening.id < oldest?.opening?.id ?? .max
            else { return false }
            oldest = connection
            return false
        }
        let hash = ConnectionTable.hash(key)
        _ = expecting.first(hash, where: consider)
        if expectingOthers.count > 0 { _ = expectingOthers.first(hash, where: consider) }
        return oldest
    }
}
