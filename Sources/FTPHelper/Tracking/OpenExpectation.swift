// SPDX-License-Identifier: GPL-2.0-or-later

/// The part of an open expectation that a connection stores; the rest follows from its mapping.
///
/// It is immutable: `Connection` replaces it, so that one observer notices every change.
final class OpenExpectation {
    let id: UInt64
    let deadline: Instant
    /// The encrypted session, if it belongs to one.
    let session: EncryptedSession?
    /// Ordinal of the command that announced it.
    let command: UInt32
    /// The end of the data connection, if it is not the end of the control connection (`--loose`, or a
    /// trusted PROXY header).
    let target: IPAddress?
    /// Other hosts that may open the data connection (`Expectation.others`).
    let others: [IPAddress]
    /// The destination port of the SYN, before and after NAT.
    let port: UInt16
    let translatedPort: UInt16
    let kind: Expectation.Kind
    /// Set while it is not open yet, because the login has not been accepted (contract S2a).
    let isPending: Bool

    init(
        _ expectation: Expectation,
        session: EncryptedSession?,
        target: IPAddress?,
        command: UInt32,
        isPending: Bool = false
    ) {
        id = expectation.id
        deadline = expectation.deadline
        self.session = session
        self.command = command
        self.target = target
        others = expectation.others
        port = expectation.to.port
        translatedPort = expectation.translatedTo.port
        kind = expectation.kind
        self.isPending = isPending
    }

    private init(
        _ other: OpenExpectation,
        deadline: Instant,
        others: [IPAddress],
        isPending: Bool
    ) {
        self.others = others
        id = other.id
        self.deadline = deadline
        session = other.session
        command = other.command
        target = other.target
        port = other.port
        translatedPort = other.translatedPort
        kind = other.kind
        self.isPending = isPending
    }

    /// A copy that is open.
    var confirmed: OpenExpectation {
        OpenExpectation(self, deadline: deadline, others: others, isPending: false)
    }

    /// A copy with another deadline.
    func postponed(until deadline: Instant) -> OpenExpectation {
        OpenExpectation(self, deadline: deadline, others: others, isPending: isPending)
    }

    /// A copy that these hosts may use, too.
    func shared(with others: [IPAddress]) -> OpenExpectation {
        OpenExpectation(self, deadline: deadline, others: others, isPending: isPending)
    }
}
