// SPDX-License-Identifier: GPL-2.0-or-later

/// A data connection whose SYN passed Pinhole, but whose handshake does not complete.
package struct BlockedConnection: Hashable, Sendable {
    /// The last packet of the handshake that conntrack has seen.
    package enum Stage: String, Hashable, Sendable, CaseIterable {
        /// None: its entry was created, but the SYN did not reach conntrack.
        case unseen
        /// The SYN, but no answer.
        case unanswered
        /// The SYN-ACK, but not the ACK that follows it.
        case halfOpen = "half-open"
    }

    /// The original tuple of the control connection.
    package let master: Tuple
    /// The number of its expectation, and what announced it.
    package let id: UInt64
    package let kind: Expectation.Kind
    /// The SYN as it arrives at the gateway, and as it leaves.
    package let arriving: Tuple
    package let leaving: Tuple
    package let stage: Stage
    /// Seconds since the SYN.
    package let seconds: UInt32

    package init(
        master: Tuple,
        id: UInt64,
        kind: Expectation.Kind,
        arriving: Tuple,
        leaving: Tuple,
        stage: Stage,
        seconds: UInt32
    ) {
        self.master = master
        self.id = id
        self.kind = kind
        self.arriving = arriving
        self.leaving = leaving
        self.stage = stage
        self.seconds = seconds
    }
}
