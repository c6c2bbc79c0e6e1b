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
    }

    enum Phase: UInt8 { case greeting, login, ready, encrypted, notFTP }

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
    /// Ordinal that the next command gets.
    var nextOrdinal: UInt32 = 0
    var clientRecords = TLSRecords()
    var serverRecords = TLSRecords()
    /// Set while files go as text (TYPE A), as they do in the beginning (RFC 959, section 5.1).
    var isASCII: Bool

    /// - Parameter isAdopted: the connection was under way when first seen, and is taken as logged in (contract S2).
    package init(isAdopted: Bool) {
        self.isAdopted = isAdopted
        phase = isAdopted ? .ready : .greeting
        isSynchronised = !isAdopted
        clientHasSpoken = isAdopted
        serverHasSpoken = isAdopted
        isASCII = !isAdopted
    }

    /// Argument of the last USER, at most 64 bytes.
    package var user: [UInt8] { userName.bytes }

    /// Where the session stands, for people.
    package var state: ConnectionSummary.State {
        switch phase {
        case .greeting: .greeting
        case .login: .login
        case .ready: .ready
        case .encrypted: .encrypted
        case .notFTP: .notFTP
        }
    }

    /// What the next bytes of a side are.
    package func content(of side: Side) -> Content {
        switch phase {
        case .notFTP: .ignored
        case .encrypted where isImplicit: isPlain(side) || records(of: side).hasSentData ? .ignored : .records
        case .encrypted: isPlain(side) ? .lines : .records
        default: .lines
        }
    }

    /// Tells whether a reply with an address field is awaited.
    package var isSoliciting: Bool {
        isInspected && (0..<outstanding.count).contains { outstanding[$0].solicits != nil }
    }

    /// The kind of address field that an awaited reply of this code has; `nil` if none of that code is awaited.
    package func solicited(by code: UInt16) -> Expectation.Kind? {
        guard isInspected else { return nil }
        return firstSolicitor(of: code).flatMap { outstanding[$0].solicits }
    }

    /// Tells whether both sides have shaken hands over TLS, exchange data in it, and neither has gone back to plain text.
    ///
    /// Nothing of it can be read: not the login either.
    package var isSecured: Bool {
        phase == .encrypted && !clientIsPlain && !serverIsPlain && clientRecords.hasSentData
            && serverRecords.hasSentData
    }

    private func isPlain(_ side: Side) -> Bool { side == .client ? clientIsPlain : serverIsPlain }
    private func records(of side: Side) -> TLSRecords { side == .client ? clientRecords : serverRecords }

    /// Tells whether lines can still announce something.
    package var isInspected: Bool { phase != .encrypted && phase != .notFTP }
}

/// The client's lines.
extension Session {
    /// The client sent a whole line.
    ///
    /// - Parameters:
    ///   - line: with its end.
    ///   - connection: an address of the control connection, for its family.
    ///   - refusesPipelined: a PORT sent while an earlier command is unanswered opens nothing (contract A7).
    /// - Returns: what the line does.
    package mutating func command(
        _ line: Span<UInt8>,
        on connection: IPAddress,
        refusesPipelined: Bool
    ) -> Outcome {
        guard let command = Command(parsing: line) else {
            guard !isBeforeLogin || !Session.isHeader(line) else { return becomeNotFTP() }
            return Command.end(of: line) == 0 ? .passes : unknownCommand()
        }
        guard !isBeforeLogin || !Session.isRequest(line) else { return becomeNotFTP() }
        clientHasSpoken = true
        if phase == .encrypted {
            guard serverIsPlain else {
                push(command.verb)
                return .passes
            }
            rearm()
        }
        let hasOutstanding = outstanding.count > 0
        let ordinal = push(command.verb)
        if command.verb == .user {
            let argument = line.extracting(command.argument)
            userName = UserName((0..<min(argument.count, 64)).map { argument[$0] })
        }
        guard let kind = command.verb.announces else { return sign(of: command, ordinal, in: line) }
        guard let announcement = Announcement(command, in: line, on: connection) else {
            return .refused(.malformed, kind)
        }
        guard phase == .ready else { return .refused(.notLoggedIn, kind) }
        guard !refusesPipelined || !hasOutstanding else { return .refused(.pipelined, kind) }
        return .announces(announcement, command: ordinal)
    }

    /// What a command says of a transfer.
    private mutating func sign(of command: Command, _ ordinal: UInt32, in line: Span<UInt8>) -> Outcome {
        guard phase == .ready else { return .passes }
        switch command.verb {
        case .size: return .transfer(.asksSize(path: command.argument))
        case .rest:
            var offset = command.argument.lowerBound
            let number = Decimal.parse(line, at: &offset)
            return offset == command.argument.upperBound ? .transfer(.begins(at: number ?? 0)) : .passes
        case .type:
            isASCII =
                !command.argument.isEmpty && line[command.argument.lowerBound] & 0xdf == UInt8(ascii: "A")
            return .passes
        default:
            return command.verb.transfers.map {
                .transfer(.command($0, path: command.argument, ordinal: ordinal))
            } ?? .passes
        }
    }

