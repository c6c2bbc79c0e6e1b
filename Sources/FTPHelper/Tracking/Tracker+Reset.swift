/// The end that strict mode makes of a connection (contract A7).
extension Tracker {
    /// Ends a connection for the line just read: nothing more opens, and the sender of the line gets an RST.
    ///
    /// That RST bears the numbers that the sender itself uses, and the tuple with which the other side's packets arrive here, so
    /// that NAT translates it like these.
    mutating func beginReset(
        _ connection: Connection,
        _ segment: Segment,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        close(connection, at: now, into: &output)
        // Nothing of the segment goes on.
        connection.streams[side.rawValue].passed = snapshot.heldStart
        connection.streams[side.other.rawValue].passed = connection.streams[side.other.rawValue].heldStart
        let answer = ResetPacket.bytes(
            side == .client ? connection.mapping.reply : connection.mapping.original,
            sequence: connection.shifted.contains(side.other)
                ? connection.streams[side.other.rawValue].next : segment.acknowledgement,
            acknowledgement: segment.endOfPayload
        )
        output.actions.append(.inject(answer))
    }

    /// Turns a packet of an ended connection into an RST for its receiver.
    func reset(
        _ connection: Connection,
        _ segment: Segment,
        _ acknowledgement: SequenceNumber,
        _ side: Session.Side,
        into output: inout Output
    ) -> Verdict {
        guard !segment.flags.contains(.rst) else { return .accept }
        let stream = connection.streams[side.rawValue]
        output.packet = ResetPacket.bytes(
            segment.tuple,
            sequence: stream.output(of: stream.passed),
            acknowledgement: acknowledgement
        )
        return .replace
    }
}
