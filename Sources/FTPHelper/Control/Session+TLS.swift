/// TLS.
extension Session {
    /// Tells whether both sides have shaken hands over TLS, exchange data in it, and neither has gone back to plain text.
    ///
    /// Nothing of it can be read: not the login either.
    package var isSecured: Bool {
        phase == .encrypted && !clientIsPlain && !serverIsPlain && !isDistrusted && hasExchangedData
    }

    /// Tells whether both sides have finished the handshake, and the server has answered what the client has sent since.
    var hasExchangedData: Bool { clientRecords.hasSentData && serverRecords.hasAnswered }

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

    /// Is not secured until TLS begins anew, whatever is said in this one.
    mutating func distrust() { isDistrusted = true }

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

    /// Both sides speak plain FTP again (CCC): the login was inside TLS, unless nothing can have been said in that.
    mutating func rearm() {
        phase = hasExchangedData ? .ready : .login
        isSynchronised = false
    }
}
