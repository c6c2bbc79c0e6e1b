// SPDX-License-Identifier: GPL-2.0-or-later

/// The TLS session on a control connection, followed without decrypting it.
struct Encryption: Equatable, Sendable {
    // The members are ordered so that there is no padding between them.

    var clientRecords = TLSRecords()
    var serverRecords = TLSRecords(of: .server)
    /// Set once the side speaks plain text again (CCC, RFC 4217).
    var clientIsPlain = false
    var serverIsPlain = false
    /// Set if the client began with TLS.
    ///
    /// It never spoke plain FTP, so nothing that it sends later counts as FTP.
    var isImplicit = false
    /// Set if nothing may open for this TLS session any more.
    var isDistrusted = false

    /// Tells whether both sides have finished the handshake, and the server has answered data that the client
    /// sent afterwards.
    var hasExchangedData: Bool { clientRecords.hasSentData && serverRecords.hasAnswered }

    /// Tells whether both sides have finished the handshake, exchange data, and have not returned to plain
    /// text, and nothing is wrong with it.
    var isSecured: Bool { !clientIsPlain && !serverIsPlain && !isDistrusted && hasExchangedData }

    /// How the next bytes of a side are to be read.
    func content(of side: Session.Side) -> Session.Content {
        let isPlain = side == .client ? clientIsPlain : serverIsPlain
        guard isImplicit else { return isPlain ? .lines : .records }
        let hasSaidEnough = side == .client ? clientRecords.hasSentData : serverRecords.hasAnswered
        return isPlain || hasSaidEnough ? .ignored : .records
    }

    /// Reads bytes of a side; returns the offset at which plain text begins again, if it does.
    mutating func read(_ bytes: Span<UInt8>, from side: Session.Side) -> Int? {
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

    /// Records that bytes of a side were missed: its records have to be found again.
    mutating func resume(_ side: Session.Side) {
        switch side {
        case .client: clientRecords.resume()
        case .server: serverRecords.resume()
        }
    }
}
