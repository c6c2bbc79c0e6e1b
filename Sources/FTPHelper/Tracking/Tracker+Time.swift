// SPDX-License-Identifier: GPL-2.0-or-later

/// Timeouts.
extension Tracker {
    /// Maximum number of connections that one call of `fire` handles.
    ///
    /// Each may need a request to conntrack, and packets wait meanwhile.
    private static var batch: Int { 64 }

    /// Handles what is due, at most one batch; call it when `nextDeadline` has come.
    package mutating func fire(at now: Instant, into output: inout Output) {
        for _ in 0..<Tracker.batch {
            guard let slot = store.first, slot.connection.deadline <= now else { return }
            let isOver = update(slot) { tracker, connection in
                tracker.expireExpectation(of: &connection, at: now, into: &output)
                tracker.queryTransfer(of: &connection, at: now, into: &output)
                return tracker.check(&connection, at: now, into: &output)
            }
            if isOver { remove(slot, at: now, into: &output) }
        }
    }

    /// Closes the expectation of a connection if its time is up.
    private mutating func expireExpectation(
        of connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        guard let opening = connection.opening, opening.deadline <= now else { return }
        if let session = opening.session {
            connection.postponeExpectation(until: idleEnd(of: connection, session, at: now))
        }
        guard let expectation = connection.expectation, expectation.deadline <= now else { return }
        if removeExpectation(of: &connection, into: &output) {
            statistics.expectationsExpired += 1
            output.actions.append(.report(.expired(expectation)))
        }
    }

    /// Asks conntrack for a connection if its time is up; returns whether the connection is over.
    private mutating func check(
        _ connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        guard connection.due <= now, !continueProof(&connection, at: now, into: &output) else { return false }
        let interval =
            connection.isClosed
            ? Tracker.lingerSeconds
            : connection.opening == nil ? Tracker.idleSeconds : Tracker.expectingSeconds
        // Packets postpone the deadline, also on a closed connection, because its peers may have ignored the
        // FIN or RST. In an encrypted session, only those of the server do: the client could send packets
        // that never reach the server.
        let last = connection.opening?.session?.heard ?? connection.lastSeen
        connection.due = last.advanced(bySeconds: interval)
        guard connection.due <= now else { return false }
        guard !connection.isClosed else { return true }
        output.actions.append(.verify(connection.mapping))
        connection.due = now.advanced(bySeconds: interval)
        return false
    }
}
