// SPDX-License-Identifier: GPL-2.0-or-later

/// Why nothing opens although nothing is refused; reported once per connection (contract S6).
package enum UnopenedReason: String, Hashable, Sendable, CaseIterable {
    /// A transfer was requested, but no data connection was announced for it.
    case unannounced
    /// A line was too long to be read.
    case longLine = "long-line"
    /// A multi-line reply has not ended with its own code, so the line may be text inside it that the client
    /// has chosen.
    case unendedReply = "unended-reply"
    /// The session is encrypted, and nothing is configured to open for the encrypted sessions of its server.
    case ftpsUnconfigured = "ftps-unconfigured"
    /// TLS began with the first byte, on a port that is not configured for that.
    case ftpsImplicit = "ftps-implicit"
    /// The client of an encrypted session tries a port of the server that is not one of those configured.
    case ftpsPort = "ftps-port"
    /// The client of an encrypted session tries a configured port at another address than the server's: the
    /// server announces one that clients do not know it by.
    case ftpsAddress = "ftps-address"

    /// The reasons that were already reported for a connection.
    struct Reported: Sendable {
        private var bits: UInt8 = 0

        /// Adds a reason; returns `false` if it was already there.
        mutating func insert(_ reason: UnopenedReason) -> Bool {
            let bit: UInt8 =
                switch reason {
                case .unannounced: 1
                case .longLine: 2
                case .unendedReply: 4
                case .ftpsUnconfigured: 8
                case .ftpsImplicit: 16
                case .ftpsPort: 32
                case .ftpsAddress: 64
                }
            defer { bits |= bit }
            return bits & bit == 0
        }
    }
}
