// SPDX-License-Identifier: GPL-2.0-or-later

/// What `pinhole rules watch` tells the daemon of the firewall rules.
package enum RulesChange: String, Hashable, Sendable, CaseIterable {
    /// They were missing, and are loaded again; members of the sets may be lost.
    case repaired
    /// They are missing, and could not be put back.
    case missing
}
