/// Error messages that quote what goes over control connections (contract B7).
///
/// Whoever made one, the gateway itself or a router further on, has seen the numbers that edits have shifted. The sender of
/// the segment believes nothing that does not quote a number of its own (`tcp_v4_err`, RFC 5927, section 4.1): it would never learn
/// how large its packets may be.
extension Tracker {
    /// An error message of ICMP or ICMPv6 came: lets it quote the numbers that the sender of the quoted segment uses.
    ///
    /// Nothing that is known changes: anybody can write such a message.
    ///
    /// - Parameters:
    ///   - packet: from its IP header on.
    ///   - output: gets what goes on in its place.
    /// - Returns: `accept` unless it quotes a segment of a stream that is edited.
    func receiveError(_ packet: Span<UInt8>, into output: inout Output) -> Verdict {
        guard rewrites, let quoted = QuotedSegment(parsing: packet),
            let (connection, side) = sender(of: quoted)
        else { return .accept }
        let stream = connection.streams[side.rawValue]
        let reverse = connection.streams[side.other.rawValue]
        guard !stream.isTransparent || !reverse.isTransparent else { return .accept }
        let sequence = stream.origin(of: quoted.sequence)
        let acknowledgement = quoted.acknowledgement.map { reverse.output(of: $0) }
        guard sequence != quoted.sequence || acknowledgement != quoted.acknowledgement else { return .accept }
        quoted.rewrite(packet, sequence: sequence, acknowledgement: acknowledgement, into: &output.packet)
        return .replace
    }

    /// The connection that a quoted segment is of, and the side that has sent it.
    ///
    /// How far NAT had changed its addresses depends on where the message was made: not at all in front of the gateway, both
    /// ends behind it, and in the gateway itself, between the two changes, only the destination.
    private func sender(of quoted: QuotedSegment) -> (connection: Connection, side: Session.Side)? {
        var found: Session.Side?
        let tuple = quoted.tuple
        let answer = tuple.inverted
        func search(_ table: ConnectionTable, _ key: Tuple, _ sender: (Connection) -> Session.Side?)
            -> Connection?
        {
            table.first(ConnectionTable.hash(key)) { connection in
                found = sender(connection)
                return found.map { connection.mayHaveSent(quoted.sequence, from: $0) } ?? false
            }
        }
        let connection =
            search(table, answer) { $0.side(of: answer)?.other }
            ?? search(table, tuple) { $0.side(of: tuple) }
            ?? search(halfway, tuple) { $0.halfwayTuple?.isAlike(tuple) == true ? .client : nil }
            ?? search(halfway, answer) { $0.halfwayTuple?.isAlike(answer) == true ? .server : nil }
        guard let connection, let found else { return nil }
        return (connection, found)
    }
}

extension Connection {
    /// The tuple of the client's packets between the changes that NAT makes to their two ends; `nil` if it is that of the
    /// packets before or after.
    var halfwayTuple: Tuple? {
        let mapping = mapping
        guard mapping.original.source != mapping.reply.destination,
            mapping.original.destination != mapping.reply.source
        else { return nil }
        return Tuple(source: mapping.original.source, destination: mapping.reply.source)
    }

    /// Tells whether a segment with this number of the output space can be one that a side has sent lately.
    ///
    /// Of two connections that an error message may mean it is about one of these.
    fileprivate func mayHaveSent(_ position: SequenceNumber, from side: Session.Side) -> Bool {
        guard isPositioned, !isHelped else { return false }
        let stream = streams[side.rawValue]
        return abs(stream.next.distance(to: stream.origin(of: position))) < Stream.reach
    }
}
