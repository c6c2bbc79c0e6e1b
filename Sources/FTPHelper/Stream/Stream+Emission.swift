/// What goes on in place of a segment.
extension Stream {
    /// Tells whether the payload of a segment goes on byte for byte.
    func isUntouched(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        let end = position + count
        guard !isProbe(count, at: position, hasFIN: hasFIN) else { return false }
        guard heldCount == 0 || !end.isAfter(heldStart) || count == 0 else { return false }
        for edit in edits where edit.start.isBefore(end) && edit.end.isAfter(position) { return false }
        return !bringsText(count, at: position, hasFIN: hasFIN)
    }

    /// Appends what goes on in place of a payload.
    ///
    /// Whatever part of an edit the segment covers, all of the edit's text goes, so that the same bytes stand at the same
    /// output positions however the sender cuts its retransmissions. A payload that is all held becomes the last byte
    /// before what is held: the receiver has it already, and says so at once.
    ///
    /// - Parameters:
    ///   - payload: may be empty.
    ///   - position: of its first byte.
    ///   - hasFIN: a FIN stands behind it.
    ///   - prefersFirstCopy: takes kept bytes instead of the payload's own, where there are any.
    ///   - limit: size that `packet` may reach; what is beyond is left for the sender to send again.
    ///   - packet: gets the bytes.
    /// - Returns: the output position of the first byte, and whether all of the segment goes on.
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

    /// Output position one byte before what the receiver is to get next: it has that byte already, and whatever stands there
    /// it answers with an acknowledgement of all that it has (RFC 9293, section 3.10.7.4).
    var probe: SequenceNumber { output(of: heldStart) - 1 }

    /// Tells whether a segment is a keep-alive or a window probe, sent while bytes are held.
    ///
    /// It stands one byte before what its sender would send next, where the receiver has everything already and so
    /// answers. The receiver has not got what is held, and would take a probe there for an acknowledgement that needs no
    /// answer; after a few of those the sender gives the connection up.
    private func isProbe(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        heldCount > 0 && count == 0 && !hasFIN && position == next - 1
    }

    /// Tells whether a FIN without payload has to bring bytes that were held until it came.
    private func bringsText(_ count: Int, at position: SequenceNumber, hasFIN: Bool) -> Bool {
        guard count == 0, hasFIN, let last = edits.last else { return false }
        return last.end == position && last.promised == position
    }

    /// Appends the bytes of a payload between two positions.
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
