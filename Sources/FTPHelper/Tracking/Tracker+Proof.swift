// SPDX-License-Identifier: GPL-2.0-or-later

/// Checks stream positions that may be wrong, by asking both ends.
///
/// They may be wrong in connections of a peer whose last changes may be missing, in adopted ones with NAT where
/// another daemon may have edited lines, and in rewritten ones whose packets may have bypassed the queue.
///
/// With a wrong shift, a receiver would lose the first bytes of a command, or wait for ever. Packets of such a
/// connection are therefore dropped until both ends have confirmed the positions. An end answers a packet far
/// outside its window with an acknowledgement (RFC 9293, section 3.10.7.4), and retransmits what was dropped.
/// A packet that is held back is replaced by such a question until its receiver has spoken.
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
        guard !connection.uncertainty.isEmpty, !connection.isReset, !connection.isClosed,
            segment.flags.isDisjoint(with: [.syn, .rst]), segment.flags.contains(.ack)
        else { return nil }
        // This daemon's own question also comes through the queue. It and strangers' packets say nothing.
        guard connection.fits(segment, from: side) else { return .accept }
        let key = connection.mapping.original
        var proof = proofs[key] ?? beginProof(of: &connection, at: now)
        proof.note(packet, segment, from: side, at: now)
        if connection.mayLeakAddress(packet, segment, side) || connection.hasUnknownBytes(proof) {
            proof.isHopeless = true
        }
        let findings = [Session.Side.client, .server].map { connection.finding($0, proof) }
        if findings.allSatisfy({ $0 == .confirmed }) {
            conclude(&connection, proof)
            return nil
        }
        if segment.payloadCount > 0 || segment.hasFIN { proof.isAwaited = true }
        if proof.isOver(at: now) { connection.due = now }
        let isTrial = findings[side.rawValue] == .acknowledgedAhead && segment.payloadCount > 0
        if isTrial { proof.isTried[side.rawValue] = true }
        proofs[key] = proof
        guard !isTrial else { return nil }
        guard proof.acknowledged[side.rawValue] == nil else { return .drop }
        // Its receiver has said nothing yet. An injected question may not reach it: such a packet is in no
        // conntrack zone, and routes by source address or interface do not apply to it.
        output.packet = connection.question(inPlaceOf: packet, segment, from: side)
        return .replace
    }

    /// Begins to ask both ends of an unproven connection, at the next call of `fire`.
    @discardableResult
    mutating func beginProof(of connection: inout Connection, at now: Instant) -> Proof {
        let proof = Proof(connection.uncertainty, at: now)
        proofs[connection.mapping.original] = proof
        connection.due = proof.due
        return proof
    }

    /// When to begin the next of many proofs: the questions of a full table are spread over three seconds,
    /// which is about how long it takes to send them.
    func nextProof(at now: Instant) -> Instant {
        Instant(nanoseconds: now.nanoseconds + UInt64(proofs.count) * 50_000)
    }

    /// Begins all proofs anew: the ends of a connection have their time from when their packets are taken.
    ///
    /// Call it after the last call of `restore`. For a full table these take seconds.
    package mutating func restartProofs(at now: Instant) {
        var slots: [ConnectionStore.Slot] = []
        store.forEach { if proofs[$0.connection.mapping.original] != nil { slots.append($0) } }
        proofs.removeAll(keepingCapacity: true)
        for slot in slots {
            update(slot) { tracker, connection in
                _ = tracker.beginProof(of: &connection, at: tracker.nextProof(at: now))
            }
        }
    }

    /// Decides on a packet that was read although its receiver has acknowledged unknown bytes: it is forwarded
    /// if it explains the acknowledgement.
    ///
    /// The receiver then has these bytes already, as another daemon wrote them.
    mutating func concludeTrial(
        _ connection: inout Connection,
        _ segment: Segment,
        _ verdict: Verdict
    ) -> Verdict {
        guard !connection.uncertainty.isEmpty, !segment.flags.contains(.rst),
            let proof = proofs[connection.mapping.original]
        else { return verdict }
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
        connection.uncertainty = []
        proofs[connection.mapping.original] = nil
    }

    /// Asks the ends of an unproven connection for their positions, or ends the connection if they have not
    /// confirmed them in time.
    ///
    /// If an end is silent and nothing waits for it, the connection stays unproven until its next packet.
    ///
    /// - Returns: `false` if there is no proof, or none any more.
    mutating func continueProof(
        _ connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) -> Bool {
        let key = connection.mapping.original
        guard !connection.uncertainty.isEmpty, !connection.isClosed, var proof = proofs[key]
        else { return false }
        guard proof.isOver(at: now) else {
            if !proof.hasAsked { output.actions.append(.beLiberal(connection.mapping)) }
            proof.noteQuestion(at: now)
            connection.due = proof.due
            proofs[key] = proof
            for end in [Session.Side.client, .server] {
                output.actions.append(.inject(connection.question(to: end)))
            }
            return true
        }
        proofs[key] = nil
        if connection.isUndisputed(proof) { conclude(&connection, proof) }
        guard !connection.uncertainty.isEmpty, proof.isConclusive else { return false }
        endUnproven(&connection, proof, at: now, into: &output)
        return true
    }

    private mutating func endUnproven(
        _ connection: inout Connection,
        _ proof: Proof,
        at now: Instant,
        into output: inout Output
    ) {
        let side: Session.Side = connection.finding(.client, proof) == .confirmed ? .server : .client
        output.actions.append(.report(.outOfStep(connection.summary, side)))
        connection.demandReset()
        close(&connection, at: now, into: &output)
        for end in [Session.Side.client, .server] {
            let (own, other) = (end.rawValue, end.other.rawValue)
            let position = connection.streams[other]
            // An end takes the RST at the number that it has named last.
            let packet = BarePacket.bytes(
                end == .client ? connection.mapping.reply : connection.mapping.original,
                [.rst, .ack],
                sequence: proof.acknowledged[other] ?? position.output(of: position.next),
                acknowledgement: proof.sent[own] ?? connection.streams[own].next
            )
            output.actions.append(.inject(packet))
            connection.streams[own].stop()
        }
        forgetBytes(of: &connection)
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
    /// A sender must not begin behind the position of its receiver: it would never send what lies between.
    ///
    /// A sender that begins within the known bytes retransmits everything that was missed, and an edit can be
    /// repeated. Commands that were missed for good are no basis: the reply to a PASV among them would keep its
    /// private address, and the rest of an announcement would not be recognised. Replies that need no editing
    /// may be missed. If only one packet is known, both ends have to be exactly there.
    fileprivate func finding(_ side: Session.Side, _ proof: Proof) -> Finding {
        // Nothing of a stream that the kernel shifts is edited, and its numbers cannot be compared.
        guard !shifted.contains(side) else { return .confirmed }
        guard let first = proof.sent[side.rawValue], let end = proof.ends[side.rawValue],
            let number = proof.acknowledged[side.rawValue], !proof.isHopeless
        else { return .open }
        let stream = streams[side.rawValue]
        guard isAnchored else {
            let isThere = first == stream.next && stream.output(of: first) == number
            return isThere && !mayHideEdits(of: side, first.distance(to: end)) ? .confirmed : .open
        }
        if uncertainty == .bypassed, side == .server, stream.shift == 0, !isShownOtherwise(.server) {
            return first.isAfter(number) ? .open : .confirmed
        }
        guard !first.isAfter(stream.next) else {
            guard uncertainty == .outdated || stream.shift == 0 else { return .open }
            let isReadable = side == .server && !isShownOtherwise(.server)
            return isReadable && stream.output(of: first) == number ? .confirmed : .open
        }
        let position = stream.input(of: number)
        guard !position.isAfter(stream.next) else { return .acknowledgedAhead }
        guard !first.isAfter(position) else { return .open }
        guard !proof.isTried[side.rawValue] || !mayHaveMissedEdit(stream, from: first, number) else {
            return .open
        }
        // A position within an edit is none that the receiver could name after other bytes.
        return stream.output(of: position) == number || stream.heldCount > 0 ? .confirmed : .open
    }

    /// Tells whether a receiver that has acknowledged `number` may have got bytes from `first` on unedited, past the queue.
    ///
    /// If it had got them as they are edited here, from another daemon, it would usually have acknowledged all of
    /// them. It need not have if the sender has put two segments into one since; that cannot be told apart.
    private func mayHaveMissedEdit(
        _ stream: Stream,
        from first: SequenceNumber,
        _ number: SequenceNumber
    ) -> Bool {
        uncertainty.contains(.bypassed) && number != stream.output(of: stream.next)
            && stream.edits.contains { $0.end.isAfter(first) && $0.outputStart.isBefore(number) }
    }

    /// Tells whether `count` unacknowledged bytes can be explained by unknown edits that shortened lines: the
    /// receiver may then have them already.
    private func mayHideEdits(of side: Session.Side, _ count: Int) -> Bool {
        let growth =
            shownAddress(of: side).description.utf8.count - ownAddress(of: side).description.utf8.count
        return growth < 0 && count > 0 && count % growth == 0
    }

    /// Tells whether a receiver has acknowledged or buffered bytes with untranslated sequence numbers: they lie
    /// behind everything that was forwarded to it, and would be read in the middle of other bytes.
    fileprivate func hasUnknownBytes(_ proof: Proof) -> Bool {
        [Session.Side.client, .server].contains { side in
            let stream = streams[side.rawValue]
            guard !shifted.contains(side), stream.shift != 0 else { return false }
            let known = stream.output(of: SequenceNumber.later(stream.next, stream.passed))
            let isAcknowledged =
                uncertainty.contains(.bypassed)
                && proof.acknowledged[side.rawValue].map { $0.isAfter(known) } ?? false
            return isAcknowledged || proof.early[side.rawValue].map { $0.isAfter(known) } ?? false
        }
    }

    /// Tells whether this daemon's own positions stand although an end has said nothing: some firewalls drop
    /// the question, and what the other end says fits.
    fileprivate func isUndisputed(_ proof: Proof) -> Bool {
        uncertainty == .bypassed && !proof.isHopeless && proof.hasOneSilentEnd
            && streams.indices.allSatisfy { side in
                proof.sent[side].map { !$0.isAfter(streams[side].next) } ?? true
            }
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
}
