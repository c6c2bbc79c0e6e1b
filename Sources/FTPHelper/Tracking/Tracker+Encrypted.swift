/// Data connections of encrypted sessions.
///
/// Nobody can read what these announce. Who has such a session with a server may reach the ports that the server is known to use,
/// and nobody else may: for as long as the session lives, and not with more connections at once than are allowed.
extension Tracker {
    /// Sessions of one client with one server that a SYN is tried on, the newest first.
    ///
    /// A network behind one address may have thousands, and whoever it is must not make a SYN cost as much.
    private static var maximumTried: Int { 64 }
    /// Data connections that conntrack is asked about for one SYN.
    private static var maximumAsked: Int { 16 }
    /// Seconds during which conntrack is not asked again for which data connections have ended, where none had.
    private static var askAgainSeconds: UInt32 { 1 }
    /// Ports that servers open data connections from: `ftp-data`, and `ftps-data` where TLS is implicit.
    private static var activePorts: [UInt16] { [20, 989] }

    /// Opens what an encrypted session is for, or closes it, as the packet just taken demands.
    ///
    /// Only what the server says opens: what the client sends need not reach it, whether it still lives or not. A FIN of
    /// either side ends it, also one ahead of bytes that are missing.
    mutating func updateEncryptedSession(
        of connection: Connection,
        _ side: Session.Side,
        hasPayload: Bool,
        at now: Instant,
        into output: inout Output
    ) {
        // Most packets change nothing here, and are done without a look at the session.
        let isSaidByServer = hasPayload && side == .server
        guard isSaidByServer || connection.hasEncryptedSession else { return }
        let isSecured =
            connection.session.isSecured && !connection.isClosed
            && !connection.streams[0].hasFIN && !connection.streams[1].hasFIN
        if connection.hasEncryptedSession {
            guard isSecured else {
                closeExpectation(of: connection, .ended, into: &output)
                return
            }
            if side == .server { connection.opening?.session?.heard = now }
        } else if isSecured, isSaidByServer, let access = access(of: connection) {
            open(access, for: connection, at: now, into: &output)
        }
    }

    /// Conntrack has a connection as one that has not begun, or that an end has closed: its encrypted session is over.
    package mutating func endSession(of mapping: Mapping, into output: inout Output) {
        guard let connection = connection(of: mapping.original), connection.mapping == mapping,
            connection.hasEncryptedSession
        else { return }
        connection.session.distrust()
        closeExpectation(of: connection, .ended, into: &output)
    }

    /// What an encrypted session is to be for, by the rules that hold for its server; `nil` if for nothing.
    private func access(of connection: Connection) -> Expectation.Access? {
        let mapping = connection.mapping
        let rules = policy.rules(for: mapping)
        let isImplicit = connection.session.isImplicit
        guard let ports = rules.ftpsPorts,
            !isImplicit || policy.implicitTLSPorts.contains(mapping.original.destination.port)
                || policy.implicitTLSPorts.contains(mapping.reply.source.port)
        else { return nil }
        let active: Expectation.Access.Active =
            if !rules.allowsActiveFTPS { .no } else if connection.isShownOtherwise(.client) {
                .behindNAT
            } else { .yes }
        return Expectation.Access(
            ports: ports,
            active: active,
            maximum: rules.maximumFTPSConnections,
            live: 0
        )
    }

    private mutating func open(
        _ access: Expectation.Access,
        for connection: Connection,
        at now: Instant,
        into output: inout Output
    ) {
        closeExpectation(of: connection, .replaced, into: &output)
        lastID += 1
        let port = access.ports.lowerBound
        let timeout = policy.rules(for: connection.mapping).timeout
        let expectation = connection.expectation(
            .ftps,
            lastID,
            target: nil,
            port: port,
            port,
            until: now.advanced(bySeconds: timeout),
            access: access
        )
        let session = EncryptedSession(access)
        session.heard = now
        connection.expect(expectation, session: session, command: .max)
        waiting.remove(connection)
        begin(expectation, of: connection, at: now, into: &output)
    }

    /// When the session's opening closes for want of use: the server was not heard of for so long.
    func idleEnd(of connection: Connection, _ session: EncryptedSession, at now: Instant) -> Instant {
        let heard = session.answered.isEmpty ? session.heard : now
        return heard.advanced(bySeconds: policy.rules(for: connection.mapping).timeout)
    }

