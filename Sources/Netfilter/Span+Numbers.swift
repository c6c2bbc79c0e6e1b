// SPDX-License-Identifier: GPL-2.0-or-later
extension Span where Element == UInt8 {
    /// The number in network byte order in `range`; `nil` if the range has another size or exceeds the span.
    func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type, at range: Range<Int>) -> Number?
    {
        guard range.count == Number.bitWidth / 8, range.lowerBound >= 0, range.upperBound <= count else {
            return nil
        }
        var result: Number = 0
        for index in range { result = result << 8 | Number(self[index]) }
        return result
    }

    /// The number in host byte order at `offset`; `nil` if it exceeds `end` or the span.
    func hostNumber<Number: FixedWidthInteger & UnsignedInteger>(
        _: Number.Type,
        at offset: Int,
        before end: Int
    ) -> Number? {
        let range = offset..<offset + Number.bitWidth / 8
        guard range.upperBound <= end else { return nil }
        // `number` reads network byte order, so on a little-endian machine `bigEndian` swaps the bytes back.
        return number(Number.self, at: range)?.bigEndian
    }
}
