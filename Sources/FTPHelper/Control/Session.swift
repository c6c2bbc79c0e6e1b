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
    /// Code of a multi-line reply that was given up before its own end, and that may have lines which the server did not write.
    ///
    /// 0 if there is none, 1 if its code was missed. Until that end comes no line announces anything (contract S1).
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
        default: .lines
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

    /// Tells whether both sides have shaken hands over TLS, exchange data in it, and neither has gone back to plain text.
    ///
    /// Nothing of it can be read: not the login either.
    package var isSecured: Bool {
        phase == .encrypted && !clientIsPlain && !serverIsPlain && !isDistrusted && hasExchangedData
    }

    /// Tells whether both sides have finished the handshake, and the server has answered what the client has sent since.
    private var hasExchangedData: Bool { clientRecords.hasSentData && serverRecords.hasAnswered }

    private func isPlain(_ side: Side) -> Bool { side == .client ? clientIsPlain : serverIsPlain }

    /// Tells whether a side's records tell nothing more.
    private func hasSaidEnough(_ side: Side) -> Bool {
        side == .client ? clientRecords.hasSentData : serverRecords.hasAnswered
    }

    /// Tells whether lines can still announce something.
    package var isInspected: Bool { phase != .encrypted && phase != .notFTP }
}

/// The client's lines.
extension Session {
    /// The client sent a line.
    ///
    /// - Parameters:
    ///   - line: with its end.
    ///   - isWhole: unset for the beginning of one that is too long to be read: it announces nothing (contract B5).
    ///   - connection: an address of the control connection, for its family.
    ///   - refusesPipelined: a PORT sent while an earlier command is unanswered opens nothing (contract A7).
    /// - Returns: what the line does.
    package mutating func command(
        _ line: Span<UInt8>,
        isWhole: Bool = true,
        on connection: IPAddress,
        refusesPipelined: Bool
    ) -> Outcome {
        guard let command = Command(parsing: line), isWhole || clientHasSpoken else {
            guard !isBeforeLogin || !Session.isHeader(line) else { return becomeNotFTP() }
            return unknownCommand(isEmpty: Command.end(of: line) == 0)
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
        let isPipelined = isAwaitingReply
        let ordinal = push(command.verb, isQuoting: command.isQuoting)
        guard isWhole else { return .passes }
        if command.verb == .user {
            let argument = line.extracting(command.argument)
            userName = UserName((0..<min(argument.count, 64)).map { argument[$0] })
        }
        guard let kind = command.verb.announces else { return sign(of: command, ordinal, in: line) }
        guard let announcement = Announcement(command, in: line, on: connection) else {
            return .refused(.malformed, kind)
        }
        guard isLoggedIn || isLoginUnderWay else { return .refused(.notLoggedIn, kind) }
        guard !refusesPipelined || !isPipelined else { return .refused(.pipelined, kind) }
        return .announces(announcement, command: ordinal)
    }

    /// What a command says of a transfer.
    private mutating func sign(of command: Command, _ ordinal: UInt32, in line: Span<UInt8>) -> Outcome {
        guard isLoggedIn || isLoginUnderWay else { return .passes }
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

    /// The client sent a line that is no FTP command.
    ///
    /// Servers answer these too, most of them even an empty one, and the answer must not be taken for that of the next command.
    private mutating func unknownCommand(isEmpty: Bool) -> Outcome {
        guard clientHasSpoken else { return isEmpty ? .passes : becomeNotFTP() }
        if phase != .encrypted { push(.other, isQuoting: !isEmpty) }
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
    /// Lines without a reply after which a server is taken for none of FTP's (contract S3).
    static let maximumLinesBeforeReply = 20
    /// Bytes without a reply after which it is.
    static let maximumSizeBeforeReply = 4096

    /// The server sent a line.
    ///
    /// - Parameters:
    ///   - line: with its end.
    ///   - isWhole: unset for the beginning of one that is too long to be read: it announces nothing, but it answers what it
    ///     answers (contract B5).
    ///   - connection: an address of the control connection, for its family.
    /// - Returns: what the line does.
    package mutating func reply(
        _ line: Span<UInt8>,
        isWhole: Bool = true,
        on connection: IPAddress
    ) -> Outcome {
        let reply = Reply(parsing: line)
        let followsCommand = clientSpokeLast
        clientSpokeLast = false
        if let reply, reply.code == unendedCode, !reply.isContinued { unendedCode = 0 }
        if hasMissedReply {
            guard reply != nil, followsCommand else { return .passes }
            hasMissedReply = false
        }
        if continuedCode != 0 {
            guard let reply, reply.code != continuedCode || !reply.isContinued else { return .passes }
            guard reply.code != continuedCode else {
                continuedCode = 0
                return finish(reply, line, isWhole: isWhole, on: connection)
            }
            guard followsCommand else {
                // Text that looks so, or the end as some servers write it: the next command will tell.
                if !reply.isContinued { isAwaitingReply = false }
                return .passes
            }
            if unendedCode == 0, mayQuote { unendedCode = continuedCode }
            let unended = Reply(code: continuedCode)
            continuedCode = 0
            _ = finish(unended, Span(), isWhole: false, on: connection)
        }
        guard let reply else {
            guard !serverHasSpoken else { return .passes }
            linesBeforeReply += 1
            return linesBeforeReply < Session.maximumLinesBeforeReply ? .passes : becomeNotFTP()
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
        return finish(reply, line, isWhole: isWhole, on: connection)
    }

    /// The server has sent more than any greeting has, and no reply (contract S3).
    mutating func refuseGreeting() -> Outcome { serverHasSpoken ? .passes : becomeNotFTP() }

    /// A reply is complete.
    private mutating func finish(
        _ reply: Reply,
        _ line: Span<UInt8>,
        isWhole: Bool,
        on connection: IPAddress
    ) -> Outcome {
        passOverAbort(reply)
        guard !reply.isPreliminary else { return begin(reply, line) }
        isAwaitingReply = false
        let kind = Announcement.kind(ofReply: reply.code)
        guard phase != .greeting else {
            phase = .login
            return kind.map { unsolicited($0, line, on: connection) } ?? .passes
        }
        guard kind == nil || unendedCode == 0 else { return .unopened(.unendedReply) }
        if let kind, isSoliciting {
            return announce(kind, line, isWhole: isWhole, on: connection)
        }
        if phase == .doubtful { settleLogin(by: reply, to: nil) }
        let answered = take(answeredBy: reply)
        if let kind { return unsolicited(kind, line, on: connection) }
        guard let (verb, ordinal) = answered else { return .passes }
        switch verb {
        case .user:
            if reply.code == 230 || reply.code == 232 { phase = .ready }
            if reply.code == 331 || reply.code == 332 { phase = .login }
        case .pass, .acct:
            if reply.isCompletion { phase = .ready }
            if reply.code == 331 || reply.code == 332 { phase = .login }
        case .rein where !reply.isError:
            phase = .login
        case .auth where reply.code == 234 || reply.code == 334:
            return encrypt()
        default:
            if phase == .doubtful { settleLogin(by: reply, to: verb) }
            if verb.announces != nil, reply.isError { return .rejects(command: ordinal) }
            if verb.solicits != nil { hasRefusedSolicitor = true }
        }
        return sign(of: reply, to: verb, ordinal, in: line)
    }

    /// The reply to a PASV, EPSV or LPSV.
    private mutating func announce(
        _ kind: Expectation.Kind,
        _ line: Span<UInt8>,
        isWhole: Bool,
        on connection: IPAddress
    ) -> Outcome {
        var ordinal = nextOrdinal &- 1
        if let index = solicitor {
            ordinal = self.ordinal(at: index)
            remove(through: index)
        }
        hasRefusedSolicitor = false
        isSynchronised = true
        guard isWhole else { return .passes }
        guard let announcement = Announcement(kind, in: line, on: connection) else {
            return .refused(.malformed, kind)
        }
        if phase == .doubtful { phase = .ready }
        guard isLoggedIn else { return .refused(.notLoggedIn, kind) }
        return .announces(announcement, command: ordinal)
    }

    /// Takes a reply for what shows how the login went that bytes were missed of: servers do little for who is not logged in.
    private mutating func settleLogin(by reply: Reply, to verb: Verb?) {
        switch (verb, reply.code) {
        case (nil, 230), (nil, 232): phase = .ready
        case (nil, 530): phase = .login
        case (.port, 200..<300), (.eprt, 200..<300), (.lprt, 200..<300), (.retr, 200..<300), (.size, 213),
            (.other, 250), (.other, 257):
            phase = .ready
        default: break
        }
    }

    /// The server works on a command: on a transfer, as those do that have preliminary replies in FTP, but for the greeting (120)
    /// and the marks of a transfer (110).
    private mutating func begin(_ reply: Reply, _ line: Span<UInt8>) -> Outcome {
        guard reply.code != 110, reply.code != 120,
            let index = (0..<outstanding.count).first(where: {
                outstanding[$0] == .retr && ($0 > 0 || !isTransferring)
            }) ?? (outstanding.count > 0 && outstanding[0] == .retr ? 0 : nil)
        else { return .passes }
        // It has gone through what came before.
        if index > 0 { outstanding.remove(before: index) }
        isTransferring = true
        if phase == .doubtful { phase = .ready }
        return .transfer(.opens(size: TransferSign.size(inPreliminaryReply: line)))
    }

    /// What a final reply says of a transfer.
    private func sign(of reply: Reply, to verb: Verb, _ ordinal: UInt32, in line: Span<UInt8>) -> Outcome {
        switch verb {
        case .retr: return .transfer(.ends(command: ordinal))
        case .size where reply.code == 213:
            var offset = reply.textStart
            guard let size = Decimal.parse(line, at: &offset) else { return .passes }
            return .transfer(.size(size))
        default: return .passes
        }
    }

    /// A reply with an address field that nobody has asked for; without one it is harmless.
    private func unsolicited(_ kind: Expectation.Kind, _ line: Span<UInt8>, on connection: IPAddress)
        -> Outcome
    {
        Announcement(kind, in: line, on: connection) == nil ? .passes : .refused(.unsolicited, kind)
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
            guard let offset = serverRecords.consume(bytes, isAnswer: clientRecords.hasSentData) else {
                return nil
            }
            serverIsPlain = true
            return offset
        }
    }

    /// Bytes of a side were missed: its records are looked for anew, and commands or replies may have been among them.
    ///
    /// Before the login nobody knows what the client meant by them (contract S3a), unless it had begun to log in from its first
    /// byte on, as only an FTP client does.
    package mutating func miss(from side: Side) -> Outcome {
        let isQuoting = isSynchronised && awaitsQuote(excess: 0)
        isSynchronised = false
        let isLoggingIn = phase == .login && userName.count > 0
        switch side {
        case .client:
            guard isLoggingIn || !isBeforeLogin || phase == .doubtful else { return becomeNotFTP() }
            clientRecords.resume()
        case .server:
            serverRecords.resume()
            if phase == .greeting { phase = .login }
            if case .lines = content(of: .server) {
                if unendedCode == 0, isQuoting { unendedCode = continuedCode != 0 ? continuedCode : 1 }
                // What waits may have been answered.
                outstanding.removeAll()
                isTransferring = false
                hasMissedReply = true
                continuedCode = 0
                passLine()
            }
        }
        if isLoggingIn { phase = .doubtful }
        return .passes
    }

    /// A line of the server went by unread: what comes next answers nothing that the client has said before it.
    mutating func passLine() { clientSpokeLast = false }

    /// The client's first bytes were not where its stream was said to begin (contract S3a).
    mutating func refuseBeginning() -> Outcome { isBeforeLogin ? becomeNotFTP() : .passes }

    /// Is not secured until TLS begins anew, whatever is said in this one.
    mutating func distrust() { isDistrusted = true }

    private mutating func encrypt() -> Outcome {
        phase = .encrypted
        clientIsPlain = false
        serverIsPlain = false
        clientRecords = TLSRecords()
        serverRecords = TLSRecords(of: .server)
        isDistrusted = false
        outstanding.removeAll()
        isTransferring = false
        hasRefusedSolicitor = false
        hasMissedReply = false
        continuedCode = 0
        unendedCode = 0
        return .encrypts
    }

    /// Both sides speak plain FTP again (CCC): the login was inside TLS, unless nothing can have been said in that.
    private mutating func rearm() {
        phase = hasExchangedData ? .ready : .login
        isSynchronised = false
    }

    private mutating func becomeNotFTP() -> Outcome {
        guard phase != .notFTP else { return .passes }
        phase = .notFTP
        return .refused(.notFTP, nil)
    }

    /// Whether nothing says yet that the client means FTP: a page's script can make a browser say what it likes, in
    /// requests whose method is an FTP verb too.
    var isBeforeLogin: Bool { phase == .greeting || phase == .login || phase == .doubtful }

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
    /// Adds a command and returns its ordinal.
    ///
    /// Of one that is quoting (`Command.isQuoting`) the reply may have lines that the server did not write itself.
    @discardableResult
    mutating func push(_ verb: Verb, isQuoting: Bool = false) -> UInt32 {
        if isQuoting {
            commandsSinceQuoting = 0
        } else if commandsSinceQuoting < .max {
            commandsSinceQuoting += 1
        }
        if outstanding.count == VerbQueue.capacity { isTransferring = false }
        outstanding.append(verb.awaited)
        clientSpokeLast = true
        isAwaitingReply = true
        hasRefusedSolicitor = false
        nextOrdinal &+= 1
        if verb == .abor { isSynchronised = false }
        return nextOrdinal &- 1
    }

    /// Replies that a server may have sent beyond one for each command.
    private static let maximumExcessReplies = 4

    /// Tells whether the reply that is under way may have lines that the server did not write itself.
    private var mayQuote: Bool { !isSynchronised || awaitsQuote(excess: Session.maximumExcessReplies) }

    /// Tells whether a command waits whose reply may, or did before so many replies beyond one for each command.
    private func awaitsQuote(excess: Int) -> Bool {
        Int(commandsSinceQuoting) < outstanding.count + Int(outstanding.forgotten) + excess
    }

    /// Tells whether a command still waits for its final reply.
    func awaitsReply(to ordinal: UInt32) -> Bool { nextOrdinal &- ordinal &- 1 < UInt32(outstanding.count) }

    private func ordinal(at index: Int) -> UInt32 { nextOrdinal &- UInt32(outstanding.count - index) }

    private mutating func remove(through index: Int) {
        outstanding.remove(through: index)
        isTransferring = false
    }

    /// Takes back an ABOR that the last reply has answered together with the transfer (RFC 959, section 4.1.3).
    ///
    /// It has an answer of its own only if one comes that an ABOR can have: 225, 226 or an error.
    private mutating func passOverAbort(_ reply: Reply) {
        guard outstanding.count > 1, outstanding[0] == .abor, reply.code != 225, reply.code != 226,
            !reply.isError
        else { return }
        remove(through: 0)
    }

    /// Takes the command that a final reply answers: mostly the oldest, but servers leave commands unanswered, and answer some
    /// twice (contract S1).
    ///
    /// Not for 227, 228 and 229 where one of these is awaited.
    private mutating func take(answeredBy reply: Reply) -> (verb: Verb, ordinal: UInt32)? {
        guard let index = indexAnswered(by: reply) else { return nil }
        let answered = (outstanding[index], ordinal(at: index))
        if isTransferring, index > 0, !reply.endsTransfer {
            outstanding.answer(index)
        } else {
            remove(through: index)
        }
        return answered
    }

    private mutating func indexAnswered(by reply: Reply) -> Int? {
        guard outstanding.count > 0 else { return nil }
        switch reply.code {
        case 230, 232: if let index = firstLogin { return index }
        case 331: if let index = first(.user) { return index }
        case 234, 334: if let index = first(.auth) { return index }
        default: break
        }
        guard !outstanding.answerForgotten() else { return nil }
        var index = 0
        if isTransferring, !reply.endsTransfer {
            guard let next = (1..<outstanding.count).first(where: { outstanding[$0] != .answered }) else {
                return nil
            }
            index = next
        }
        // Such a reply these cannot have.
        let isExcess =
            outstanding[index].solicits != nil && !reply.isError
            || outstanding[index] == .user && reply.code == 220
        return isExcess ? nil : index
    }

    private func first(_ verb: Verb) -> Int? { (0..<outstanding.count).first { outstanding[$0] == verb } }

    /// The oldest command that the login waits for.
    private var firstLogin: Int? {
        (0..<outstanding.count).first {
            outstanding[$0] == .user || outstanding[$0] == .pass || outstanding[$0] == .acct
        }
    }

    /// The command that a 227, 228 or 229 answers: the oldest PASV, EPSV or LPSV; the newest while nobody knows which have been
    /// answered.
    private var solicitor: Int? {
        let asks = { (index: Int) in outstanding[index].solicits != nil }
        return isSynchronised
            ? (0..<outstanding.count).first(where: asks) : (0..<outstanding.count).last(where: asks)
    }
}
