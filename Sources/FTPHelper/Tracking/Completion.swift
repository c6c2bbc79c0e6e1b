// SPDX-License-Identifier: GPL-2.0-or-later

/// A request that the shell has performed, and what the kernel answered; for `Tracker.complete`.
package enum Completion: Sendable {
    /// The kernel refused the expectation of `Action.open`.
    case notOpened(Expectation)
    /// The kernel refused the address of `Action.admit`.
    case notAdmitted(IPAddress)
    /// The conntrack entry of the data connection was created.
    case established(ExpectedConnection)
    /// It could not be created.
    case notEstablished(ExpectedConnection)
    /// What conntrack has of the connection of `Action.verify`.
    case verified(Mapping, ControlConnection)
    /// What conntrack has of the data connection of `Action.measure`.
    case measured(TransferSummary, DataEntry)
    /// What conntrack has of a data connection of an encrypted session, with the tuple of its SYN.
    case looked(Tuple, EncryptedDataConnection)

    /// What conntrack has of a control connection.
    package enum ControlConnection: Sendable {
        /// No entry.
        ///
        /// It may have been flushed (`conntrack -F`), and the next packet creates it again.
        case gone
        /// An entry that is not established yet, or that an end has closed.
        case closing
        /// An entry.
        case there(
            entryID: UInt32,
            isHelped: Bool,
            shifted: ShiftedStreams,
            hasMaster: Bool,
            isReversed: Bool
        )
    }

    /// What conntrack has of a data connection of an encrypted session.
    package enum EncryptedDataConnection: Sendable {
        /// It was answered and is open.
        case answered
        /// It has not been answered yet; its SYN leaves the gateway with this tuple.
        case unanswered(BlockedConnection.Stage, leaving: Tuple)
        /// It has ended, or there is no entry.
        case ended(wasAnswered: Bool)
    }
}
