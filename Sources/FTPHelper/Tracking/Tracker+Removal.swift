/// The end of a connection, and room for others.
extension Tracker {
    /// Ends the tracking of a connection that still translates: nothing opens any more.
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

    /// Tells whether one connection more finds a place, its own or that of another.
    func hasRoom() -> Bool {
        deadlines.count < policy.maximumConnections || lingering.first != nil || waiting.first != nil
    }

    /// Makes room for one connection more: of those that are closed or forgotten by conntrack, else of those that
    /// nobody has logged in on.
    ///
    /// Where its client has its share, only one of the client's own gives way.
    ///
    /// - Returns: `false` if there is none.
    mutating func makeRoom(for mapping: Mapping, at now: Instant, into output: inout Output) -> Bool {
        let client = Client(mapping.original.source.address)
        if clients.connections(of: client) >= policy.clientShare {
            let closed = lingering.first(of: client)
            guard let own = closed ?? waiting.first(of: client) else {
                turnAway(mapping)
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

    /// Forgets a connection for the sake of another.
    private mutating func evict(_ connection: Connection, at now: Instant, into output: inout Output) {
        let isInUse = !connection.isClosed && !connection.isOrphaned
        remove(connection, at: now, into: &output)
        if isInUse { refuseForWantOfRoom(connection.mapping.original, into: &output) }
    }

    /// Reports a connection that has found or kept no place.
    mutating func refuseForWantOfRoom(_ tuple: Tuple, into output: inout Output) {
        report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// Forgets a connection.
    mutating func remove(_ connection: Connection, at now: Instant, into output: inout Output) {
        // Who has logged in may do so in the next daemon's sight, too; but what is gone from here for good is not adopted there.
        if connection.isPositioned, connection.isWaiting || !connection.isClosed {
            turnAway(connection.mapping)
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

    mutating func report(_ refusal: Refusal, into output: inout Output) {
        statistics.refused[refusal.reason, default: 0] += 1
        output.actions.append(.report(.refused(refusal)))
    }
}
