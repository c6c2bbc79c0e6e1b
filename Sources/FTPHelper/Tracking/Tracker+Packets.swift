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
        for case let arrival? in arrivals { prefetched &+= table.readPlace(arrival.hash) }
        for case let arrival? in arrivals { prefetched &+= table.read(arrival.hash) { $0.read() } }
        for case let arrival? in arrivals { prefetched &+= table.read(arrival.hash) { $0.readEdits() } }
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
            return admit(segment, into: &output)
        }
        guard !connection.isHelped else { return .accept }
        if let origin = unknownOrigin(of: arrival, on: connection, from: side) { return .needsOrigin(origin) }
        if side == .server, segment.flags.contains([.syn, .ack]), connection.mayBegin(anewWith: segment) {
            // Another connection with the same tuple, or so it says: anybody can write such a packet, and what is known of
            // the old one is lost with it. Only conntrack knows whether it had to answer a new SYN.
            guard connection.isClosed else { return .needsMapping(segment.tuple) }
            remove(connection, at: now, into: &output)
            return admit(segment, into: &output)
        }
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
        settleSession(of: connection, side, hasPayload: segment.payloadCount > 0, at: now, into: &output)
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
    private mutating func admit(_ segment: Segment, into output: inout Output) -> Verdict {
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
            takeNotice(of: connection.session.refuseBeginning(), on: connection, into: &output)
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
            takeNotice(of: connection.session.refuseBeginning(), on: connection, into: &output)
        }
        var acknowledgement = segment.acknowledgement
        if segment.flags.contains(.ack) {
            if connection.shifted.contains(side.other) {
                // It is no number of this stream, of which nothing is edited.
                connection.streams[other].acknowledge(connection.streams[other].next)
            } else {
                acknowledgement = connection.streams[other].input(of: segment.acknowledgement)
                // An RST says nothing of what its sender has: conntrack may have dropped it as one of another connection.
                if !segment.flags.contains(.rst) { connection.streams[other].acknowledge(acknowledgement) }
            }
            miss(from: side.other, on: connection, into: &output)
            connection.streams[other].reclaim(to: &spares)
        }
        guard !connection.isReset else {
            if !wasReset {
                before.heldStart = connection.streams[own].heldStart
                beginReset(connection, segment, side, at: now, into: &output)
            }
            return reset(connection, segment, acknowledgement, side, into: &output)
        }

        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        let hasFIN = segment.hasFIN
        var admission = Stream.Admission.taken
        if !payload.isEmpty || hasFIN {
            connection.streams[own].lend(from: &spares)
            var before = Stream.Before()
            admission = connection.streams[own].admit(
                payload,
                at: segment.firstByte,
                hasFIN: hasFIN,
                isInspected: connection.session.content(of: side) != .ignored && !connection.isClosed,
                before: &before,
                mayEdit: rewrites && connection.mayEdit(side)
            )
            self.before = before
            if admission == .conflicting { statistics.conflicts += 1 }
            // As a probe it would end what the receiver is not to end yet.
            guard admission != .postponed || !segment.flags.contains(.rst) else { return .drop }
            miss(from: side, on: connection, into: &output)
        }
        if admission != .postponed, !payload.isEmpty || hasFIN {
            read(connection, side, at: now, into: &output)
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
            admission: admission,
            into: &output.packet
        )
        connection.streams[own].reclaim(to: &spares)
        return isChanged ? .replace : .accept
    }

    /// Sees to bytes of a side that its receiver has and that were never seen here.
    ///
    /// What comes behind them is read from the next line on that is known to begin. Before the login that they were
    /// acknowledged is enough to take the connection for none of FTP's (contract S3a).
    private mutating func miss(
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
        takeNotice(of: connection.session.miss(from: side), on: connection, into: &output)
    }

    /// Refuses the connection if what came shows that it is none of FTP's.
    private mutating func takeNotice(
        of outcome: Session.Outcome,
        on connection: Connection,
        into output: inout Output
    ) {
        guard case .refused(let reason, let kind) = outcome else { return }
        refuse(reason, kind, Span(), connection, into: &output)
    }

    /// Reads what a side has sent, and settles what of it is withheld.
    private mutating func read(
        _ connection: Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        // The stream's bytes have no other owner when it lets go of them: else a copy would stay somewhere.
        guard let heldCount = readLines(connection, side, at: now, into: &output) else { return }
        connection.streams[side.rawValue].hold(heldCount, &before)
    }

    /// Reads the lines that are whole, and returns how many of the last bytes are to be withheld; `nil` if the connection
    /// is to be reset.
    private mutating func readLines(
        _ connection: Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Int? {
        let own = side.rawValue
        let bytes = connection.streams[own].bytes
        if side == .client, !connection.session.clientHasSpoken {
            guard passOverProxyHeader(of: connection, bytes) else { return 0 }
            let rest = connection.streams[own].rest
            if case .encrypts = connection.session.firstBytes(bytes.span.extracting(rest)) {
                output.actions.append(.report(.encrypted(connection.summary)))
            }
        }
        reading: while true {
            switch connection.session.content(of: side) {
            case .lines:
                let wasSkipping = connection.streams[own].isSkipping
                let line = connection.streams[own].nextLine()
                if side == .server, wasSkipping, !connection.streams[own].isSkipping {
                    connection.session.passLine()
                }
                guard let line else { break reading }
                read(line, of: bytes, connection, side, at: now, into: &output)
                if connection.isReset { return nil }
            case .records:
                let rest = connection.streams[own].rest
                let plain = connection.session.records(bytes.span.extracting(rest), from: side)
                connection.streams[own].skip(plain ?? rest.count)
                if plain == nil { break reading }
            case .ignored:
                connection.streams[own].skip(bytes.count)
                break reading
            }
        }
        if side == .server, !connection.session.serverHasSpoken, hasEndlessGreeting(connection) {
            takeNotice(of: connection.session.refuseGreeting(), on: connection, into: &output)
            if connection.isReset { return nil }
        }
        return heldCount(connection, side, bytes)
    }

    /// Passes over the header of the PROXY protocol, which may stand in front of the client's first command; `false` while it has
    /// not come as a whole.
    private func passOverProxyHeader(of connection: Connection, _ bytes: [UInt8]) -> Bool {
        let client = Session.Side.client.rawValue
        let rest = connection.streams[client].rest
        guard !connection.session.hasProxyHeader else { return true }
        switch ProxyHeader.read(bytes.span.extracting(rest)) {
        case .none: return true
        case .incomplete: return false
        case .header(let header):
            connection.streams[client].skip(header.size)
            connection.session.hasProxyHeader = true
            connection.proxied = header.source.map(ProxiedClient.init)
            return true
        }
    }

    /// Tells whether a server that has not replied yet has sent more than any text in front of a greeting has (contract S3).
    private func hasEndlessGreeting(_ connection: Connection) -> Bool {
        let next = connection.streams[Session.Side.server.rawValue].next
        return connection.serverStart.distance(to: next) > Session.maximumSizeBeforeReply
    }

    /// How many of the last bytes may belong to a field that has to be rewritten, in a line that has not ended.
    private func heldCount(_ connection: Connection, _ side: Session.Side, _ bytes: [UInt8]) -> Int {
        let rest = connection.streams[side.rawValue].rest
        guard !rest.isEmpty, rewrites, connection.mayEdit(side) else { return 0 }
        let line = bytes.span.extracting(rest)
        let start =
            switch side {
            case .client: Announcement.start(inPartialCommand: line)
            case .server:
                // Any that is awaited: an adopted session's replies may not belong to the oldest command.
                Reply(parsing: line).flatMap { connection.session.solicited(by: $0.code) }
                    .flatMap { Announcement.start($0, inPartialReply: line) }
            }
        return start.map { rest.count - $0 } ?? 0
    }

    /// Reads one line.
    private mutating func read(
        _ part: Line,
        of bytes: [UInt8],
        _ connection: Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        let line = bytes.span.extracting(part.range)
        let address = connection.mapping.original.source.address
        let outcome =
            switch side {
            case .client:
                connection.session.command(
                    line,
                    isWhole: part.isWhole,
                    on: address,
                    refusesPipelined: policy.rules(for: connection.mapping).isStrict
                )
            case .server: connection.session.reply(line, isWhole: part.isWhole, on: address)
            }
        if !part.isWhole { tell(.longLine, of: connection, into: &output) }
        defer { settleForetold(connection, into: &output) }
        if let kind = outcome.announced, !affords(connection, at: now) {
            passOver(kind, line, connection, into: &output)
            return
        }
        switch outcome {
        case .passes:
            break
        case .transfer(let sign):
            take(sign, in: line, on: connection, at: now, into: &output)
        case .encrypts:
            output.actions.append(.report(.encrypted(connection.summary)))
        case .unopened(let reason):
            tell(reason, of: connection, into: &output)
        case .rejects(let command):
            if let opening = connection.opening, opening.command == command, opening.kind.isActive {
                closeExpectation(of: connection, .rejected, into: &output)
            }
        case .refused(let reason, let kind):
            refuse(reason, kind, line, connection, into: &output)
        case .announces(let announcement, let command):
            let field =
                part.range.lowerBound + announcement.field.lowerBound..<part.range.lowerBound
                + announcement.field.upperBound
            announce(announcement, field, command, line, connection, side, at: now, into: &output)
        }
    }

    /// Opens what a line announces, and rewrites the line where it has to name another endpoint.
    private mutating func announce(
        _ announcement: Announcement,
        _ field: Range<Int>,
        _ command: UInt32,
        _ line: Span<UInt8>,
        _ connection: Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        let own = side.rawValue
        switch decide(announcement, on: connection, at: now) {
        case .refused(let reason):
            refuse(reason, announcement.kind, line, connection, into: &output)
        case .opened(let expectation, let told):
            let announced = Endpoint(announcement.address ?? told.address, announcement.port)
            let isNamed = announced == told
            guard isNamed || !rewrites || connection.shifted.isEmpty else {
                refuse(.seqAdjusted, announcement.kind, line, connection, into: &output)
                return
            }
            guard isNamed || !rewrites || connection.streams[own].canReplace(field, before) else {
                // Its bytes have gone on before anybody asked for such a reply.
                refuse(.unsolicited, announcement.kind, line, connection, into: &output)
                return
            }
            open(expectation, on: connection, command: command, at: now, into: &output)
            let naming = Naming(
                kind: announcement.kind,
                connection: connection.mapping.original,
                announced: announced,
                told: told
            )
            freshNaming = rewrites && (naming.isRewritten || told != expectation.to) ? naming : nil
            guard !isNamed, rewrites else { return }
            connection.streams[own].replace(field, with: announcement.field(for: told), &before)
            connection.edits &+= 1
            statistics.edits += 1
            if !connection.isLiberal {
                connection.isLiberal = true
                output.actions.append(.beLiberal(connection.mapping))
            }
        }
    }

    /// Says once a connection why nothing opens.
    mutating func tell(_ reason: UnopenedReason, of connection: Connection, into output: inout Output) {
        guard connection.told.insert(reason) else { return }
        statistics.unopened[reason, default: 0] += 1
        output.actions.append(.report(.unopened(connection.summary, reason)))
    }

    /// Counts and reports a line that opens nothing; in strict mode most such lines end the connection.
    mutating func refuse(
        _ reason: Refusal.Reason,
        _ kind: Expectation.Kind?,
        _ line: Span<UInt8>,
        _ connection: Connection,
        into output: inout Output
    ) {
        let text = (0..<min(Command.end(of: line), 120)).map { line[$0] }
        connection.refused &+= 1
        report(
            Refusal(reason: reason, kind: kind, connection: connection.mapping.original, line: text),
            into: &output
        )
        switch reason {
        case .malformed, .addressMismatch, .unsolicited, .notFTP:
            connection.isReset = policy.rules(for: connection.mapping).isStrict
        default: break
        }
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
