/// The way of a control packet.
extension Tracker {
    /// Connections that with all they have fit into most processors' caches.
    private static var cachedCount: Int { 4096 }

    /// Packets have come, and `receive` is about to be given one after the other: reads what they will need.
    ///
    /// Of many connections none is in a cache, and each packet would wait for memory again and again: for a place of the
    /// table, for the connection that it names, and for what that names. A processor asks for many things at once, as long
    /// as none depends on another: so first for the places of all, and then for the connections of all. Nothing but time
    /// depends on it, whatever becomes of the table meanwhile.
    package mutating func prefetch(_ arrivals: [HashedSegment?]) {
        guard arrivals.count > 1, deadlines.count > Tracker.cachedCount else { return }
        for case let arrival? in arrivals { prefetched &+= table.prefetchPlace(arrival.hash) }
        for case let arrival? in arrivals {
            prefetched &+= table.prefetchConnection(arrival.hash) { $0.prefetch() }
        }
        for case let arrival? in arrivals {
            prefetched &+= table.prefetchConnection(arrival.hash) { $0.prefetchEdits() }
        }
    }

    /// A control packet came, or an error message about one: an IPv4 or IPv6 packet from its first byte on.
    ///
    /// Whatever it is, it gets a verdict; what cannot be followed goes on as it is.
    package mutating func receive(
        _ packet: Span<UInt8>,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        receive(packet, HashedSegment(packet), at: now, into: &output)
    }

