/// What the next daemon needs, should this one end: a record for each connection that is followed.
extension Tracker {
    /// Hands over the records that have changed since the last time.
    ///
    /// To be called before a packet goes on: what its receiver then knows, the record has to know too.
    ///
    /// Where there is no room for all that a record says, it is handed over once more, with what it takes to go on. Where
    /// there is none for that either, the old one stays: for the next daemon the connection is then one of whose packets
    /// some passed unseen, and not one that began out of its sight. Who has logged out or has begun to speak TLS
    /// meanwhile gets no further with that than with packets that were lost to this one.
    ///
    /// - Parameter keep: given where the last record of the connection is, 0 if it has none, and the new one, `nil` if the
    ///   connection has gone; returns where that is now, 0 for nowhere; throws if there is no room for it.
    /// - Returns: What it has thrown last of a record that is kept in neither form.
    @discardableResult
    package mutating func takeRecords<Failure>(
        _ keep: (_ old: Int, _ record: [UInt64]?) throws(Failure) -> Int
    ) -> Failure? {
        var failure: Failure?
        while let connection = changed.popLast() {
            connection.isChanged = false
            let isFollowed = connection.heapIndex >= 0 && connection.isPositioned && !connection.isHelped
            guard isFollowed || connection.recordPlace > 0 else { continue }
            do throws(Failure) {
                guard isFollowed else {
                    connection.recordPlace = try keep(connection.recordPlace, nil)
                    continue
                }
                try keepRecord(of: connection, .whole, keep)
            } catch {
                do throws(Failure) {
                    try keepRecord(of: connection, .least(of: connection), keep)
                } catch {
                    failure = error
                }
            }
        }
        return failure
    }

    private mutating func keepRecord<Failure>(
        of connection: Connection,
        _ extent: RecordExtent,
        _ keep: (_ old: Int, _ record: [UInt64]?) throws(Failure) -> Int
    ) throws(Failure) {
        record.clear()
        connection.write(into: &record, extent)
        record.finish()
        connection.recordPlace = try keep(connection.recordPlace, record.words)
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
    /// - Parameters:
    ///   - kept: the connection.
    ///   - isCertain: conntrack has had it ever since; if not, only packets whose numbers go on with it are taken for its own.
    ///   - now: the time.
    ///   - output: gets what is to be done.
    /// - Returns: Whether there was a place for it.
    package mutating func restore(
        _ kept: KeptConnection,
        isCertain: Bool = true,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        let connection = kept.connection
        guard deadlines.count < policy.maximumConnections,
            self.connection(of: connection.mapping.original) == nil,
            self.connection(of: connection.mapping.reply) == nil
        else { return false }
        connection.due = now.advanced(
            bySeconds: connection.isClosed ? Tracker.lingerSeconds : Tracker.idleSeconds
        )
        insert(connection)
        if !isCertain { connection.mayHaveDouble = true }
        if let expectation = connection.expectation {
            lastID = max(lastID, expectation.id)
            enter(expectation, of: connection, into: &output)
        }
        reserveLentPort(of: connection)
        deadlines.update(connection)
        if connection.isClosed {
            lingering.append(connection)
        } else if kept.wasWaiting {
            waiting.append(connection)
        }
        if isListed(connection) { connectionCount += 1 }
        size += connection.size
        if connection.isReleased { output.actions.append(.release(connection.mapping)) }
        if connection.isReversed { output.actions.append(.watch(connection.mapping)) }
        if connection.isLiberal { output.actions.append(.beLiberal(connection.mapping)) }
        review(connection, at: now, into: &output)
        note(connection)
        return true
    }
}
