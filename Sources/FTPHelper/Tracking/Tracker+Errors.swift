// SPDX-License-Identifier: GPL-2.0-or-later

/// ICMP errors that quote packets of control connections (contract B7).
///
/// The gateway or a router behind it, which sends the error, has seen the shifted numbers. The sender of the
/// quoted segment ignores an error that does not quote a number of its own (`tcp_v4_err`; RFC 5927, section
/// 4.1), and would never learn the path MTU.
extension Tracker {
    /// Translates an ICMP or ICMPv6 error so that it quotes the numbers that the sender of the quoted segment
    /// uses.
    ///
    /// The message changes no state, because anybody can send one.
    ///
    /// - Parameters:
    ///   - packet: the message from its IP header on.
    ///   - output: receives the packet to forward in its place.
    /// - Returns: `replace` if it quotes a segment of an edited stream, else `accept`.
    func receiveError(_ packet: Span<UInt8>, into output: inout Output) -> Verdict {
        guard rewrites, let quoted = QuotedSegment(parsing: packet),
            let (slot, side) = store.sender(of: quoted)
        else { return .accept }
        let stream = slot.connection.streams[side.rawValue]
        let reverse = slot.connection.streams[side.other.rawValue]
        guard !stream.isTransparent || !reverse.isTransparent else { return .accept }
        let sequence = stream.origin(of: quoted.sequence)
        let acknowledgement = quoted.acknowledgement.map { reverse.output(of: $0) }
        guard sequence != quoted.sequence || acknowledgement != quoted.acknowledgement else { return .accept }
        quoted.rewrite(packet, sequence: sequence, acknowledgement: acknowledgement, into: &output.packet)
        return .replace
    }
}

extension Connection {
    /// The tuple of the client's packets after destination NAT and before source NAT; `nil` if it equals one
    /// of the two tuples of the mapping.
    var halfwayTuple: Tuple? {
        let mapping = mapping
        guard mapping.original.source != mapping.reply.destination,
            mapping.original.destination != mapping.reply.source
        else { return nil }
        return Tuple(source: mapping.original.source, destination: mapping.reply.source)
    }

    /// Tells whether a side may recently have sent a segment with this number of the output space.
    ///
    /// If an error may refer to two connections, this decides.
    func mayHaveSent(_ position: SequenceNumber, from side: Session.Side) -> Bool {
        guard isPositioned, !hasKernelHelper else { return false }
        let stream = streams[side.rawValue]
        return abs(stream.next.distance(to: stream.origin(of: position))) < Stream.reach
    }
}