    /// The same for a packet of which `arrival` is known already.
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
            // So the next daemon knows, if this one does not live to see the SYN-ACK (`noteOpening`).
            rejected.insert(segment.tuple)
            output.packet = syn
            return .replace
        }
        guard let (connection, side) = connection(of: arrival) else {
            return receiveUnknown(segment, into: &output)
        }
        guard !connection.isHelped else { return .accept }
        if let origin = unknownOrigin(of: arrival, on: connection, from: side) { return .needsOrigin(origin) }
        if side == .server, segment.flags.contains([.syn, .ack]), connection.mayBegin(anewWith: segment) {
            // Another connection with the same tuple, or so it says: anybody can write such a packet, and what is known of
            // the old one is lost with it. Only conntrack knows whether it had to answer a new SYN.
            guard connection.isClosed else { return .needsMapping(segment.tuple) }
            remove(connection, at: now, into: &output)
            return receiveUnknown(segment, into: &output)
        }
        return receive(packet, segment, of: connection, from: side, at: now, into: &output)
    }

    /// Follows a packet of a known connection, and does what follows from it.
    private mutating func receive(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        of connection: Connection,
        from side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Verdict {
        connection.lastSeen = now
        if connection.isOrphaned { lingering.remove(connection) }
        if connection.isWaiting { waiting.append(connection) }
        guard
            connection.isPositioned
                || position(connection, by: segment, from: side, at: now, into: &output)
        else { return .accept }
        let isScarce = size > maximumSize
        connection.streams[0].isScarce = isScarce
        connection.streams[1].isScarce = isScarce
        size -= connection.size
        if connection.isReleased,
            connection.streams[side.rawValue].next.isBefore(segment.firstByte)
        {
            // What lies between has gone on unseen.
            connection.streams[side.rawValue].resume(at: segment.firstByte)
        }
        hasPassedOver = false
        let verdict = follow(connection, packet, segment, side, at: now, into: &output)
        tellFresh(of: connection, into: &output)
        updateEncryptedSession(
            of: connection,
            side,
            hasPayload: segment.payloadCount > 0,
            at: now,
            into: &output
        )
        releaseForeign(connection, into: &output)
        if connection.isClosed { forgetBytes(of: connection) }
        size += connection.size
        if connection.isWaiting, connection.session.state == .ready { waiting.remove(connection) }
        // What an acknowledgement tells, the next one tells again.
        if segment.payloadCount > 0 || !segment.flags.isDisjoint(with: [.syn, .fin, .rst]) {
            note(connection)
        }
        return verdict
    }

    /// Forgets what was said on a connection that announces nothing any more.
    private mutating func forgetBytes(of connection: Connection) {
        for side in connection.streams.indices {
            connection.streams[side].forget()
            connection.streams[side].reclaim(to: &spares)
        }
    }

    /// A packet of a connection that is not known.
    private mutating func receiveUnknown(_ segment: Segment, into output: inout Output) -> Verdict {
        guard !segment.flags.contains(.rst), segment.flags.contains(.ack) else { return .accept }
        let isBeginning = segment.flags.contains(.syn)
        guard isBeginning || earlier.mayContain(segment.tuple) else {
            // It began in sight, whatever this is of it.
            rejected.insert(segment.tuple)
            return .accept
        }
        guard hasRoom() else {
            // Once a connection, and not for each of its packets.
            if isBeginning {
                rejected.insert(segment.tuple)
                refuseForWantOfRoom(segment.tuple.inverted, into: &output)
            }
            return .accept
        }
        return .needsMapping(segment.tuple)
    }

    /// Takes the positions of both streams from the first packet; `false` if it does not tell them.
    ///
    /// The server's SYN-ACK carries both initial sequence numbers. A connection that was established before is adopted where it
    /// stands. Of any other the first packet seen is none that begins a connection as all do (a bare ACK, a simultaneous or a
    /// split handshake): it goes on without help.
    private mutating func position(
        _ connection: Connection,
        by segment: Segment,
        from side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        guard segment.flags.contains(.ack), !segment.flags.contains(.rst) else { return false }
        let isHandshake = segment.flags.contains(.syn)
        // Of one that conntrack had as established the handshake was to be over: if its SYN-ACK only waited in the queue, then
        // somebody has acknowledged it too early, and it has begun in sight.
        guard isHandshake ? side == .server && !connection.isEarlier : connection.isEarlier else {
            turnAway(connection.mapping)
            remove(connection, at: now, into: &output)
            return false
        }
        connection.streams[side.rawValue] = Stream(next: segment.firstByte)
        connection.streams[side.other.rawValue] = Stream(next: segment.acknowledgement)
        connection.serverStart = connection.streams[Session.Side.server.rawValue].next
        connection.session = Session(isAdopted: !isHandshake)
        connection.isPositioned = true
        statistics.connectionsTotal += 1
        connectionCount += 1
        output.actions.append(.report(.connection(connection.summary)))
        if isHandshake, fastOpens.contradict(segment, of: connection.mapping.original, at: now) {
            refuseIfForeign(by: connection.session.refuseBeginning(), on: connection, into: &output)
        }
        return true
    }

    private mutating func follow(
        _ connection: Connection,
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
            refuseIfForeign(by: connection.session.refuseBeginning(), on: connection, into: &output)
        }
        let acknowledgement = applyAcknowledgement(of: segment, connection, side, into: &output)
        guard !connection.isReset else {
            if !wasReset {
                snapshot.heldStart = connection.streams[own].heldStart
                beginReset(connection, segment, side, at: now, into: &output)
            }
            return reset(connection, segment, acknowledgement, side, into: &output)
        }

        guard let insertion = insertPayload(of: segment, packet, connection, side, into: &output) else {
            return .drop
        }
        if insertion != .postponed, segment.payloadCount > 0 || segment.hasFIN {
            readStream(connection, side, at: now, into: &output)
            guard !connection.isReset else {
                beginReset(connection, segment, side, at: now, into: &output)
                return reset(connection, segment, acknowledgement, side, into: &output)
            }
            if connection.streams[own].isFinished, connection.streams[other].isFinished {
                close(connection, at: now, into: &output)
            }
        }
        if segment.flags.contains(.rst), connection.streams[own].isDue(segment.sequence) {
            close(connection, at: now, into: &output)
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
    /// - Returns: the acknowledgement number in the input space of that stream; of a stream that is not edited,
    ///   the number as it is.
    private mutating func applyAcknowledgement(
        of segment: Segment,
        _ connection: Connection,
        _ side: Session.Side,
        into output: inout Output
    ) -> SequenceNumber {
        guard segment.flags.contains(.ack) else { return segment.acknowledgement }
        let other = side.other.rawValue
        var acknowledgement = segment.acknowledgement
        if connection.shifted.contains(side.other) {
            // It is no number of this stream, of which nothing is edited.
            connection.streams[other].acknowledge(connection.streams[other].next)
        } else {
            acknowledgement = connection.streams[other].input(of: segment.acknowledgement)
            // An RST says nothing of what its sender has: conntrack may have dropped it as one of another connection.
            if !segment.flags.contains(.rst) { connection.streams[other].acknowledge(acknowledgement) }
        }
        handleMissedBytes(from: side.other, on: connection, into: &output)
        connection.streams[other].reclaim(to: &spares)
        return acknowledgement
    }

    /// Inserts the payload of a segment into its stream; returns `nil` if the segment must be dropped.
    private mutating func insertPayload(
        of segment: Segment,
        _ packet: Span<UInt8>,
        _ connection: Connection,
        _ side: Session.Side,
        into output: inout Output
    ) -> Stream.Insertion? {
        guard segment.payloadCount > 0 || segment.hasFIN else { return .accepted }
        let own = side.rawValue
        connection.streams[own].lend(from: &spares)
        var snapshot = Stream.Snapshot()
        let insertion = connection.streams[own].insert(
            packet.extracting(segment.payloadOffset..<segment.end),
            at: segment.firstByte,
            hasFIN: segment.hasFIN,
            isInspected: connection.session.content(of: side) != .ignored && !connection.isClosed,
            snapshot: &snapshot,
            mayEdit: rewrites && connection.mayEdit(side)
        )
        self.snapshot = snapshot
        if insertion == .conflicting { statistics.conflicts += 1 }
        // As a probe it would end what the receiver is not to end yet.
        guard insertion != .postponed || !segment.flags.contains(.rst) else { return nil }
        handleMissedBytes(from: side, on: connection, into: &output)
        return insertion
    }

    /// Sees to bytes of a side that its receiver has and that were never seen here.
    ///
    /// What comes behind them is read from the next line on that is known to begin. Before the login that they were
    /// acknowledged is enough to take the connection for none of FTP's (contract S3a).
    private mutating func handleMissedBytes(
        from side: Session.Side,
        on connection: Connection,
        into output: inout Output
    ) {
        let stream = side.rawValue
        guard connection.streams[stream].hasUnseenBytes, !connection.isClosed else { return }
        let isHole = connection.streams[stream].hasHole
        guard isHole || side == .client && connection.session.isBeforeLogin else { return }
        connection.streams[stream].hasHole = false
        if case .lines = connection.session.content(of: side), isHole {
            connection.streams[stream].passOverLine()
            if !connection.session.isBeforeLogin {
                output.actions.append(.report(.gap(connection.summary, side)))
            }
        }
        refuseIfForeign(by: connection.session.noteMissedBytes(from: side), on: connection, into: &output)
    }

    /// Refuses the connection if what came shows that it is none of FTP's.
    mutating func refuseIfForeign(
        by outcome: Session.Outcome,
        on connection: Connection,
        into output: inout Output
    ) {
        guard case .refused(let reason, let kind) = outcome else { return }
        refuse(reason, kind, Span(), connection, into: &output)
    }
}

extension Connection {
    /// Tells whether the server's SYN-ACK may be of another connection with the same addresses and ports.
    ///
    /// A server chooses its number, so that it is the same again says nothing once the client has spoken.
    fileprivate func mayBegin(anewWith segment: Segment) -> Bool {
        guard isPositioned else { return false }
        return serverStart != segment.firstByte
            || !isClosed && (session.isAdopted || session.clientHasSpoken)
    }
}

extension Segment {
    /// Tells whether a segment shows that the client's stream does not begin where the first SYN-ACK has said, of a client that has
    /// not spoken yet (contract S3a): another SYN-ACK says otherwise, or the client itself has sent bytes before.
    ///
    /// A single byte just before may be that of a keep-alive (RFC 9293, section 3.8.4).
    fileprivate func contradictsBeginning(of connection: Connection, from side: Session.Side) -> Bool {
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
