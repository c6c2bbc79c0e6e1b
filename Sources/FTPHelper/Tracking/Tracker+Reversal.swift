/// Connections that conntrack has the wrong way round.
///
/// After `conntrack -F` a connection's next packet makes its entry anew, and where that is the server's, the server counts as who
/// has opened the connection: its port is then the one that the connection comes *from*. Such an entry is still the same
/// connection, if there is no NAT; where there is, the packet does not even find its way.
extension Tracker {
    /// Tells whether a packet that comes from a server's port as the first of its connection, or that is of one that is
    /// watched, is of a connection that is followed; others merely have such a port.
    package func mayBeReversed(_ arrival: HashedSegment) -> Bool {
        guard let (connection, _) = connection(of: arrival) else { return false }
        return connection.isPositioned && !connection.isHelped && !connection.mapping.isTranslated
    }

    /// The server's packet makes conntrack's entry: has the packets of both sides queued that come after it.
    package mutating func markReversed(_ arrival: HashedSegment, into output: inout Output) {
        guard let (connection, side) = connection(of: arrival), side == .server else { return }
        noteDirection(of: connection, isReversed: true, into: &output)
    }

    /// Conntrack has a connection the right way round, or it has not.
    package mutating func noteDirection(of mapping: Mapping, isReversed: Bool, into output: inout Output) {
        guard let connection = connection(of: mapping.original), connection.mapping == mapping else { return }
        noteDirection(of: connection, isReversed: isReversed, into: &output)
    }

    private mutating func noteDirection(
        of connection: Connection,
        isReversed: Bool,
        into output: inout Output
    ) {
        guard connection.isReversed != isReversed else { return }
        connection.isReversed = isReversed
        note(connection)
        output.actions.append(isReversed ? .watch(connection.mapping) : .unwatch(connection.mapping))
    }
}
