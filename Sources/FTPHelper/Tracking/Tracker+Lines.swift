// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines of a stream.
extension Tracker {
    /// Reads what a side has sent, and withholds bytes that may have to be rewritten.
    ///
    /// If a line resets the connection, nothing of the segment is forwarded.
    mutating func readStream(
        _ connection: inout Connection,
        _ side: Session.Side,
        _ reading: consuming Stream.Reading,
        at now: Instant,
        into output: inout Output
    ) {
        // `readLines` has released its reference to the stream's bytes here. Otherwise trimming would copy
        // them, and leave an unwiped copy in memory.
        let heldCount = readLines(&connection, side, &reading, at: now, into: &output)
        if connection.isReset {
            connection.streams[side.rawValue].stop(reading)
        } else {
            connection.streams[side.rawValue].withhold(heldCount, reading)
        }
    }

    /// Reads the complete lines, or as far as a line that resets the connection; returns the number of bytes
    /// at the end that have to be withheld.
    private mutating func readLines(
        _ connection: inout Connection,
        _ side: Session.Side,
        _ reading: inout Stream.Reading,
        at now: Instant,
        into output: inout Output
    ) -> Int {
        let own = side.rawValue
        let bytes = connection.streams[own].bytes
        if side == .client, connection.session.isAtBeginning {
            guard skipProxyHeader(of: &connection, bytes) else { return 0 }
            let rest = connection.streams[own].rest
            if case .encrypts = connection.session.detectImplicitTLS(in: bytes.span.extracting(rest)) {
                output.actions.append(.report(.encrypted(connection.summary)))
            }
        }
        reading: while true {
            switch connection.session.content(of: side) {
            case .lines:
                let wasSkipping = connection.streams[own].isSkipping
                let line = connection.streams[own].nextLine(reading)
                if side == .server, wasSkipping, !connection.streams[own].isSkipping {
                    connection.session.noteUnreadLine()
                }
                guard let line else { break reading }
                if side == .client, !unseenLogins.isEmpty { unseenLogins.remove(connection.mapping.original) }
                handleLine(line, of: bytes, &connection, side, &reading, at: now, into: &output)
                if connection.isReset { return 0 }
            case .records:
                let rest = connection.streams[own].rest
                let plain = connection.session.readRecords(bytes.span.extracting(rest), from: side)
                connection.streams[own].skip(plain ?? rest.count)
                if plain == nil { break reading }
            case .ignored:
                connection.streams[own].skip(bytes.count)
                break reading
            }
        }
        if side == .server, !connection.session.serverHasSpoken, hasEndlessGreeting(connection) {
            refuseIfForeign(by: connection.session.refuseGreeting(), on: &connection, into: &output)
            if connection.isReset { return 0 }
        }
        return heldCount(connection, side, bytes)
    }

