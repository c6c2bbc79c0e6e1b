/// Connections whose packets nobody needs to see: where there is a mark for it, the rules let all pass by but those with which a
/// connection begins or ends.
extension Tracker {
    /// Lets a connection pass by if nothing of it has to be translated.
    mutating func release(_ connection: Connection, into output: inout Output) {
        guard !connection.isReleased, connection.streams[0].isTransparent, connection.streams[1].isTransparent
        else { return }
        connection.isReleased = true
        note(connection)
        output.actions.append(.release(connection.mapping))
    }

    /// Has its packets come by again.
    mutating func recall(_ connection: Connection, into output: inout Output) {
        guard connection.isReleased else { return }
        connection.isReleased = false
        note(connection)
        output.actions.append(.recall(connection.mapping))
    }

    /// Lets a connection pass by if the packet just taken has shown that nothing of it concerns us, whatever is said later.
    mutating func releaseForeign(_ connection: Connection, into output: inout Output) {
        guard !connection.isReleased, connection.session.isForeign, !connection.hasEncryptedSession,
            !connection.isReset, !connection.isClosed
        else { return }
        release(connection, into: &output)
    }

    /// Has those come by again for which the rules may open something now.
    mutating func recallEncrypted(into output: inout Output) {
        var found: [Connection] = []
        deadlines.forEach { connection in
            if connection.isReleased, connection.session.phase == .encrypted, !connection.hasEncryptedSession
            {
                found.append(connection)
            }
        }
        for connection in found { recall(connection, into: &output) }
    }
}

extension Session {
    /// Tells whether nothing that is still to come can be FTP that anybody could read: it is none, or TLS from the first byte on,
    /// which is never left again.
    fileprivate var isForeign: Bool { phase == .notFTP || isImplicit && isSecured }
}
