/// Counters since the start.
package struct Statistics: Hashable, Sendable {
    /// Control packets seen.
    package var packets: UInt64 = 0
    package var connectionsTotal: UInt64 = 0
    package var expectationsOpened: UInt64 = 0
    package var expectationsUsed: UInt64 = 0
    package var expectationsExpired: UInt64 = 0
    /// Those of `expectationsUsed` that belong to encrypted sessions.
    package var ftpsConnections: UInt64 = 0
    /// Transfers that the server has called complete, and all others that are over.
    package var transfersCompleted: UInt64 = 0
    package var transfersFailed: UInt64 = 0
    /// Bytes that transfers have moved, from clients to servers and back, as far as they were counted.
    package var bytesUp: UInt64 = 0
    package var bytesDown: UInt64 = 0
    /// Address fields rewritten.
    package var edits: UInt64 = 0
    /// Second copies of a byte that differed from the first.
    package var conflicts: UInt64 = 0
    package var refused: [Refusal.Reason: UInt64] = [:]
    package var unopened: [UnopenedReason: UInt64] = [:]

    package init() {}
}