    /// Skips the PROXY header in front of the client's first command; returns `false` while the header is
    /// incomplete.
    private func skipProxyHeader(of connection: inout Connection, _ bytes: [UInt8]) -> Bool {
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

    /// Tells whether a server that has not sent a reply yet has sent more text than may precede a greeting
    /// (contract S3).
    private func hasEndlessGreeting(_ connection: borrowing Connection) -> Bool {
        let next = connection.streams[Session.Side.server.rawValue].next
        return connection.serverStart.distance(to: next) > Session.maximumSizeBeforeReply
    }

    /// The number of bytes at the end that may belong to a field that has to be rewritten, in an unfinished
    /// line.
    private func heldCount(_ connection: borrowing Connection, _ side: Session.Side, _ bytes: [UInt8]) -> Int
    {
        let rest = connection.streams[side.rawValue].rest
        guard !rest.isEmpty, rewrites, connection.mayEdit(side) else { return 0 }
        let line = bytes.span.extracting(rest)
        let start =
            switch side {
            case .client: Announcement.start(inPartialCommand: line)
            case .server:
                // Any expected reply counts: in an adopted session, the reply need not belong to the oldest
                // command.
                Reply(parsing: line).flatMap { connection.session.solicited(by: $0.code) }
                    .flatMap { Announcement.start($0, inPartialReply: line) }
            }
        return start.map { rest.count - $0 } ?? 0
    }

    /// Processes a line.
    private mutating func handleLine(
        _ part: Line,
        of bytes: [UInt8],
        _ connection: inout Connection,
        _ side: Session.Side,
        _ reading: inout Stream.Reading,
        at now: Instant,
        into output: inout Output
    ) {
        let line = bytes.span.extracting(part.range)
        let address = connection.mapping.original.source.address
        trace(line, of: side, connection, into: &output)
        let wasLoggedIn = connection.session.isLoggedIn
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
        if !wasLoggedIn, connection.session.isLoggedIn { trace(connection, .login, into: &output) }
        if !part.isWhole { reportUnopened(.longLine, of: &connection, into: &output) }
        defer { resolvePending(&connection, into: &output) }
        if let kind = outcome.announced, !budgets.affords(connection, at: now) {
            refuseForWantOfBudget(kind, line, &connection, into: &output)
            return
        }
        switch outcome {
        case .passes:
            break
        case .transfer(let sign):
            updateTransfer(by: sign, in: line, on: &connection, at: now, into: &output)
        case .encrypts:
            output.actions.append(.report(.encrypted(connection.summary)))
        case .unopened(let reason):
            reportUnopened(reason, of: &connection, into: &output)
        case .rejects(let command):
            if let opening = connection.opening, opening.command == command, opening.kind.isActive {
                closeExpectation(of: &connection, .rejected, into: &output)
            }
        case .refused(let reason, let kind):
            refuse(reason, kind, line, &connection, into: &output)
        case .announces(let announcement, let command):
            let field =
                part.range.lowerBound + announcement.field.lowerBound..<part.range.lowerBound
                + announcement.field.upperBound
            announce(announcement, field, command, line, &connection, side, &reading, at: now, into: &output)
        }
    }

    /// Opens what a line announces, and rewrites the line if it has to name another endpoint.
    private mutating func announce(
        _ announcement: Announcement,
        _ field: Range<Int>,
        _ command: UInt32,
        _ line: Span<UInt8>,
        _ connection: inout Connection,
        _ side: Session.Side,
        _ reading: inout Stream.Reading,
        at now: Instant,
        into output: inout Output
    ) {
        let own = side.rawValue
        switch decide(announcement, on: connection, at: now) {
        case .refused(let reason):
            refuse(reason, announcement.kind, line, &connection, into: &output)
        case .opened(let expectation, let told):
            let announced = Endpoint(announcement.address ?? told.address, announcement.port)
            let isNamed = announced == told
            guard isNamed || !rewrites || connection.shifted.isEmpty else {
                refuse(.seqAdjusted, announcement.kind, line, &connection, into: &output)
                return
            }
            guard isNamed || !rewrites || connection.streams[own].canReplace(field, reading) else {
                // Its bytes were forwarded before a command asked for such a reply.
                refuse(.unsolicited, announcement.kind, line, &connection, into: &output)
                return
            }
            open(expectation, on: &connection, command: command, at: now, into: &output)
            let decision = AddressDecision(
                kind: announcement.kind,
                connection: connection.mapping.original,
                announced: announced,
                told: told
            )
            newestDecision = rewrites && (decision.isRewritten || told != expectation.to) ? decision : nil
            guard !isNamed, rewrites else { return }
            connection.streams[own].replace(field, with: announcement.field(for: told), &reading)
            connection.edits &+= 1
            statistics.edits += 1
            if !connection.isLiberal {
                connection.isLiberal = true
                output.actions.append(.beLiberal(connection.mapping))
            }
        }
    }

    /// Reports, once per connection, why nothing opens.
    mutating func reportUnopened(
        _ reason: UnopenedReason,
        of connection: inout Connection,
        tried: Endpoint? = nil,
        into output: inout Output
    ) {
        guard connection.reportedReasons.insert(reason) else { return }
        statistics.unopened[reason, default: 0] += 1
        output.actions.append(.report(.unopened(connection.summary, reason, tried: tried)))
    }

    /// Counts and reports a line that opens nothing.
    ///
    /// In strict mode, lines that no honest client or server sends end the connection.
    mutating func refuse(
        _ reason: Refusal.Reason,
        _ kind: Expectation.Kind?,
        _ line: Span<UInt8>,
        _ connection: inout Connection,
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
            if policy.rules(for: connection.mapping).isStrict { connection.demandReset() }
        case .privilegedPort, .notLoggedIn, .pipelined, .tableFull, .noMapping, .forged, .tooMany, .noPort,
            .notAllowed, .seqAdjusted, .ftpsLimit:
            break
        }
    }
}
