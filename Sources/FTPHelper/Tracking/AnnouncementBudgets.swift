// SPDX-License-Identifier: GPL-2.0-or-later

/// Budgets for announcements, per connection and per client.
///
/// An announcement costs as much as a hundred plain packets, and a packet has room for 66 of them.
struct AnnouncementBudgets {
    /// 1,000 announcements per second and a burst of 1,000: mirroring a tree of small files over the fastest
    /// network needs fewer.
    private var connections = Budgets(interval: 1_000_000, burst: 1000)
    /// Ten times as many for all connections of a client.
    private var clients = Budgets(interval: 100_000, burst: 10_000)
    /// Set once a line of the current packet was refused because the budget is exhausted.
    private var hasRefused = false

    /// Begins a packet.
    mutating func begin() { hasRefused = false }

    /// Tells whether a connection may make one more announcement, and charges it.
    mutating func affords(_ connection: borrowing Connection, at now: Instant) -> Bool {
        guard let slot = connection.slot else { return false }
        return connections.spend(ObjectIdentifier(slot), at: now)
            && clients.spend(connection.client, at: now)
    }

    /// Tells whether to report that the budget is exhausted: only for the first such line of a packet.
    mutating func reports() -> Bool {
        defer { hasRefused = true }
        return !hasRefused
    }
}
