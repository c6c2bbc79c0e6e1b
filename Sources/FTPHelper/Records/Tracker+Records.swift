/// What the next daemon needs, should this one end: a record for each connection that is followed.
extension Tracker {
    /// Hands over the records that have changed since the last time.
    ///
    /// To be called before a packet goes on: what its receiver then knows, the record has to know too.
    ///
    /// - Parameter keep: given where the last record of the connection is, 0 if it has none, and the new one, `nil` if the
    ///   connection has gone; returns where that is now, 0 for nowhere.
    package mutating func takeRecords(_ keep: (_ old: Int, _ record: [UInt64]?) -> Int) {
        while let connection = changed.popLast() {
            connection.isChanged = false
            let isFollowed = connection.heapIndex >= 0 && connection.isPositioned && !connection.isHelped
            guard isFollowed || connection.recordPlace > 0 else { continue }
            record.clear()
            if isFollowed { connection.write(into: &record) }
            record.finish()
            connection.recordPlace = keep(connection.recordPlace, isFollowed ? record.words : nil)
        }
    }

    /// Notes that a connection's record may have to be written anew.
    mutating func note(_ connection: Connection) {
        guard keepsRecords, !connection.isChanged else { return }
        connection.isChanged = true
        changed.append(connection)
    }

    /// Goes on with a connection that conntrack still has, as if nothing had happened.
    ///
    /// Its expectation is opened again, in case that it is not: what stays of its time is its time.
    ///
    /// - Returns: Whether there was a place for it.
    package mutating func restore(_ kept: KeptConnection, at now: Instant, into output: inout Output) -> Bool
    {
        let connection = kept.connection
        guard deadlines.count < policy.maximumConnections,
            self.connection(of: connection.mapping.original) == nil,
            self.connection(of: connection.mapping.reply) == nil
        else { return false }
        connection.due = now.advanced(
            bySeconds: connection.isClosed ? Tracker.lingerSeconds : Tracker.idleSeconds
        )
        insert(connection)
        if let expectation = connection.expectation {
            lastID = max(lastID, expectation.id)
            enter(expectation, of: connection, into: &output)
        }
        if let (side, port) = connection.lentPort {
            ports.hold(Endpoint(connection.shownAddress(of: side), port))
        }
        deadlines.update(connection)
        if connection.isClosed {
            lingering.append(connection)
        } else if kept.wasWaiting {
            waiting.append(connection)
        }
        if isListed(connection) { connectionCount += 1 }
        size += connection.size
        if connection.isLiberal { output.actions.append(.beLiberal(connection.mapping)) }
        review(connection, at: now, into: &output)
        note(connection)
        return true
    }
}
