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
    /// Something was transferred, or was to be; also a data connection for which no command was seen.
    case transfer(TransferSummary)
}
