// SPDX-License-Identifier: GPL-2.0-or-later

/// Counters since the start.
package struct Statistics: Hashable, Sendable {
    /// Control packets received.
    package var packets: UInt64 = 0
    /// Control connections followed so far.
    package var connectionsTotal: UInt64 = 0
    /// Expectations opened, used by a data connection, and closed by their timeout.
    package var expectationsOpened: UInt64 = 0
    package var expectationsUsed: UInt64 = 0
    package var expectationsExpired: UInt64 = 0
    /// Data connections of encrypted sessions, which are included in `expectationsUsed`.
    package var ftpsConnections: UInt64 = 0
    /// Data connections that nobody answered.
    package var blocked: UInt64 = 0
    /// Transfers that the server reported as complete, and all others that ended.
    package var transfersCompleted: UInt64 = 0
    package var transfersFailed: UInt64 = 0
    /// Bytes transferred to servers and to clients, as far as they were counted.
    package var bytesUp: UInt64 = 0
    package var bytesDown: UInt64 = 0
    /// Address fields rewritten.
    package var edits: UInt64 = 0
    /// Second copies of a byte that differed from the first.
    package var conflicts: UInt64 = 0
    /// Refusals by reason, and other reports that nothing opened.
    package var refused: [Refusal.Reason: UInt64] = [:]
    package var unopened: [UnopenedReason: UInt64] = [:]

    package init() {}
}
