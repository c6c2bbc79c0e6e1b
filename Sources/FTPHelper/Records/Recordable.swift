/// What a record can hold: it is written and read in the same order, and nothing else describes it.
///
/// Records are small, since every connection has one: numbers take as many bytes as their values need.
protocol Recordable {
    func write(into record: inout [UInt8])
    init(reading record: inout RecordReader) throws(RecordError)
}

extension Recordable where Self: FixedWidthInteger & UnsignedInteger {
    /// Writes seven bits a byte, the lowest first; the eighth says that more follow (LEB128).
    func write(into record: inout [UInt8]) {
        var rest = self
        while rest > 0x7f {
            record.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        record.append(UInt8(truncatingIfNeeded: rest))
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self = 0
        var shift = 0
        while true {
            let byte = try record.byte()
            guard shift < Self.bitWidth, let bits = Self(exactly: byte & 0x7f),
                (bits << shift) >> shift == bits
            else { throw RecordError() }
            self |= bits << shift
            guard byte > 0x7f else { return }
            shift += 7
        }
    }
}

extension UInt16: Recordable {}
extension UInt32: Recordable {}
extension UInt64: Recordable {}

extension UInt8: Recordable {
    func write(into record: inout [UInt8]) { record.append(self) }
    init(reading record: inout RecordReader) throws(RecordError) { self = try record.byte() }
}

/// A number of either sign: the sign is the lowest bit.
extension Int: Recordable {
    func write(into record: inout [UInt8]) {
        UInt64(bitPattern: Int64(self << 1 ^ self >> (Int.bitWidth - 1))).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let bits: UInt64 = try record.next()
        self = Int(truncatingIfNeeded: bits >> 1) ^ -Int(truncatingIfNeeded: bits & 1)
    }
}

extension Bool: Recordable {
    func write(into record: inout [UInt8]) { record.append(self ? 1 : 0) }
    init(reading record: inout RecordReader) throws(RecordError) { self = try record.byte() != 0 }
}

extension Optional: Recordable where Wrapped: Recordable {
    func write(into record: inout [UInt8]) {
        (self != nil).write(into: &record)
        self?.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self = try record.next(Bool.self) ? try record.next(Wrapped.self) : nil
    }
}

extension Array: Recordable where Element: Recordable {
    func write(into record: inout [UInt8]) {
        count.write(into: &record)
        for element in self { element.write(into: &record) }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let count: Int = try record.next()
        // No element takes less than a byte.
        guard (0...record.remaining).contains(count) else { throw RecordError() }
        self = []
        for _ in 0..<count { append(try record.next()) }
    }
}

extension RawRepresentable where Self: Recordable, RawValue: Recordable {
    func write(into record: inout [UInt8]) { rawValue.write(into: &record) }

    init(reading record: inout RecordReader) throws(RecordError) {
        guard let value = Self(rawValue: try record.next()) else { throw RecordError() }
        self = value
    }
}
