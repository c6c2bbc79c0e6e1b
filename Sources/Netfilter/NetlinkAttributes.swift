import CNetfilter

/// Walks the attributes of a message, or of an attribute that holds others, from the first on.
///
/// No length is trusted, the kernel's neither: one that is shorter than its own header, or reaches beyond the
/// range, ends the walk, and every step goes forward.
package struct NetlinkAttributes {
    /// One attribute: its type, and where its value lies in the bytes walked.
    package struct Attribute {
        /// `nla_type` without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
        package let type: Int
        package let value: Range<Int>
    }

    private var offset: Int
    private let end: Int

    /// Walks the bytes in `range`, which need not be there.
    package init(in range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next attribute, or `nil` where there is none that is whole.
    package mutating func next(in bytes: borrowing Span<UInt8>) -> Attribute? {
        guard
            let size = bytes.hostNumber(UInt16.self, at: offset, before: end),
            let type = bytes.hostNumber(UInt16.self, at: offset + 2, before: end),
            size >= 4, size <= end - offset, end <= bytes.count
        else { return nil }
        let value = offset + 4..<offset + Int(size)
        offset += min((Int(size) + 3) & ~3, end - offset)
        return Attribute(type: Int(type) & ~Int(NLA_F_NESTED | NLA_F_NET_BYTEORDER), value: value)
    }
}
