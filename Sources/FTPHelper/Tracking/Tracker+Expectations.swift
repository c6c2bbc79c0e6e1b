/// The life of an expectation.
extension Tracker {
    /// Opens an expectation in place of whatever the connection had.
    ///
    /// Several connections may have one for the same SYN: each takes one data connection, the oldest the first (contract S5).
    ///
    /// The kernel, and whoever listens, get to know of it at the end of the packet (`tellFresh`): a packet has room for many
    /// announcements, and only the last of them counts.
    ///
    /// Before the login was accepted it is only foretold: its port is held, and nothing opens (contract S2a).
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
        lookAfter(connection, at: now)
    }

    /// Opens what a client has announced that did not wait for the reply to its login, once that was accepted; forgets it where it
    /// cannot be any more.
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

    /// Has opened what the packet in hand has announced, as far as that holds at its end.
    mutating func tellFresh(of connection: Connection, into output: inout Output) {
        if freshID != 0, let expectation = connection.expectation {
            output.actions.append(.open(expectation))
            count(expectation, of: connection, into: &output)
        }
        if let freshNaming { output.actions.append(.report(.naming(freshNaming))) }
        freshID = 0
        freshNaming = nil
    }

    /// Opens an expectation that a connection has just been given.
    mutating func begin(
        _ expectation: Expectation,
        of connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        enter(expectation, of: connection, into: &output)
        lookAfter(connection, at: now)
        count(expectation, of: connection, into: &output)
    }

    /// Sees to it that a connection with an expectation is looked after in time.
    private mutating func lookAfter(_ connection: Connection, at now: Instant) {
        connection.due = min(connection.due, now.advanced(bySeconds: Tracker.expectingSeconds))
        deadlines.update(connection)
    }

    /// Counts and reports an expectation that is open.
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

    /// Puts an expectation into the table, where its SYN finds it; it is told of at the end of the packet.
    private mutating func register(_ expectation: Expectation, of connection: Connection) {
        expecting.insert(connection, ConnectionTable.hash(Key(expectation)))
        freshID = expectation.id
    }

    /// Holds the port of an expectation.
    mutating func reservePort(of expectation: Expectation, on connection: Connection) {
        ports.reserve(
            PortAllocator.Place(Key(expectation)),
            leadingTo: expectation.translatedTo,
            by: .expectation,
            for: borrower(of: expectation, connection)
        )
    }

    /// Who holds the port of an expectation, if it is one that NAT lends.
    func borrower(of expectation: Expectation, _ connection: Connection) -> Client? {
        expectation.to.address == expectation.translatedTo.address ? nil : connection.client
    }

    /// Puts the expectation that a connection has into the tables, and has it opened in the kernel.
    mutating func enter(_ expectation: Expectation, of connection: Connection, into output: inout Output) {
        if connection.opening?.session != nil {
            for address in sessions.insert(connection) { output.actions.append(.admit(address)) }
            release(connection, into: &output)
        } else {
            reservePort(of: expectation, on: connection)
            guard connection.opening?.isForetold == false else { return }
            expecting.insert(connection, ConnectionTable.hash(Key(expectation)))
            output.actions.append(.open(expectation))
        }
    }

    /// Takes an expectation out of the tables again, and has it closed in the kernel.
    mutating func removeExpectation(
        _ expectation: Expectation,
        of connection: Connection,
        into output: inout Output
    ) {
        if let session = connection.opening?.session {
            for address in sessions.remove(connection) { output.actions.append(.withdraw(address)) }
            recall(connection, into: &output)
            // What is under way may finish; what nobody has answered is not.
            for data in session.unconfirmed { output.actions.append(.abandon(data)) }
        } else {
            ports.free(
                PortAllocator.Place(Key(expectation)),
                by: .expectation,
                for: borrower(of: expectation, connection)
            )
            let isForetold = connection.opening?.isForetold == true
            if !isForetold { expecting.remove(connection, ConnectionTable.hash(Key(expectation))) }
            if expectation.id == freshID {
                freshID = 0
            } else if !isForetold {
                output.actions.append(.close(expectation))
                // Another session's that is for the same SYN stays open.
                if let other = self.connection(expecting: Key(expectation))?.expectation, other.id != freshID
                {
                    output.actions.append(.open(other))
                }
            }
        }
        connection.expectNothing()
        note(connection)
    }

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

    /// A SYN out of the pinhole set came; `nil` if no expectation is for it.
    ///
    /// The expectation stays open until `confirm`, so that a retransmitted SYN can try again what failed.
    package func expected(_ packet: Span<UInt8>) -> ExpectedConnection? {
        guard let segment = Segment(parsingSYN: packet) else { return nil }
        let key = Key(from: segment.tuple.source.address, to: segment.tuple.destination)
        return connection(expecting: key)?.expectation.map {
            ExpectedConnection(expectation: $0, syn: segment, packet)
        }
    }

    /// The conntrack entry of the data connection was made: closes its expectation as used.
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
        guard let master = master(of: expectation) else { return }
        if let client = borrower(of: expectation, master) {
            // One hold more, for as long as the data connection may live.
            restLentPort(of: master, at: now)
            ports.reserve(
                PortAllocator.Place(Key(expectation)),
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
        removeExpectation(expectation, of: master, into: &output)
        master.used &+= 1
        statistics.expectationsUsed += 1
        attach(DataConnection(connection), to: master, at: now, into: &output)
        deadlines.update(master)
        output.actions.append(.report(.data(expectation, from: connection.original.source)))
    }

    /// The kernel did not take an expectation that was to be opened.
    package mutating func fail(_ expectation: Expectation, into output: inout Output) {
        guard let master = master(of: expectation) else { return }
        closeExpectation(of: master, .failed, into: &output)
    }

    /// Closes an expectation by hand; `false` if there is none of that number.
    package mutating func delete(_ id: UInt64, into output: inout Output) -> Bool {
        guard let master = masters.first(where: { $0.opening?.id == id }) else { return false }
        delete(master, into: &output)
        return true
    }

    /// Closes every expectation by hand and returns how many there were.
    package mutating func flush(into output: inout Output) -> Int {
        let masters = masters
        for master in masters { delete(master, into: &output) }
        return masters.count
    }

    private mutating func delete(_ master: Connection, into output: inout Output) {
        // Else its next packet would open it again.
        if master.opening?.session != nil { master.session.distrust() }
        closeExpectation(of: master, .deleted, into: &output)
    }

    /// The connections that have an expectation open.
    var masters: [Connection] {
        var found: [Connection] = []
        expecting.forEach { found.append($0) }
        sessions.forEach { found.append($0) }
        return found
    }

    /// Lets the endpoint that NAT lent to the last data connection rest.
    mutating func restLentPort(of connection: Connection, at now: Instant) {
        guard let lent = connection.lentPort else { return }
        connection.lentPort = nil
        note(connection)
        ports.rest(Tracker.place(of: lent, connection), for: connection.client, at: now)
    }

    /// Holds the endpoint that NAT lent to the last data connection.
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
        expecting.first(ConnectionTable.hash(Key(expectation))) { $0.opening?.id == expectation.id }
    }

    /// The connection whose expectation is for a SYN: of several the one that has waited longest.
    func connection(expecting key: Key) -> Connection? {
        var oldest: Connection?
        _ = expecting.first(ConnectionTable.hash(key)) { connection in
            guard let opening = connection.opening, opening.port == key.to.port,
                connection.expectation.map(Key.init) == key, opening.id < oldest?.opening?.id ?? .max
            else { return false }
            oldest = connection
            return false
        }
        return oldest
    }
}
