// SPDX-License-Identifier: GPL-2.0-or-later

/// Lines of the client.
extension Session {
    /// Processes a line of the client.
    ///
    /// - Parameters:
    ///   - line: the line including its end.
    ///   - isWhole: false for the beginning of a line that is too long to be read; it announces nothing
    ///     (contract B5).
    ///   - connection: an address of the control connection, which determines the family.
    ///   - refusesPipelined: whether a PORT is refused while an earlier command is unanswered (contract A7).
    /// - Returns: what the line means.
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
        if let encryption {
            guard encryption.serverIsPlain else {
                push(command.verb)
                return .passes
            }
            rearm(after: encryption)
        }
        let isPipelined = isAwaitingReply
        let ordinal = push(command.verb, isQuoting: command.isQuoting)
        guard isWhole else {
            directory.forget()
            return .passes
        }
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

    /// What a command tells about a transfer.
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
        case .cwd, .cdup, .pwd:
            let argument = command.argument.prefix(WorkingDirectory.maximumSize + 1).map { line[$0] }
            directory.note(command.verb, argument, ordinal: ordinal)
            return .passes
        default:
            return command.verb.transfers.map {
                .transfer(.command($0, path: command.argument, ordinal: ordinal))
            } ?? .passes
        }
    }

    /// Processes a line that is not an FTP command.
    ///
    /// Servers answer such a line as well, most of them even an empty one. It is queued so that its reply
    /// does not count as the reply to the next command.
    private mutating func unknownCommand(isEmpty: Bool) -> Outcome {
        guard clientHasSpoken else { return isEmpty ? .passes : becomeNotFTP() }
        if encryption == nil { push(.other, isQuoting: !isEmpty) }
        return .passes
    }

}
