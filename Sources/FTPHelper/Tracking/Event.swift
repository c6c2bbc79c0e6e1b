/// Something that an administrator would like to hear of.
package enum Event: Hashable, Sendable {
    /// Why an expectation closed unused.
    package enum Closing: String, Hashable, Sendable, CaseIterable {
        /// The same connection announced another, or another connection announced the same one.
        case replaced
        /// The server answered the announcement with an error.
        case rejected
        /// The control connection ended.
        case ended
        /// The administrator closed it.
        case deleted
        /// The kernel did not take it.
        case failed
    }

    case connection(ConnectionSummary)
    case connectionClosed(ConnectionSummary)
    case expectation(Expectation)
    /// The data connection of an expectation came, from this endpoint.
    case data(Expectation, from: Endpoint)
    case expired(Expectation)
    case closed(Expectation, Closing)
    case refused(Refusal)
    case encrypted(ConnectionSummary)
    /// Bytes of a side were never seen: what they announced, and what the rest of their line announces, opens nothing.
    case gap(ConnectionSummary, Session.Side)
    /// A line was rewritten, or left with an address that the pinhole does not lead to.
    case naming(Naming)
    /// Nothing opens, and this is why.
    case unopened(ConnectionSummary, UnopenedReason)
    /// Something was transferred, or was to be; also a data connection for which no command was seen.
    case transfer(TransferSummary)
}
