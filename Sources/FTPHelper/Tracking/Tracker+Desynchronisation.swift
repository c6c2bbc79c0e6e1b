// SPDX-License-Identifier: GPL-2.0-or-later

/// Rewritten sessions of which packets passed by while the firewall rules were gone, or the queue was bypassed.
extension Tracker {
    /// Seconds after the rules are back in which an end at an untranslated number is out of step without further
    /// proof: more than the answer to a question takes.
    static let suspicionSeconds: UInt32 = 10

    /// Asks each end of which lines were rewritten for its position, since its packets may have passed by.
    ///
    /// An end whose packet the other took for old bytes may wait for a reply for ever: if the packet was as long
    /// as the shift, the other end's acknowledgement of what it had before looks like one of the packet. An
    /// end answers an old sequence number with its own next one (RFC 9293, section 3.10.7.4).
    ///
    /// The firewall that has removed the rules may still be loading: the question is repeated after one, three
    /// and seven seconds.
    package mutating func askForPositions(at now: Instant, into output: inout Output) {
        suspectedUntil = now.advanced(bySeconds: Tracker.suspicionSeconds)
        ask(again: 1, at: now, into: &output)
    }

    /// Repeats the question if it is due.
    mutating func repeatQuestion(at now: Instant, into output: inout Output) {
        guard let nextQuestion, nextQuestion <= now else { return }
        ask(again: questionPause * 2, at: now, into: &output)
    }

    /// Asks, and again after a pause unless that is too late.
    private mutating func ask(again pause: UInt32, at now: Instant, into output: inout Output) {
        let due = now.advanced(bySeconds: pause)
        questionPause = pause
        nextQuestion = due < suspectedUntil ? due : nil
        store.forEach { slot in
            guard slot.connection.isPositioned, !slot.connection.isClosed else { return }
            for side in [Session.Side.client, .server]
            where slot.connection.streams[side.rawValue].shift != 0 {
                output.actions.append(.inject(slot.connection.question(to: side)))
            }
        }
    }

    /// Ends a connection whose two ends cannot come back into step, at both ends, so that the client connects
    /// again.
    ///
    /// Packets that passed by had numbers of the sender's space, which the receiver read in its own: it took
    /// them for old bytes, or for later ones. If it has acknowledged bytes that were never seen here, and the
    /// sender goes on just at the untranslated number, some of the bytes are lost for good or doubled: with
    /// translated numbers the receiver would wait for ever, or drop the beginning of the next command. A
    /// receiver that acknowledged nothing such gets the retransmission, and all is well. Bytes that an earlier
    /// daemon passed on without a record of them are no reason: their numbers were translated.
    ///
    /// Shortly after the rules are back, it is enough that the sender is at the untranslated number of what the
    /// receiver expects: it will not send again what it takes for acknowledged.
    mutating func endIfOutOfStep(
        _ connection: inout Connection,
        _ segment: Segment,
        _ side: Session.Side,
        at now: Instant,
        into output: inout Output
    ) {
        let own = side.rawValue
        guard connection.streams[own].shift != 0, !connection.isReset, !connection.isClosed else { return }
        let unseen = connection.streams[own].acknowledgedUnseen
        let isUnseen = unseen.isAfter(connection.streams[own].next)
        let expected = isUnseen ? unseen : connection.streams[own].acknowledged
        guard segment.firstByte == connection.streams[own].output(of: expected),
            isUnseen || now < suspectedUntil && segment.firstByte.isAfter(expected)
        else { return }
        connection.isReset = true
        // The receiver takes the RST only at the number that it expects.
        connection.streams[own].resume(at: expected)
        output.actions.append(.report(.outOfStep(connection.summary, side)))
    }
}
