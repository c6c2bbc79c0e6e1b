// SPDX-License-Identifier: GPL-2.0-or-later

/// Processing of control packets.
extension Tracker {
    /// Loads the memory that the packets of a batch need, before `receive` is called for each of them.
    ///
    /// With many connections, none is in a cache, and each packet would wait for memory several times: for
    /// its place in the table, for the connection, and for what the connection refers to. A processor
    /// performs independent loads in parallel. The loop therefore touches the places of all packets first,
    /// then all connections, then their edits. It affects only speed, even if the table changes afterwards.
    package mutating func prefetch(_ arrivals: [HashedSegment?]) {
        store.prefetch(arrivals)
    }

    /// Processes a control packet or an ICMP error about one, an IPv4 or IPv6 packet from its first byte on.
    ///
    /// Every packet gets a verdict; one that cannot be followed is accepted.
    package mutating func receive(
        _ packet: Span<UInt8>,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        receive(packet, HashedSegment(packet), at: now, into: &output)
    }

    /// Processes a control packet that was already parsed; `arrival` is `nil` if it is not a TCP segment.
    package mutating func receive(
        _ packet: Span<UInt8>,
        _ arrival: HashedSegment?,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        statistics.packets += 1
        guard let arrival else { return receiveError(packet, into: &output) }
        let segment = arrival.segment
        if let syn = FastOpen.removed(from: packet, segment) {
            fastOpens.insert(segment, at: now)
            // This tells the next daemon, if this one does not live to see the SYN-ACK (`noteOpening`).
            rejected.insert(segment.tuple)
            output.packet = syn
            return .replace
        }
        guard let (slot, side) = store.slot(of: arrival) else {
            return receiveUnknown(segment, into: &output)
        }
        guard !slot.connection.hasKernelHelper else { return .accept }
        if let origin = unknownOrigin(of: arrival, on: slot.connection, from: side) {
            return .needsOrigin(origin)
        }
        if side == .server, segment.flags.contains([.syn, .ack]),
            slot.connection.mayBegin(anewWith: segment)
        {
            // It claims to be another connection with the same tuple. Anybody can send such a packet, and
            // accepting it would lose the state of the old connection. Only conntrack knows whether there was
            // a new SYN.
            guard slot.connection.isClosed else { return .needsMapping(segment.tuple) }
            remove(slot, at: now, into: &output)
            return receiveUnknown(segment, into: &output)
        }
        store.touch(slot)
        let verdict = update(slot) { tracker, connection in
            tracker.receive(packet, segment, of: &connection, from: side, at: now, into: &output)
        }
        guard let verdict else {
            reject(slot.connection.mapping)
            remove(slot, at: now, into: &output)
            return .accept
        }
        return verdict
    }

