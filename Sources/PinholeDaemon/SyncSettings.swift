// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// The settings of `pinhole sync`.
package struct SyncSettings: Hashable, Sendable {
    /// The address of this gateway, and that of the other one; `nil` if there is no pair.
    package var local: IPAddress?
    package var peer: IPAddress?
    /// The TCP port on which both listen.
    package var port: UInt16 = 3784
    /// The file with the key that both share; `nil` for none.
    package var keyPath: String?

    package init() {}
}
