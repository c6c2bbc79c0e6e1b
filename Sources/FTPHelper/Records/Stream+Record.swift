extension SequenceNumber: Recordable {
    func write(into record: inout [UInt8]) { record.appendWord(value) }
    init(reading record: inout RecordReader) throws(RecordError) { self.init(try record.word()) }
}

extension Edit: Recordable {
    func write(into record: inout [UInt8]) {
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
    /// Writes what it takes to go on: positions, edits, what is withheld, and the line that has not ended.
    ///
    /// What came too early is left out, and so is what was read already: the one is then a hole that gets acknowledged, the
    /// other cannot be compared with retransmissions any more.
    ///
    /// - Parameters:
    ///   - record: gets the bytes.
    ///   - isSecret: the line that has not ended is none for the record; what is still to come of it will be passed over.
    func write(into record: inout [UInt8], isSecret: Bool) {
        let start =
            isSecret ? bytes.count : max(0, min(unread, bytes.count - (heldCount > 0 ? heldCount + 1 : 0)))
        initial.write(into: &record)
        next.write(into: &record)
        // The others are not far from there.
        next.distance(to: acknowledged).write(into: &record)
        next.distance(to: passed).write(into: &record)
        next.distance(to: acknowledgedUnseen).write(into: &record)
        next.distance(to: hasFIN ? fin : next).write(into: &record)
        shift.write(into: &record)
        heldCount.write(into: &record)
        Flags(hasFIN, isFinished, isSkipping || isSecret).write(into: &record)
        edits.write(into: &record)
        max(0, unread - start).write(into: &record)
        (bytes.count - start).write(into: &record)
        record += bytes[start...]
    }
}

extension Stream: Recordable {
    func write(into record: inout [UInt8]) { write(into: &record, isSecret: false) }

    init(reading record: inout RecordReader) throws(RecordError) {
        self.init(next: try record.next())
        next = try record.next()
        acknowledged = next + (try record.next())
        passed = next + (try record.next())
        acknowledgedUnseen = next + (try record.next())
        fin = next + (try record.next())
        shift = try record.next()
        heldCount = try record.next()
        let flags: Flags = try record.next()
        hasFIN = flags[0]
        isFinished = flags[1]
        isSkipping = flags[2]
        edits = try record.next()
        unread = try record.next()
        bytes = try record.next()
        guard (0...bytes.count).contains(heldCount), (0...bytes.count).contains(unread) else {
            throw RecordError()
        }
        scanned = unread
        previousNext = next
        previousHeldStart = heldStart
    }
}
