// SPDX-License-Identifier: GPL-2.0-or-later

/// Resets of connections in strict mode (contract A7).
extension Tracker {
    /// Ends a connection because of the line just read: nothing opens any more, and the sender of the line
    /// gets an RST.
    ///
    /// The sender's stream has been stopped before.
    ///
    /// The RST has the sequence numbers that the sender itself uses, and the tuple with which packets of the
    /// other side arrive here, so that NAT translates it like these.
    mutating func beginReset(
        _ connection: inout Connection,
        _ segment: Segment,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        close(&connection, at: now, into: &output)
        connection.streams[side.other.rawValue].stop()
        answerWithReset(connection, segment, side, into: &output)
    }

    /// Sends an RST to the sender of a packet.
    ///
    /// Repeated for each packet that still comes: the first RST can get lost, or have come beside the number
    /// that is due.
    func answerWithReset(
        _ connection: borrowing Connection,
        _ segment: Segment,
        _ side: Session.Side,
        into output: inout Output
    ) {
        guard !segment.flags.contains(.rst) else { return }
        let answer = BarePacket.reset(
            side == .client ? connection.mapping.reply : connection.mapping.original,
            sequence: connection.shifted.contains(side.other)
                ? connection.streams[side.other.rawValue].next : segment.acknowledgement,
            acknowledgement: segment.endOfPayload
        )
        output.actions.append(.inject(answer))
    }

    /// Turns a packet of a reset connection into an RST for its receiver.
    func reset(
        _ connection: borrowing Connection,
        _ segment: Segment,
        _ acknowledgement: SequenceNumber,
        _ side: Session.Side,
        into output: inout Output
    ) -> Verdict {
        guard !segment.flags.contains(.rst) else { return .accept }
        let stream = connection.streams[side.rawValue]
        output.packet = BarePacket.reset(
            segment.tuple,
            sequence: stream.output(of: stream.passed),
            acknowledgement: acknowledgement
        )
        return .replace
    }
}
