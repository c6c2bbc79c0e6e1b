// SPDX-License-Identifier: GPL-2.0-or-later

/// What conntrack has of the data connection of a transfer.
package enum DataEntry: Hashable, Sendable {
    /// It could not be asked, or there is no conntrack, as in a capture.
    case unknown
    /// It has no entry, or one of another connection.
    ///
    /// It deletes the entry of a SYN at once if the answer is an RST.
    case gone
    /// It has an entry; the traffic is `nil` if it does not count (`nf_conntrack_acct`).
    case there(Traffic?, Phase)

    /// How far the connection is.
    package enum Phase: Hashable, Sendable {
        /// It is not established; its SYN leaves the gateway with the second tuple.
        case opening(BlockedConnection.Stage, leaving: Tuple)
        case open
        /// An end has closed it.
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
