// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper

/// The conntrack entry of one TCP connection.
package struct ConntrackEntry: Hashable, Sendable {
    /// The original and the reply tuple, which differ by what NAT does (`CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY`, `CTA_ZONE`).
    package let mapping: Mapping
    /// The original tuple of the control connection that announced this one; `nil` if none did (`CTA_TUPLE_MASTER`).
    ///
    /// The kernel does not tell its zone.
    package let master: Tuple?
    /// The entry's id (`CTA_ID`), which normally differs from that of an earlier or later entry with the same tuples: the
    /// kernel computes it from memory addresses.
    package let id: UInt32
    /// The connection mark; 0 if none is set (`CTA_MARK`).
    package let mark: UInt32
    /// The name of the attached kernel helper, such as `ftp`; `nil` without one (`CTA_HELP_NAME`).
    package let helper: String?
    /// The streams whose sequence numbers the kernel shifts, normally for SYNPROXY.
    ///
    /// A connection has `CTA_SYNPROXY` from its SYN on. The offset (`CTA_SEQ_ADJ_REPLY`) is known only when the server's
    /// SYN-ACK passes the SYNPROXY hook, after it was queued.
    package let shifted: ShiftedStreams
    /// The TCP state, `TCP_CONNTRACK_...` (`CTA_PROTOINFO_TCP_STATE`); `nil` if the kernel did not tell it.
    package let tcpState: UInt8?
    /// Whether conntrack has seen a packet in the reply direction (`IPS_SEEN_REPLY` in `CTA_STATUS`).
    package let hasSeenReply: Bool
    /// The packet and byte counters (`CTA_COUNTERS_ORIG`, `CTA_COUNTERS_REPLY`); `nil` if counting is off
    /// (`nf_conntrack_acct`).
    package let traffic: Traffic?

    /// The phase of the connection that the core distinguishes.
    package var phase: ConntrackPhase {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_SYN_RECV.rawValue: .opening
        case TCP_CONNTRACK_ESTABLISHED.rawValue: .established
        default: .other
        }
    }

    /// Whether the handshake is under way: conntrack has seen a SYN, and not yet the ACK of the SYN-ACK.
    package var isShakingHands: Bool {
        switch tcpState.map(UInt32.init) {
        // LISTEN has the number of TCP_CONNTRACK_SYN_SENT2, the state of a simultaneous open.
        case TCP_CONNTRACK_SYN_SENT.rawValue, TCP_CONNTRACK_LISTEN.rawValue, TCP_CONNTRACK_SYN_RECV.rawValue:
            true
        default: false
        }
    }

    /// How far a data connection is that is not established; `nil` if it is, or is over.
    package var openingStage: BlockedConnection.Stage? {
        switch tcpState.map(UInt32.init) {
        // The state of an entry that ctnetlink has made.
        case TCP_CONNTRACK_NONE.rawValue: .unseen
        case TCP_CONNTRACK_SYN_SENT.rawValue, TCP_CONNTRACK_LISTEN.rawValue: .unanswered
        case TCP_CONNTRACK_SYN_RECV.rawValue: .halfOpen
        default: nil
        }
    }

    /// Whether at least one end has closed the connection.
    package var isClosing: Bool {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_FIN_WAIT.rawValue, TCP_CONNTRACK_CLOSE_WAIT.rawValue,
            TCP_CONNTRACK_LAST_ACK.rawValue, TCP_CONNTRACK_TIME_WAIT.rawValue, TCP_CONNTRACK_CLOSE.rawValue:
            true
        default: false
        }
    }

    /// Whether both ends have closed the connection or one has reset it.
    package var isOver: Bool {
        switch tcpState.map(UInt32.init) {
        case TCP_CONNTRACK_LAST_ACK.rawValue, TCP_CONNTRACK_TIME_WAIT.rawValue, TCP_CONNTRACK_CLOSE.rawValue:
            true
        default: false
        }
    }

    /// Whether an end has reset the connection with an RST that conntrack accepted.
    package var isCutOff: Bool { tcpState == UInt8(TCP_CONNTRACK_CLOSE.rawValue) }

    /// Whether the handshake is complete and no end has closed the connection; also true if the state is not known.
    package var isEstablished: Bool {
        tcpState.map { $0 == UInt8(TCP_CONNTRACK_ESTABLISHED.rawValue) } ?? true
    }

    /// Whether this is the entry of `mapping`, or, without NAT, of `mapping` with its directions exchanged.
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
