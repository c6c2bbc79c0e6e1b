// SPDX-License-Identifier: GPL-2.0-or-later

/// A request to the shell, to be performed in the given order and before the packet that caused it is
/// forwarded.
///
/// The order is part of the interface: what a packet announces is open in the kernel before the packet is
/// forwarded. What the kernel answers goes to `Tracker.complete` once all actions are performed.
package enum Action: Hashable, Sendable {
    /// Add the expectation to the pinhole set. If the kernel refuses it, complete with
    /// `Completion.notOpened`.
    case open(Expectation)
    /// Remove the expectation from the pinhole set.
    case close(Expectation)
    /// Queue every SYN from this address, for the data connections of an encrypted session. If the kernel
    /// refuses the address, complete with `Completion.notQueued`.
    case queueSYNs(from: IPAddress)
    /// Stop queueing the SYNs from this address.
    case stopQueueingSYNs(from: IPAddress)
    /// Let the packets of this connection bypass the queue, except SYN, FIN and RST: it is encrypted or not
    /// FTP.
    case bypassQueue(Mapping)
    /// Queue the packets of this connection again.
    case requeue(Mapping)
    /// Queue the packets of this connection although its conntrack entry has the opposite direction.
    case watch(Mapping)
    /// Undo `watch`.
    case unwatch(Mapping)
    /// Delete the conntrack entry of this data connection of an encrypted session, unless it has been
    /// answered.
    case abandon(Tuple)
    /// Let conntrack accept the sequence numbers that edits have shifted, in both directions
    /// (`IP_CT_TCP_FLAG_BE_LIBERAL`). The entry must also live as long as any established one, although
    /// conntrack never sees an edited line acknowledged exactly.
    case beLiberal(Mapping)
    /// Let the entry of this control connection live as long as that of any established one: it is silent
    /// because a data connection is not. It is no error if there is no entry.
    case keepAlive(Mapping)
    /// Ask conntrack whether it still has this connection, and complete with `Completion.verified`. Ask for
    /// the session's data connections, too (`Tracker.dataConnections`).
    case verify(Mapping)
    /// Ask conntrack for the counters of this transfer's data connection, and complete with
    /// `Completion.measured`.
    case measure(TransferSummary)
    /// Send this packet, an RST or a question (`Connection.question`), unchanged.
    case inject([UInt8])
    /// Report this event.
    case report(Event)
}
