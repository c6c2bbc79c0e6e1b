/// The addresses that begin with the same bits: `10.2.0.0/16`, `fd02::/64`, or one alone.
package struct AddressPrefix: Hashable, Sendable {
    package let address: IPAddress
    /// Bits that count, from the left: 32 at most for IPv4, 128 for IPv6.
    package let length: Int

    /// Reads `ADDRESS` or `ADDRESS/LENGTH`; `nil` for anything else.
    ///
    /// Refused, for example: `10.2.0.0/33`, `10.2.0.1/16` (bits beyond the length), `10.2.0.0/`.
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

    package func contains(_ other: IPAddress) -> Bool {
        address.isSameFamily(as: other) && Self.bits(of: other) & mask == Self.bits(of: address)
    }

    /// The bits that count.
    private var mask: UInt128 { length == 0 ? 0 : .max << UInt128(128 - length) }

    /// An address, from the left.
    private static func bits(of address: IPAddress) -> UInt128 {
        switch address {
        case .v4(let value): UInt128(value) << 96
        case .v6(let high, let low): UInt128(high) << 64 | UInt128(low)
        }
    }
}
