// SPDX-License-Identifier: GPL-2.0-or-later

/// Whose sessions somebody traces: an address or a network, of the client or of the server, on either side of
/// NAT; and the port there, if it matters.
package struct TraceTarget: Hashable, Sendable {
    package let prefix: AddressPrefix
    package let port: UInt16?

    package init(_ prefix: AddressPrefix, port: UInt16?) {
        self.prefix = prefix
        self.port = port
    }

    /// Tells whether a control connection is meant.
    package func includes(_ mapping: Mapping) -> Bool {
        [
            mapping.original.source, mapping.original.destination, mapping.reply.source,
            mapping.reply.destination,
        ].contains { prefix.contains($0.address) && (port ?? $0.port) == $0.port }
    }
}
