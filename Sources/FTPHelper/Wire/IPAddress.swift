// SPDX-License-Identifier: GPL-2.0-or-later

/// An IPv4 or IPv6 address.
///
/// The values are in host byte order: `10.1.0.2` is `.v4(0x0a01_0002)`, and the high half of `fd01::2` is
/// `0xfd01 << 48`.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Tells whether this is the unspecified address, `0.0.0.0` or `::`.
    package var isUnspecified: Bool {
        switch self {
        case .v4(let value): value == 0
        case .v6(let high, let low): high == 0 && low == 0
        }
    }

    /// Tells whether the address belongs to a private range (RFC 1918, RFC 6598, RFC 4193).
    package var isPrivate: Bool {
        switch self {
        case .v4(let value):
            value >> 24 == 10 || value >> 20 == 0xac1 || value >> 16 == 0xc0a8 || value >> 22 == 0x6440 >> 6
        case .v6(let high, _): high >> 57 == 0xfc >> 1
        }
    }

    /// Tells whether no host outside the local link can connect to the address: it is unspecified, loopback,
    /// link-local (RFC 3927; RFC 4291, section 2.5.6), multicast or reserved.
    package var isUnreachable: Bool {
        switch self {
        case .v4(let value):
            value >> 24 == 0 || value >> 24 == 127 || value >> 16 == 0xa9fe || value >> 28 >= 14
        case .v6(let high, let low):
            high == 0 && low <= 1 || high >> 54 == 0x3fa || high >> 56 == 0xff
        }
    }

    /// Tells whether it is a link-local IPv6 address (fe80::/10; RFC 4291, section 2.5.6).
    package var isLinkLocal: Bool {
        if case .v6(let high, _) = self { high >> 54 == 0xfe80 >> 6 } else { false }
    }

    /// Tells whether both addresses are IPv4 or both are IPv6.
    package func isSameFamily(as other: IPAddress) -> Bool {
        switch (self, other) {
        case (.v4, .v4), (.v6, .v6): true
        default: false
        }
    }
}