    /// Processes a packet of a known connection, and performs everything that depends on its outcome.
    ///
    /// - Returns: the verdict; `nil` if the connection did not begin with a normal handshake.
    private mutating func receive(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        of connection: inout Connection,
        from side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Verdict? {
        connection.lastSeen = now
        connection.isOrphaned = false
        if !connection.isPositioned {
            guard segment.flags.contains(.ack), !segment.flags.contains(.rst) else { return .accept }
            guard connection.mayBegin(with: segment, from: side) else { return nil }
            position(&connection, by: segment, from: side, at: now, into: &output)
        }
        if let verdict = prove(&connection, packet, segment, side, at: now, into: &output) { return verdict }
        let isScarce = store.size > maximumSize
        connection.streams[0].isScarce = isScarce
        connection.streams[1].isScarce = isScarce
        if connection.bypassesQueue,
            connection.streams[side.rawValue].next.isBefore(segment.firstByte)
        {
            // The bytes in between bypassed the queue.
            connection.streams[side.rawValue].resume(at: segment.firstByte)
        }
        budgets.begin()
        let followed = follow(&connection, packet, segment, side, at: now, into: &output)
        let verdict = concludeTrial(&connection, segment, followed)
        openNewest(of: &connection, into: &output)
        updateEncryptedSession(
            of: &connection,
            side,
            hasPayload: segment.payloadCount > 0,
            at: now,
            into: &output
        )
        releaseForeign(&connection, into: &output)
        if connection.isClosed { forgetBytes(of: &connection) }
        if connection.isWaiting, connection.session.state == .ready { connection.isWaiting = false }
        // A bare ACK needs no new record: the next one carries the same information.
        if segment.payloadCount > 0 || !segment.flags.isDisjoint(with: [.syn, .fin, .rst]) {
            connection.outdateRecord()
        }
        return verdict
    }

    /// Wipes the stored bytes of a connection that announces nothing any more.
    mutating func forgetBytes(of connection: inout Connection) {
        for side in connection.streams.indices {
            connection.streams[side].forget()
            connection.streams[side].reclaim(to: &spares)
        }
    }

    /// Processes a packet of an unknown connection.
    private mutating func receiveUnknown(_ segment: Segment, into output: inout Output) -> Verdict {
        guard !segment.flags.contains(.rst), segment.flags.contains(.ack) else { return .accept }
        let isBeginning = segment.flags.contains(.syn)
        guard isBeginning || earlier.mayContain(segment.tuple) else {
            // The connection began in sight, whatever packet of it this is.
            rejected.insert(segment.tuple)
            return .accept
        }
        guard hasRoom() else {
            // Reported once per connection, not for each packet.
            if isBeginning {
                rejected.insert(segment.tuple)
                refuseForWantOfRoom(segment.tuple.inverted, into: &output)
            }
            return .accept
        }
        return .needsMapping(segment.tuple)
    }

    /// Sets the positions of both streams from the first packet.
    private mutating func position(
        _ connection: inout Connection,
        by segment: Segment,
        from side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        let isHandshake = segment.flags.contains(.syn)
        connection.streams[side.rawValue] = Stream(next: segment.firstByte)
        connection.streams[side.other.rawValue] = Stream(next: segment.acknowledgement)
        connection.serverStart = connection.streams[Session.Side.server.rawValue].next
        connection.session = Session(isAdopted: !isHandshake)
        connection.open()
        if !isHandshake, provesAdopted, connection.mapping.isTranslated { connection.uncertainty = .outdated }
        statistics.connectionsTotal += 1
        output.actions.append(.report(.connection(connection.summary)))
        if isHandshake, fastOpens.contradict(segment, of: connection.mapping.original, at: now) {
            refuseIfForeign(by: connection.session.refuseBeginning(), on: &connection, into: &output)
        }
    }

    /// Follows a segment in both streams, reads its lines, and writes the packet that is forwarded in its
    /// place.
    private mutating func follow(
        _ connection: inout Connection,
        _ packet: Span<UInt8>,
        _ segment: Segment,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        let own = side.rawValue
        let other = side.other.rawValue
        let wasReset = connection.isReset
        if connection.isWaiting, segment.contradictsBeginning(of: connection, from: side) {
            refuseIfForeign(by: connection.session.refuseBeginning(), on: &connection, into: &output)
        }
        let acknowledgement = applyAcknowledgement(of: segment, &connection, side, into: &output)
        endIfOutOfStep(&connection, segment, side, into: &output)
        guard !connection.isReset else {
            if wasReset {
                answerWithReset(connection, segment, side, into: &output)
            } else {
                connection.streams[own].stop()
                beginReset(&connection, segment, side, at: now, into: &output)
            }
            return reset(connection, segment, acknowledgement, side, into: &output)
        }

        let insertion = insertPayload(of: segment, packet, &connection, side, at: now, into: &output)
        guard let insertion else { return .drop }
        guard !connection.isReset else {
            beginReset(&connection, segment, side, at: now, into: &output)
            return reset(connection, segment, acknowledgement, side, into: &output)
        }
        if connection.isFinished { close(&connection, at: now, into: &output) }
        if segment.flags.contains(.rst), connection.streams[own].isDue(segment.sequence) {
            close(&connection, at: now, into: &output)
        }

        let isChanged = Rewriting.apply(
            packet,
            segment,
            stream: connection.streams[own],
            reverse: connection.streams[other],
            acknowledgement: acknowledgement,
            insertion: insertion,
            into: &output.packet
        )
        connection.streams[own].reclaim(to: &spares)
        return isChanged ? .replace : .accept
    }

    /// Applies the acknowledgement of a segment to the opposite stream.
    ///
    /// - Returns: the acknowledgement number in the input space of that stream; unchanged if another part of
    ///   the kernel shifts the stream's numbers.
    private mutating func applyAcknowledgement(
        of segment: Segment,
        _ connection: inout Connection,
        _ side: Session.Side,
        into output: inout Output
    ) -> SequenceNumber {
        guard segment.flags.contains(.ack) else { return segment.acknowledgement }
        let other = side.other.rawValue
        var acknowledgement = segment.acknowledgement
        if connection.shifted.contains(side.other) {
            // The number does not belong to this stream's sequence space; the stream is not edited.
            let next = connection.streams[other].next
            connection.streams[other].acknowledge(next)
        } else {
            acknowledgement = connection.streams[other].input(of: segment.acknowledgement)
            // The acknowledgement number of an RST proves nothing: conntrack may have dropped the RST as one
            // of another connection.
            if !segment.flags.contains(.rst) { connection.streams[other].acknowledge(acknowledgement) }
        }
        handleMissedBytes(from: side.other, on: &connection, into: &output)
        connection.streams[other].reclaim(to: &spares)
        return acknowledgement
    }

    /// Inserts the payload of a segment into its stream and reads its lines; returns `nil` if the segment
    /// must be dropped.
    private mutating func insertPayload(
        of segment: Segment,
        _ packet: Span<UInt8>,
        _ connection: inout Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Stream.Insertion? {
        guard segment.payloadCount > 0 || segment.hasFIN else { return .accepted }
        let own = side.rawValue
        connection.streams[own].lend(from: &spares)
        let mayEdit = rewrites && connection.mayEdit(side)
        let reading = connection.streams[own].insert(
            packet.extracting(segment.payloadOffset..<segment.end),
            at: segment.firstByte,
            hasFIN: segment.hasFIN,
            isInspected: connection.session.content(of: side) != .ignored && !connection.isClosed,
            mayEdit: mayEdit
        )
        guard let reading else {
            // An RST sent as a probe would end the connection before the receiver is to end it.
            guard !segment.flags.contains(.rst) else { return nil }
            handleMissedBytes(from: side, on: &connection, into: &output)
            if connection.isReset { connection.streams[own].stop() }
            return .postponed
        }
        let isConflicting = reading.isConflicting
        if isConflicting { statistics.conflicts += 1 }
        handleMissedBytes(from: side, on: &connection, into: &output)
        readStream(&connection, side, reading, at: now, into: &output)
        return isConflicting ? .conflicting : .accepted
    }

    /// Handles bytes of a side that its receiver has acknowledged but that were never seen here.
    ///
    /// Reading resumes at the next line that is known to begin. Before the login, the acknowledgement alone
    /// makes the connection not FTP (contract S3a).
    private mutating func handleMissedBytes(
        from side: Session.Side,
        on connection: inout Connection,
        into output: inout Output
    ) {
        let stream = side.rawValue
        guard connection.streams[stream].hasUnseenBytes, !connection.isClosed else { return }
        let isHole = connection.streams[stream].hasHole
        guard isHole || side == .client && connection.session.isBeforeLogin else { return }
        connection.streams[stream].hasHole = false
        if case .lines = connection.session.content(of: side), isHole {
            connection.streams[stream].skipLine()
            if !connection.session.isBeforeLogin {
                output.actions.append(.report(.gap(connection.summary, side)))
            }
        }
        if unseenLogins.contains(connection.mapping.original) { connection.session.markLoginUnknown() }
        refuseIfForeign(by: connection.session.noteMissedBytes(from: side), on: &connection, into: &output)
    }

    /// Refuses the connection if the outcome says that it is not FTP.
    mutating func refuseIfForeign(
        by outcome: Session.Outcome,
        on connection: inout Connection,
        into output: inout Output
    ) {
        guard case .refused(let reason, let kind) = outcome else { return }
        refuse(reason, kind, Span(), &connection, into: &output)
    }
}

extension Connection {
    /// Tells whether the first packet with an ACK shows where both streams are.
    ///
    /// The server's SYN-ACK carries both initial sequence numbers. A connection that was established earlier
    /// is adopted at its current positions. If the first packet of any other connection is not a SYN-ACK, it
    /// did not begin with a normal handshake (a bare ACK, a simultaneous open or a split handshake), and it
    /// passes without help.
    fileprivate func mayBegin(with segment: Segment, from side: Session.Side) -> Bool {
        // If conntrack had the connection as established, its handshake should be over. If its SYN-ACK was
        // still in the queue, somebody has acknowledged it early, and the connection began in sight.
        segment.flags.contains(.syn) ? side == .server && !isEarlier : isEarlier
    }

    /// Tells whether a SYN-ACK of the server may belong to another connection with the same addresses and
    /// ports.
    ///
    /// A server chooses its own sequence number, so an equal number proves nothing once the client has
    /// spoken.
    fileprivate func mayBegin(anewWith segment: Segment) -> Bool {
        guard isPositioned else { return false }
        return serverStart != segment.firstByte
            || !isClosed && (session.isAdopted || session.clientHasSpoken)
    }
}

extension Segment {
    /// Tells whether a segment contradicts the start of the client's stream in the first SYN-ACK, before the
    /// client has spoken (contract S3a): another SYN-ACK acknowledges something else, or the client sends
    /// bytes in front of it.
    ///
    /// A single byte directly in front may be a keep-alive (RFC 9293, section 3.8.4).
    fileprivate func contradictsBeginning(of connection: borrowing Connection, from side: Session.Side)
        -> Bool
    {
        guard connection.session.isBeforeLogin, !connection.session.clientHasSpoken else { return false }
        let client = Session.Side.client.rawValue
        guard connection.streams[client].bytes.isEmpty else { return false }
        let start = connection.streams[client].next
        switch side {
        case .server: return flags.contains([.syn, .ack]) && acknowledgement != start
        case .client:
            return payloadCount > 0 && firstByte.isBefore(start)
                && !(payloadCount == 1 && firstByte + 1 == start)
        }
    }
}
