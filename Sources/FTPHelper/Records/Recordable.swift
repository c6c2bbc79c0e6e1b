// SPDX-License-Identifier: GPL-2.0-or-later

/// A value that a record can contain.
///
/// It is written and read in the same order, and nothing else describes the format.
///
/// Every connection has a record, so records are small: numbers take as many bits as their values need.
protocol Recordable {
    func write(into record: inout RecordWriter)
    init(reading record: inout RecordReader) throws(RecordError)
}

extension Recordable where Self: FixedWidthInteger & UnsignedInteger {
    /// Writes a bit that is 0 for the number 0.
    ///
    /// Otherwise three bits follow with the number of bytes minus one, then the bytes.
    func write(into record: inout RecordWriter) {
        guard self != 0 else { return record.put(UInt8(0), bits: 1) }
        let last = (Self.bitWidth - 1 - leadingZeroBitCount) / 8
        record.put(UInt8(truncatingIfNeeded: last << 1 | 1), bits: 4)
        record.put(self, bits: last * 8 + 8)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self = 0
        guard try record.next(Bool.self) else { return }
        let count = Int(try record.bits(3) as UInt8) * 8 + 8
        guard count <= Self.bitWidth else { throw RecordError() }
        self = try record.bits(count)
        // There is only one way to write a number.
        guard self >> (count - 8) != 0 else { throw RecordError() }
    }
}

extension UInt16: Recordable {}
extension UInt32: Recordable {}
extension UInt64: Recordable {}

extension UInt8: Recordable {
    func write(into record: inout RecordWriter) { record.put(self, bits: 8) }
    init(reading record: inout RecordReader) throws(RecordError) { self = try record.bits(8) }
}

/// A signed number; the sign is the lowest bit.
extension Int: Recordable {
    func write(into record: inout RecordWriter) {
        UInt64(bitPattern: Int64(self << 1 ^ self >> (Int.bitWidth - 1))).write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let bits: UInt64 = try record.next()
        self = Int(truncatingIfNeeded: bits >> 1) ^ -Int(truncatingIfNeeded: bits & 1)
    }
}

extension Bool: Recordable {
    @inline(__always)
    func write(into record: inout RecordWriter) { record.put(UInt8(self ? 1 : 0), bits: 1) }
    init(reading record: inout RecordReader) throws(RecordError) { self = try record.bits(1) as UInt8 != 0 }
}

extension Optional: Recordable where Wrapped: Recordable {
    func write(into record: inout RecordWriter) {
        (self != nil).write(into: &record)
        self?.write(into: &record)
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        self = try record.next(Bool.self) ? try record.next(Wrapped.self) : nil
    }
}

extension Array: Recordable where Element: Recordable {
    func write(into record: inout RecordWriter) {
        count.write(into: &record)
        for element in self { element.write(into: &record) }
    }

    init(reading record: inout RecordReader) throws(RecordError) {
        let count: Int = try record.next()
        // Each element takes at least one bit.
        guard (0...record.remaining).contains(count) else { throw RecordError() }
        self = []
        for _ in 0..<count { append(try record.next()) }
    }
}

extension RawRepresentable where Self: Recordable, RawValue: Recordable {
    func write(into record: inout RecordWriter) { rawValue.write(into: &record) }

    init(reading record: inout RecordReader) throws(RecordError) {
        guard let value = Self(rawValue: try record.next()) else { throw RecordError() }
        self = value
    }
}
