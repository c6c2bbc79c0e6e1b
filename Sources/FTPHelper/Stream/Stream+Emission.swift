// SPDX-License-Identifier: GPL-2.0-or-later

/// What is forwarded in place of a segment.
extension Stream {
    /// Tells whether the payload of a segment is forwarded byte for byte.
    func isUntouched(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        let end = position + count
        guard !isProbe(count, at: position, hasFIN: hasFIN) else { return false }
        guard heldCount == 0 || !end.isAfter(heldStart) || count == 0 else { return false }
        for edit in edits where edit.start.isBefore(end) && edit.end.isAfter(position) { return false }
        return !bringsText(count, at: position, hasFIN: hasFIN)
    }

    /// Appends the bytes that are forwarded in place of a payload.
    ///
    /// If the segment covers any part of an edit, the whole text of the edit is sent. The same bytes
    /// therefore have the same output positions, however the sender cuts its retransmissions. If all of the
    /// payload is withheld, the last byte before the withheld ones is sent in its place: the receiver already
    /// has that byte and acknowledges it at once.
    ///
    /// - Parameters:
    ///   - payload: the payload, which may be empty.
    ///   - position: position of its first byte.
    ///   - hasFIN: whether a FIN follows it.
    ///   - prefersFirstCopy: whether kept bytes replace those of the payload.
    ///   - limit: maximum size of `packet` in bytes. The sender has to retransmit what does not fit.
    ///   - packet: receives the bytes.
    /// - Returns: the output position of the first byte, and whether the whole segment is forwarded.
    func emit(
        _ payload: Span<UInt8>,
        at position: SequenceNumber,
        hasFIN: Bool,
        prefersFirstCopy: Bool,
        limit: Int,
        into packet: inout [UInt8]
    ) -> (sequence: SequenceNumber, isWhole: Bool) {
        let end = position + payload.count
        let stop = heldCount > 0 ? SequenceNumber.earlier(end, heldStart) : end
        if heldCount > 0, !payload.isEmpty, !position.isBefore(heldStart) {
            guard let last = copy(heldStart - 1, heldStart).first else {
                return (output(of: position), false)
            }
            packet.append(last)
            return (probe, false)
        }

        guard !isProbe(payload.count, at: position, hasFIN: hasFIN) else {
            return (probe, true)
        }
        var sequence = output(of: position)
        var cursor = position
        for edit in edits where edit.end.isAfter(cursor) && edit.start.isBefore(stop) {
            append(payload, cursor, edit.start, origin: position, prefersFirstCopy, to: &packet)
            packet.append(contentsOf: edit.text)
            cursor = edit.end
        }
        append(payload, cursor, stop, origin: position, prefersFirstCopy, to: &packet)
        if let last = edits.last, bringsText(payload.count, at: position, hasFIN: hasFIN) {
            packet.append(contentsOf: last.text)
            sequence = last.outputStart
        }
        guard packet.count > limit else { return (sequence, stop == end) }
        packet.wipeLast(packet.count - limit)
        return (sequence, false)
    }

    /// Output position one byte before what the receiver expects next.
    ///
    /// The receiver already has that byte, and answers a segment at this position with an acknowledgement of
    /// everything it has (RFC 9293, section 3.10.7.4).
    var probe: SequenceNumber { output(of: heldStart) - 1 }

    /// Tells whether a segment is a keep-alive or a window probe that was sent while bytes are withheld.
    ///
    /// Such a segment is one byte before the sender's next one, where the receiver normally has everything
    /// and answers. But the receiver has not got the withheld bytes. At the translated position it would see
    /// an ordinary acknowledgement, which needs no answer, and the sender would give up the connection after
    /// a few probes.
    private func isProbe(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        heldCount > 0 && count == 0 && !hasFIN && position == next - 1
    }

    /// Tells whether a FIN without payload has to deliver bytes that were withheld until it arrived.
    private func bringsText(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        guard count == 0, hasFIN, let last = edits.last else { return false }
        return last.end == position && last.promised == position
    }

    /// Appends the part of a payload between two positions.
    private func append(
        _ payload: Span<UInt8>,
        _ start: SequenceNumber,
        _ end: SequenceNumber,
        origin: SequenceNumber,
        _ prefersFirstCopy: Bool,
        to packet: inout [UInt8]
    ) {
        guard start.isBefore(end) else { return }
        let offset = origin.distance(to: start)
        let count = start.distance(to: end)
        packet.append(payload, from: offset, count: count)
        if prefersFirstCopy { restoreFirstCopies(in: &packet, count: count, at: start) }
    }
}
