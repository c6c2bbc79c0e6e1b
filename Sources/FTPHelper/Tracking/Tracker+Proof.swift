// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections whose positions may be wrong: those of a peer whose last changes may be missing, and translated
/// ones that are adopted where another daemon may have edited lines.
///
/// With a wrong shift, a receiver would lose the first bytes of a command, or wait for ever. Nothing of such a
/// connection goes on until both ends have said where they are. Each of them answers a packet far outside its
/// window with an acknowledgement (RFC 9293, section 3.10.7.4), and sends again what was dropped meanwhile.
extension Tracker {
    /// Notes what a packet of an unproven connection says.
    ///
    /// - Returns: the verdict; `nil` if the packet is to be followed. The connection is proven then, or
    ///   `concludeTrial` decides.
    mutating func prove(
        _ connection: inout Connection,
        _ packet: Span<UInt8>,
        _ segment: Segment,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) -> Verdict? {
        guard connection.isUnproven, !connection.isReset, !connection.isClosed,
            segment.flags.isDisjoint(with: [.syn, .rst]), segment.flags.contains(.ack)
        else { return nil }
        // This daemon's own question also comes through the queue. It and strangers' packets say nothing.
        guard connection.fits(segment, from: side) else { return .accept }
        let key = connection.mapping.original
        var proof = proofs[key] ?? Proof(at: now)
        if proofs[key] == nil {
            connection.due = proof.deadline
            output.actions.append(.beLiberal(connection.mapping))
        }
        proof.note(segment, from: side)
        if connection.mayLeakAddress(packet, segment, side) { proof.isHopeless = true }
        let findings = [Session.Side.client, .server].map { connection.finding($0, proof) }
        if findings.allSatisfy({ $0 == .confirmed }) {
            conclude(&connection, proof)
            return nil
        }
        if proof.nextQuestion <= now {
            proof.nextQuestion = Instant(nanoseconds: now.nanoseconds + Proof.questionInterval)
            for end in [Session.Side.client, .server] where end != side || findings[end.rawValue] != .open {
                output.actions.append(.inject(connection.question(to: end)))
            }
        }
        proofs[key] = proof
        return findings[side.rawValue] == .acknowledgedAhead && segment.payloadCount > 0 ? nil : .drop
    }

    /// Decides on a packet that was followed although its receiver has acknowledged more than was known: it is
    /// forwarded if this explains the acknowledgement.
    ///
    /// The receiver has these bytes already, as another daemon wrote them.
    mutating func concludeTrial(_ connection: inout Connection, _ verdict: Verdict) -> Verdict {
        guard connection.isUnproven, let proof = proofs[connection.mapping.original] else { return verdict }
        let isProven = [Session.Side.client, .server].allSatisfy {
            connection.finding($0, proof) == .confirmed
        }
        guard isProven else { return .drop }
        conclude(&connection, proof)
        return verdict
    }

    private mutating func conclude(_ connection: inout Connection, _ proof: Proof) {
        for side in connection.streams.indices {
            if let first = proof.sent[side], first.isAfter(connection.streams[side].next) {
                connection.streams[side].resume(at: first)
            }
        }
        connection.isUnproven = false
        proofs[connection.mapping.original] = nil
    }

    /// Ends a connection whose ends have not confirmed its positions in time; returns whether it did.
    mutating func endUnproven(
        _ connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        guard connection.isUnproven, !connection.isClosed,
            let proof = proofs[connection.mapping.original], proof.deadline <= now
        else { return false }
        let side: Session.Side = connection.finding(.client, proof) == .confirmed ? .server : .client
        output.actions.append(.report(.outOfStep(connection.summary, side)))
        connection.isReset = true
        close(&connection, at: now, into: &output)
        for end in [Session.Side.client, .server] {
            let (own, other) = (end.rawValue, end.other.rawValue)
            let position = connection.streams[other]
            // An end takes the RST at the number that it has named last.
            let packet = BarePacket.reset(
                end == .client ? connection.mapping.reply : connection.mapping.original,
                sequence: proof.acknowledged[other] ?? position.output(of: position.next),
                acknowledgement: proof.sent[own] ?? connection.streams[own].next
            )
            output.actions.append(.inject(packet))
            connection.streams[own].stop()
        }
        proofs[connection.mapping.original] = nil
        forgetBytes(of: &connection)
        return true
    }
}

