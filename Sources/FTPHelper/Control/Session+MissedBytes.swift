/// Bytes that were missed.
extension Session {
    /// Bytes of a side were missed: its records are looked for anew, and commands or replies may have been among them.
    ///
    /// Before the login nobody knows what the client meant by them (contract S3a), unless it had begun to log in from its first
    /// byte on, as only an FTP client does.
    package mutating func noteMissedBytes(from side: Side) -> Outcome {
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

    /// Takes a reply for what shows how the login went that bytes were missed of: servers do little for who is not logged in.
    mutating func resolveLogin(by reply: Reply, to verb: Verb?) {
        switch (verb, reply.code) {
        case (nil, 230), (nil, 232): phase = .ready
        case (nil, 530): phase = .login
        case (.port, 200..<300), (.eprt, 200..<300), (.lprt, 200..<300), (.retr, 200..<300), (.size, 213),
            (.other, 250), (.other, 257):
            phase = .ready
        default: break
        }
    }
}
