/// How far conntrack takes a connection to be (`enum tcp_conntrack`).
package enum ConntrackPhase: Hashable, Sendable {
    /// The server has answered a SYN, and nothing has come since (`TCP_CONNTRACK_SYN_RECV`).
    case opening
    /// `TCP_CONNTRACK_ESTABLISHED`.
    case established
    /// No handshake is under way, or the connection is about to end.
    case other
}
