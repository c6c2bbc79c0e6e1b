// SPDX-License-Identifier: GPL-2.0-or-later

/// The addresses that a line may announce besides its sender's own (contract A3, A4; the key `loose`).
package enum HonouredAddresses: Hashable, Sendable {
    /// Maximum number of hosts: each one costs an element in the pinhole set for each active expectation.
    package static let maximumCount = 16

    case none
    /// Any address, as with `loose=1` of the kernel's helper.
    case any
    /// The hosts of a server farm, which may also open active data connections in place of the server.
    case hosts([IPAddress])

    /// Tells whether an announcement of this address is honoured.
    func contains(_ address: IPAddress) -> Bool {
        switch self {
        case .none: false
        case .any: !address.isUnspecified
        case .hosts(let hosts): hosts.contains(address)
        }
    }

    /// The hosts that may open the data connections of a server besides the server itself.
    func others(than server: IPAddress) -> [IPAddress] {
        switch self {
        case .none, .any: []
        case .hosts(let hosts): hosts.filter { $0 != server && $0.isSameFamily(as: server) }
        }
    }
}
