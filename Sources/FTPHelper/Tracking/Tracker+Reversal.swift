// SPDX-License-Identifier: GPL-2.0-or-later

/// Connections whose conntrack entry has the opposite direction.
///
/// After `conntrack -F`, the next packet creates the entry again. If it is a packet of the server, the server
/// counts as the one that opened the connection, *from* its port. Without NAT, the entry still describes the
/// same connection. With NAT, the packet does not even reach the client.
extension Tracker {
    /// Tells whether a packet from a server's port that is the first of its conntrack entry, or a packet of a
    /// watched connection, belongs to a connection that is followed.
    ///
    /// Other connections may have such a port, too.
    package func mayBeReversed(_ arrival: HashedSegment) -> Bool {
        guard let (slot, _) = store.slot(of: arrival) else { return false }
        return slot.connection.isPositioned && !slot.connection.hasKernelHelper
            && !slot.connection.mapping.isTranslated
    }

    /// Records that a packet of the server creates the conntrack entry, and has the following packets of both
    /// sides queued.
    package mutating func markReversed(_ arrival: HashedSegment, into output: inout Output) {
        guard let (slot, side) = store.slot(of: arrival), side == .server else { return }
        noteDirection(of: slot, isReversed: true, into: &output)
    }

    /// Records the direction in which conntrack has a connection.
    mutating func noteDirection(of mapping: Mapping, isReversed: Bool, into output: inout Output) {
        guard let slot = slot(of: mapping) else { return }
        noteDirection(of: slot, isReversed: isReversed, into: &output)
    }

    private mutating func noteDirection(
        of slot: ConnectionStore.Slot,
        isReversed: Bool,
        into output: inout Output
    ) {
        let mapping = slot.connection.mapping
        guard slot.connection.isReversed != isReversed else { return }
        update(slot) { $1.isReversed = isReversed }
        output.actions.append(isReversed ? .watch(mapping) : .unwatch(mapping))
    }
}
