/// Addresses and ports of one direction of a TCP connection, as conntrack has them (`nf_conntrack_tuple`).
package struct Tuple: Hashable, Sendable {
    package var source: Endpoint
    package var destination: Endpoint

    package init(source: Endpoint, destination: Endpoint) {
        self.source = source
        self.destination = destination
    }

    /// As few words as hold it all: every packet is looked up by its tuple.
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
    package var inverted: Tuple { Tuple(source: destination, destination: source) }
}
