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
    package mutating func fetch(_ arrivals: [HashedSegment?]) {
        guard arrivals.count > 1, deadlines.count > Tracker.cachedCount else { return }
        for case let arrival? in arrivals { fetched &+= table.readPlace(arrival.hash) }
        for case let arrival? in arrivals { fetched &+= table.read(arrival.hash) { $0.read() } }
        for case let arrival? in arrivals { fetched &+= table.read(arrival.hash) { $0.readEdits() } }
    }

    /// A control packet came: an IPv4 or IPv6 packet from its first byte on.
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
        guard let arrival else { return .accept }
        let segment = arrival.segment
        guard let (connection, side) = connection(of: arrival) else {
            return admit(segment, into: &output)
        }
        guard !connection.isHelped else { return .accept }
        if side == .server, segment.flags.contains([.syn, .ack]), connection.isPositioned,
            connection.serverStart != segment.firstByte
        {
            // Another connection with the same tuple, or so it says: anybody can write such a packet, and what is known of
            // the old one is lost with it. Only conntrack knows whether it had to answer a new SYN.
            guard connection.isClosed else { return .needsMapping(segment.tuple) }
            remove(connection, at: now, into: &output)
            return admit(segment, into: &output)
        }
        connection.lastSeen = now
        if connection.isWaiting { waiting.append(connection) }
        guard
            connection.isPositioned
                || position(connection, by: segment, from: side, at: now, into: &output)
        else { return .accept }
        let isScarce = size > maximumSize
        connection.streams[0].isScarce = isScarce
        connection.streams[1].isScarce = isScarce
        size -= connection.size
        if connection.hasEncryptedSession, connection.opening?.session?.isReleased == true,
            connection.streams[side.rawValue].next.isBefore(segment.firstByte)
        {
            // What lies between has gone on unseen.
            connection.streams[side.rawValue].resume(at: segment.firstByte)
        }
        let verdict = follow(connection, packet, segment, side, at: now, into: &output)
        settleSession(of: connection, hasPayload: segment.payloadCount > 0, at: now, into: &output)
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
        guard isBeginning || !outsiders.contains(segment.tuple) else { return .accept }
        guard hasRoom() else {
            // Once a connection, and not for each of its packets.
            if isBeginning {
                turnAway(segment)
                let tuple = segment.tuple.inverted
                report(Refusal(reason: .tableFull, kind: nil, connection: tuple, line: []), into: &output)
            }
            return .accept
        }
        return .needsMapping(segment.tuple)
    }

    /// Takes the positions of both streams from the first packet; `false` if it does not tell them.
    ///
    /// A SYN-ACK carries both initial sequence numbers. Any other packet belongs to a connection already under way, which is
    /// adopted where it stands, unless it is known to have begun while the daemon ran.
    private mutating func position(
        _ connection: Connection,
        by segment: Segment,
        from side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        guard segment.flags.contains(.ack) else { return false }
        let isHandshake = side == .server && segment.flags.contains(.syn)
        let mapping = connection.mapping
        guard isHandshake || !outsiders.contains(mapping.original) && !outsiders.contains(mapping.reply)
        else {
            outsiders.insert(mapping.original)
            outsiders.insert(mapping.reply)
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
        var acknowledgement = segment.acknowledgement
        if segment.flags.contains(.ack) {
            acknowledgement = connection.streams[other].input(of: segment.acknowledgement)
            connection.streams[other].acknowledge(acknowledgement)
            connection.streams[other].reclaim(to: &spares)
        }
        guard !connection.isReset else {
            return reset(connection, segment, acknowledgement, side, into: &output)
        }

        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        let hasFIN = segment.flags.contains(.fin)
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
        if connection.streams[own].hasHole {
            connection.streams[own].hasHole = false
            connection.session.miss(from: side)
        }
        let rest = connection.streams[own].rest
        if side == .client, case .encrypts = connection.session.firstBytes(bytes.span.extracting(rest)) {
            output.actions.append(.report(.encrypted(connection.summary)))
        }
        reading: while true {
            switch connection.session.content(of: side) {
            case .lines:
                let line = connection.streams[own].nextLine()
                if side == .client, passOverLongLine(of: connection, into: &output) {
                    if connection.isReset { return nil }
                    continue
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
        return heldCount(connection, side, bytes)
    }

    /// Takes notice of a line of the client that was too long to be read; returns whether nothing more is to be read.
    private mutating func passOverLongLine(of connection: Connection, into output: inout Output) -> Bool {
        guard connection.streams[Session.Side.client.rawValue].hasLongLine else { return false }
        connection.streams[Session.Side.client.rawValue].hasLongLine = false
        guard case .refused(let reason, let kind) = connection.session.unknownCommand() else { return false }
        refuse(reason, kind, Span(), connection, into: &output)
        return true
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
        _ range: Range<Int>,
        of bytes: [UInt8],
        _ connection: Connection,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        let line = bytes.span.extracting(range)
        let address = connection.mapping.original.source.address
        let outcome =
            switch side {
            case .client:
                connection.session.command(
                    line,
                    on: address,
                    refusesPipelined: policy.rules(for: connection.mapping).isStrict
                )
            case .server: connection.session.reply(line, on: address)
            }
        switch outcome {
        case .passes:
            break
        case .transfer(let sign):
            take(sign, in: line, on: connection, at: now, into: &output)
        case .encrypts:
            output.actions.append(.report(.encrypted(connection.summary)))
        case .rejects(let command):
            if let opening = connection.opening, opening.command == command, opening.kind.isActive {
                closeExpectation(of: connection, .rejected, into: &output)
            }
        case .refused(let reason, let kind):
            refuse(reason, kind, line, connection, into: &output)
        case .announces(let announcement, let command):
            let field =
                range.lowerBound + announcement.field.lowerBound..<range.lowerBound
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
        case .opened(let expectation):
            let announced = expectation.to
            let isNamed =
                announcement.port == announced.port
                && (announcement.address ?? announced.address) == announced.address
            guard isNamed || !rewrites || connection.streams[own].canReplace(field, before) else {
                // Its bytes have gone on before anybody asked for such a reply.
                refuse(.unsolicited, announcement.kind, line, connection, into: &output)
                return
            }
            open(expectation, on: connection, command: command, at: now, into: &output)
            guard !isNamed, rewrites else { return }
            connection.streams[own].replace(field, with: announcement.field(for: announced), &before)
            connection.edits &+= 1
            statistics.edits += 1
            if !connection.isLiberal {
                connection.isLiberal = true
                output.actions.append(.beLiberal(connection.mapping))
            }
        }
    }

    /// Counts and reports a line that opens nothing; in strict mode most such lines end the connection.
    private mutating func refuse(
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
