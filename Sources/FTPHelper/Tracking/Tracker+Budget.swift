// SPDX-License-Identifier: GPL-2.0-or-later

/// Budgets for announcements, per connection and per client.
///
/// An announcement costs as much as a hundred plain packets, and a packet has room for 66 of them.
extension Tracker {
    /// 1,000 announcements per second and a burst of 1,000: mirroring a tree of small files over the fastest
    /// network needs fewer.
    static let connectionBudgets = Budgets(interval: 1_000_000, burst: 1000)
    /// Ten times as many for all connections of a client.
    static let clientBudgets = Budgets(interval: 100_000, burst: 10_000)

    /// Tells whether a connection may make one more announcement, and charges it.
    mutating func affords(_ connection: Connection, at now: Instant) -> Bool {
        connectionBudgets.spend(ObjectIdentifier(connection), at: now)
            && clientBudgets.spend(connection.client, at: now)
    }

    /// Refuses a line because the budget is exhausted.
    ///
    /// Only the first such line of a packet is reported.
    mutating func refuseForWantOfBudget(
        _ kind: Expectation.Kind,
        _ line: Span<UInt8>,
        _ connection: Connection,
        into output: inout Output
    ) {
        guard hasExceededBudget else {
            hasExceededBudget = true
            refuse(.tooMany, kind, line, connection, into: &output)
            return
        }
        connection.refused &+= 1
        statistics.refused[.tooMany, default: 0] += 1
    }
}
