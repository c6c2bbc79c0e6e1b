// SPDX-License-Identifier: GPL-2.0-or-later

/// Encrypted sessions and what opens for them.
///
/// Their announcements cannot be read. A client with such a session may reach the configured data ports of
/// its server, for as long as the session lives and with a limited number of connections at a time.
extension Tracker {
    /// Maximum number of sessions of one client with one server that a SYN is matched against, the newest
    /// first.
    ///
    /// A network behind one address may have thousands of sessions; this bounds the cost of a SYN.
    private static var maximumTried: Int { 64 }
    /// Maximum number of data connections that conntrack is asked about for one SYN.
    private static var maximumAsked: Int { 16 }
    /// Seconds before conntrack is asked again about the data connections of a full session, if none had
    /// ended.
    private static var askAgainSeconds: UInt32 { 1 }
    /// Seconds after which a data connection is reported that conntrack has seen to be unanswered.
    private static var silentSeconds: UInt32 { 3 }
    /// The source ports of active data connections: `ftp-data`, and `ftps-data` for implicit TLS.
    private static var activePorts: [UInt16] { [20, 989] }

    /// Opens or closes an encrypted session, depending on the packet just processed.
    ///
    /// Only packets of the server open it, because the server may be gone, so that those of the client do not
    /// reach it. A FIN of either side closes it, even one that arrives ahead of missing bytes.
    mutating func updateEncryptedSession(
        of connection: inout Connection,
        _ side: Session.Side,
        hasPayload: Bool,
        at now: Instant,
        into output: inout Output
    ) {
        // Most packets change nothing here and do not even touch the session.
        let isSaidByServer = hasPayload && side == .server
        guard isSaidByServer || connection.hasEncryptedSession else { return }
        let isSecured =
            connection.session.isSecured && !connection.isClosed
            && !connection.streams[0].hasFIN && !connection.streams[1].hasFIN
        if connection.hasEncryptedSession {
            guard isSecured else {
                closeExpectation(of: &connection, .ended, into: &output)
                return
            }
            if side == .server {
                connection.opening?.session?.heard = now
                connection.opening?.session?.isQueued = true
            }
        } else if isSecured, isSaidByServer {
            if let access = access(of: connection) {
                open(access, for: &connection, at: now, into: &output)
            } else {
                let isConfigured = policy.rules(for: connection.mapping).ftpsPorts != nil
                reportUnopened(
                    isConfigured ? .ftpsImplicit : .ftpsUnconfigured,
                    of: &connection,
                    into: &output
                )
            }
        }
    }

    /// Ends an encrypted session whose connection is not in the state ESTABLISHED in conntrack.
    mutating func endSession(of mapping: Mapping, into output: inout Output) {
        guard let slot = slot(of: mapping), slot.connection.hasEncryptedSession else { return }
        update(slot) { tracker, connection in
            connection.session.distrust()
            tracker.closeExpectation(of: &connection, .ended, into: &output)
        }
    }

    /// What an encrypted session may open by the rules for its server; `nil` if nothing.
    private func access(of connection: borrowing Connection) -> Expectation.Access? {
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
        for connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        closeExpectation(of: &connection, .replaced, into: &output)
        let port = access.ports.lowerBound
        let timeout = policy.rules(for: connection.mapping).timeout
        let expectation = connection.expectation(
            .ftps,
            book.nextID(),
            target: nil,
            port: port,
            port,
            until: now.advanced(bySeconds: timeout),
            access: access
        )
        let session = EncryptedSession(access)
        session.heard = now
        connection.isWaiting = false
        book.open(expectation, session, on: &connection, into: &output)
        bypassQueue(&connection, into: &output)
        scheduleCheck(of: &connection, at: now)
        count(expectation, of: &connection, into: &output)
    }

    /// The moment at which the session closes because the server has been silent for the timeout.
    func idleEnd(of connection: borrowing Connection, _ session: EncryptedSession, at now: Instant) -> Instant
    {
        let heard = session.answered.isEmpty ? session.heard : now
        return heard.advanced(bySeconds: policy.rules(for: connection.mapping).timeout)
    }

