/// Addresses and ports of one direction of a TCP connection, as conntrack has them (`nf_conntrack_tuple`).
package struct Tuple: Hashable, Sendable {
    package var source: Endpoint
    package var destination: Endpoint

    package init(source: Endpoint, destination: Endpoint) {
        self.source = source
        self.destination = destination
    }

    /// The same connection seen from the other end, were there no NAT.
    package var inverted: Tuple { Tuple(source: destination, destination: source) }
}
