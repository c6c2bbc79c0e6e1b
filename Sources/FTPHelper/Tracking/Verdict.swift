/// What becomes of a control packet.
package enum Verdict: Hashable, Sendable {
    /// Goes on unchanged (`NF_ACCEPT`).
    case accept
    /// Goes on with the bytes in `Output.packet` instead of its own.
    case replace
    /// Goes no further (`NF_DROP`); its sender will send it again.
    case drop
    /// Nothing is known of its connection: ask conntrack for this tuple, tell `Tracker.learn`, and come again.
    ///
    /// If conntrack has none, or cannot be asked: `Tracker.refuseUnmapped(_:into:)`, and the packet goes on.
    case needsMapping(Tuple)
    /// It came in by an interface that no packet of its sender came in by before: find out whether the sender can be there, tell
    /// `Tracker.vouch(for:)`, and come again.
    ///
    /// If not: `Tracker.refuseForged(_:into:)`, and the packet goes on unread.
    case needsOrigin(PacketOrigin)
}
