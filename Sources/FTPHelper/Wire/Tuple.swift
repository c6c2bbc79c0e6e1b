/// Addresses and ports of one direction of a TCP connection, as conntrack has them (`nf_conntrack_tuple`).
package struct Tuple: Hashable, Sendable {
    package var source: Endpoint
    package var destination: Endpoint
    /// The conntrack zone that it is in; 0 is the one of all that no rule puts elsewhere, and of a packet, which does not tell.
    ///
    /// The two tuples of a connection are in the same zone, or one of them is in zone 0 (`CT --zone-orig`, `--zone-reply`).
    package var zone: UInt16

    package init(source: Endpoint, destination: Endpoint, zone: UInt16 = 0) {
        self.source = source
        self.destination = destination
        self.zone = zone
    }

    /// As few words as hold it all: every packet is looked up by its tuple, whose zone it does not tell.
    package func hash(into hasher: inout Hasher) {
        if case (.v4(let source), .v4(let destination)) = (source.address, destination.address) {
            hasher.combine(UInt64(source) << 32 | UInt64(destination))
        } else {
            hasher.combine(source.address)
            hasher.combine(destination.address)
        }
        hasher.combine(UInt32(source.port) << 16 | UInt32(destination.port))
    }

    /// The same connection seen from the other end, were there no NAT.
    package var inverted: Tuple { Tuple(source: destination, destination: source, zone: zone) }

    /// Tells whether addresses and ports are the same, in whatever zones.
    package func isAlike(_ other: Tuple) -> Bool {
        source == other.source && destination == other.destination
    }
}
