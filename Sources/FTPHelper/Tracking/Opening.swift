/// What a connection keeps of the expectation that it has open; the rest follows from its mapping.
final class Opening {
    let id: UInt64
    let deadline: Instant
    /// The endpoint that the data connection's SYN will arrive for.
    let to: Endpoint
    /// The endpoint that NAT is to lead it to.
    let translatedTo: Endpoint
    /// Ordinal of the command that announced it.
    let command: UInt32
    let kind: Expectation.Kind

    init(_ expectation: Expectation, command: UInt32) {
        id = expectation.id
        deadline = expectation.deadline
        to = expectation.to
        translatedTo = expectation.translatedTo
        self.command = command
        kind = expectation.kind
    }
}