    /// The client sent a line that is no FTP command, or one too long to be read.
    package mutating func unknownCommand() -> Outcome {
        guard clientHasSpoken else { return becomeNotFTP() }
        // Servers answer these too, and the answer must not be taken for that of the next command.
        if phase != .encrypted { push(.other) }
        return .passes
    }

    /// The client's first bytes: TLS from the start (implicit FTPS) is no FTP that could be read.
    package mutating func firstBytes(_ bytes: Span<UInt8>) -> Outcome {
        guard !clientHasSpoken, TLSRecords.begins(bytes) else { return .passes }
        let serverSpokeFirst = serverHasSpoken
        clientHasSpoken = true
        serverHasSpoken = true
        isImplicit = true
        let outcome = encrypt()
        serverIsPlain = serverSpokeFirst
        return outcome
    }
}

/// The server's lines.
extension Session {
    /// The server sent a whole line.
    ///
    /// - Parameters:
    ///   - line: with its end.
    ///   - connection: an address of the control connection, for its family.
    /// - Returns: what the line does.
    package mutating func reply(_ line: Span<UInt8>, on connection: IPAddress) -> Outcome {
        let reply = Reply(parsing: line)
        if continuedCode != 0 {
            guard let reply, reply.code == continuedCode, !reply.isContinued else { return .passes }
            continuedCode = 0
            return finish(reply, line, on: connection)
        }
        guard let reply else {
            return serverHasSpoken || Command.end(of: line) == 0 ? .passes : becomeNotFTP()
        }
        serverHasSpoken = true
        if phase == .encrypted {
            guard clientIsPlain else { return .passes }
            rearm()
        }
        guard !reply.isContinued else {
            continuedCode = reply.code
            return .passes
        }
        return finish(reply, line, on: connection)
    }

    /// A reply is complete.
    private mutating func finish(_ reply: Reply, _ line: Span<UInt8>, on connection: IPAddress) -> Outcome {
        passOverAbort(reply)
        guard !reply.isPreliminary else {
            guard outstanding.count > 0, outstanding[0] == .retr else { return .passes }
            return .transfer(.opens(size: TransferSign.size(inPreliminaryReply: line)))
        }
        if phase == .greeting {
            phase = .login
            return unsolicited(reply, line, on: connection)
        }
        guard let (verb, ordinal) = pop(for: reply) else { return unsolicited(reply, line, on: connection) }
        switch verb {
        case .user, .pass, .acct:
            switch reply.code {
            case 230, 232, 202: phase = .ready
            case 331, 332: phase = .login
            default: break
            }
        case .rein where !reply.isError:
            phase = .login
        case .auth where reply.code == 234 || reply.code == 334:
            return encrypt()
        default:
            if verb.announces != nil, reply.isError { return .rejects(command: ordinal) }
        }
        guard let kind = verb.solicits, reply.code == Announcement.code(of: kind) else {
            let outcome = unsolicited(reply, line, on: connection)
            guard case .passes = outcome else { return outcome }
            return sign(of: reply, to: verb, ordinal, in: line)
        }
        guard let announcement = Announcement(kind, in: line, on: connection) else {
            return .refused(.malformed, kind)
        }
        guard phase == .ready else { return .refused(.notLoggedIn, kind) }
        return .announces(announcement, command: ordinal)
    }

    /// What a final reply says of a transfer.
    private func sign(of reply: Reply, to verb: Verb, _ ordinal: UInt32, in line: Span<UInt8>) -> Outcome {
        switch verb {
        case .retr: return .transfer(.ends(command: ordinal))
        case .size where reply.code == 213:
            var offset = 4
            guard let size = Decimal.parse(line, at: &offset) else { return .passes }
            return .transfer(.size(size))
        default: return .passes
        }
    }

    /// A reply that answers no PASV, EPSV or LPSV: harmless unless it carries an address field all the same.
    private func unsolicited(_ reply: Reply, _ line: Span<UInt8>, on connection: IPAddress) -> Outcome {
        let kind: Expectation.Kind
        switch reply.code {
        case 227: kind = .pasv
        case 228: kind = .lpsv
        case 229: kind = .epsv
        default: return .passes
        }
        return Announcement(kind, in: line, on: connection) == nil ? .passes : .refused(.unsolicited, kind)
    }
}

