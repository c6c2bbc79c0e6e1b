/// Reads a record from its beginning to its end.
struct RecordReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Tells whether everything has been read.
    var isAtEnd: Bool { remaining == 0 }

    /// Bytes that have not been read.
    var remaining: Int { bytes.count - offset }

    /// The next value.
    mutating func next<Value: Recordable>(_ type: Value.Type = Value.self) throws(RecordError) -> Value {
        try Value(reading: &self)
    }

    mutating func byte() throws(RecordError) -> UInt8 {
        guard offset < bytes.count else { throw RecordError() }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// The next four bytes, in network order.
    mutating func word() throws(RecordError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 { value = value << 8 | UInt32(try byte()) }
        return value
    }
}

extension [UInt8] {
    /// Appends four bytes in network order: for what is as long as that anyhow.
    mutating func appendWord(_ value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}
