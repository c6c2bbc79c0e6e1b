// SPDX-License-Identifier: GPL-2.0-or-later

/// Origin of packets (contract S3b).
extension Tracker {
    /// Accepts the origin of a packet: its sender can be behind the interface.
    ///
    /// The packet may then be received again.
    package mutating func acceptOrigin(of arrival: HashedSegment) {
        guard let (slot, side) = store.slot(of: arrival) else { return }
        update(slot) { $1.interfaces[side.rawValue] = arrival.interface }
    }

    /// Reports a forged packet: its sender cannot be behind the interface.
    ///
    /// The packet is forwarded unread; the kernel's filters or the firewall drop it.
    package mutating func refuseForged(_ arrival: HashedSegment, into output: inout Output) {
        let tuple = store.slot(of: arrival)?.slot.connection.mapping.original ?? arrival.segment.tuple
        report(Refusal(reason: .forged, kind: nil, connection: tuple, line: []), into: &output)
    }

    /// Returns what has to be checked before a packet is read; `nil` if it arrived through its sender's usual
    /// interface.
    func unknownOrigin(
        of arrival: HashedSegment,
        on connection: borrowing Connection,
        from side: Session.Side
    ) -> PacketOrigin? {
        guard arrival.interface != 0, arrival.interface != connection.interfaces[side.rawValue] else {
            return nil
        }
        return PacketOrigin(
            sender: connection.ownAddress(of: side),
            receiver: connection.ownAddress(of: side.other),
            interface: arrival.interface,
            receiverInterface: connection.interfaces[side.other.rawValue],
            isTranslated: connection.isShownOtherwise(.client) || connection.isShownOtherwise(.server)
        )
    }
}