/// What the ends say of one stream.
private enum Finding {
    /// The receiver, or the sender, has not said anything yet, or what they say contradicts the positions.
    case open
    /// The receiver has acknowledged bytes that are not known here; the sender may send them again.
    case acknowledgedAhead
    case confirmed
}

extension Connection {
    /// Compares what the ends say of a side's stream with its positions.
    ///
    /// A sender whose lowest number is not behind the known bytes sends everything again that was missed, and
    /// an edit can be repeated. Behind commands that were missed for good, the reply to PASV would not be
    /// known as one and keep its private address, and neither would the rest of an announcement. Replies that
    /// need no editing may be missed. If nothing is known but one packet, both ends have to be just there.
    fileprivate func finding(_ side: Session.Side, _ proof: Proof) -> Finding {
        guard let first = proof.sent[side.rawValue], let end = proof.ends[side.rawValue],
            let number = proof.acknowledged[side.rawValue], !proof.isHopeless
        else { return .open }
        let stream = streams[side.rawValue]
        guard isAnchored else {
            let isThere = first == stream.next && stream.output(of: first) == number
            return isThere && !mayHideEdits(of: side, first.distance(to: end)) ? .confirmed : .open
        }
        guard !first.isAfter(stream.next) else {
            let isReadable = side == .server && !isShownOtherwise(.server)
            return isReadable && stream.output(of: first) == number ? .confirmed : .open
        }
        let position = stream.input(of: number)
        guard !position.isAfter(stream.next) else { return .acknowledgedAhead }
        // A position within an edit is none that the receiver could name after other bytes.
        return stream.output(of: position) == number || stream.heldCount > 0 ? .confirmed : .open
    }

    /// Tells whether so many bytes on their way could hide unknown edits that shortened a side's lines: its
    /// receiver might have them already.
    private func mayHideEdits(of side: Session.Side, _ count: Int) -> Bool {
        let growth =
            shownAddress(of: side).description.utf8.count - ownAddress(of: side).description.utf8.count
        return growth < 0 && count > 0 && count % growth == 0
    }

    /// Whether the positions come from a record, or from a beginning in sight.
    private var isAnchored: Bool { !(session.isAdopted && edits == 0) }

    /// Tells whether a packet of the server may be the reply to a PASV command that was not seen, whose
    /// address would have to be translated.
    fileprivate func mayLeakAddress(_ packet: Span<UInt8>, _ segment: Segment, _ side: Session.Side) -> Bool {
        guard side == .server, !isAnchored, isShownOtherwise(.server), !session.isSoliciting else {
            return false
        }
        let payload = packet.extracting(segment.payloadOffset..<segment.end)
        let code: [3 of UInt8] = [UInt8(ascii: "2"), UInt8(ascii: "2"), UInt8(ascii: "7")]
        return payload.count > 3
            && (0..<payload.count - 3).contains { start in
                (start == 0 || payload[start - 1] == UInt8(ascii: "\n"))
                    && (0..<3).allSatisfy { payload[start + $0] == code[$0] }
            }
    }

    /// A packet without payload, far in front of what an end expects, which it answers with an
    /// acknowledgement.
    ///
    /// It has the tuple with which packets of the other end arrive, so that NAT translates it.
    fileprivate func question(to end: Session.Side) -> [UInt8] {
        let stream = streams[end.other.rawValue]
        return BarePacket.bytes(
            end == .client ? mapping.reply : mapping.original,
            [.ack],
            sequence: stream.output(of: stream.next) - Connection.questionDistance,
            acknowledgement: streams[end.rawValue].next - Connection.questionDistance
        )
    }

    /// More than any window, and so far that the packet fits no connection (`fits`).
    private static let questionDistance = 2 * Stream.reach
}
