extension Span where Element == UInt8 {
    /// The number in network order that fills `range` exactly; `nil` if it does not, or if there are no such bytes.
    func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type, at range: Range<Int>) -> Number?
    {
        guard range.count == Number.bitWidth / 8, range.lowerBound >= 0, range.upperBound <= count else {
            return nil
        }
        var result: Number = 0
        for index in range { result = result << 8 | Number(self[index]) }
        return result
    }

    /// The number in host order at `offset`; `nil` unless it ends before `end` and the bytes are there.
    func hostNumber<Number: FixedWidthInteger & UnsignedInteger>(
        _: Number.Type,
        at offset: Int,
        before end: Int
    ) -> Number? {
        let range = offset..<offset + Number.bitWidth / 8
        guard range.upperBound <= end else { return nil }
        // The bytes read most significant first, as a number: its `bigEndian` is what a load would have given.
        return number(Number.self, at: range)?.bigEndian
    }
}
