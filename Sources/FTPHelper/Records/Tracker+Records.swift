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
        store.takeRecords(keep)
    }

    /// Continues with a connection of an earlier daemon.
    ///
    /// Its expectation is opened again, in case the kernel has lost it; its deadline stays.
    ///
    /// What a peer has written is believed as far as it can be checked: where an expectation leads is checked
    /// against the rules again, it does not outlast their timeout, and the positions have to be confirmed by
    /// both ends if lines may have been edited.
    ///
    /// - Parameters:
    ///   - kept: the connection.
    ///   - entryID: the identifier of its conntrack entry, if that differs.
    ///   - isCertain: whether conntrack has had the entry all the time. If not, only packets whose sequence
    ///     numbers continue the streams count as its own.
    ///   - now: the time.
    ///   - output: receives the actions.
    /// - Returns: whether there was room for it.
    package mutating func restore(
        _ kept: KeptConnection,
        entryID: UInt32? = nil,
        isCertain: Bool = true,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        let slot = kept.slot
        let mapping = kept.mapping
        guard store.count < policy.maximumConnections, store.slot(of: mapping.original) == nil,
            store.slot(of: mapping.reply) == nil
        else { return false }
        store.insert(slot)
        if !isCertain { store.distinguish(slot) }
        update(slot) { tracker, connection in
            connection.due = now.advanced(
                bySeconds: connection.isClosed ? Tracker.lingerSeconds : Tracker.idleSeconds
            )
            if let entryID { connection.entryID = entryID }
            if kept.isOfPeer { tracker.reconsider(&connection, at: now) }
            if !connection.uncertainty.isEmpty, !connection.isClosed {
                tracker.beginProof(of: &connection, at: tracker.nextProof(at: now))
            }
            let server = connection.ownAddress(of: .server)
            connection.allowSources(tracker.policy.rules(for: mapping).honoured.others(than: server))
            tracker.book.enter(connection, into: &output)
            if connection.hasEncryptedSession { tracker.bypassQueue(&connection, into: &output) }
            tracker.book.reserveLentPort(of: &connection, at: now)
            if connection.bypassesQueue { output.actions.append(.bypassQueue(mapping)) }
            if connection.isReversed { output.actions.append(.watch(mapping)) }
            if connection.isLiberal { output.actions.append(.beLiberal(mapping)) }
            tracker.review(&connection, at: now, into: &output)
            connection.outdateRecord()
        }
        return true
    }

    /// Restricts what a peer has written to what this daemon would allow.
    private func reconsider(_ connection: inout Connection, at now: Instant) {
        let isTranslated = connection.mapping.isTranslated || connection.isLiberal
        // If it bypasses the queue, the answers of its ends would not be seen.
        if isTranslated && !connection.bypassesQueue {
            connection.uncertainty.insert(.outdated)
        } else {
            connection.uncertainty = []
        }
        guard let opening = connection.opening, opening.session == nil else { return }
        let rules = policy.rules(for: connection.mapping)
        guard rules.allow(opening, of: connection) else {
            connection.expectNothing()
            return
        }
        let latest = now.advanced(bySeconds: rules.timeout)
        if opening.deadline > latest { connection.postponeExpectation(until: latest) }
    }
}

extension Policy.Rules {
    /// Tells whether an expectation leads where these rules allow it (contract A1 to A4).
    fileprivate func allow(_ opening: OpenExpectation, of connection: borrowing Connection) -> Bool {
        let isActive = opening.kind.isActive
        guard isActive ? allowsActive : allowsPassive, opening.translatedPort >= 1024 || allowsPrivilegedPorts
        else { return false }
        guard let target = opening.target else { return true }
        return honoured.contains(target)
            || trustsProxyHeader && isActive && connection.proxied?.address == target
    }
}
