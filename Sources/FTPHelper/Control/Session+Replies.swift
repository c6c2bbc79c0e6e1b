// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines of the server.
extension Session {
    /// Number of lines without a reply after which a server counts as not FTP (contract S3).
    static let maximumLinesBeforeReply = 20
    /// Number of bytes without a reply after which a server counts as not FTP (contract S3).
    static let maximumSizeBeforeReply = 4096

    /// Processes a line of the server.
    ///
    /// - Parameters:
    ///   - line: the line including its end.
    ///   - isWhole: false for the beginning of a line that is too long to be read. It announces nothing, but
    ///     still answers a command (contract B5).
    ///   - connection: an address of the control connection, which determines the family.
    /// - Returns: what the line means.
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
                return complete(reply, line, isWhole: isWhole, on: connection)
            }
            guard followsCommand else {
                // Either text that looks like a reply, or the end as some servers write it: the next command
                // will show.
                if !reply.isContinued { isAwaitingReply = false }
                return .passes
            }
            if unendedCode == 0, mayQuote { unendedCode = continuedCode }
            let unended = Reply(code: continuedCode)
            continuedCode = 0
            _ = complete(unended, Span(), isWhole: false, on: connection)
        }
        guard let reply else {
            guard !serverHasSpoken else { return .passes }
            linesBeforeReply += 1
            return linesBeforeReply < Session.maximumLinesBeforeReply ? .passes : becomeNotFTP()
        }
        serverHasSpoken = true
        if let encryption {
            guard encryption.clientIsPlain else { return .passes }
            rearm(after: encryption)
        }
        guard !reply.isContinued else {
            continuedCode = reply.code
            return .passes
        }
        return complete(reply, line, isWhole: isWhole, on: connection)
    }

    /// Processes the last line of a reply.
    private mutating func complete(
        _ reply: Reply,
        _ line: Span<UInt8>,
        isWhole: Bool,
        on connection: IPAddress
    ) -> Outcome {
        removeAnsweredAbort(reply)
        guard !reply.isPreliminary else { return beginTransfer(reply, line) }
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
        if phase == .loginUnknown { resolveLogin(by: reply, to: nil) }
        let answered = removeCommand(answeredBy: reply)
        if let kind { return unsolicited(kind, line, on: connection) }
        guard let (verb, ordinal) = answered else { return .passes }
        directory.apply(reply, to: ordinal, in: line)
        switch verb {
        case .user:
            if !reply.isError { directory.forget() }
            if reply.code == 230 || reply.code == 232 { phase = .ready }
            if reply.code == 331 || reply.code == 332 { phase = .login }
        case .pass, .acct:
            if reply.isCompletion { phase = .ready }
            if reply.code == 331 || reply.code == 332 { phase = .login }
        case .rein where !reply.isError:
            phase = .login
            directory.forget()
        case .auth where reply.code == 234 || reply.code == 334:
            return encrypt()
        default:
            if phase == .loginUnknown { resolveLogin(by: reply, to: verb) }
            if verb.announces != nil, reply.isError { return .rejects(command: ordinal) }
            if verb.solicits != nil { hasRefusedSolicitor = true }
        }
        return sign(of: reply, to: verb, ordinal, in: line)
    }

    /// Processes the reply to a PASV, EPSV or LPSV.
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
        if phase == .loginUnknown { phase = .ready }
        guard isLoggedIn else { return .refused(.notLoggedIn, kind) }
        return .announces(announcement, command: ordinal)
    }

    /// Processes a preliminary reply.
    ///
    /// In FTP these belong to transfers, except for the greeting (120) and restart markers (110).
    private mutating func beginTransfer(_ reply: Reply, _ line: Span<UInt8>) -> Outcome {
        guard reply.code != 110, reply.code != 120,
            let index = (0..<outstanding.count).first(where: {
                outstanding[$0] == .retr && ($0 > 0 || !isTransferring)
            }) ?? (outstanding.count > 0 && outstanding[0] == .retr ? 0 : nil)
        else { return .passes }
        // The server has finished the commands in front of the transfer.
        if index > 0 { outstanding.remove(before: index) }
        isTransferring = true
        if phase == .loginUnknown { phase = .ready }
        return .transfer(.opens(size: TransferUpdate.size(inPreliminaryReply: line)))
    }

    /// What a final reply tells about a transfer.
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

    /// Refuses a reply with an address field that no command asked for; without a valid field it is harmless.
    private func unsolicited(_ kind: Expectation.Kind, _ line: Span<UInt8>, on connection: IPAddress)
        -> Outcome
    {
        Announcement(kind, in: line, on: connection) == nil ? .passes : .refused(.unsolicited, kind)
    }
}
