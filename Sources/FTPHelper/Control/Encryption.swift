// SPDX-License-Identifier: GPL-2.0-or-later

/// The TLS session on a control connection, followed without decrypting it.
struct Encryption: Equatable, Sendable {
    /// What is known of a side.
    struct End: Equatable, Sendable {
        var records: TLSRecords
        /// Set once the side speaks plain text again (CCC, RFC 4217).
        var isPlain = false
    }

    var client = End(records: TLSRecords())
    var server = End(records: TLSRecords(of: .server))
    /// Set if the client began with TLS.
    ///
    /// It never spoke plain FTP, so nothing that it sends later counts as FTP.
    var isImplicit = false
    /// Set if nothing may open for this TLS session any more.
    var isDistrusted = false

    /// Tells whether both sides have finished the handshake, and the server has answered data that the client
    /// sent afterwards.
    var hasExchangedData: Bool { client.records.hasSentData && server.records.hasAnswered }

    /// Tells whether both sides have finished the handshake, exchange data, and have not returned to plain
    /// text, and nothing is wrong with it.
    var isSecured: Bool { !client.isPlain && !server.isPlain && !isDistrusted && hasExchangedData }

    /// How the next bytes of a side are to be read.
    func content(of side: Session.Side) -> Session.Content {
        let isPlain = side == .client ? client.isPlain : server.isPlain
        guard isImplicit else { return isPlain ? .lines : .records }
        let hasSaidEnough = side == .client ? client.records.hasSentData : server.records.hasAnswered
        return isPlain || hasSaidEnough ? .ignored : .records
    }

    /// Reads bytes of a side; returns the offset at which plain text begins again, if it does.
    mutating func read(_ bytes: Span<UInt8>, from side: Session.Side) -> Int? {
        switch side {
        case .client:
            guard let offset = client.records.consume(bytes) else { return nil }
            client.isPlain = true
            return offset
        case .server:
            guard let offset = server.records.consume(bytes, isAnswer: client.records.hasSentData) else {
                return nil
            }
            server.isPlain = true
            return offset
        }
    }

    /// Records that bytes of a side were missed: its records have to be found again.
    mutating func resume(_ side: Session.Side) {
        switch side {
        case .client: client.records.resume()
        case .server: server.records.resume()
        }
    }
}
