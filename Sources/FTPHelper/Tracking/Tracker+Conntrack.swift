// SPDX-License-Identifier: GPL-2.0-or-later

/// What conntrack reports.
extension Tracker {
    /// Records that conntrack has this connection.
    ///
    /// If its client has its share of connections and none of them can be evicted, the connection passes
    /// without help.
    ///
    /// - Parameters:
    ///   - mapping: the two tuples of the entry.
    ///   - entryID: the identifier of the entry (`CTA_ID`).
    ///   - hasKernelHelper: whether a kernel helper is attached to it (`CTA_HELP`).
    ///   - shifted: the streams whose numbers another part of the kernel shifts (`CTA_SEQ_ADJ_ORIG`,
    ///     `CTA_SEQ_ADJ_REPLY`).
    ///   - hasMaster: whether it is the data connection of another one (`CTA_TUPLE_MASTER`), so that it
    ///     carries no commands.
    ///   - phase: the state of the entry. During the handshake, an older connection with the same tuples is
    ///     dropped.
    ///   - now: the time.
    ///   - output: receives the actions.
    package mutating func learn(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        hasKernelHelper: Bool,
        shifted: ShiftedStreams = [],
        hasMaster: Bool = false,
        phase: ConntrackPhase,
        at now: Instant,
        into output: inout Output
    ) {
        if let known = store.slot(of: mapping.original) {
            let isSame =
                known.connection.mapping == mapping && known.connection.hasKernelHelper == hasKernelHelper
                && !hasMaster
            guard !isSame || phase == .opening else {
                refresh(known, entryID: entryID, shifted: shifted, at: now, into: &output)
                return
            }
            remove(known, at: now, into: &output)
        }
        if let stale = store.slot(of: mapping.reply) { remove(stale, at: now, into: &output) }
        let isEarlier = earlier.remove(mapping, entryID: entryID) && phase == .established
        // A data connection whose entry could not be created has no master, but is still expected.
        let isExpected = book.master(of: Key(mapping)) != nil
        guard !hasMaster, !isExpected, hasKernelHelper || isEarlier || phase == .opening else {
            reject(mapping)
            return
        }
        guard makeRoom(for: mapping, at: now, into: &output) else { return }
        var connection = Connection(
            mapping: mapping,
            entryID: entryID,
            hasKernelHelper: hasKernelHelper,
            isEarlier: isEarlier,
            now: now,
            due: now.advanced(bySeconds: Tracker.idleSeconds)
        )
        connection.shifted = shifted
        connection.isWaiting = true
        store.insert(ConnectionStore.Slot(connection))
    }

    /// Adapts a connection to its conntrack entry.
    private mutating func refresh(
        _ slot: ConnectionStore.Slot,
        entryID: UInt32,
        shifted: ShiftedStreams,
        at now: Instant,
        into output: inout Output
    ) {
        update(slot) { tracker, connection in
            // If lines were edited before, editing cannot stop any more.
            if !connection.isLiberal, !connection.shifted.isSuperset(of: shifted) {
                connection.shifted.formUnion(shifted)
            }
            // The entry may be a new one (after `conntrack -F`) that knows nothing of the edits. It also
            // times out faster than those of other connections (`nf_conntrack_tcp_timeout_unacknowledged`).
            if connection.isLiberal, tracker.isAlive(connection, at: now) {
                output.actions.append(.beLiberal(connection.mapping))
            }
            if connection.opening?.session?.answered.isEmpty == false, tracker.isAlive(connection, at: now) {
                output.actions.append(.keepAlive(connection.mapping))
            }
            guard connection.entryID != entryID else { return }
            // A new entry has no mark yet.
            if connection.bypassesQueue { output.actions.append(.bypassQueue(connection.mapping)) }
            connection.entryID = entryID
        }
    }

    /// Tells whether the conntrack entry of a connection should live as long as others.
    ///
    /// It should not if an end has closed the connection, or if both may be gone without a word, because
    /// nothing else would end it.
    func isAlive(_ connection: borrowing Connection, at now: Instant) -> Bool {
        !connection.streams[0].isFinished && !connection.streams[1].isFinished
            && now < connection.lastSeen.advanced(bySeconds: Tracker.aliveSeconds)
    }

    /// Records that conntrack has no entry for the connection that `Action.verify` asked about.
    ///
    /// The entry may have been flushed (`conntrack -F`), and the next packet creates it again. A login
    /// remains valid then, and edited numbers remain shifted. Such a connection is kept for as long as a
    /// silent peer may live, unless its place is needed.
    mutating func forget(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let slot = slot(of: mapping) else { return }
        let isKept = update(slot) { tracker, connection in
            tracker.closeExpectation(of: &connection, .ended, into: &output)
            let isSilent = connection.lastSeen.advanced(bySeconds: Tracker.orphanSeconds) <= now
            let isWorthKeeping = connection.isLiberal || connection.isPositioned && !connection.isWaiting
            guard isWorthKeeping, !connection.isClosed, !connection.hasKernelHelper, !isSilent else {
                return false
            }
            connection.isOrphaned = true
            return true
        }
        if !isKept { remove(slot, at: now, into: &output) }
    }

    /// Removes a connection because another one apparently has its tuples now; for callers that cannot ask
    /// conntrack.
    package mutating func end(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let slot = store.slot(of: mapping.original) else { return }
        remove(slot, at: now, into: &output)
    }

    /// Reports a packet of an unknown connection for which conntrack has no entry or could not be asked.
    package mutating func refuseUnmapped(_ packet: Span<UInt8>, into output: inout Output) {
        guard let arrival = HashedSegment(packet) else { return }
        if store.slot(of: arrival) == nil, arrival.segment.flags.contains(.syn) {
            rejected.insert(arrival.segment.tuple)
        }
        report(
            Refusal(reason: .noMapping, kind: nil, connection: arrival.segment.tuple, line: []),
            into: &output
        )
    }
}
