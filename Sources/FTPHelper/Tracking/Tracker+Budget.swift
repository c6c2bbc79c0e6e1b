// SPDX-License-Identifier: GPL-2.0-or-later

/// Refusals of announcements that exceed the budget.
extension Tracker {
    /// Refuses an announcement because the budget of its session or client is exhausted.
    ///
    /// Only the first such line of a packet is reported.
    mutating func refuseForWantOfBudget(
        _ kind: Expectation.Kind,
        _ line: Span<UInt8>,
        _ connection: inout Connection,
        into output: inout Output
    ) {
        guard !budgets.reports() else {
            refuse(.tooMany, kind, line, &connection, into: &output)
            return
        }
        connection.refused &+= 1
        statistics.refused[.tooMany, default: 0] += 1
    }
}
