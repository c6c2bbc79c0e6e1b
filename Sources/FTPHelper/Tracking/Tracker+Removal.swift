// SPDX-License-Identifier: GPL-2.0-or-later

/// Closing, eviction and removal of connections.
extension Tracker {
    /// Closes a connection: nothing opens any more, but its packets are still translated.
    mutating func close(_ connection: inout Connection, at now: Instant, into output: inout Output) {
        guard !connection.isClosed else { return }
        closeExpectation(of: &connection, .ended, into: &output)
        endTransfer(of: &connection, at: now, into: &output)
        // A client with many short sessions would otherwise have used up its share. The ends may have ignored an
        // RST, and use the port further.
        if connection.isFinished { book.restLentPort(ofClosed: &connection, at: now) }
        if connection.isListed { output.actions.append(.report(.connectionClosed(connection.summary))) }
        connection.close()
        // What still comes, above all an RST, is forwarded.
        connection.uncertainty = []
        if !proofs.isEmpty { proofs[connection.mapping.original] = nil }
        if !unseenLogins.isEmpty { unseenLogins.remove(connection.mapping.original) }
        connection.due = now.advanced(bySeconds: Tracker.lingerSeconds)
    }

    /// Tells whether there is room for one more connection, free or by eviction.
    func hasRoom() -> Bool { store.count < policy.maximumConnections || store.yielding != nil }

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
        if store.count(of: client) >= policy.clientShare {
            guard let own = store.yielding(of: client) else {
                reject(mapping)
                refuseForWantOfRoom(mapping.original, into: &output)
                return false
            }
            evict(own, at: now, into: &output)
        } else if store.count >= policy.maximumConnections, let other = store.yielding {
            evict(other, at: now, into: &output)
        }
        return true
    }

    /// Evicts a connection in favour of another.
    private mutating func evict(
        _ slot: ConnectionStore.Slot,
        at now: Instant,
        into output: inout Output
    ) {
        let isInUse = !slot.connection.isClosed && !slot.connection.isOrphaned
        remove(slot, at: now, into: &output)
        if isInUse { refuseForWantOfRoom(slot.connection.mapping.original, into: &output) }
    }

    /// Reports that a connection is not followed because the table is full, or was evicted from it.
    mutating func refuseForWantOfRoom(_ tuple: Tuple, into output: inout Output) {
        report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// Removes a connection and everything that belongs to it.
    mutating func remove(_ slot: ConnectionStore.Slot, at now: Instant, into output: inout Output) {
        // The next daemon may adopt connections that conntrack has as established. It must not adopt one that
        // was evicted before its login, or that is removed while it is not closed.
        if slot.connection.isPositioned, slot.connection.isWaiting || !slot.connection.isClosed {
            reject(slot.connection.mapping)
        }
        update(slot) { tracker, connection in
            tracker.close(&connection, at: now, into: &output)
            if connection.isReversed { output.actions.append(.unwatch(connection.mapping)) }
            tracker.book.restLentPort(of: &connection, at: now)
        }
        store.remove(slot)
    }

    /// Counts and reports a refusal.
    mutating func report(_ refusal: Refusal, into output: inout Output) {
        statistics.refused[refusal.reason, default: 0] += 1
        output.actions.append(.report(.refused(refusal)))
    }
}
