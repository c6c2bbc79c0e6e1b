// SPDX-License-Identifier: GPL-2.0-or-later

/// The addresses and ports of one direction of a TCP connection, as in conntrack (`nf_conntrack_tuple`).
package struct Tuple: Hashable, Sendable {
    /// The sender of the packets.
    package var source: Endpoint
    /// The receiver of the packets.
    package var destination: Endpoint
    /// The conntrack zone; 0 is the default zone.
    ///
    /// Packets do not tell their zone, so it is 0 in their tuples.
    ///
    /// Both tuples of a connection are in the same zone, or one of them is in zone 0 (`CT --zone-orig`,
    /// `--zone-reply`).
    package var zone: UInt16

    package init(source: Endpoint, destination: Endpoint, zone: UInt16 = 0) {
        self.source = source
        self.destination = destination
        self.zone = zone
    }

    /// Hashes as few words as possible, because every packet is looked up by its tuple.
    ///
    /// The zone is left out, because a packet does not tell it.
    package func hash(into hasher: inout Hasher) {
        if case (.v4(let source), .v4(let destination)) = (source.address, destination.address) {
            hasher.combine(UInt64(source) << 32 | UInt64(destination))
        } else {
            hasher.combine(source.address)
            hasher.combine(destination.address)
        }
        hasher.combine(UInt32(source.port) << 16 | UInt32(destination.port))
    }

    /// The tuple of the opposite direction of a connection without NAT.
    package var inverted: Tuple { Tuple(source: destination, destination: source, zone: zone) }

    /// Tells whether addresses and ports are the same, in any zone.
    package func isAlike(_ other: Tuple) -> Bool {
        source == other.source && destination == other.destination
    }
}
