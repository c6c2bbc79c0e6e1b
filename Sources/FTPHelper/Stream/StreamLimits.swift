// SPDX-License-Identifier: GPL-2.0-or-later

/// Limits of what one direction of a connection may keep.
struct StreamLimits: Sendable {
    /// Maximum size of a line in bytes; a longer one passes unread (contract B5).
    var line = 4096
    /// Bytes that are withheld at most: more than any address field has.
    static let withheld = 256
    /// Bytes kept for comparison with retransmissions.
    ///
    /// Unacknowledged bytes beyond that pass as they come.
    var history = 8192
    /// Bytes of early segments; further ones pass unread.
    var ahead = 32768
    /// Number of early pieces, because each new segment is inserted between them.
    var fragments = 64
    /// Edits that may be unacknowledged before new bytes have to wait.
    ///
    /// A sender exceeds it only if it announces a data connection every few bytes.
    var edits = 32

    /// The limits while all connections together keep too much: enough for any line of an honest session
    /// whose segments arrive in order.
    static let scarce = StreamLimits(line: 512, history: 0, ahead: 0, fragments: 0, edits: 4)
}
