// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
package import FTPHelper
import Glibc

extension NetlinkWriter {
    /// Writes the attributes of a data connection's entry, which is created before conntrack sees the SYN.
    ///
    /// Without `CTA_PROTOINFO` the TCP state is `TCP_CONNTRACK_NONE`, so the SYN is handled like that of any connection.
    ///
    /// - Parameters:
    ///   - connection: The data connection.
    ///   - master: The entry of the control connection.
    ///   - mark: The connection mark; `nil` for the master's.
    package mutating func put(
        _ connection: ExpectedConnection,
        under master: ConntrackEntry,
        mark: UInt32? = nil
    ) {
        let zone = connection.original.zone
        let replyZone = master.mapping.reply.zone
        let isOfBoth = zone == replyZone
        put(CTA_TUPLE_ORIG.rawValue, tuple: connection.original, zone: isOfBoth ? 0 : zone)
        // The reply tuple without NAT; the kernel derives the translated one from CTA_NAT_SRC and CTA_NAT_DST.
        put(CTA_TUPLE_REPLY.rawValue, tuple: connection.original.inverted, zone: isOfBoth ? 0 : replyZone)
        if isOfBoth { put(zone: zone) }
        put(CTA_TIMEOUT.rawValue, dataTimeout)
        // The kernel looks the master up in the data connection's zone, which may hold only one of its tuples.
        let isThere = master.mapping.original.zone == zone
        put(CTA_TUPLE_MASTER.rawValue, tuple: isThere ? master.mapping.original : master.mapping.reply)
        let mark = mark ?? master.mark
        if mark != 0 { put(CTA_MARK.rawValue, mark) }
        // As in nf_nat_follow_master, an end that is not translated is set too: the kernel then chooses another port if the
        // tuple is taken.
        let expectation = connection.expectation
        guard expectation.isTranslated || master.mapping.isTranslated else { return }
        put(CTA_NAT_SRC.rawValue, translation: expectation.translatedFrom, port: nil)
        put(
            CTA_NAT_DST.rawValue,
            translation: expectation.translatedTo.address,
            port: expectation.translatedTo.port
        )
    }

    /// Writes the attributes that turn off the sequence number checks of a connection in both directions, and set its timeout
    /// in seconds.
    package mutating func putLiberal(_ original: Tuple, timeout: UInt32) {
        // struct nf_ct_tcp_flags: the flags, and the mask of those to change.
        let flags = [UInt8(IP_CT_TCP_FLAG_BE_LIBERAL), UInt8(IP_CT_TCP_FLAG_BE_LIBERAL)]
        put(connection: original)
        put(CTA_TIMEOUT.rawValue, timeout)
        nest(CTA_PROTOINFO.rawValue) {
            $0.nest(CTA_PROTOINFO_TCP.rawValue) {
                $0.put(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL.rawValue, bytes: flags)
                $0.put(CTA_PROTOINFO_TCP_FLAGS_REPLY.rawValue, bytes: flags)
            }
        }
    }

    /// Writes the attributes that identify a connection: one of its tuples, and the tuple's zone.
    package mutating func put(connection tuple: Tuple) {
        put(CTA_TUPLE_ORIG.rawValue, tuple: tuple)
        put(zone: tuple.zone)
    }

    /// Writes the zone of both directions (`CTA_ZONE`).
    private mutating func put(zone: UInt16) {
        if zone != 0 { put(CTA_ZONE.rawValue, zone) }
    }

    /// Writes the tuple of a TCP connection as `CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY` or `CTA_TUPLE_MASTER`.
    ///
    /// `zone` is the zone of this direction only (`CTA_TUPLE_ZONE`); 0 writes none.
    package mutating func put(_ type: some BinaryInteger, tuple: Tuple, zone: UInt16 = 0) {
        nest(type) {
            $0.nest(CTA_TUPLE_IP.rawValue) {
                $0.put(tuple.source.address, v4: CTA_IP_V4_SRC.rawValue, v6: CTA_IP_V6_SRC.rawValue)
                $0.put(tuple.destination.address, v4: CTA_IP_V4_DST.rawValue, v6: CTA_IP_V6_DST.rawValue)
            }
            $0.nest(CTA_TUPLE_PROTO.rawValue) {
                $0.put(CTA_PROTO_NUM.rawValue, UInt8(IPPROTO_TCP))
                $0.put(CTA_PROTO_SRC_PORT.rawValue, tuple.source.port)
                $0.put(CTA_PROTO_DST_PORT.rawValue, tuple.destination.port)
            }
            if zone != 0 { $0.put(CTA_TUPLE_ZONE.rawValue, zone) }
        }
    }

    /// Writes the address and port that NAT translates one end of a connection to, as `CTA_NAT_SRC` or `CTA_NAT_DST`.
    ///
    /// Without a port the kernel keeps the connection's port if it is free, and otherwise chooses another.
    private mutating func put(_ type: some BinaryInteger, translation address: IPAddress, port: UInt16?) {
        nest(type) {
            $0.put(address, v4: CTA_NAT_V4_MINIP.rawValue, v6: CTA_NAT_V6_MINIP.rawValue)
            $0.put(address, v4: CTA_NAT_V4_MAXIP.rawValue, v6: CTA_NAT_V6_MAXIP.rawValue)
            guard let port else { return }
            $0.nest(CTA_NAT_PROTO.rawValue) {
                $0.put(CTA_PROTONAT_PORT_MIN.rawValue, port)
                $0.put(CTA_PROTONAT_PORT_MAX.rawValue, port)
            }
        }
    }
}

/// Seconds until the entry expires if its SYN does not arrive: the default of `nf_conntrack_tcp_timeout_syn_sent`.
private let dataTimeout: UInt32 = 120
