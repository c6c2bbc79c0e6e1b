// SPDX-License-Identifier: GPL-2.0-or-later

/// The clients or servers whose sessions are traced: an address or a network, on either side of NAT, and a
/// port there, if one was given.
package struct TraceTarget: Hashable, Sendable {
    package let prefix: AddressPrefix
    package let port: UInt16?

    package init(_ prefix: AddressPrefix, port: UInt16?) {
        self.prefix = prefix
        self.port = port
    }

    /// Tells whether a control connection matches.
    package func includes(_ mapping: Mapping) -> Bool {
        [
            mapping.original.source, mapping.original.destination, mapping.reply.source,
            mapping.reply.destination,
        ].contains { prefix.contains($0.address) && (port ?? $0.port) == $0.port }
    }
}
