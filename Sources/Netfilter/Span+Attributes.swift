// SPDX-License-Identifier: GPL-2.0-or-later
extension Span where Element == UInt8 {
    /// Where the value of the first attribute of a type lies, among the attributes in `range`; `nil` if there is none.
    func attribute(_ type: UInt32, in range: Range<Int>) -> Range<Int>? {
        var attributes = NetlinkAttributes(in: range)
        while let attribute = attributes.next(in: self) {
            if attribute.type == type { return attribute.value }
        }
        return nil
    }

    /// The number, in network byte order, in the first attribute of a type; `nil` without one or if its size differs.
    func number<Number: FixedWidthInteger & UnsignedInteger>(
        _: Number.Type,
        _ type: UInt32,
        in range: Range<Int>
    ) -> Number? {
        attribute(type, in: range).flatMap { number(Number.self, at: $0) }
    }
}
