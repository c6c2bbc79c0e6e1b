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

    /// The identifier of its conntrack entry (`CTA_ID`), by which users name the session; 0 in a capture.
    ///
    /// It stays the same when the daemon is restarted, unless conntrack loses the entry.
    package let id: UInt32
    /// The two tuples of its conntrack entry.
    package let mapping: Mapping
    /// How far the session has come.
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
    /// When it was first seen, in whole seconds, and when its last packet came.
    package let began: Instant
    package let lastSeen: Instant
    /// What opens for the data connections of an encrypted session; `nil` if nothing.
    package let access: Expectation.Access?
}
