/// What a connection keeps of the expectation that it has open; the rest follows from its mapping.
final class OpenExpectation {
    let id: UInt64
    var deadline: Instant
    /// Set if it is that of an encrypted session.
    let session: EncryptedSession?
    /// Ordinal of the command that announced it.
    let command: UInt32
    /// The address that the data connection is led to, if that is not the end of the control connection (`--loose`).
    let target: IPAddress?
    /// The port that its SYN will arrive for, and the one that NAT is to lead it to.
    let port: UInt16
    let translatedPort: UInt16
    let kind: Expectation.Kind
    /// Set while it is not open yet: the login that it waits for has not been accepted (contract S2a).
    var isForetold: Bool

    init(
        _ expectation: Expectation,
        session: EncryptedSession?,
        target: IPAddress?,
        command: UInt32,
        isForetold: Bool = false
    ) {
        id = expectation.id
        deadline = expectation.deadline
        self.session = session
        self.command = command
        self.target = target
        port = expectation.to.port
        translatedPort = expectation.translatedTo.port
        kind = expectation.kind
        self.isForetold = isForetold
    }
}
