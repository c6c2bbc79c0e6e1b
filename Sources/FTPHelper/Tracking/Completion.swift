// SPDX-License-Identifier: GPL-2.0-or-later

/// A request that the shell has performed, and what the kernel answered; for `Tracker.complete`.
package enum Completion: Sendable {
    /// The kernel refused the expectation of `Action.open`.
    case notOpened(Expectation)
    /// The kernel refused the address of `Action.queueSYNs`.
    case notQueued(IPAddress)
    /// The conntrack entry of the data connection was created.
    case established(ExpectedConnection)
    /// The conntrack entry of the data connection could not be created.
    case notEstablished(ExpectedConnection)
    /// The state in conntrack of the connection of `Action.verify`.
    case verified(Mapping, ControlConnection)
    /// The state in conntrack of the data connection of `Action.measure`.
    case measured(TransferSummary, DataEntry)
    /// The state in conntrack of a data connection of an encrypted session, with the tuple of its SYN.
    case looked(Tuple, EncryptedDataConnection)

    /// The state of a control connection in conntrack.
    package enum ControlConnection: Sendable {
        /// There is no entry.
        ///
        /// It may have been flushed (`conntrack -F`), and the next packet creates it again.
        case gone
        /// The entry is not established yet, or an end has closed the connection.
        case closing
        /// There is an entry.
        case there(
            entryID: UInt32,
            hasKernelHelper: Bool,
            shifted: ShiftedStreams,
            hasMaster: Bool,
            isReversed: Bool
        )
    }

    /// The state in conntrack of a data connection of an encrypted session.
    package enum EncryptedDataConnection: Sendable {
        /// The connection was answered and is open.
        case answered
        /// The connection has not been answered yet; its SYN leaves the gateway with this tuple.
        case unanswered(BlockedConnection.Stage, leaving: Tuple)
        /// The connection has ended, or there is no entry.
        case ended(wasAnswered: Bool)
    }
}
