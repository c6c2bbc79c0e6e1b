// SPDX-License-Identifier: GPL-2.0-or-later

/// One end of a TCP connection: an address and a port in host order.
package struct Endpoint: Hashable, Sendable {
    /// The IP address.
    package var address: IPAddress
    /// The TCP port in host order.
    package var port: UInt16

    package init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension Endpoint: CustomStringConvertible {
    /// `10.2.0.2:5001` or `[fd01::2]:5001`, the form that all JSON output uses.
    package var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }
}
