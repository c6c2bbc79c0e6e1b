// SPDX-License-Identifier: GPL-2.0-or-later
extension Expectation.Access.Active: Recordable {
    func write(into record: inout RecordWriter) {
        UInt8(Self.allCases.firstIndex(of: self) ?? 0).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let index = Int(try record.next(UInt8.self))
        guard Self.allCases.indices.contains(index) else { throw RecordError() }
        self = Self.allCases[index]
    }
}

extension EncryptedSession: Recordable {
    func write(into record: inout RecordWriter) { write(into: &record, liveCount: .max) }

    /// Writes the session with the newest `liveCount` of its data connections.
    func write(into record: inout RecordWriter, liveCount: Int) {
        ports.lowerBound.write(into: &record)
        ports.upperBound.write(into: &record)
        active.write(into: &record)
        maximum.write(into: &record)
        Array(live.suffix(liveCount)).write(into: &record)
    }

    convenience init(reading record: inout RecordReader) throws(RecordError) {
        let first: UInt16 = try record.next()
        let last: UInt16 = try record.next()
        guard first <= last else { throw RecordError() }
        self.init(
            Expectation.Access(
                ports: first...last,
                active: try record.next(),
                maximum: try record.next(),
                live: 0
            )
        )
        restore(try record.next())
    }
}
