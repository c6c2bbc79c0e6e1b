// SPDX-License-Identifier: GPL-2.0-or-later

/// Sessions of which packets passed by while the firewall rules were gone, or the queue was bypassed.
extension Tracker {
    /// Doubts what is known of the sessions, since packets may have passed by.
    ///
    /// In a rewritten session such packets had numbers of the sender's space, which the receiver read in its
    /// own: it took them for old bytes, or for later ones. Its positions have to be confirmed by both ends.
    /// These are asked, also if nothing comes from them: if a command was as long as the shift, the server's
    /// acknowledgement of what it had before looked like one of the command, and the client waits for the
    /// reply for ever.
    ///
    /// A login may have passed by.
    package mutating func doubtSessions(at now: Instant) {
        var slots: [ConnectionStore.Slot] = []
        store.forEach { slots.append($0) }
        for slot in slots where slot.connection.isPositioned && !slot.connection.isClosed {
            update(slot) { tracker, connection in
                connection.session.doubtLogin()
                guard connection.streams.indices.contains(where: { connection.streams[$0].shift != 0 }) else {
                    return
                }
                connection.doubt = connection.doubt ?? .bypassed
                tracker.beginProof(of: &connection, at: now)
            }
        }
    }

    /// Ends a connection whose two ends cannot come back into step, at both ends, so that the client connects
    /// again.
    ///
    /// If the receiver has acknowledged bytes that were never seen here, and the sender goes on just at the
    /// untranslated number, some of the bytes are lost for good or doubled: with translated numbers the
    /// receiver would wait for ever, or drop the beginning of the next command. A receiver that acknowledged
    /// nothing such gets the retransmission, and all is well. Bytes that an earlier daemon passed on without a
    /// record of them are no reason: their numbers were translated.
    mutating func endIfOutOfStep(
        _ connection: inout Connection,
        _ segment: Segment,
        _ side: Session.Side,
        into output: inout Output
    ) {
        let own = side.rawValue
        guard connection.streams[own].shift != 0, !connection.isReset, !connection.isClosed else { return }
        let unseen = connection.streams[own].acknowledgedUnseen
        guard unseen.isAfter(connection.streams[own].next),
            segment.firstByte == connection.streams[own].output(of: unseen)
        else { return }
        connection.isReset = true
        // The receiver takes the RST only at the number that it expects.
        connection.streams[own].resume(at: unseen)
        output.actions.append(.report(.outOfStep(connection.summary, side)))
    }
}
