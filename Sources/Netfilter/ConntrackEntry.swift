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
    /// The streams whose numbers the kernel shifts, for SYNPROXY as a rule.
    ///
    /// SYNPROXY has a say in a connection from its SYN on (`CTA_SYNPROXY`), and knows by how much only when the server's SYN-ACK is
    /// about to leave (`CTA_SEQ_ADJ_REPLY`): behind us.
    package let shifted: ShiftedStreams
    /// `TCP_CONNTRACK_...` (`CTA_PROTOINFO_TCP_STATE`).
    package let tcpState: UInt8?
    /// Tells whether a packet has come back (`IPS_SEEN_REPLY` in `CTA_STATUS`).
    package let hasSeenReply: Bool
    /// What has gone over it (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`); `nil` where conntrack does not count
    /// (`nf_conntrack_acct`).
    package let traffic: Traffic?

    /// How far the connection is.
    package var phase: ConntrackPhase {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_SYN_RECV.rawValue: .opening
        case TCP_CONNTRACK_ESTABLISHED.rawValue: .established
        default: .other
        }
    }

    /// Tells whether its handshake is under way: a SYN has come, and not yet the ACK that answers the SYN-ACK.
    package var isShakingHands: Bool {
        switch tcpState.map(UInt32.init) {
        // LISTEN is `TCP_CONNTRACK_SYN_SENT2`, of a simultaneous open.
        case TCP_CONNTRACK_SYN_SENT.rawValue, TCP_CONNTRACK_LISTEN.rawValue, TCP_CONNTRACK_SYN_RECV.rawValue:
            true
        default: false
        }
    }

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

    /// Tells whether an end has cut it off with an RST that conntrack believes.
    package var isCutOff: Bool { tcpState == UInt8(TCP_CONNTRACK_CLOSE.rawValue) }

    /// Tells whether both ends have said hello and neither has said goodbye, as far as conntrack tells.
    package var isEstablished: Bool {
        tcpState.map { $0 == UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue) } ?? true
    }

    /// Tells whether it is of that connection, which it may have the wrong way round where there is no NAT.
    package func isOf(_ mapping: Mapping) -> Bool {
        self.mapping == mapping || !mapping.isTranslated && self.mapping == mapping.reversed
    }

    package init(
        mapping: Mapping,
        master: Tuple?,
        id: UInt32,
        mark: UInt32,
        helper: String?,
        tcpState: UInt8?,
        hasSeenReply: Bool,
        traffic: Traffic? = nil,
        shifted: ShiftedStreams = []
    ) {
        self.mapping = mapping
        self.master = master
        self.id = id
        self.mark = mark
        self.helper = helper
        self.tcpState = tcpState
        self.hasSeenReply = hasSeenReply
        self.traffic = traffic
        self.shifted = shifted
    }
}
