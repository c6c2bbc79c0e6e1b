/// The FTP session of one control connection: what the lines of both sides mean to each other.
///
/// It is given the lines of either side in the order of their stream, and tells of each what it does for tracking. Replies
/// are matched to commands in order (RFC 959, section 5.4), multi-line replies are followed to their end, and nothing
/// announces anything before the login was accepted.
package struct Session: Sendable {
    /// Which side of the connection a line comes from.
    package enum Side: Int, Sendable {
        case client, server

        package var other: Side { self == .client ? .server : .client }
    }

    /// What the bytes of one side are.
    package enum Content: Sendable {
        case lines
        case records
        /// Nothing that concerns us, for the rest of the connection.
        case ignored
    }

    /// What a line does.
    package enum Outcome: Sendable {
        case passes
        /// It announces a data connection, and may: PORT by the command of that ordinal, or a solicited reply.
        case announces(Announcement, command: UInt32)
        /// It would announce one, but must not.
        case refused(Refusal.Reason, Expectation.Kind?)
        /// The server refused the PORT, EPRT or LPRT of that ordinal.
        case rejects(command: UInt32)
        /// From the next byte on, both sides speak TLS.
        case encrypts
        /// It says something of a transfer.
        case transfer(TransferSign)
        /// It opens nothing, though it is not refused.
        case unopened(UnopenedReason)

        /// What the line announces, or would; `nil` if nothing.
        var announced: Expectation.Kind? {
            switch self {
            case .announces(let announcement, _): announcement.kind
            case .refused(_, let kind): kind
            case .passes, .rejects, .encrypts, .transfer, .unopened: nil
            }
        }
    }

    enum Phase: UInt8 {
        case greeting, login, ready, encrypted, notFTP
        /// Bytes were missed while the client logged in: what the server says to later commands has to show that it has.
        case doubtful
    }

    // The order of the members, small ones behind such as end in the middle of a word, leaves hardly a gap between them.

    /// Argument of the last USER, at most 64 bytes.
    var userName = UserName()
    var phase: Phase
    package internal(set) var isAdopted: Bool
    /// Set once replies are known to belong to the commands seen; an adopted session may have had others before, and so
    /// may one of which bytes were missed.
    var isSynchronised: Bool
    var clientHasSpoken: Bool
    var serverHasSpoken: Bool
    var clientIsPlain = true
    var serverIsPlain = true
    /// Verbs of the commands that wait for their replies.
    var outstanding = VerbQueue()
    /// Set if the client began with TLS: it never spoke FTP in plain, and nothing that it says later is taken for it.
    var isImplicit = false
    /// Code of the multi-line reply that is under way; 0 if none.
    var continuedCode: UInt16 = 0
    /// Code of a multi-line reply that was given up before its own end, and that may have lines which the server did not write; 0
    /// if there is none, 1 if its code was missed. Until that end comes no line announces anything (contract S3).
    var unendedCode: UInt16 = 0
    /// How many commands ago the client sent one that is `Command.isQuoting`; at most 255.
    var commandsSinceQuoting: UInt8 = .max
    /// Ordinal that the next command gets.
    var nextOrdinal: UInt32 = 0
    var clientRecords = TLSRecords()
    var serverRecords = TLSRecords()
    /// Set while bytes of the server were missed and what comes may be the inside of a multi-line reply: nothing in that counts.
    var hasMissedReply = false
    /// Set if nothing opens for this TLS, whatever is said in it.
    var isDistrusted = false
    /// Set while files go as text (TYPE A), as they do in the beginning (RFC 959, section 5.1).
    var isASCII: Bool
    /// Set if the last line came from the client.
    var clientSpokeLast = false
    /// Set while no final reply has come since the last command.
    var isAwaitingReply = false
    /// Set while the oldest command is a transfer that the server has begun with (1yz).
    var isTransferring = false
    /// Set if the last PASV, EPSV or LPSV was answered by an error, and no command has come since: the error may have been
    /// one reply too many to another command.
    var hasRefusedSolicitor = false
    /// Set once a PROXY header has come: there is one at most.
    var hasProxyHeader = false
    /// Lines that the server has sent before its first reply.
    var linesBeforeReply: UInt8 = 0

    /// - Parameter isAdopted: the connection was under way when first seen, and is taken as logged in (contract S2).
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

    /// Where the session stands, for people.
    package var state: ConnectionSummary.State {
        switch phase {
        case .greeting: .greeting
        case .login, .doubtful: .login
        case .ready: .ready
        case .encrypted: .encrypted
        case .notFTP: .notFTP
        }
    }

    /// What the next bytes of a side are.
    package func content(of side: Side) -> Content {
        switch phase {
        case .notFTP: .ignored
        case .encrypted where isImplicit: isPlain(side) || hasSaidEnough(side) ? .ignored : .records
        case .encrypted: isPlain(side) ? .lines : .records
        case .greeting, .login, .ready, .doubtful: .lines
        }
    }

    /// Tells whether a reply with an address field is awaited.
    package var isSoliciting: Bool {
        isInspected && (hasRefusedSolicitor || solicitor != nil)
    }

    /// The kind of address field that an awaited reply of this code has; `nil` if none is awaited.
    package func solicited(by code: UInt16) -> Expectation.Kind? {
        isSoliciting ? Announcement.kind(ofReply: code) : nil
    }

    /// Tells whether the login was accepted.
    var isLoggedIn: Bool { phase == .ready }

    /// Tells whether the login may still turn out to be accepted by a reply to what the client has sent already.
    var isLoginUnderWay: Bool {
        switch phase {
        case .doubtful: true
        case .greeting, .login: firstLogin != nil
        case .ready, .encrypted, .notFTP: false
        }
    }

    func isPlain(_ side: Side) -> Bool { side == .client ? clientIsPlain : serverIsPlain }

    /// Tells whether a side's records tell nothing more.
    func hasSaidEnough(_ side: Side) -> Bool {
        side == .client ? clientRecords.hasSentData : serverRecords.hasAnswered
    }

    /// Tells whether lines can still announce something.
    package var isInspected: Bool { phase != .encrypted && phase != .notFTP }
}
