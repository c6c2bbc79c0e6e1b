// SPDX-License-Identifier: GPL-2.0-or-later
extension TransferCommand: Recordable {
    func write(into record: inout RecordWriter) {
        record.put(UInt8(TransferCommand.allCases.firstIndex(of: self) ?? 0), bits: 3)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let index = Int(try record.bits(3) as UInt8)
        guard TransferCommand.allCases.indices.contains(index) else { throw RecordError() }
        self = TransferCommand.allCases[index]
    }
}

extension DataConnection: Recordable {
    func write(into record: inout RecordWriter) {
        id.write(into: &record)
        kind.write(into: &record)
        original.write(into: &record)
        headerSize.write(into: &record)
        handshakeSurplus.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        id = try record.next()
        kind = try record.next()
        original = try record.next()
        headerSize = try record.next()
        handshakeSurplus = try record.next()
        // The sizes of headers: 20 to 60 bytes of IPv4, 40 of IPv6 with extensions, 20 to 60 of TCP.
        guard (0...65_535).contains(headerSize), (0...65_535).contains(handshakeSurplus) else {
            throw RecordError()
        }
    }
}

extension Transfer {
    /// Writes what the next daemon needs to report the transfer when it ends; conntrack has the bytes.
    func write(into record: inout RecordWriter) {
        command.write(into: &record)
        ordinal.write(into: &record)
        path.write(into: &record)
        isASCII.write(into: &record)
        size.write(into: &record)
        offset.write(into: &record)
        data.write(into: &record)
        began.nanoseconds.write(into: &record)
        (replied != nil).write(into: &record)
        guard let replied else { return }
        replied.nanoseconds.write(into: &record)
        reply.write(into: &record)
    }

    /// Restores the transfer; conntrack is asked at once.
    init(reading record: inout RecordReader, at now: Instant) throws(RecordError) {
        self.init(at: now)
        command = try record.next()
        ordinal = try record.next()
        path = try record.next()
        isASCII = try record.next()
        size = try record.next()
        offset = try record.next()
        data = try record.next()
        began = try record.instant()
        due = data == nil ? nil : now
        guard try record.next(Bool.self) else { return }
        replied = try record.instant()
        reply = try record.next()
    }
}
