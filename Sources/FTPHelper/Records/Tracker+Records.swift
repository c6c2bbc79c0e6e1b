// SPDX-License-Identifier: GPL-2.0-or-later

/// Records of the connections, for the next daemon.
extension Tracker {
    /// Hands over the records that changed since the last call.
    ///
    /// Call this before a packet is forwarded: the record has to contain what the receiver then knows.
    ///
    /// If there is no room for the complete record, a reduced one is handed over (`RecordExtent.least`). If
    /// there is no room for that either, the old record stays. To the next daemon, the connection then looks
    /// like one that lost some packets, not like one that began out of sight. A client that logged out or
    /// began TLS in the meantime gains no more from this than from packets that this daemon missed.
    ///
    /// - Parameter keep: stores a record. It gets the place of the previous record, 0 if there is none, and
    ///   the new record, `nil` if the connection was removed. It returns the place of the new record, 0 if
    ///   there is none, and throws if there is no room.
    /// - Returns: the last error of `keep` for which neither form of the record was stored.
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

    /// Marks the record of a connection as out of date.
    mutating func note(_ connection: Connection) {
        guard keepsRecords, !connection.isChanged else { return }
        connection.isChanged = true
        changed.append(connection)
    }

    /// Continues with a connection of an earlier daemon.
    ///
    /// Its expectation is opened again, in case the kernel has lost it; its deadline stays.
    ///
    /// - Parameters:
    ///   - kept: the connection.
    ///   - isCertain: whether conntrack has had the entry all the time. If not, only packets whose sequence
    ///     numbers continue the streams count as its own.
    ///   - now: the time.
    ///   - output: receives the actions.
    /// - Returns: whether there was room for it.
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
        if let opening = connection.opening, opening.kind.isActive {
            let server = connection.ownAddress(of: .server)
            opening.others = policy.rules(for: connection.mapping).honoured.others(than: server)
        }
        if let expectation = connection.expectation {
            lastID = max(lastID, expectation.id)
            enter(expectation, of: connection, into: &output)
        }
        reserveLentPort(of: connection)
        if connection.transfer != nil { transferring[ObjectIdentifier(connection)] = connection }
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
