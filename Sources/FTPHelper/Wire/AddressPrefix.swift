// SPDX-License-Identifier: GPL-2.0-or-later

/// A range of addresses that share their leading bits: `10.2.0.0/16`, `fd02::/64`, or a single address.
package struct AddressPrefix: Hashable, Sendable {
    /// The first address; the bits behind `length` are 0.
    package let address: IPAddress
    /// Number of leading bits that have to match: 0 to 32 for IPv4, 0 to 128 for IPv6.
    package let length: Int

    /// Parses `ADDRESS` or `ADDRESS/LENGTH`; `nil` for anything else.
    ///
    /// Refused, for example: `10.2.0.0/33`, `10.2.0.1/16` (host bits are set), `10.2.0.0/`.
    package init?(parsing text: Span<UInt8>) {
        var end = 0
        while end < text.count, text[end] != UInt8(ascii: "/") { end += 1 }
        guard let address = IPAddress(parsing: text.extracting(0..<end)) else { return nil }
        self.address = address
        let size: UInt32 = address.isSameFamily(as: .v4(0)) ? 32 : 128
        if end == text.count {
            length = Int(size)
        } else {
            var offset = end + 1
            guard let number = Decimal.parse(text, at: &offset, upTo: size), offset == text.count else {
                return nil
            }
            length = Int(number)
        }
        guard Self.bits(of: address) & ~mask == 0 else { return nil }
    }

    /// Tells whether an address belongs to the range; never true for an address of the other family.
    package func contains(_ other: IPAddress) -> Bool {
        address.isSameFamily(as: other) && Self.bits(of: other) & mask == Self.bits(of: address)
    }

    /// A mask of the leading bits.
    private var mask: UInt128 { length == 0 ? 0 : .max << UInt128(128 - length) }

    /// An address as a 128-bit number; IPv4 occupies the upper 32 bits.
    private static func bits(of address: IPAddress) -> UInt128 {
        switch address {
        case .v4(let value): UInt128(value) << 96
        case .v6(let high, let low): UInt128(high) << 64 | UInt128(low)
        }
    }
}
