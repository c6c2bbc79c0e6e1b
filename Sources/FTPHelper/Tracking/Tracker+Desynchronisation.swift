// SPDX-License-Identifier: GPL-2.0-or-later

/// Rewritten sessions of which packets passed by while the firewall rules were gone, or the queue was bypassed.
extension Tracker {
    /// Ends a connection whose two ends cannot come back into step, at both ends, so that the client connects
    /// again.
    ///
    /// Packets that passed by had numbers of the sender's space, which the receiver read in its own: it took
    /// them for old bytes, or for later ones. If it has acknowledged bytes that were never seen here, and the
    /// sender goes on just at the untranslated number, some of the bytes are lost for good or doubled: with
    /// translated numbers the receiver would wait for ever, or drop the beginning of the next command. A
    /// receiver that acknowledged nothing such gets the retransmission, and all is well. Bytes that an earlier
    /// daemon passed on without a record of them are no reason: their numbers were translated.
    mutating func endIfOutOfStep(
        _ connection: inout Connection,
        _ segment: Segment,
        _ side: Session.Side,
        into output: inout Output
    ) {
        let own = side.rawValue
        guard connection.streams[own].shift != 0, !connection.isReset, !connection.isClosed else { return }
        let acknowledged = connection.streams[own].acknowledgedUnseen
        guard acknowledged.isAfter(connection.streams[own].next),
            segment.firstByte == connection.streams[own].output(of: acknowledged)
        else { return }
        connection.isReset = true
        // The receiver takes the RST only at the number that it expects.
        connection.streams[own].resume(at: acknowledged)
        output.actions.append(.report(.outOfStep(connection.summary, side)))
    }
}
