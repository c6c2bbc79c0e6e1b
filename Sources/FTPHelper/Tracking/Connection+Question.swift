// SPDX-License-Identifier: GPL-2.0-or-later

/// Asking an end of a connection where it is.
extension Connection {
    /// More than any window, and so far that the packet fits no connection (`fits`).
    private static let questionDistance = 2 * Stream.reach

    /// A packet without payload, far in front of what an end expects, which it answers with an
    /// acknowledgement and its own next number (RFC 9293, section 3.10.7.4).
    ///
    /// It has the tuple with which packets of the other end arrive, so that NAT translates it. It passes the
    /// queue like those, where both of its numbers are too far off to mean anything.
    func question(to end: Session.Side) -> [UInt8] {
        let (own, other) = (streams[end.rawValue], streams[end.other.rawValue])
        return BarePacket.bytes(
            end == .client ? mapping.reply : mapping.original,
            [.ack],
            sequence: other.output(of: other.next) - Connection.questionDistance,
            acknowledgement: own.next - Connection.questionDistance
        )
    }
}
