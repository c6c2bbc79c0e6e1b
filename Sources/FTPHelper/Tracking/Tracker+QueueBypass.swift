// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections that bypass the queue. If a bypass mark is configured, the rules queue only the packets that
/// begin or end them.
extension Tracker {
    /// Lets a connection bypass the queue, unless it has to be translated.
    mutating func bypassQueue(_ connection: inout Connection, into output: inout Output) {
        guard !connection.bypassesQueue, connection.streams[0].isTransparent,
            connection.streams[1].isTransparent
        else { return }
        connection.bypassesQueue = true
        output.actions.append(.bypassQueue(connection.mapping))
    }

    /// Queues the packets of a connection again.
    mutating func requeue(_ connection: inout Connection, into output: inout Output) {
        guard connection.bypassesQueue else { return }
        connection.bypassesQueue = false
        output.actions.append(.requeue(connection.mapping))
    }

    /// Lets a connection bypass the queue if nothing on it can ever concern the tracker.
    mutating func releaseForeign(_ connection: inout Connection, into output: inout Output) {
        guard !connection.bypassesQueue, connection.session.isForeign, !connection.hasEncryptedSession,
            !connection.isReset, !connection.isClosed
        else { return }
        bypassQueue(&connection, into: &output)
    }

    /// Queues the packets of encrypted connections again for which the current rules may open something.
    mutating func recallEncrypted(into output: inout Output) {
        var found: [ConnectionStore.Slot] = []
        store.forEach { slot in
            if slot.connection.bypassesQueue, slot.connection.session.encryption != nil,
                !slot.connection.hasEncryptedSession
            {
                found.append(slot)
            }
        }
        for slot in found {
            update(slot) { tracker, connection in tracker.requeue(&connection, into: &output) }
        }
    }
}

extension Session {
    /// Tells whether the rest of the connection can never be readable FTP: it is not FTP, or it is implicit
    /// TLS, which is never left.
    fileprivate var isForeign: Bool { phase == .notFTP || isImplicit && isSecured }
}
