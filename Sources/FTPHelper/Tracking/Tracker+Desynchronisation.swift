// SPDX-License-Identifier: GPL-2.0-or-later

/// Sessions whose packets bypassed the queue, without firewall rules or without a daemon.
extension Tracker {
    /// Marks the positions of rewritten sessions as unproven, and logins as unknown, because packets may have
    /// bypassed the queue.
    ///
    /// In a rewritten session, such packets carry untranslated sequence numbers: the receiver takes their bytes
    /// for old or for later ones. Both ends are asked even if they are silent. If a command was exactly as long
    /// as the shift, the server's acknowledgement of older bytes looked like one of the command, and the client
    /// waits for the reply for ever.
    package mutating func requireProofs(at now: Instant) {
        var slots: [ConnectionStore.Slot] = []
        store.forEach { slots.append($0) }
        for slot in slots where slot.connection.isPositioned && !slot.connection.isClosed {
            update(slot) { tracker, connection in
                if connection.session.isBeforeLogin {
                    tracker.unseenLogins.insert(connection.mapping.original)
                }
                let isRewritten = connection.streams.indices.contains { connection.streams[$0].shift != 0 }
                guard isRewritten || !connection.uncertainty.isEmpty else { return }
                connection.uncertainty.insert(.bypassed)
                tracker.beginProof(of: &connection, at: tracker.nextProof(at: now))
            }
        }
    }

    /// Resets both ends of a connection that is out of step for good, so that the client connects again.
    ///
    /// This finds packets that bypassed the queue without anybody telling the daemon. If the receiver has
    /// acknowledged bytes that were never seen here, and the sender continues at exactly that untranslated
    /// number, some bytes are lost or duplicated: with translated numbers the receiver would wait for ever, or
    /// drop the beginning of the next command. Bytes that an earlier daemon forwarded without a record had
    /// translated numbers, and are retransmitted. Early bytes that were forwarded had translated numbers, too, so
    /// their acknowledgement proves nothing.
    mutating func endIfOutOfStep(
        _ connection: inout Connection,
        _ segment: Segment,
        _ side: Session.Side,
        into output: inout Output
    ) {
        let own = side.rawValue
        guard connection.streams[own].shift != 0, !connection.isReset, !connection.isClosed else { return }
        let unseen = connection.streams[own].acknowledgedUnseen
        let stream = (next: connection.streams[own].next, passed: connection.streams[own].passed)
        guard unseen.isAfter(SequenceNumber.later(stream.next, stream.passed)),
            segment.firstByte == connection.streams[own].output(of: unseen)
        else { return }
        connection.demandReset()
        // The receiver takes the RST only at the number that it expects.
        connection.streams[own].resume(at: unseen)
        output.actions.append(.report(.outOfStep(connection.summary, side)))
    }
}