    /// Adapts all encrypted sessions to the current rules; call it whenever the rules have changed.
    package mutating func review(at now: Instant, into output: inout Output) {
        for slot in book.sessionMasters {
            update(slot) { tracker, connection in
                tracker.review(&connection, at: now, into: &output)
            }
        }
        recallEncrypted(into: &output)
    }

    /// Adapts one encrypted session to the current rules.
    mutating func review(_ connection: inout Connection, at now: Instant, into output: inout Output) {
        guard let session = connection.opening?.session else { return }
        let access = access(of: connection)
        guard
            access?.ports != session.ports || access?.active != session.active
                || access?.maximum != session.maximum
        else { return }
        let kept = EncryptedSession(session.access)
        if access != nil { kept.moveConnections(from: session) }
        closeExpectation(of: &connection, .deleted, into: &output)
        guard let access else { return }
        open(access, for: &connection, at: now, into: &output)
        connection.opening?.session?.moveConnections(from: kept)
    }

    /// Closes the encrypted sessions of an address whose SYNs the kernel did not agree to queue.
    mutating func fail(_ address: IPAddress, into output: inout Output) {
        for slot in book.sessionMasters
        where slot.connection.ownAddress(of: .client) == address
            || slot.connection.ownAddress(of: .server) == address
        {
            update(slot) { tracker, connection in
                connection.session.distrust()
                tracker.closeExpectation(of: &connection, .failed, into: &output)
            }
        }
    }

    /// Tells whether SYNs from an address are queued.
    package func queuesSYNs(from address: IPAddress) -> Bool { book.queuesSYNs(from: address) }
}

