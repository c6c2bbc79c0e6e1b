/// What conntrack says.
extension Tracker {
    /// Conntrack has this connection.
    ///
    /// Where its client has as many as it may have already, and none of them gives way, it passes without help.
    ///
    /// - Parameters:
    ///   - mapping: its two tuples.
    ///   - entryID: which entry it is (`CTA_ID`).
    ///   - isHelped: a kernel helper is attached to it (`CTA_HELP`).
    ///   - shifted: streams whose numbers the kernel shifts for somebody else (`CTA_SEQ_ADJ_ORIG`, `CTA_SEQ_ADJ_REPLY`).
    ///   - hasMaster: it is another connection's data connection (`CTA_TUPLE_MASTER`): whatever it carries are no commands.
    ///   - phase: how far it is; if its handshake is under way, nothing known of an older one holds.
    ///   - now: the time.
    ///   - output: gets what is to be done.
    package mutating func learn(
        _ mapping: Mapping,
        entryID: UInt32 = 0,
        isHelped: Bool,
        shifted: ShiftedStreams = [],
        hasMaster: Bool = false,
        phase: ConntrackPhase,
        at now: Instant,
        into output: inout Output
    ) {
        if let known = connection(of: mapping.original) {
            let isSame = known.mapping == mapping && known.isHelped == isHelped && !hasMaster
            guard !isSame || phase == .opening else {
                addShiftedStreams(shifted, to: known)
                // The entry may be a new one (after `conntrack -F`), which knows nothing of the edits; and it ages faster
                // than those of other connections (`nf_conntrack_tcp_timeout_unacknowledged`).
                if known.isLiberal, isAlive(known, at: now) { output.actions.append(.beLiberal(mapping)) }
                if known.entryID != entryID {
                    // A new entry has no mark yet.
                    if known.isReleased { output.actions.append(.release(mapping)) }
                    known.entryID = entryID
                    note(known)
                }
                return
            }
            remove(known, at: now, into: &output)
        }
        if let stale = connection(of: mapping.reply) { remove(stale, at: now, into: &output) }
        let isEarlier = earlier.remove(mapping, entryID: entryID) && phase == .established
        // A data connection whose entry could not be made has no master, and is expected still.
        let isExpected = self.connection(expecting: Key(mapping)) != nil
        guard !hasMaster, !isExpected, isHelped || isEarlier || phase == .opening else {
            turnAway(mapping)
            return
        }
        guard makeRoom(for: mapping, at: now, into: &output) else { return }
        let connection = Connection(
            mapping: mapping,
            entryID: entryID,
            isHelped: isHelped,
            isEarlier: isEarlier,
            now: now,
            due: now.advanced(bySeconds: Tracker.idleSeconds)
        )
        connection.shifted = shifted
        insert(connection)
        deadlines.update(connection)
        waiting.append(connection)
    }

    /// Somebody else has begun to shift numbers of a connection; if lines were edited before, it is too late to do without.
    private mutating func addShiftedStreams(_ shifted: ShiftedStreams, to connection: Connection) {
        guard !connection.isLiberal, !connection.shifted.isSuperset(of: shifted) else { return }
        connection.shifted.formUnion(shifted)
        note(connection)
    }

    /// Tells whether an edited connection is to last in conntrack for as long as others.
    ///
    /// One that an end has closed is not, nor one of which both may be gone without a word: nothing else ends those.
    private func isAlive(_ connection: Connection, at now: Instant) -> Bool {
        !connection.streams[0].isFinished && !connection.streams[1].isFinished
            && now < connection.lastSeen.advanced(bySeconds: Tracker.aliveSeconds)
    }

    /// Conntrack no longer has the connection it was asked for with `Action.verify`.
    ///
    /// It may have been made to forget (`conntrack -F`), and find it again with its next packet. Who has logged in is still
    /// logged in then, and numbers that edits have shifted are still shifted: such a connection is kept for as long as a silent
    /// peer may live, unless its place is needed.
    package mutating func forget(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let connection = connection(of: mapping.original), connection.mapping == mapping else { return }
        closeExpectation(of: connection, .ended, into: &output)
        let isSilent = connection.lastSeen.advanced(bySeconds: Tracker.orphanSeconds) <= now
        let isWorthKeeping = connection.isLiberal || connection.isPositioned && !connection.isWaiting
        guard isWorthKeeping, !connection.isClosed, !connection.isHelped, !isSilent else {
            remove(connection, at: now, into: &output)
            return
        }
        guard !connection.isOrphaned else { return }
        lingering.append(connection)
    }

    /// Another connection has the same tuples now, as far as anybody can tell who cannot ask conntrack.
    package mutating func end(_ mapping: Mapping, at now: Instant, into output: inout Output) {
        guard let connection = connection(of: mapping.original) else { return }
        remove(connection, at: now, into: &output)
    }

    /// Conntrack has no entry for a control packet of which nothing is known, or cannot be asked.
    package mutating func refuseUnmapped(_ packet: Span<UInt8>, into output: inout Output) {
        guard let arrival = HashedSegment(packet) else { return }
        if connection(of: arrival) == nil, arrival.segment.flags.contains(.syn) {
            rejected.insert(arrival.segment.tuple)
        }
        report(
            Refusal(reason: .noMapping, kind: nil, connection: arrival.segment.tuple, line: []),
            into: &output
        )
    }
}
