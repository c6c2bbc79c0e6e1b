/// The life of an expectation.
extension Tracker {
    /// What an announcement comes to.
    enum Decision {
        case refused(Refusal.Reason)
        /// It opens an expectation, and the line is to name the endpoint that this is for.
        case opened(Expectation)
    }

    /// Decides on an announcement by the rules of addresses (contract A1 to A6).
    ///
    /// The data connection always leads to the other end of the control connection. What the line must name is where the
    /// receiver of the line reaches that end: the address under which NAT shows it, and a port that is free there.
    mutating func decide(
        _ announcement: Announcement,
        on connection: Connection,
        at now: Instant
    ) -> Decision {
        let side: Session.Side = announcement.kind.isActive ? .client : .server
        let rules = policy.rules(for: connection.mapping)
        var target: IPAddress?
        if let advertised = announcement.address, advertised != connection.ownAddress(of: side),
            advertised != connection.shownAddress(of: side)
        {
            if rules.isLoose, !advertised.isUnspecified {
                target = advertised
            } else if side == .client {
                return .refused(.addressMismatch)
            }
        }
        guard announcement.port >= 1024 || rules.allowsPrivilegedPorts else {
            return .refused(.privilegedPort)
        }

        // The old expectation goes in any case, so its port is free again for this one.
        let old = connection.opening?.session == nil ? connection.expectation : nil
        if let old { ports.release(old.to) }
        defer { if let old { ports.hold(old.to) } }

        // Without NAT the port is what it is; with it, what is free at the address that NAT shows.
        var port = announcement.port
        if connection.isShownOtherwise(side) {
            let shown = connection.shownAddress(of: side)
            guard let free = ports.choose(port, of: shown, at: now, random: &random) else {
                return .refused(.tableFull)
            }
            port = free
        }
        lastID += 1
        return .opened(
            connection.expectation(
                announcement.kind,
                lastID,
                target: target,
                port: port,
                announcement.port,
                until: now.advanced(bySeconds: rules.timeout)
            )
        )
    }

    /// Opens an expectation in place of whatever the connection had, or another had for the same SYN.
    mutating func open(
        _ expectation: Expectation,
        on connection: Connection,
        command: UInt32,
        at now: Instant,
        into output: inout Output
    ) {
        closeExpectation(of: connection, .replaced, into: &output)
        settleAnswered(connection, at: now, into: &output)
        restLentPort(of: connection, at: now)
        if let other = self.connection(expecting: Key(expectation)) {
            closeExpectation(of: other, .replaced, into: &output)
        }
        connection.expect(expectation, command: command)
        begin(expectation, of: connection, at: now, into: &output)
    }

    /// Opens an expectation that a connection has just been given.
    mutating func begin(
        _ expectation: Expectation,
        of connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        enter(expectation, of: connection, into: &output)
        connection.opened &+= 1
        connection.due = min(connection.due, now.advanced(bySeconds: Tracker.expectingSeconds))
        deadlines.update(connection)
        note(connection)
        statistics.expectationsOpened += 1
        output.actions.append(.report(.expectation(expectation)))
    }

    /// Puts the expectation that a connection has into the tables, and has it opened in the kernel.
    mutating func enter(_ expectation: Expectation, of connection: Connection, into output: inout Output) {
        if let session = connection.opening?.session {
            for address in sessions.insert(connection) { output.actions.append(.admit(address)) }
            if session.isReleased { output.actions.append(.release(connection.mapping)) }
        } else {
            expecting.insert(connection, ConnectionTable.hash(Key(expectation)))
            ports.hold(expectation.to)
            output.actions.append(.open(expectation))
        }
    }

    /// Takes an expectation out of the tables again, and has it closed in the kernel.
    mutating func take(_ expectation: Expectation, from connection: Connection, into output: inout Output) {
        if let session = connection.opening?.session {
            for address in sessions.remove(connection) { output.actions.append(.withdraw(address)) }
            if session.isReleased { output.actions.append(.recall(connection.mapping)) }
        } else {
            expecting.remove(connection, ConnectionTable.hash(Key(expectation)))
            ports.release(expectation.to)
            output.actions.append(.close(expectation))
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
        take(expectation, from: connection, into: &output)
        deadlines.update(connection)
        output.actions.append(.report(.closed(expectation, closing)))
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
            confirmRequest(connection, at: now, into: &output)
            return
        }
        guard let master = master(of: expectation) else { return }
        if expectation.to.address != expectation.translatedTo.address {
            // One hold more, for as long as the data connection may live.
            restLentPort(of: master, at: now)
            ports.hold(expectation.to)
            master.lentPort = (expectation.kind.isActive ? .client : .server, expectation.to.port)
        }
        take(expectation, from: master, into: &output)
        master.used &+= 1
        statistics.expectationsUsed += 1
        take(DataConnection(connection), on: master, at: now, into: &output)
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
        guard let (side, port) = connection.lentPort else { return }
        connection.lentPort = nil
        note(connection)
        ports.rest(Endpoint(connection.shownAddress(of: side), port), at: now)
    }

    private func master(of expectation: Expectation) -> Connection? {
        guard let master = connection(expecting: Key(expectation)), master.opening?.id == expectation.id
        else { return nil }
        return master
    }

    private func connection(expecting key: Key) -> Connection? {
        expecting.first(ConnectionTable.hash(key)) { connection in
            connection.opening?.port == key.to.port && connection.expectation.map(Key.init) == key
        }
    }
}
