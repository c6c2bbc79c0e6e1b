/// What a connection and a client may announce in a time.
///
/// Each announcement costs as much as a hundred plain packets, and a packet has room for 66.
extension Tracker {
    /// A thousand a second, and as many at once: who mirrors a tree of small files over the fastest of networks has fewer.
    static let connectionBudgets = Budgets(interval: 1_000_000, burst: 1000)
    /// Ten times that for all connections of a client.
    static let clientBudgets = Budgets(interval: 100_000, burst: 10_000)

    /// Tells whether a connection may announce one more, and counts it.
    mutating func affords(_ connection: Connection, at now: Instant) -> Bool {
        connectionBudgets.spend(ObjectIdentifier(connection), at: now)
            && clientBudgets.spend(connection.client, at: now)
    }

    /// Counts a line that is one announcement too many and passes unread; only the first of a packet is told.
    mutating func passOver(
        _ kind: Expectation.Kind,
        _ line: Span<UInt8>,
        _ connection: Connection,
        into output: inout Output
    ) {
        guard hasPassedOver else {
            hasPassedOver = true
            refuse(.tooMany, kind, line, connection, into: &output)
            return
        }
        connection.refused &+= 1
        statistics.refused[.tooMany, default: 0] += 1
    }
}
