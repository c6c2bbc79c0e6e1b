// SPDX-License-Identifier: GPL-2.0-or-later

/// Matching of replies to commands.
extension Session {
    /// Queues a command.
    ///
    /// - Parameters:
    ///   - verb: the command.
    ///   - isQuoting: whether its reply is quoting (`Verb.quoting`).
    /// - Returns: the ordinal of the command.
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

    /// Maximum number of surplus replies that a server is assumed to have sent.
    private static let maximumExcessReplies = 4

    /// Tells whether the unfinished reply may be quoting (`Verb.quoting`).
    var mayQuote: Bool { !isSynchronised || awaitsQuote(excess: Session.maximumExcessReplies) }

    /// Tells whether a command may be waiting for a quoting reply, if the server has sent `excess` surplus
    /// replies.
    func awaitsQuote(excess: Int) -> Bool {
        Int(commandsSinceQuoting) < outstanding.count + Int(outstanding.forgotten) + excess
    }

    /// Tells whether a command still waits for its final reply.
    func awaitsReply(to ordinal: UInt32) -> Bool { nextOrdinal &- ordinal &- 1 < UInt32(outstanding.count) }

    /// The ordinal of the command at an index of the queue.
    func ordinal(at index: Int) -> UInt32 { nextOrdinal &- UInt32(outstanding.count - index) }

    /// Removes a command and those in front of it; the current transfer is over then.
    mutating func remove(through index: Int) {
        outstanding.remove(through: index)
        isTransferring = false
    }

    /// Removes an ABOR whose reply was the one that ended the transfer (RFC 959, section 4.1.3).
    ///
    /// The ABOR has a reply of its own only if the next one is possible for ABOR: 225, 226 or an error.
    mutating func removeAnsweredAbort(_ reply: Reply) {
        guard outstanding.count > 1, outstanding[0] == .abor, reply.code != 225, reply.code != 226,
            !reply.isError
        else { return }
        remove(through: 0)
    }

    /// Removes and returns the command that a final reply answers.
    ///
    /// Usually it is the oldest, but servers leave commands unanswered and answer others twice (contract S1).
    ///
    /// Not to be used for 227, 228 and 229 while one of these is expected.
    mutating func removeCommand(answeredBy reply: Reply) -> (verb: Verb, ordinal: UInt32)? {
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
        // A surplus reply: the command cannot have such an answer.
        let isExcess =
            outstanding[index].solicits != nil && !reply.isError
            || outstanding[index] == .user && reply.code == 220
        return isExcess ? nil : index
    }

    private func first(_ verb: Verb) -> Int? { (0..<outstanding.count).first { outstanding[$0] == verb } }

    /// The oldest queued command of the login.
    var firstLogin: Int? {
        (0..<outstanding.count).first {
            outstanding[$0] == .user || outstanding[$0] == .pass || outstanding[$0] == .acct
        }
    }

    /// The command that a 227, 228 or 229 answers: the oldest PASV, EPSV or LPSV, or the newest one while it
    /// is unknown which commands have been answered.
    var solicitor: Int? {
        let asks = { (index: Int) in outstanding[index].solicits != nil }
        return isSynchronised
            ? (0..<outstanding.count).first(where: asks) : (0..<outstanding.count).last(where: asks)
    }
}
