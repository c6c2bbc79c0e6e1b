/// The tables in which rules of ours stand.
enum Table: String, Hashable, Sendable, CaseIterable {
    /// Before NAT, where a packet still has the addresses it had on the wire: control packets are queued here.
    case mangle
    /// Before conntrack, which must find the entry of a data connection made: SYNs are queued here.
    case raw
}
