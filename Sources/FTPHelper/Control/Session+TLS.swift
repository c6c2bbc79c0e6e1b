// SPDX-License-Identifier: GPL-2.0-or-later

/// TLS sessions.
extension Session {
    /// Tells whether both sides have finished the TLS handshake, exchange data, and have not returned to
    /// plain text.
    ///
    /// None of that data can be read, not even the login.
    package var isSecured: Bool {
        phase == .encrypted && !clientIsPlain && !serverIsPlain && !isDistrusted && hasExchangedData
    }

    /// Tells whether both sides have finished the handshake, and the server has answered data that the client
    /// sent afterwards.
    var hasExchangedData: Bool { clientRecords.hasSentData && serverRecords.hasAnswered }

    /// Reads the client's first bytes: implicit FTPS begins with TLS and cannot be read.
    package mutating func detectImplicitTLS(in bytes: Span<UInt8>) -> Outcome {
        guard !clientHasSpoken, TLSRecords.begins(bytes) else { return .passes }
        let serverSpokeFirst = serverHasSpoken
        clientHasSpoken = true
        serverHasSpoken = true
        isImplicit = true
        let outcome = encrypt()
        serverIsPlain = serverSpokeFirst
        return outcome
    }

    /// Reads bytes of a side that speaks TLS; returns the offset at which plain text begins again, if it
    /// does.
    package mutating func readRecords(_ bytes: Span<UInt8>, from side: Side) -> Int? {
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

    /// Distrusts the current TLS session: `isSecured` stays false until a new one begins.
    mutating func distrust() { isDistrusted = true }

    /// Begins TLS: forgets the queued commands and follows the records of both sides.
    mutating func encrypt() -> Outcome {
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

    /// Resumes plain FTP after CCC.
    ///
    /// The login was inside TLS, unless no data was exchanged there.
    mutating func rearm() {
        phase = hasExchangedData ? .ready : .login
        isSynchronised = false
        directory.forget()
    }
}