    /// Closes and opens what encrypted sessions have otherwise than the rules now say; to be called when these have changed.
    package mutating func review(at now: Instant, into output: inout Output) {
        var found: [Connection] = []
        sessions.forEach { found.append($0) }
        for connection in found { review(connection, at: now, into: &output) }
        recallEncrypted(into: &output)
    }

    /// The same for one.
    mutating func review(_ connection: Connection, at now: Instant, into output: inout Output) {
        guard let session = connection.opening?.session else { return }
        let access = access(of: connection)
        guard
            access?.ports != session.ports || access?.active != session.active
                || access?.maximum != session.maximum
        else { return }
        let kept = EncryptedSession(session.access)
        if access != nil { kept.moveConnections(from: session) }
        closeExpectation(of: connection, .deleted, into: &output)
        guard let access else { return }
        open(access, for: connection, at: now, into: &output)
        connection.opening?.session?.moveConnections(from: kept)
    }

    /// The kernel did not take the address of a session that was to be admitted: that one does without.
    package mutating func fail(_ address: IPAddress, into output: inout Output) {
        var found: [Connection] = []
        sessions.forEach {
            if $0.ownAddress(of: .client) == address || $0.ownAddress(of: .server) == address {
                found.append($0)
            }
        }
        for connection in found {
            connection.session.distrust()
            closeExpectation(of: connection, .failed, into: &output)
        }
    }

    /// Encrypted sessions that something is open for.
    package var encryptedSessionCount: Int { sessions.count }

    /// Tells whether SYNs from an address are to be asked about.
    package func isAdmitted(_ address: IPAddress) -> Bool { sessions.isAdmitted(address) }
}

/// SYNs.
extension Tracker {
    /// The data connections that conntrack is to be asked about before `expectedEncrypted` decides on a SYN: `endDataConnection` those that are
    /// over, `confirm` those that somebody has answered, and `suspect` the others.
    ///
    /// One with the SYN's own tuple, or, where there is no room for one more, those that a session has had for longest.
    package func unconfirmedData(for packet: Span<UInt8>, at now: Instant) -> [Tuple] {
        guard sessions.count > 0, let tuple = Segment(parsingSYN: packet)?.tuple else { return [] }
        let candidates = candidates(for: tuple)
        for candidate in candidates { candidate.session.unanswered = nil }
        let known = candidates.compactMap { $0.session.live.first(where: tuple.isAlike) }
        guard known.isEmpty else { return known }
        guard !candidates.contains(where: \.session.hasRoom) else { return [] }
        let asked = candidates.first { candidate in
            candidate.session.refused.map { $0.advanced(bySeconds: Tracker.askAgainSeconds) <= now } ?? true
        }
        return asked.map { Array($0.session.live.prefix(Tracker.maximumAsked)) } ?? []
    }

    /// Decides on a SYN that may be one of an encrypted session; `nil` if it is none, or there is no room for it.
    ///
    /// Where there is none, the oldest data connection that nobody has answered gives way: whoever sends such SYNs, the
    /// client's neighbour or a client to ports that are not open, keeps nobody out with them.
    ///
    /// It counts once it is confirmed, until `endDataConnection`. One that is counted already needs nothing; but if there are sessions with
    /// the same addresses in another conntrack zone, it may be of one of those: ask again, until there are no more. It finds
    /// the entry in its own zone.
    package mutating func expectedEncrypted(
        _ packet: Span<UInt8>,
        at now: Instant,
        into output: inout Output
    ) -> ExpectedConnection? {
        guard sessions.count > 0, let syn = Segment(parsingSYN: packet) else { return nil }
        let tuple = syn.tuple
        let candidates = candidates(for: tuple)
        let counted = candidates.filter { $0.session.live.contains(where: tuple.isAlike) }.map(\.zone)
        let others = candidates.filter { !counted.contains($0.zone) }
        guard let newest = others.first else { return nil }
        let roomy = others.first(where: \.session.hasRoom)
        let yielding = roomy == nil ? others.first { $0.session.unanswered != nil } : nil
        guard let (connection, session, _) = roomy ?? yielding, let opening = connection.opening else {
            guard counted.isEmpty else { return nil }
            for candidate in candidates { candidate.session.refused = now }
            report(
                Refusal(
                    reason: .ftpsLimit,
                    kind: .ftps,
                    connection: newest.connection.mapping.original,
                    line: []
                ),
                into: &output
            )
            return nil
        }
        if yielding != nil, let data = session.unanswered {
            session.unanswered = nil
            endDataConnection(data)
            output.actions.append(.abandon(data))
        }
        let port = tuple.destination.port
        let expectation = connection.expectation(
            .ftps,
            opening.id,
            target: nil,
            port: port,
            port,
            until: opening.deadline,
            listener: tuple.source.address == connection.ownAddress(of: .client) ? .server : .client
        )
        return ExpectedConnection(expectation: expectation, syn: syn, packet)
    }