/// SYNs of encrypted sessions.
extension Tracker {
    /// Returns the data connections that have to be looked up in conntrack before `expectedEncrypted` decides
    /// on a SYN.
    ///
    /// They are the data connections with the SYN's own tuple or, if there is no room for another one, the
    /// oldest of a session. Report the state of each of them (`Completion.looked`).
    package func unconfirmedData(for syn: SYN, at now: Instant) -> [Tuple] {
        guard book.sessionCount > 0 else { return [] }
        let tuple = syn.tuple
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

    /// Decides on a SYN that may belong to an encrypted session; `nil` if it does not, or if there is no room
    /// for it.
    ///
    /// If there is no room, the oldest unanswered data connection is evicted. A neighbour of the client, or a
    /// client that tries closed ports, can therefore not lock anybody out with SYNs.
    ///
    /// The connection counts from `Completion.established` until it has ended. A SYN of a connection that is
    /// counted already needs nothing. But if sessions with the same addresses exist in several conntrack
    /// zones, it may belong to any of them. Call the function again until it returns `nil`; the SYN finds the
    /// entry in its own zone.
    package mutating func expectedEncrypted(
        _ syn: SYN,
        at now: Instant,
        into output: inout Output
    ) -> ExpectedConnection? {
        guard book.sessionCount > 0 else { return nil }
        let tuple = syn.tuple
        let candidates = candidates(for: tuple)
        if candidates.isEmpty { explainStray(tuple, at: now, into: &output) }
        let counted = candidates.filter { $0.session.live.contains(where: tuple.isAlike) }.map(\.zone)
        let others = candidates.filter { !counted.contains($0.zone) }
        guard let newest = others.first else { return nil }
        let roomy = others.first(where: \.session.hasRoom)
        let yielding = roomy == nil ? others.first { $0.session.unanswered != nil } : nil
        guard let (slot, session, _) = roomy ?? yielding, let opening = slot.connection.opening else {
            guard counted.isEmpty else { return nil }
            for candidate in candidates { candidate.session.refused = now }
            report(
                Refusal(
                    reason: .ftpsLimit,
                    kind: .ftps,
                    connection: newest.slot.connection.mapping.original,
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
        let expectation = slot.connection.expectation(
            .ftps,
            opening.id,
            target: nil,
            port: port,
            port,
            until: opening.deadline,
            listener: tuple.source.address == slot.connection.ownAddress(of: .client) ? .server : .client
        )
        return ExpectedConnection(expectation, syn)
    }

    /// Records that the conntrack entry of a session's data connection was created.
    mutating func confirmEncrypted(_ data: ExpectedConnection, at now: Instant, into output: inout Output) {
        let pair = EncryptedSessionTable.Pair(from: data.expectation.from, to: data.expectation.to.address)
        guard
            let slot = book.sessions(of: pair).first(where: {
                $0.connection.opening?.id == data.expectation.id
            })
        else { return }
        update(slot) { tracker, connection in
            connection.opening?.session?.add(data.original)
            connection.opening?.session?.refused = nil
            connection.used &+= 1
            tracker.scheduleCheck(of: &connection, at: now)
        }
        statistics.expectationsUsed += 1
        statistics.ftpsConnections += 1
        output.actions.append(.report(.data(data.expectation, from: data.original.source)))
    }

    /// Checks the session after the conntrack entry of its data connection could not be created: the session
    /// may have ended unseen, because only its SYNs are queued.
    func failToEstablish(_ data: ExpectedConnection, into output: inout Output) {
        guard let master = store.slot(of: data.expectation.master) else { return }
        trace(master.connection, .notEstablished(data.original), into: &output)
        guard data.expectation.kind == .ftps else { return }
        output.actions.append(.verify(master.connection.mapping))
    }

    /// Removes a data connection that has ended from its session.
    mutating func endDataConnection(_ data: Tuple) {
        for (slot, session) in owners(of: data) where session.remove(data) {
            session.refused = nil
            update(slot) { $1.outdateRecord() }
        }
    }

    /// Records that conntrack reported a data connection as answered; it is open or has just ended.
    func confirm(_ data: Tuple, at now: Instant) {
        for (_, session) in owners(of: data) {
            session.confirm(data)
            session.heard = now
        }
    }

    /// Records that conntrack reported a data connection as unanswered; reports it after `silentSeconds`.
    mutating func suspect(
        _ data: Tuple,
        _ stage: BlockedConnection.Stage,
        leaving: Tuple,
        at now: Instant,
        into output: inout Output
    ) {
        for (slot, session) in owners(of: data) {
            if session.unanswered == nil { session.unanswered = data }
            guard let seconds = session.suspect(data, forSeconds: Tracker.silentSeconds, at: now) else {
                continue
            }
            let blocked = BlockedConnection(
                master: slot.connection.mapping.original,
                id: slot.connection.opening?.id ?? 0,
                kind: .ftps,
                arriving: data,
                leaving: leaving,
                stage: stage,
                seconds: seconds
            )
            report(blocked, into: &output)
        }
    }

    /// The sessions that a data connection belongs to.
    private func owners(of data: Tuple) -> [(slot: ConnectionStore.Slot, session: EncryptedSession)] {
        let pair = EncryptedSessionTable.Pair(from: data.source.address, to: data.destination.address)
        return book.sessions(of: pair).compactMap { slot in
            guard let session = slot.connection.opening?.session, session.live.contains(data) else {
                return nil
            }
            return (slot, session)
        }
    }

    /// The current data connections of a session, as far as is known; empty if the mapping is not that of
    /// one.
    package func dataConnections(of mapping: Mapping) -> [Tuple] {
        store.slot(of: mapping.original)?.connection.opening?.session?.live ?? []
    }

    /// The sessions that a SYN may belong to, the newest first, each with the zone that the SYN is in then.
    private func candidates(for tuple: Tuple)
        -> [(slot: ConnectionStore.Slot, session: EncryptedSession, zone: UInt16)]
    {
        let pair = EncryptedSessionTable.Pair(from: tuple.source.address, to: tuple.destination.address)
        return book.sessions(of: pair).suffix(Tracker.maximumTried).reversed().compactMap { slot in
            guard let session = slot.connection.opening?.session else { return nil }
            let mapping = slot.connection.mapping
            guard tuple.source.address != slot.connection.ownAddress(of: .client) else {
                let isAllowed = session.ports.contains(tuple.destination.port)
                return isAllowed ? (slot, session, mapping.original.zone) : nil
            }
            let isAllowed =
                Tracker.activePorts.contains(tuple.source.port) && tuple.destination.port >= 1024
            return isAllowed ? (slot, session, mapping.reply.zone) : nil
        }
    }
}
