// SPDX-License-Identifier: GPL-2.0-or-later

/// Bytes of payload in each direction.
package struct TransferBytes: Hashable, Sendable {
    /// From the client to the server.
    package let up: UInt64
    /// From the server to the client.
    package let down: UInt64

    package init(up: UInt64, down: UInt64) {
        self.up = up
        self.down = down
    }
}
