/// Reads a record from its beginning to its end, as `RecordWriter` writes it.
struct RecordReader {
    private let words: [UInt64]
    /// The next bit.
    private var offset = 0

    init(_ words: [UInt64]) { self.words = words }

    /// Bits that have not been read.
    var remaining: Int { words.count * 64 - offset }

    /// Tells whether everything has been read, and what fills the last word up is 0.
    var isAtEnd: Bool { remaining == 0 || remaining < 64 && words[offset / 64] >> UInt64(offset % 64) == 0 }

    /// The next value.
    mutating func next<Value: Recordable>(_ type: Value.Type = Value.self) throws(RecordError) -> Value {
        try Value(reading: &self)
    }

    /// The number in the next bits: at least one, and no more than there are in it.
    mutating func bits<Number: FixedWidthInteger & UnsignedInteger>(_ count: Int) throws(RecordError)
        -> Number
    {
        guard count <= remaining else { throw RecordError() }
        let start = offset % 64
        var value = words[offset / 64] >> UInt64(start)
        if start + count > 64 { value |= words[offset / 64 + 1] << UInt64(64 - start) }
        offset += count
        return Number(truncatingIfNeeded: value & (UInt64.max >> UInt64(64 - count)))
    }
}
