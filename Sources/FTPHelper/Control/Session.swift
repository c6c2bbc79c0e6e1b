// SPDX-License-Identifier: GPL-2.0-or-later

/// The FTP session of a control connection: the state that gives each line its meaning.
///
/// It receives the lines of each side in stream order and returns what each one means for tracking. It
/// matches replies to commands in order (RFC 959, section 5.4), follows multi-line replies to their end, and
/// lets no line announce anything before the login is accepted.
package struct Session: Sendable {
    /// A side of the connection.
    package enum Side: Int, Sendable {
        case client, server

        package var other: Side { self == .client ? .server : .client }
    }

    /// How the bytes of a side are to be read.
    package enum Content: Sendable {
        case lines
        case records
        /// Not read for the rest of the connection.
        case ignored
    }

    /// The result of processing a line, on which the tracker acts.
    package enum Outcome: Sendable {
        /// The line has no effect on the tracker.
        case passes
        /// The line announces a data connection, and may do so. `command` is the ordinal of the PORT, EPRT or
        /// LPRT command, or of the command that the reply answers.
        case announces(Announcement, command: UInt32)
        /// The line would announce a data connection, but is refused.
        case refused(Refusal.Reason, Expectation.Kind?)
        /// The server rejected the PORT, EPRT or LPRT with this ordinal.
        case rejects(command: UInt32)
        /// Both sides speak TLS from the next byte on.
        case encrypts
        /// The line updates the transfer.
        case transfer(TransferUpdate)
        /// The line is not refused, but opens nothing.
        case unopened(UnopenedReason)

        /// The kind of expectation that the line announces or would announce; `nil` if none.
        var announced: Expectation.Kind? {
            switch self {
            case .announces(let announcement, _): announcement.kind
            case .refused(_, let kind): kind
            case .passes, .rejects, .encrypts, .transfer, .unopened: nil
            }
        }
    }

    enum Phase: Equatable {
        case greeting, login, ready, notFTP
        case encrypted(Encryption)
        /// Bytes were missed during the login, or may have been. The replies to later commands have to show
        /// whether it succeeded.
        case loginUnknown
    }

    // The members are ordered so that there is no padding between them.

    /// The client's directory, for display.
    var directory = WorkingDirectory()
    /// The commands that wait for their replies.
    var outstanding = VerbQueue()
    var phase: Phase
    /// Ordinal of the next command.
    var nextOrdinal: UInt32 = 0
    /// Code of the unfinished multi-line reply; 0 if there is none.
    var continuedCode: UInt16 = 0
    /// Code of a multi-line reply that may be quoting (`Verb.quoting`) and that a reply with another code has
    /// interrupted; 0 if there is none, 1 if its code was missed.
    ///
    /// Nothing is announced until the reply ends with this code (contract S1).
    var unendedCode: UInt16 = 0
    /// Argument of the last USER, at most 64 bytes.
    var userName = UserName()
    /// Number of commands since the last one with a quoting reply; at most 255.
    var commandsSinceQuoting: UInt8 = .max
    /// Number of lines that the server sent before its first reply.
    var linesBeforeReply: UInt8 = 0
    package internal(set) var isAdopted: Bool
    /// Set while replies are known to belong to the commands seen.
    ///
    /// False in an adopted session, which may have had earlier commands, and after missed bytes.
    var isSynchronised: Bool
    var clientHasSpoken: Bool
    var serverHasSpoken: Bool
    /// Set after missed bytes of the server, while the next lines may be inside a multi-line reply and are
    /// therefore ignored.
    var hasMissedReply = false
    /// Set in ASCII mode (TYPE A), which is the default (RFC 959, section 5.1).
    var isASCII: Bool
    /// Set if the last line came from the client.
    var clientSpokeLast = false
    /// Set while no final reply has arrived since the last command.
    var isAwaitingReply = false
    /// Set while the oldest command is a transfer that the server has begun (1yz).
    var isTransferring = false
    /// Set if the last PASV, EPSV or LPSV was answered with an error and no command followed: the error may
    /// have been a surplus reply to another command.
    var hasRefusedSolicitor = false
    /// Set once a PROXY header has arrived; there is at most one.
    var hasProxyHeader = false

    /// Begins a session.
    ///
    /// - Parameter isAdopted: whether the connection was already established when first seen, and therefore
    ///   counts as logged in (contract S2).
    package init(isAdopted: Bool) {
        self.isAdopted = isAdopted
        phase = isAdopted ? .ready : .greeting
        isSynchronised = !isAdopted
        clientHasSpoken = isAdopted
        if isAdopted { commandsSinceQuoting = 0 }
        serverHasSpoken = isAdopted
        isASCII = !isAdopted
    }

    /// Argument of the last USER, at most 64 bytes.
    package var user: [UInt8] { userName.bytes }

    /// The state of the session, for display.
    package var state: ConnectionSummary.State {
        switch phase {
        case .greeting: .greeting
        case .login, .loginUnknown: .login
        case .ready: .ready
        case .encrypted: .encrypted
        case .notFTP: .notFTP
        }
    }

    /// How the next bytes of a side are to be read.
    package func content(of side: Side) -> Content {
        switch phase {
        case .notFTP: .ignored
        case .encrypted(let encryption): encryption.content(of: side)
        case .greeting, .login, .ready, .loginUnknown: .lines
        }
    }

    /// Tells whether a reply with an address field is expected.
    package var isSoliciting: Bool {
        isInspected && (hasRefusedSolicitor || solicitor != nil)
    }

    /// The kind of address field that an expected reply with this code carries; `nil` if no such reply is
    /// expected.
    package func solicited(by code: UInt16) -> Expectation.Kind? {
        isSoliciting ? Announcement.kind(ofReply: code) : nil
    }

    /// Tells whether the login was accepted.
    var isLoggedIn: Bool { phase == .ready }

    /// Tells whether a reply to what the client has already sent may still accept the login.
    var isLoginUnderWay: Bool {
        switch phase {
        case .loginUnknown: true
        case .greeting, .login: firstLogin != nil
        case .ready, .encrypted, .notFTP: false
        }
    }

    /// Tells whether lines can still announce something.
    package var isInspected: Bool { encryption == nil && phase != .notFTP }
}
