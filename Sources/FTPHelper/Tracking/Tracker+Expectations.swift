// SPDX-License-Identifier: GPL-2.0-or-later

/// The life cycle of expectations.
extension Tracker {
    /// Opens an expectation in place of the connection's previous one.
    ///
    /// Several connections may have an expectation for the same SYN; each gets one data connection, the
    /// oldest first (contract S5).
    ///
    /// It is opened in the kernel and reported at the end of the packet (`openNewest`).
    ///
    /// Before the login is accepted, the expectation is pending: its port is reserved, but nothing opens
    /// (contract S2a).
    mutating func open(
        _ expectation: Expectation,
        on connection: inout Connection,
        command: UInt32,
        at now: Instant,
        into output: inout Output
    ) {
        closeExpectation(of: &connection, .replaced, into: &output)
        endAnsweredTransfer(of: &connection, at: now, into: &output)
        book.restLentPort(of: &connection, at: now)
        book.open(
            expectation,
            on: &connection,
            command: command,
            isPending: !connection.session.isLoggedIn
        )
        scheduleCheck(of: &connection, at: now)
    }

    /// Opens a pending expectation once the login is accepted; drops it once the login or the command can no
    /// longer succeed.
    mutating func resolvePending(_ connection: inout Connection, into output: inout Output) {
        guard let opening = connection.opening, opening.isPending else { return }
        if connection.session.isLoggedIn {
            book.confirmPending(on: &connection)
        } else if !connection.session.isLoginUnderWay || !connection.session.awaitsReply(to: opening.command)
        {
            refuse(.notLoggedIn, opening.kind, Span(), &connection, into: &output)
            closeExpectation(of: &connection, .ended, into: &output)
        }
    }

    /// At the end of a packet, opens in the kernel and reports the expectation that the packet announced
    /// last, unless it has closed again.
    mutating func openNewest(of connection: inout Connection, into output: inout Output) {
        if let expectation = book.takeNewest(of: connection) {
            output.actions.append(.open(expectation))
            count(expectation, of: &connection, into: &output)
        }
        if let newestDecision { output.actions.append(.report(.addressDecision(newestDecision))) }
        newestDecision = nil
    }

    /// Schedules an early check of a connection, because its open expectation must not outlive it.
    func scheduleCheck(of connection: inout Connection, at now: Instant) {
        connection.due = min(connection.due, now.advanced(bySeconds: Tracker.expectingSeconds))
    }

    /// Counts and reports an open expectation.
    mutating func count(
        _ expectation: Expectation,
        of connection: inout Connection,
        into output: inout Output
    ) {
        connection.opened &+= 1
        statistics.expectationsOpened += 1
        output.actions.append(.report(.expectation(expectation)))
    }

    /// Closes the expectation of a connection, if it has one.
    ///
    /// - Returns: whether it was open in the kernel and reported.
    mutating func removeExpectation(of connection: inout Connection, into output: inout Output) -> Bool {
        let session = connection.opening?.session
        let isKnown = book.close(&connection, into: &output)
        if let session {
            requeue(&connection, into: &output)
            // Established data connections may finish; unanswered ones are abandoned.
            for data in session.unconfirmed { output.actions.append(.abandon(data)) }
        }
        return isKnown
    }

    /// Closes the expectation of a connection, if it has one, and reports why.
    mutating func closeExpectation(
        of connection: inout Connection,
        _ closing: Event.Closing,
        into output: inout Output
    ) {
        guard let expectation = connection.expectation else { return }
        if removeExpectation(of: &connection, into: &output) {
            output.actions.append(.report(.closed(expectation, closing)))
        }
    }

    /// Finds the expectation for a SYN that matched the pinhole set; `nil` if there is none.
    ///
    /// The expectation stays open until `confirm`, so that a retransmitted SYN can retry what failed.
    package func expected(_ syn: SYN) -> ExpectedConnection? {
        let key = Key(from: syn.tuple.source.address, to: syn.tuple.destination)
        return book.master(of: key)?.connection.expectation.map {
            ExpectedConnection($0.arriving(from: key.from), syn)
        }
    }

    /// Records that the conntrack entry of the data connection was created, and closes its expectation as
    /// used.
    mutating func confirm(_ data: ExpectedConnection, at now: Instant, into output: inout Output) {
        let expectation = data.expectation
        guard expectation.kind != .ftps else {
            confirmEncrypted(data, at: now, into: &output)
            return
        }
        guard let master = book.master(of: expectation) else { return }
        update(master) { tracker, connection in
            tracker.book.lendPort(on: &connection, at: now)
            _ = tracker.removeExpectation(of: &connection, into: &output)
            connection.used &+= 1
            tracker.statistics.expectationsUsed += 1
            tracker.attach(DataConnection(data), to: &connection, at: now, into: &output)
        }
        output.actions.append(.report(.data(expectation, from: data.original.source)))
    }

    /// Closes an expectation that the kernel refused to open.
    mutating func fail(_ expectation: Expectation, into output: inout Output) {
        guard let master = book.master(of: expectation) else { return }
        update(master) { tracker, connection in
            tracker.closeExpectation(of: &connection, .failed, into: &output)
        }
    }

    /// Closes an expectation at the administrator's request; returns `false` if there is none with this
    /// number.
    package mutating func delete(_ id: UInt64, into output: inout Output) -> Bool {
        guard let master = book.masters.first(where: { $0.connection.opening?.id == id }) else {
            return false
        }
        delete(master, into: &output)
        return true
    }

    /// Closes all expectations at the administrator's request; returns their number.
    package mutating func flush(into output: inout Output) -> Int {
        let masters = book.masters
        for master in masters { delete(master, into: &output) }
        return masters.count
    }

    private mutating func delete(_ master: ConnectionStore.Slot, into output: inout Output) {
        update(master) { tracker, connection in
            // Without this, the next packet would open it again.
            if connection.opening?.session != nil { connection.session.distrust() }
            tracker.closeExpectation(of: &connection, .deleted, into: &output)
        }
    }
}
