// SPDX-License-Identifier: GPL-2.0-or-later
extension Expectation.Kind: Recordable {
    func write(into record: inout RecordWriter) { Array(rawValue.utf8).write(into: &record) }

    init(reading record: inout RecordReader) throws(RecordError) {
        let name: [UInt8] = try record.next()
        guard let kind = Expectation.Kind(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw RecordError()
        }
        self = kind
    }
}

extension Connection {
    /// Writes what the next daemon needs to continue with the connection.
    ///
    /// It contains no password. Of an unfinished command line, only the verb is kept, unless the line is an
    /// announcement or USER.
    func write(into record: inout RecordWriter, _ extent: RecordExtent = .whole) {
        compactMapping.write(into: &record)
        record.put(entryID, bits: 32)
        record.put(UInt32(firstSecond), bits: 32)
        serverStart.write(into: &record)
        edits.write(into: &record)
        opened.write(into: &record)
        used.write(into: &record)
        refused.write(into: &record)
        Flags(
            isLiberal,
            isClosed,
            isReset,
            lentPort != nil,
            lentPort?.side == .server,
            opening != nil,
            isReversed
        ).write(into: &record)
        Flags(
            shifted.contains(.client),
            shifted.contains(.server),
            bypassesQueue,
            proxied != nil,
            !uncertainty.isEmpty,
            uncertainty == .bypassed,
            uncertainty == [.bypassed, .outdated]
        ).write(into: &record)
        let interrupted = interruptedVerb(keepsLine: extent.keepsLine[0])
        interrupted.write(into: &record)
        streams[0].write(
            into: &record,
            keepsLine: interrupted == nil && extent.keepsLine[0],
            edits: extent.edits[0]
        )
        streams[1].write(into: &record, keepsLine: extent.keepsLine[1], edits: extent.edits[1])
        if extent.isWhole {
            session.write(into: &record)
        } else {
            session(within: extent).write(into: &record)
        }
        if let lentPort {
            lentPort.port.write(into: &record)
            lentPort.target.write(into: &record)
        }
        proxied?.address.write(into: &record)
        if let opening {
            opening.kind.write(into: &record)
            opening.id.write(into: &record)
            opening.target.write(into: &record)
            opening.port.write(into: &record)
            opening.translatedPort.write(into: &record)
            opening.deadline.nanoseconds.write(into: &record)
            opening.command.write(into: &record)
            opening.isPending.write(into: &record)
            opening.session?.write(into: &record, liveCount: extent.liveCount)
        }
        let kept = extent.isWhole && transfer?.isUnderWay ?? false ? transfer : nil
        (kept != nil).write(into: &record)
        kept?.write(into: &record)
        isWaiting.write(into: &record)
    }

    /// The verb of an unfinished command line whose text is not kept, because there is no room for it or it
    /// may contain a secret.
    ///
    /// The text of USER is kept, because the rest of its line shows whether the client speaks FTP.
    private func interruptedVerb(keepsLine: Bool) -> Verb? {
        guard !streams[0].rest.isEmpty, streams[0].heldCount == 0 || !keepsLine,
            case .lines = session.content(of: .client)
        else { return nil }
        let bytes = streams[0].bytes
        let verb = Command.verb(ofPartial: bytes.span.extracting(streams[0].rest))
        guard keepsLine else { return verb ?? .other }
        return verb?.announces == nil && verb != .user ? verb : nil
    }

    /// The session, reduced to what a limited record contains.
    private func session(within extent: RecordExtent) -> Session {
        var session = session
        session.userName = UserName(Array(session.user.prefix(extent.nameSize)))
        session.directory.forget()
        if !extent.keepsLine[1] {
            let bytes = streams[1].bytes
            session.skip(partialReply: bytes.span.extracting(streams[1].rest))
        }
        return session
    }

    /// Restores a connection from a record; `now` is the time of the restart.
    static func read(
        _ record: inout RecordReader,
        at now: Instant
    ) throws(RecordError) -> Connection {
        let mapping = try record.next(CompactMapping.self).mapping
        let entryID: UInt32 = try record.bits(32)
        var connection = Connection(
            mapping: mapping,
            entryID: entryID,
            hasKernelHelper: false,
            now: now,
            due: now
        )
        connection.firstSecond = try record.second()
        connection.serverStart = try record.next()
        connection.edits = try record.next()
        connection.opened = try record.next()
        connection.used = try record.next()
        connection.refused = try record.next()
        connection.open()
        let flags: Flags = try record.next()
        connection.isLiberal = flags[0]
        if flags[2] { connection.demandReset() }
        if flags[1] { connection.close() }
        connection.isReversed = flags[6]
        let more: Flags = try record.next()
        if more[0] { connection.shifted.insert(.client) }
        if more[1] { connection.shifted.insert(.server) }
        connection.bypassesQueue = more[2]
        // Version 8 has only the first of these three flags.
        if more[4], !more[5] { connection.uncertainty.insert(.outdated) }
        if more[5] || more[6] { connection.uncertainty.insert(.bypassed) }
        let interrupted: Verb? = try record.next()
        for side in connection.streams.indices { connection.streams[side] = try record.next() }
        connection.session = try record.next()
        if let interrupted { connection.session.resume(interrupted) }
        if flags[3] {
            connection.lentPort = LentPort(
                side: flags[4] ? .server : .client,
                port: try record.next(),
                target: try record.next()
            )
        }
        if more[3] { connection.proxied = ProxiedClient(try record.next()) }
        if flags[5] { try connection.readOpening(&record, at: now) }
        if try record.next(Bool.self) { connection.transfer = try Transfer(reading: &record, at: now) }
        connection.isWaiting = try record.next() && !connection.isClosed
        return connection
    }

    /// Restores the open expectation.
    private mutating func readOpening(
        _ record: inout RecordReader,
        at now: Instant
    ) throws(RecordError) {
        let kind: Expectation.Kind = try record.next()
        let id: UInt64 = try record.next()
        let target: IPAddress? = try record.next()
        let port: UInt16 = try record.next()
        let translatedPort: UInt16 = try record.next()
        let deadline = try record.instant()
        let command: UInt32 = try record.next()
        let isPending: Bool = try record.next()
        let kept = kind == .ftps ? try record.next(EncryptedSession.self) : nil
        kept?.heard = now
        let opened = expectation(
            kind,
            id,
            target: target,
            port: port,
            translatedPort,
            until: deadline,
            access: kept?.access
        )
        expect(opened, session: kept, command: command, isPending: isPending)
    }
}
