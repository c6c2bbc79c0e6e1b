// SPDX-License-Identifier: GPL-2.0-or-later

/// The state of a connection in conntrack (`enum tcp_conntrack`).
package enum ConntrackPhase: Hashable, Sendable {
    /// The server has answered the SYN, and nothing followed yet (`TCP_CONNTRACK_SYN_RECV`).
    case opening
    /// `TCP_CONNTRACK_ESTABLISHED`.
    case established
    /// Any other state: no handshake is under way, or the connection is about to end.
    case other
}
