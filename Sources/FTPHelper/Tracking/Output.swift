// SPDX-License-Identifier: GPL-2.0-or-later

/// What the core returns in addition to a verdict.
///
/// The shell creates one and reuses it for every packet.
///
/// Both arrays keep their storage, so a packet that changes nothing allocates nothing.
package struct Output {
    /// Requests that the shell performs in order before it forwards the packet.
    package var actions: [Action] = []
    /// The packet to forward, including its IP header, if the verdict is `replace`.
    package var packet: [UInt8] = []

    package init() {}

    /// Empties both arrays for the next packet.
    package mutating func clear() {
        actions.removeAll(keepingCapacity: true)
        packet.wipe()
    }
}

/// Output of the packets of a batch, which are forwarded together.
extension Output {
    /// Wipes the packet but keeps the actions, which are performed before any packet of the batch is
    /// forwarded.
    package mutating func clearPacket() { packet.wipe() }

    /// Removes actions that later ones undo.
    ///
    /// If an expectation is opened and then closed, both actions are removed, because no packet could use it
    /// in between. A close is also removed if an expectation for the same SYN is opened afterwards.
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
            case .open, .queueSYNs, .stopQueueingSYNs, .bypassQueue, .requeue, .watch, .unwatch, .abandon,
                .beLiberal,
                .keepAlive,
                .verify, .measure, .inject, .report:
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
