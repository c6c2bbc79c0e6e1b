// SPDX-License-Identifier: GPL-2.0-or-later

/// The state of a transfer's data connection in conntrack.
package enum DataEntry: Hashable, Sendable {
    /// Conntrack could not be asked, or there is none, as for a capture.
    case unknown
    /// There is no entry, or it is that of another connection.
    ///
    /// Conntrack deletes the entry of a SYN at once if the answer is an RST.
    case gone
    /// There is an entry; the traffic is `nil` if conntrack does not count it (`nf_conntrack_acct`).
    case there(Traffic?, Phase)

    /// The phase of the connection.
    package enum Phase: Hashable, Sendable {
        /// The connection is not established; its SYN leaves the gateway with this tuple.
        case opening(BlockedConnection.Stage, leaving: Tuple)
        case open
        /// An end has closed the connection.
        case closing
    }

    var traffic: Traffic? { if case .there(let traffic, _) = self { traffic } else { nil } }

    /// Whether no more bytes can arrive, or nothing is known of any.
    var isOver: Bool {
        switch self {
        case .unknown, .gone, .there(_, .closing): true
        case .there(_, .opening), .there(_, .open): false
        }
    }
}
