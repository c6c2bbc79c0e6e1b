// SPDX-License-Identifier: GPL-2.0-or-later

/// TLS sessions.
extension Session {
    /// The TLS session; `nil` if the connection is not encrypted.
    var encryption: Encryption? {
        guard case .encrypted(let encryption) = phase else { return nil }
        return encryption
    }

    /// Tells whether both sides have finished the TLS handshake, exchange data, and have not returned to
    /// plain text.
    ///
    /// None of that data can be read, not even the login.
    package var isSecured: Bool { encryption?.isSecured ?? false }

    /// Tells whether the client began with TLS.
    var isImplicit: Bool { encryption?.isImplicit ?? false }

    /// Reads the client's first bytes: implicit FTPS begins with TLS and cannot be read.
    package mutating func detectImplicitTLS(in bytes: Span<UInt8>) -> Outcome {
        guard !clientHasSpoken, TLSRecords.begins(bytes) else { return .passes }
        var encryption = Encryption()
        encryption.isImplicit = true
        encryption.serverIsPlain = serverHasSpoken
        clientHasSpoken = true
        serverHasSpoken = true
        return encrypt(encryption)
    }

    /// Reads bytes of a side that speaks TLS; returns the offset at which plain text begins again, if it
    /// does.
    package mutating func readRecords(_ bytes: Span<UInt8>, from side: Side) -> Int? {
        guard var encryption else { return nil }
        defer { phase = .encrypted(encryption) }
        return encryption.read(bytes, from: side)
    }

    /// Distrusts the current TLS session: `isSecured` stays false until a new one begins.
    mutating func distrust() {
        guard var encryption else { return }
        encryption.isDistrusted = true
        phase = .encrypted(encryption)
    }

    /// Begins TLS: forgets the queued commands and follows the records of both sides.
    mutating func encrypt(_ encryption: Encryption = Encryption()) -> Outcome {
        phase = .encrypted(encryption)
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
    mutating func rearm(after encryption: Encryption) {
        phase = encryption.hasExchangedData ? .ready : .login
        isSynchronised = false
        directory.forget()
    }
}
