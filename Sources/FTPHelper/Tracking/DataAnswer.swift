// SPDX-License-Identifier: GPL-2.0-or-later

/// How the SYN of a data connection was answered.
package enum DataAnswer: String, Hashable, Sendable, CaseIterable {
    /// The connection was established.
    case established
    /// Nobody answered, or the answer did not arrive (`BlockedConnection`).
    case unanswered
    /// With an RST: nothing listens at the port.
    case refused
}
