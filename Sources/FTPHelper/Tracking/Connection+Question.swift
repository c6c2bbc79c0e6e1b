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
        let numbers = questionNumbers(to: end)
        return BarePacket.bytes(
            end == .client ? mapping.reply : mapping.original,
            [.ack],
            sequence: numbers.sequence,
            acknowledgement: numbers.acknowledgement
        )
    }

    /// Such a packet in place of one that a side has sent: with its headers, but without payload.
    ///
    /// It keeps the time stamps: an end that uses them may ignore a packet that has none (RFC 7323, section 3.2).
    func question(inPlaceOf packet: Span<UInt8>, _ segment: Segment, from side: Session.Side) -> [UInt8] {
        let numbers = questionNumbers(to: side.other)
        var question: [UInt8] = []
        question.append(packet, from: 0, count: segment.payloadOffset)
        let tcp = segment.tcpOffset
        question.put(numbers.sequence.value, at: tcp + 4)
        question.put(numbers.acknowledgement.value, at: tcp + 8)
        question[tcp + 13] = TCPFlags.ack.rawValue
        question.put(UInt16(0), at: tcp + 18)
        for option in segment.options(in: packet, where: { kind, _ in kind != Segment.timeStamps }) {
            for offset in option { question[offset] = 1 }
        }
        Rewriting.setLengthsAndChecksums(packet, segment, in: &question)
        return question
    }

    private func questionNumbers(
        to end: Session.Side
    ) -> (sequence: SequenceNumber, acknowledgement: SequenceNumber) {
        let (own, other) = (streams[end.rawValue], streams[end.other.rawValue])
        return (
            other.output(of: other.next) - Connection.questionDistance,
            own.next - Connection.questionDistance
        )
    }
}
