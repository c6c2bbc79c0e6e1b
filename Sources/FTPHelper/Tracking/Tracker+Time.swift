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
            guard let connection = deadlines.first, connection.deadline <= now else { return }
            if let opening = connection.opening, let session = opening.session, opening.deadline <= now {
                opening.deadline = idleEnd(of: connection, session, at: now)
            }
            if let opening = connection.opening, opening.deadline <= now,
                let expectation = connection.expectation
            {
                removeExpectation(expectation, of: connection, into: &output)
                if !opening.isForetold {
                    statistics.expectationsExpired += 1
                    output.actions.append(.report(.expired(expectation)))
                }
            }
            if let transfer = connection.transfer, let look = transfer.due, look <= now {
                transfer.due = now.advanced(bySeconds: Transfer.lookSeconds)
                output.actions.append(.measure(transfer.summary(of: connection, ended: nil)))
            }
            if connection.due <= now {
                let interval =
                    connection.isClosed
                    ? Tracker.lingerSeconds
                    : connection.opening == nil ? Tracker.idleSeconds : Tracker.expectingSeconds
                // Packets postpone the deadline, also on a closed connection, because its peers may have
                // ignored the FIN or RST. In an encrypted session, only those of the server do: the client
                // could send packets that never reach the server.
                let last = connection.opening?.session?.heard ?? connection.lastSeen
                connection.due = last.advanced(bySeconds: interval)
                if connection.due <= now {
                    guard !connection.isClosed else {
                        remove(connection, at: now, into: &output)
                        continue
                    }
                    output.actions.append(.verify(connection.mapping))
                    connection.due = now.advanced(bySeconds: interval)
                }
            }
            deadlines.update(connection)
        }
    }
}
