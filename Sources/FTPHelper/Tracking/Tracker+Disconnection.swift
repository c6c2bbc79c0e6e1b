// SPDX-License-Identifier: GPL-2.0-or-later

/// Sessions that the administrator ends.
extension Tracker {
    /// Ends the session with this number: nothing opens any more, and both ends get an RST.
    ///
    /// Each RST has the number that its receiver expects next, as far as that can be known: bytes may be on
    /// their way, or have bypassed the queue. Whatever an end still sends is answered with another RST, as
    /// after a line that ends the connection in strict mode (contract A7).
    ///
    /// - Parameters:
    ///   - id: `ConnectionSummary.id`.
    ///   - now: the time.
    ///   - output: receives the actions.
    /// - Returns: how many sessions have the number; none of them is ended unless it is 1.
    package mutating func disconnect(_ id: UInt32, at now: Instant, into output: inout Output) -> Int {
        var found: [ConnectionStore.Slot] = []
        store.forEach { if $0.connection.isListed, $0.connection.entryID == id { found.append($0) } }
        guard found.count == 1 else { return found.count }
        update(found[0]) { $0.disconnect(&$1, at: now, into: &output) }
        return 1
    }

    private mutating func disconnect(
        _ connection: inout Connection,
        at now: Instant,
        into output: inout Output
    ) {
        requeue(&connection, into: &output)
        connection.demandReset()
        close(&connection, at: now, into: &output)
        for side in [Session.Side.client, .server] {
            let (own, other) = (side.rawValue, side.other.rawValue)
            connection.streams[own].stop()
            let packet = BarePacket.bytes(
                side == .client ? connection.mapping.original : connection.mapping.reply,
                [.rst, .ack],
                sequence: connection.streams[own].output(of: connection.streams[own].heldStart),
                acknowledgement: connection.streams[other].next
            )
            output.actions.append(.inject(packet))
        }
        forgetBytes(of: &connection)
    }
}
