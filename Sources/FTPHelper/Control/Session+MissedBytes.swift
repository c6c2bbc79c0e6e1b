// SPDX-License-Identifier: GPL-2.0-or-later

/// Missed bytes, and what is unknown after them.
extension Session {
    /// Records that bytes of a side were missed.
    ///
    /// Its TLS records have to be found again, and commands or replies may have been lost.
    ///
    /// Before the login, missed bytes of the client make the connection not FTP (contract S3a), unless the
    /// client had begun to log in from its first byte on, as only an FTP client does, or its packets may have
    /// bypassed the queue.
    package mutating func noteMissedBytes(from side: Side) -> Outcome {
        let isQuoting = isSynchronised && awaitsQuote(excess: 0)
        isSynchronised = false
        directory.forget()
        let isLoggingIn = phase == .login && userName.count > 0
        if var encryption {
            encryption.resume(side)
            phase = .encrypted(encryption)
        }
        switch side {
        case .client:
            guard isLoggingIn || !isBeforeLogin || phase == .loginUnknown else { return becomeNotFTP() }
        case .server:
            if phase == .greeting { phase = .login }
            if case .lines = content(of: .server) {
                if unendedCode == 0, isQuoting { unendedCode = continuedCode != 0 ? continuedCode : 1 }
                // The queued commands may have been answered.
                outstanding.removeAll()
                isTransferring = false
                hasMissedReply = true
                continuedCode = 0
                noteUnreadLine()
            }
        }
        if isLoggingIn { phase = .loginUnknown }
        return .passes
    }

    /// Records that the login may have bypassed the queue; not because of anything that the ends did.
    mutating func markLoginUnknown() { if isBeforeLogin { phase = .loginUnknown } }

    /// Records that a line of the server passed unread: the next line does not answer what the client sent
    /// before it.
    mutating func noteUnreadLine() { clientSpokeLast = false }

    /// Infers the result of an unknown login from a reply: servers do little for clients that are not logged
    /// in.
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
