// SPDX-License-Identifier: GPL-2.0-or-later

/// A summary of a control connection, for listings and events.
package struct ConnectionSummary: Hashable, Sendable {
    /// The state of the FTP session.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case greeting
        case login
        case ready
        case encrypted
        case notFTP = "not-ftp"
    }

    package let mapping: Mapping
    package let state: State
    /// Set if the connection was already established when first seen.
    package let isAdopted: Bool
    /// The argument of the last USER, at most 64 bytes, unescaped; empty before it.
    package let user: [UInt8]
    /// Edits, expectations opened and used, and refusals of the connection.
    package let edits: UInt32
    package let opened: UInt32
    package let used: UInt32
    package let refused: UInt32
    /// What opens for the data connections of an encrypted session; `nil` if nothing.
    package let access: Expectation.Access?
}
