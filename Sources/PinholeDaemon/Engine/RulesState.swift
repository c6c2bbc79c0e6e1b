// SPDX-License-Identifier: GPL-2.0-or-later
package import FTPHelper

/// What the daemon knows of the firewall rules.
package struct RulesState: Hashable, Sendable {
    /// When they were loaded last; `nil` if that was before the daemon started.
    package var loaded: Instant?
    /// Whether they are loaded, as far as is known: they are at the start, and `pinhole rules watch` tells what changes.
    package var areLoaded = true
    /// How often they were put back.
    package var repairs: UInt64 = 0

    package init() {}
}
