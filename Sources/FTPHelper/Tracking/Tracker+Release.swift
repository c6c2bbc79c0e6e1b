// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections that bypass the queue. If a bypass mark is configured, the rules queue only the packets that
/// begin or end them.
extension Tracker {
    /// Lets a connection bypass the queue, unless it has to be translated.
    mutating func release(_ connection: Connection, into output: inout Output) {
        guard !connection.isReleased, connection.streams[0].isTransparent, connection.streams[1].isTransparent
        else { return }
        connection.isReleased = true
        note(connection)
        output.actions.append(.release(connection.mapping))
    }

    /// Queues the packets of a connection again.
    mutating func recall(_ connection: Connection, into output: inout Output) {
        guard connection.isReleased else { return }
        connection.isReleased = false
        note(connection)
        output.actions.append(.recall(connection.mapping))
    }

    /// Lets a connection bypass the queue if nothing on it can ever concern the tracker.
    mutating func releaseForeign(_ connection: Connection, into output: inout Output) {
        guard !connection.isReleased, connection.session.isForeign, !connection.hasEncryptedSession,
            !connection.isReset, !connection.isClosed
        else { return }
        release(connection, into: &output)
    }

    /// Queues the packets of encrypted connections again for which the current rules may open something.
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
    /// Tells whether the rest of the connection can never be readable FTP: it is not FTP, or it is implicit
    /// TLS, which is never left.
    fileprivate var isForeign: Bool { phase == .notFTP || isImplicit && isSecured }
}
