/// Counters since the start.
package struct Statistics: Hashable, Sendable {
    /// Control packets seen.
    package var packets: UInt64 = 0
    package var connectionsTotal: UInt64 = 0
    package var expectationsOpened: UInt64 = 0
    package var expectationsUsed: UInt64 = 0
    package var expectationsExpired: UInt64 = 0
    /// Address fields rewritten.
    package var edits: UInt64 = 0
    /// Second copies of a byte that differed from the first.
    package var conflicts: UInt64 = 0
    package var refused: [Refusal.Reason: UInt64] = [:]

    package init() {}
}
