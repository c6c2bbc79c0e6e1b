import CNetfilter
package import FTPHelper

/// What conntrack has of one TCP connection.
package struct ConntrackEntry: Hashable, Sendable {
    /// The two tuples, and so what NAT does (`CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY`, `CTA_ZONE`).
    package let mapping: Mapping
    /// The original tuple of the connection that announced this one; `nil` if none did (`CTA_TUPLE_MASTER`).
    ///
    /// The kernel does not tell its zone.
    package let master: Tuple?
    /// Tells this entry from another with the same tuples, as a rule: the kernel makes it of addresses (`CTA_ID`).
    package let id: UInt32
    /// The connection mark; 0 where none is set (`CTA_MARK`).
    package let mark: UInt32
    /// The kernel helper that is attached to it, `ftp` for one (`CTA_HELP_NAME`).
    package let helper: String?
    /// `TCP_CONNTRACK_...` (`CTA_PROTOINFO_TCP_STATE`).
    package let tcpState: UInt8?
    /// Tells whether a packet has come back (`IPS_SEEN_REPLY` in `CTA_STATUS`).
    package let hasSeenReply: Bool
    /// What has gone over it (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`); `nil` where conntrack does not count
    /// (`nf_conntrack_acct`).
    package let traffic: Traffic?

    /// Tells whether the handshake is under way: the server has answered a SYN, and nothing has come since.
    package var isOpening: Bool { tcpState == UInt8(TCP_CONNTRACK_SYN_RECV.rawValue) }

    /// Tells whether at least one end has closed it.
    package var isClosing: Bool {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_FIN_WAIT.rawValue, TCP_CONNTRACK_CLOSE_WAIT.rawValue,
            TCP_CONNTRACK_LAST_ACK.rawValue, TCP_CONNTRACK_TIME_WAIT.rawValue, TCP_CONNTRACK_CLOSE.rawValue:
            true
        default: false
        }
    }

    /// Tells whether both ends have closed it, or one has cut it off: no data passes any more.
    package var isOver: Bool {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_LAST_ACK.rawValue, TCP_CONNTRACK_TIME_WAIT.rawValue, TCP_CONNTRACK_CLOSE.rawValue:
            true
        default: false
        }
    }

    package init(
        mapping: Mapping,
        master: Tuple?,
        id: UInt32,
        mark: UInt32,
        helper: String?,
        tcpState: UInt8?,
        hasSeenReply: Bool,
        traffic: Traffic? = nil
    ) {
        self.mapping = mapping
        self.master = master
        self.id = id
        self.mark = mark
        self.helper = helper
        self.tcpState = tcpState
        self.hasSeenReply = hasSeenReply
        self.traffic = traffic
    }
}
