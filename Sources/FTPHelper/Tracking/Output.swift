/// What the core hands back besides a verdict; the shell makes one and uses it for every packet.
///
/// Both arrays keep their storage between packets, so that a packet that changes nothing allocates nothing.
package struct Output {
    /// What the shell is to do before the packet goes on, in order.
    package var actions: [Action] = []
    /// The bytes to send on, IP header included, if the verdict is `replace`.
    package var packet: [UInt8] = []

    package init() {}

    /// Empties both for the next packet.
    package mutating func clear() {
        actions.removeAll(keepingCapacity: true)
        packet.wipe()
    }
}

/// What packets that go on together come to.
extension Output {
    /// Forgets the bytes of the packet in hand, and keeps what is to be done before any goes on.
    package mutating func clearPacket() { packet.wipe() }

    /// Leaves out each expectation that is opened and then closed again: nobody could have used it meanwhile; and the closing of
    /// one where another for the same SYN is opened after it.
    package mutating func coalesce() {
        var closed: Set<UInt64> = []
        for case .close(let expectation) in actions { closed.insert(expectation.id) }
        guard !closed.isEmpty else { return }
        var cancelled: Set<UInt64> = []
        actions.removeAll { action in
            switch action {
            case .open(let expectation) where closed.contains(expectation.id):
                cancelled.insert(expectation.id)
                return true
            case .close(let expectation):
                return cancelled.contains(expectation.id)
            case .open, .admit, .withdraw, .release, .recall, .watch, .unwatch, .abandon, .beLiberal, .verify,
                .measure, .inject, .report:
                return false
            }
        }
        var opened: Set<Tracker.Key> = []
        for index in actions.indices.reversed() {
            switch actions[index] {
            case .open(let expectation):
                opened.insert(Tracker.Key(expectation))
            case .close(let expectation) where opened.contains(Tracker.Key(expectation)):
                actions.remove(at: index)
            default: break
            }
        }
    }
}
