// SPDX-License-Identifier: GPL-2.0-or-later
extension SequenceNumber: Recordable {
    func write(into record: inout RecordWriter) { record.put(value, bits: 32) }
    init(reading record: inout RecordReader) throws(RecordError) { self.init(try record.bits(32)) }
}

extension Edit: Recordable {
    func write(into record: inout RecordWriter) {
        start.write(into: &record)
        end.write(into: &record)
        outputStart.write(into: &record)
        text.write(into: &record)
        promised.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(
            start: try record.next(),
            end: try record.next(),
            outputStart: try record.next(),
            text: try record.next(),
            promised: try record.next()
        )
    }
}

extension Stream {
    /// Writes what the next daemon needs: positions, edits, withheld bytes, and the unfinished line.
    ///
    /// Early segments and bytes that were already read are left out. The former become a hole that the
    /// receiver acknowledges; the latter cannot be compared with retransmissions any more. Most streams are
    /// plain and take one position, one number and one bit.
    ///
    /// - Parameters:
    ///   - record: receives the values.
    ///   - keepsLine: whether the unfinished line is included. If not, the rest of it will be skipped.
    ///   - count: maximum number of edits; the newest are included.
    @inline(__always)
    func write(into record: inout RecordWriter, keepsLine: Bool, edits count: Int) {
        next.write(into: &record)
        next.distance(to: acknowledged).write(into: &record)
        let isPlain = isPlain && keepsLine
        isPlain.write(into: &record)
        if !isPlain { writeRest(into: &record, keepsLine: keepsLine, edits: count) }
    }

    /// Tells whether everything that arrived was read and forwarded unchanged, and nothing is pending.
    @inline(__always)
    private var isPlain: Bool {
        passed == next && !acknowledgedUnseen.isAfter(next) && !hasFIN && shift == 0 && heldCount == 0
            && !isSkipping && !hasHole && unread == bytes.count && edits.isEmpty
    }

    /// Writes the rest of a stream that is not plain.
    private func writeRest(into record: inout RecordWriter, keepsLine: Bool, edits count: Int) {
        // Includes the byte before the withheld ones, which is sent in their place.
        let heldStart = max(0, bytes.count - (heldCount > 0 ? heldCount + 1 : 0))
        let start = keepsLine ? min(unread, heldStart) : heldStart
        let read = keepsLine ? unread : bytes.count
        // The other positions are close to `next`.
        next.distance(to: passed).write(into: &record)
        next.distance(to: acknowledgedUnseen).write(into: &record)
        next.distance(to: hasFIN ? fin : next).write(into: &record)
        shift.write(into: &record)
        heldCount.write(into: &record)
        hasFIN.write(into: &record)
        isFinished.write(into: &record)
        hasHole.write(into: &record)
        (isSkipping || !keepsLine).write(into: &record)
        if edits.count <= count {
            edits.write(into: &record)
        } else {
            Array(edits.suffix(count)).write(into: &record)
        }
        max(0, read - start).write(into: &record)
        (bytes.count - start).write(into: &record)
        for index in start..<bytes.count { bytes[index].write(into: &record) }
    }
}

extension Stream: Recordable {
    @inline(__always)
    func write(into record: inout RecordWriter) { write(into: &record, keepsLine: true, edits: .max) }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(next: try record.next())
        acknowledged = next + (try record.next())
        guard !(try record.next(Bool.self)) else { return }
        passed = next + (try record.next())
        acknowledgedUnseen = next + (try record.next())
        fin = next + (try record.next())
        shift = try record.next()
        heldCount = try record.next()
        hasFIN = try record.next()
        isFinished = try record.next()
        hasHole = try record.next()
        isSkipping = try record.next()
        edits = try record.next()
        unread = try record.next()
        bytes = try record.next()
        guard (0...bytes.count).contains(heldCount), (0...bytes.count).contains(unread) else {
            throw RecordError()
        }
        scanned = unread
    }
}