    /// The conntrack entry of a session's data connection was made.
    mutating func confirmEncrypted(_ data: ExpectedConnection, at now: Instant, into output: inout Output) {
        let pair = EncryptedSessionTable.Pair(from: data.expectation.from, to: data.expectation.to.address)
        guard let connection = sessions[pair].first(where: { $0.opening?.id == data.expectation.id }),
            let session = connection.opening?.session
        else { return }
        session.add(data.original)
        session.refused = nil
        connection.used &+= 1
        connection.due = min(connection.due, now.advanced(bySeconds: Tracker.expectingSeconds))
        deadlines.update(connection)
        note(connection)
        statistics.expectationsUsed += 1
        statistics.ftpsConnections += 1
        output.actions.append(.report(.data(data.expectation, from: data.original.source)))
    }

    /// The conntrack entry of a data connection could not be made: a session that has gone may be why, and only its SYNs come by.
    package func failToEstablish(_ data: ExpectedConnection, into output: inout Output) {
        guard data.expectation.kind == .ftps, let master = connection(of: data.expectation.master) else {
            return
        }
        output.actions.append(.verify(master.mapping))
    }

    /// A data connection of a session is over.
    package mutating func endDataConnection(_ data: Tuple) {
        for (connection, session) in owners(of: data) where session.remove(data) {
            session.refused = nil
            note(connection)
        }
    }

    /// Somebody has answered a data connection of a session, which is not over, or has just ended.
    package func confirm(_ data: Tuple, at now: Instant) {
        for (_, session) in owners(of: data) {
            session.confirm(data)
            session.heard = now
        }
    }

    /// Nobody has answered a data connection of a session yet.
    package func suspect(_ data: Tuple) {
        for (_, session) in owners(of: data) where session.unanswered == nil { session.unanswered = data }
    }

    /// The sessions that have a data connection.
    private func owners(of data: Tuple) -> [(connection: Connection, session: EncryptedSession)] {
        let pair = EncryptedSessionTable.Pair(from: data.source.address, to: data.destination.address)
        return sessions[pair].compactMap { connection in
            guard let session = connection.opening?.session, session.live.contains(data) else { return nil }
            return (connection, session)
        }
    }

    /// The data connections that a session has, as far as is known; empty if it is none.
    package func dataConnections(of mapping: Mapping) -> [Tuple] {
        connection(of: mapping.original)?.opening?.session?.live ?? []
    }

    /// Sessions whose ports a SYN is for, the newest first, and the zone that it then is in.
    private func candidates(for tuple: Tuple)
        -> [(connection: Connection, session: EncryptedSession, zone: UInt16)]
    {
        let pair = EncryptedSessionTable.Pair(from: tuple.source.address, to: tuple.destination.address)
        return sessions[pair].suffix(Tracker.maximumTried).reversed().compactMap { connection in
            guard let session = connection.opening?.session else { return nil }
            let mapping = connection.mapping
            guard tuple.source.address != connection.ownAddress(of: .client) else {
                let isAllowed = session.ports.contains(tuple.destination.port)
                return isAllowed ? (connection, session, mapping.original.zone) : nil
            }
            let isAllowed =
                Tracker.activePorts.contains(tuple.source.port) && tuple.destination.port >= 1024
            return isAllowed ? (connection, session, mapping.reply.zone) : nil
        }
    }
}

extension Segment {
    /// The first of a connection; `nil` if the packet is another.
    init?(parsingSYN packet: Span<UInt8>) {
        guard let segment = try? Segment(parsing: packet), segment.flags.contains(.syn),
            !segment.flags.contains(.ack)
        else { return nil }
        self = segment
    }
}