/// TLS, and what is no FTP.
extension Session {
    /// A side that speaks TLS sent more bytes; returns the offset at which its plain text begins again, if it does.
    package mutating func records(_ bytes: Span<UInt8>, from side: Side) -> Int? {
        switch side {
        case .client:
            guard let offset = clientRecords.consume(bytes) else { return nil }
            clientIsPlain = true
            return offset
        case .server:
            guard let offset = serverRecords.consume(bytes) else { return nil }
            serverIsPlain = true
            return offset
        }
    }

    /// Bytes of a side were missed: its records are looked for anew, and commands or replies may have been among them.
    package mutating func miss(from side: Side) {
        isSynchronised = false
        switch side {
        case .client: clientRecords.resume()
        case .server:
            serverRecords.resume()
            continuedCode = 0
        }
    }

    /// Is not secured until TLS begins anew, whatever is said in this one.
    mutating func distrust() { clientRecords.progress = .records }

    private mutating func encrypt() -> Outcome {
        phase = .encrypted
        clientIsPlain = false
        serverIsPlain = false
        clientRecords = TLSRecords()
        serverRecords = TLSRecords()
        outstanding.removeAll()
        continuedCode = 0
        return .encrypts
    }

    /// Both sides speak plain FTP again (CCC): the login was inside TLS, unless there never was any TLS.
    private mutating func rearm() {
        phase = clientRecords.hasSeenRecord && serverRecords.hasSeenRecord ? .ready : .login
        isSynchronised = false
    }

    private mutating func becomeNotFTP() -> Outcome {
        guard phase != .notFTP else { return .passes }
        phase = .notFTP
        return .refused(.notFTP, nil)
    }

    /// Whether nothing says yet that the client means FTP: a page's script can make a browser say what it likes, in
    /// requests whose method is an FTP verb too.
    private var isBeforeLogin: Bool { phase == .greeting || phase == .login }

    /// Tells whether a line is the first of an HTTP request: it ends in ` HTTP/` and a version.
    private static func isRequest(_ line: Span<UInt8>) -> Bool {
        var end = Command.end(of: line)
        while end > 0, Decimal.isDigit(line[end - 1]) || line[end - 1] == UInt8(ascii: ".") { end -= 1 }
        let name: [6 of UInt8] = [0x20, 0x48, 0x54, 0x54, 0x50, 0x2f]  // " HTTP/"
        guard end >= name.count else { return false }
        return (0..<name.count).allSatisfy { line[end - name.count + $0] == name[$0] }
    }

    /// Tells whether a line is a field of an HTTP request or a mail: a name, then a colon.
    private static func isHeader(_ line: Span<UInt8>) -> Bool {
        var offset = 0
        while offset < line.count, line[offset] > 0x20, line[offset] < 0x7f, line[offset] != UInt8(ascii: ":")
        {
            offset += 1
        }
        return offset > 0 && offset < line.count && line[offset] == UInt8(ascii: ":")
    }
}

/// Commands that wait for their replies.
extension Session {
    /// Adds a command and returns its ordinal; one that finds no place gets an ordinal that no reply has.
    @discardableResult
    mutating func push(_ verb: Verb) -> UInt32 {
        guard outstanding.append(verb.awaited) else { return UInt32.max }
        nextOrdinal &+= 1
        if verb == .abor { isSynchronised = false }
        return nextOrdinal &- 1
    }

    /// Tells whether a command still waits for its final reply.
    func awaitsReply(to ordinal: UInt32) -> Bool { nextOrdinal &- ordinal &- 1 < UInt32(outstanding.count) }

    /// Takes back an ABOR that the last reply has answered together with the transfer (RFC 959, section 4.1.3).
    ///
    /// It has an answer of its own only if one comes that an ABOR can have: 225, 226 or an error.
    private mutating func passOverAbort(_ reply: Reply) {
        guard outstanding.count > 1, outstanding[0] == .abor, reply.code != 225, reply.code != 226,
            !reply.isError
        else { return }
        outstanding.removeFirst(1)
    }

    /// Takes the command that a final reply answers.
    private mutating func pop(for reply: Reply) -> (verb: Verb, ordinal: UInt32)? {
        guard outstanding.count > 0 else { return nil }
        var index = 0
        if let answered = firstSolicitor(of: reply.code) {
            // An adopted session may have had commands before, and an ABOR another number of answers than was thought.
            if !isSynchronised {
                index = answered
                isSynchronised = true
            }
        } else if !isSynchronised, outstanding[0].solicits != nil, !reply.isError {
            return nil
        }
        let verb = outstanding[index]
        let ordinal = nextOrdinal &- UInt32(outstanding.count - index)
        outstanding.removeFirst(index + 1)
        return (verb, ordinal)
    }

    /// Index of the oldest command that a reply of this code answers as PASV, EPSV and LPSV are answered.
    private func firstSolicitor(of code: UInt16) -> Int? {
        (0..<outstanding.count).first { index in
            outstanding[index].solicits.map(Announcement.code(of:)) == code
        }
    }
}
