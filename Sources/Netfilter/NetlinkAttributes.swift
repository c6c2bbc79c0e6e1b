// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter

/// Iterates over the attributes of a message or of a nested attribute.
///
/// Every length is checked, although the kernel wrote it: an attribute that is shorter than its header or reaches past the
/// range ends the iteration, and every step advances.
package struct NetlinkAttributes {
    /// One attribute: its type, and where its value lies in the bytes.
    package struct Attribute {
        /// `nla_type` without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
        package let type: Int
        package let value: Range<Int>
    }

    private var offset: Int
    private let end: Int

    /// Iterates over the bytes in `range`, which may exceed those that `next` is given.
    package init(in range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Returns the next attribute; `nil` at the end or if it is not complete.
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
