// SPDX-License-Identifier: GPL-2.0-or-later

/// Closing, eviction and removal of connections.
extension Tracker {
    /// Closes a connection: nothing opens any more, but its packets are still translated.
    mutating func close(_ connection: Connection, at now: Instant, into output: inout Output) {
        guard !connection.isClosed else { return }
        closeExpectation(of: connection, .ended, into: &output)
        endTransfer(of: connection, at: now, into: &output)
        if isListed(connection) {
            connectionCount -= 1
            output.actions.append(.report(.connectionClosed(connection.summary)))
        }
        connection.isClosed = true
        note(connection)
        connection.due = now.advanced(bySeconds: Tracker.lingerSeconds)
        deadlines.update(connection)
        lingering.append(connection)
    }

    /// Tells whether there is room for one more connection, free or by eviction.
    func hasRoom() -> Bool {
        deadlines.count < policy.maximumConnections || lingering.first != nil || waiting.first != nil
    }

    /// Makes room for one more connection.
    ///
    /// Closed connections and those that conntrack has forgotten are evicted first, then those without a
    /// login.
    ///
    /// If the client already has its share, only one of its own connections is evicted.
    ///
    /// - Returns: `false` if there is no room.
    mutating func makeRoom(for mapping: Mapping, at now: Instant, into output: inout Output) -> Bool {
        let client = Client(mapping.original.source.address)
        if clients.connections(of: client) >= policy.clientShare {
            let closed = lingering.first(of: client)
            guard let own = closed ?? waiting.first(of: client) else {
                reject(mapping)
                refuseForWantOfRoom(mapping.original, into: &output)
                return false
            }
            evict(own, at: now, into: &output)
        } else if deadlines.count >= policy.maximumConnections,
            let other = lingering.first ?? waiting.first
        {
            evict(other, at: now, into: &output)
        }
        return true
    }

    /// Evicts a connection in favour of another.
    private mutating func evict(_ connection: Connection, at now: Instant, into output: inout Output) {
        let isInUse = !connection.isClosed && !connection.isOrphaned
        remove(connection, at: now, into: &output)
        if isInUse { refuseForWantOfRoom(connection.mapping.original, into: &output) }
    }

    /// Reports a connection that found no place or lost it.
    mutating func refuseForWantOfRoom(_ tuple: Tuple, into output: inout Output) {
        report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// Removes a connection and everything that belongs to it.
    mutating func remove(_ connection: Connection, at now: Instant, into output: inout Output) {
        // A user who logged in may also do so in the sight of the next daemon. But what was removed here for
        // good must not be adopted there.
        if connection.isPositioned, connection.isWaiting || !connection.isClosed {
            reject(connection.mapping)
        }
        waiting.remove(connection)
        size -= connection.size
        close(connection, at: now, into: &output)
        lingering.remove(connection)
        if connection.heapIndex >= 0 { clients.remove(connection.client) }
        if connection.isReversed { output.actions.append(.unwatch(connection.mapping)) }
        restLentPort(of: connection, at: now)
        table.remove(connection, ConnectionTable.hash(connection.mapping.original))
        table.remove(connection, ConnectionTable.hash(connection.mapping.reply))
        if let tuple = connection.halfwayTuple { halfway.remove(connection, ConnectionTable.hash(tuple)) }
        deadlines.remove(connection)
        note(connection)
    }

    /// Counts and reports a refusal.
    mutating func report(_ refusal: Refusal, into output: inout Output) {
        statistics.refused[refusal.reason, default: 0] += 1
        output.actions.append(.report(.refused(refusal)))
    }
}
