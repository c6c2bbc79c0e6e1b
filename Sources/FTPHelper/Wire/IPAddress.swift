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

    /// Tells whether both addresses belong to the same protocol.
    package func isSameFamily(as other: IPAddress) -> Bool {
        switch (self, other) {
        case (.v4, .v4), (.v6, .v6): true
        default: false
        }
    }
}
