// SPDX-License-Identifier: GPL-2.0-or-later

/// Reads the values of a record in the order in which `RecordWriter` wrote them.
struct RecordReader {
    private let words: [UInt64]
    /// Nanoseconds to add to a time of the writer's clock to get one of this machine's.
    private let clockShift: Int64
    /// Index of the next bit.
    private var offset = 0

    init(_ words: [UInt64], clockShift: Int64 = 0) {
        self.words = words
        self.clockShift = clockShift
    }

    /// Number of bits that have not been read.
    var remaining: Int { words.count * 64 - offset }

    /// Tells whether everything has been read and the padding of the last word is 0.
    var isAtEnd: Bool { remaining == 0 || remaining < 64 && words[offset / 64] >> UInt64(offset % 64) == 0 }

    /// Reads the next value.
    mutating func next<Value: Recordable>(_ type: Value.Type = Value.self) throws(RecordError) -> Value {
        try Value(reading: &self)
    }

    /// Reads a time of the writer's clock as one of this machine's; the earliest there is if it was before that.
    mutating func instant() throws(RecordError) -> Instant {
        let nanoseconds: UInt64 = try next()
        return Instant(nanoseconds: nanoseconds.shifted(by: clockShift))
    }

    /// Reads whole seconds of the writer's clock as those of this machine's.
    mutating func second() throws(RecordError) -> Int {
        let seconds = UInt64(try bits(32) as UInt32)
        return Int(clamping: (seconds * 1_000_000_000).shifted(by: clockShift) / 1_000_000_000)
    }

    /// Reads a number of `count` bits, at least 1 and at most the width of the number.
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

extension UInt64 {
    /// The sum with a signed number; 0 or the largest number if that is beyond the range.
    fileprivate func shifted(by other: Int64) -> UInt64 {
        let (sum, isOver) =
            other < 0
            ? subtractingReportingOverflow(other.magnitude) : addingReportingOverflow(other.magnitude)
        return isOver ? (other < 0 ? 0 : .max) : sum
    }
}
