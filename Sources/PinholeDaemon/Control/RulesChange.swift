// SPDX-License-Identifier: GPL-2.0-or-later

/// The state of the firewall rules that `pinhole rules watch` reports to the daemon.
package enum RulesChange: String, Hashable, Sendable, CaseIterable {
    /// The rules were missing and are loaded again; members of the sets may be lost.
    case repaired
    /// The rules are loaded, after packets have bypassed the queue until now.
    case loaded
    /// The rules are right, but somebody has replaced them or changed the sets; members of the sets may be lost.
    case replaced
    /// The rules are missing and could not be loaded again.
    case missing
}
