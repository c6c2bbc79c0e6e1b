/// What the shell is to do, in the order given and before it releases the packet that led to it.
///
/// The order is part of the contract: what a packet announces is open in the kernel before that packet goes on.
package enum Action: Hashable, Sendable {
    /// Add the expectation to the pinhole set; `Tracker.fail(_:at:into:)` if the kernel does not take it.
    case open(Expectation)
    /// Take the expectation out of the pinhole set.
    case close(Expectation)
    /// Ask about every SYN from this address, as encrypted sessions demand; `Tracker.fail(_:into:)` if the kernel does not take it.
    case admit(IPAddress)
    /// Ask about them no longer.
    case withdraw(IPAddress)
    /// Let the packets of this connection go on unseen, but for SYN, FIN and RST: it is encrypted, or none of FTP's.
    case release(Mapping)
    /// Take them again.
    case recall(Mapping)
    /// Queue the packets of this connection though conntrack has it the wrong way round.
    case watch(Mapping)
    /// Take that back.
    case unwatch(Mapping)
    /// Take this data connection of an encrypted session out of conntrack, unless somebody has answered it.
    case abandon(Tuple)
    /// Let conntrack accept sequence numbers that edits have shifted (`IP_CT_TCP_FLAG_BE_LIBERAL`), both directions, and
    /// keep the entry as long as any established one though no edited line is acknowledged to the byte.
    case beLiberal(Mapping)
    /// Ask conntrack whether it still has this connection, and tell `Tracker.learn` or `Tracker.forget`.
    case verify(Mapping)
    /// Ask conntrack what has gone over the data connection of this transfer, and tell `Tracker.measured`.
    case measure(TransferSummary)
    /// Send this packet, an RST, as it is.
    case inject([UInt8])
    /// Tell whoever listens.
    case report(Event)
}
