/// An IPv4 or IPv6 address.
///
/// The numbers are in host order: `10.1.0.2` is `.v4(0x0a01_0002)`, `fd01::2` is `.v6(0xfd01 << 48, 2)`.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Tells whether the address names no host at all, as `0.0.0.0` and `::` do.
    package var isUnspecified: Bool {
        switch self {
        case .v4(let value): value == 0
        case .v6(let high, let low): high == 0 && low == 0
        }
    }

    /// Tells whether the address is one of those that networks use inside (RFC 1918, RFC 6598, RFC 4193).
    package var isPrivate: Bool {
        switch self {
        case .v4(let value):
            value >> 24 == 10 || value >> 20 == 0xac1 || value >> 16 == 0xc0a8 || value >> 22 == 0x6440 >> 6
        case .v6(let high, _): high >> 57 == 0xfc >> 1
        }
    }

    /// Tells whether nobody beyond the own link can connect to the address: it names no host, the host itself, one on the
    /// link (RFC 3927; RFC 4291, section 2.5.6), or many.
    package var isUnreachable: Bool {
        switch self {
        case .v4(let value):
            value >> 24 == 0 || value >> 24 == 127 || value >> 16 == 0xa9fe || value >> 28 >= 14
        case .v6(let high, let low):
            high == 0 && low <= 1 || high >> 54 == 0x3fa || high >> 56 == 0xff
        }
    }

    /// Tells whether both addresses belong to the same protocol.
    package func isSameFamily(as other: IPAddress) -> Bool {
        switch (self, other) {
        case (.v4, .v4), (.v6, .v6): true
        default: false
        }
    }
}
