/// What the next daemon needs, should this one end: a record for each connection that is followed.
extension Tracker {
    /// Hands over the records that have changed since the last time; `nil` where the connection has gone.
    ///
    /// A record has a number, by which the next one of the same connection replaces it. To be called before a packet goes on: what
    /// its receiver then knows, the record has to know too.
    package mutating func takeRecords(_ keep: (_ number: Int, _ record: [UInt64]?) -> Void) {
        while let connection = changed.popLast() {
            connection.isChanged = false
            guard connection.heapIndex >= 0, connection.isPositioned, !connection.isHelped else {
                guard connection.recordNumber >= 0 else { continue }
                keep(connection.recordNumber, nil)
                freeRecordNumbers.append(connection.recordNumber)
                connection.recordNumber = -1
                continue
            }
            if connection.recordNumber < 0 {
                connection.recordNumber = freeRecordNumbers.popLast() ?? recordNumberCount
                recordNumberCount = max(recordNumberCount, connection.recordNumber + 1)
            }
            record.clear()
            connection.write(into: &record)
            record.finish()
            keep(connection.recordNumber, record.words)
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
