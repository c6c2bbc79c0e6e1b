// SPDX-License-Identifier: GPL-2.0-or-later

/// An event that is reported to the administrator.
package enum Event: Hashable, Sendable {
    /// Why an expectation closed unused.
    package enum Closing: String, Hashable, Sendable, CaseIterable {
        /// The connection announced another one, or another connection announced the same one.
        case replaced
        /// The server answered the announcement with an error.
        case rejected
        /// The control connection ended.
        case ended
        /// The administrator closed it.
        case deleted
        /// The kernel refused it.
        case failed
    }

    case connection(ConnectionSummary)
    case connectionClosed(ConnectionSummary)
    case expectation(Expectation)
    /// The data connection of an expectation arrived from this endpoint.
    case data(Expectation, from: Endpoint)
    case expired(Expectation)
    case closed(Expectation, Closing)
    case refused(Refusal)
    case encrypted(ConnectionSummary)
    /// Bytes of a side were never seen. What they announced opens nothing, and neither does the rest of their
    /// line.
    case gap(ConnectionSummary, Session.Side)
    /// Packets of a side passed untranslated, and the ends of a rewritten session cannot be synchronised
    /// again: both were reset.
    case outOfStep(ConnectionSummary, Session.Side)
    /// A line was rewritten, or left with an address to which the expectation does not lead.
    case addressDecision(AddressDecision)
    /// Nothing opens, for this reason; with the endpoint that the client tried instead, if there is one.
    case unopened(ConnectionSummary, UnopenedReason, tried: Endpoint? = nil)
    /// A data connection passed Pinhole, but its handshake does not complete.
    case blocked(BlockedConnection)
    /// A transfer ended, or a data connection for which no command was seen.
    case transfer(TransferSummary)
    /// A step of a session that is traced.
    case step(TraceStep)
}
