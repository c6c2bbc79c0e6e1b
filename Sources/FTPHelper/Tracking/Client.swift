// SPDX-License-Identifier: GPL-2.0-or-later

/// The unit to which shares of limited resources apply: an IPv4 address, or the first 64 bits of an IPv6
/// address, because a host can choose the rest freely.
struct Client: Hashable, Sendable {
    private let prefix: IPAddress

    init(_ address: IPAddress) {
        prefix =
            switch address {
            case .v4: address
            case .v6(let high, _): .v6(high: high, low: 0)
            }
    }
}
