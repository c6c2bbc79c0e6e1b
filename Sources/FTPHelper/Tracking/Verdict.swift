// SPDX-License-Identifier: GPL-2.0-or-later

/// The verdict on a control packet.
package enum Verdict: Hashable, Sendable {
    /// Forward the packet unchanged (`NF_ACCEPT`).
    case accept
    /// Forward `Output.packet` in its place.
    case replace
    /// Drop the packet (`NF_DROP`); its sender will retransmit it.
    case drop
    /// The connection is not known. Look up the tuple in conntrack, call `Tracker.learn`, and pass the packet
    /// to `Tracker.receive` again.
    ///
    /// If there is no entry or conntrack cannot be asked, call `Tracker.refuseUnmapped(_:into:)` and forward
    /// the packet.
    case needsMapping(Tuple)
    /// The packet arrived through an interface that its sender has not used before. If the routes allow it,
    /// call `Tracker.acceptOrigin(of:)` and pass the packet to `Tracker.receive` again.
    ///
    /// If not, call `Tracker.refuseForged(_:into:)` and forward the packet unread.
    case needsOrigin(PacketOrigin)
}
