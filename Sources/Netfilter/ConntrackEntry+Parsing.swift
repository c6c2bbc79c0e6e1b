// SPDX-License-Identifier: GPL-2.0-or-later
import CNetfilter
import FTPHelper
import Glibc

extension ConntrackEntry {
    /// Parses the attributes of an `IPCTNL_MSG_CT_NEW`; `nil` unless it has both tuples and they are TCP's.
    ///
    /// Other attributes that are missing or have the wrong size count as not set; unknown attributes are skipped.
    package init?(parsing bytes: borrowing Span<UInt8>) {
        let all = 0..<bytes.count
        guard
            var original = bytes.tuple(CTA_TUPLE_ORIG.rawValue, in: all),
            var reply = bytes.tuple(CTA_TUPLE_REPLY.rawValue, in: all)
        else { return nil }
        // CTA_ZONE is the zone of both directions. That of a single direction is CTA_TUPLE_ZONE in its tuple.
        if let zone = bytes.number(UInt16.self, CTA_ZONE.rawValue, in: all) {
            original.zone = zone
            reply.zone = zone
        }
        let status = bytes.number(UInt32.self, CTA_STATUS.rawValue, in: all) ?? 0
        self.init(
            mapping: Mapping(original: original, reply: reply),
            master: bytes.tuple(CTA_TUPLE_MASTER.rawValue, in: all),
            id: bytes.number(UInt32.self, CTA_ID.rawValue, in: all) ?? 0,
            mark: bytes.number(UInt32.self, CTA_MARK.rawValue, in: all) ?? 0,
            helper: bytes.helperName(in: all),
            tcpState: bytes.tcpState(in: all),
            hasSeenReply: status & UInt32(IPS_SEEN_REPLY.rawValue) != 0,
            traffic: bytes.traffic(in: all),
            shifted: bytes.shifted(in: all)
        )
    }
}

extension Span where Element == UInt8 {
    /// The tuple in `CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY` or `CTA_TUPLE_MASTER`; `nil` if it is incomplete or not TCP's.
    fileprivate func tuple(_ type: UInt32, in range: Range<Int>) -> Tuple? {
        guard
            let tuple = attribute(type, in: range),
            let addresses = attribute(CTA_TUPLE_IP.rawValue, in: tuple),
            let transport = attribute(CTA_TUPLE_PROTO.rawValue, in: tuple),
            number(UInt8.self, CTA_PROTO_NUM.rawValue, in: transport) == UInt8(IPPROTO_TCP),
            let source = address(v4: CTA_IP_V4_SRC.rawValue, v6: CTA_IP_V6_SRC.rawValue, in: addresses),
            let destination = address(v4: CTA_IP_V4_DST.rawValue, v6: CTA_IP_V6_DST.rawValue, in: addresses),
            let sourcePort = number(UInt16.self, CTA_PROTO_SRC_PORT.rawValue, in: transport),
            let destinationPort = number(UInt16.self, CTA_PROTO_DST_PORT.rawValue, in: transport)
        else { return nil }
        return Tuple(
            source: Endpoint(source, sourcePort),
            destination: Endpoint(destination, destinationPort),
            zone: number(UInt16.self, CTA_TUPLE_ZONE.rawValue, in: tuple) ?? 0
        )
    }

    /// The address in the first attribute of type `v4`, or else of type `v6`.
    private func address(v4: UInt32, v6: UInt32, in range: Range<Int>) -> IPAddress? {
        if let value = number(UInt32.self, v4, in: range) { return .v4(value) }
        guard let value = attribute(v6, in: range), value.count == 16 else { return nil }
        let middle = value.lowerBound + 8
        guard
            let high = number(UInt64.self, at: value.lowerBound..<middle),
            let low = number(UInt64.self, at: middle..<value.upperBound)
        else { return nil }
        return .v6(high: high, low: low)
    }

    /// The helper's name (`CTA_HELP_NAME` in `CTA_HELP`), without its NUL.
    fileprivate func helperName(in range: Range<Int>) -> String? {
        guard
            let help = attribute(CTA_HELP.rawValue, in: range),
            let name = attribute(CTA_HELP_NAME.rawValue, in: help)
        else { return nil }
        return String(decoding: name.map { self[$0] }.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The streams whose sequence numbers the kernel shifts or is going to shift.
    fileprivate func shifted(in range: Range<Int>) -> ShiftedStreams {
        var shifted: ShiftedStreams = []
        if isShifted(CTA_SEQ_ADJ_ORIG.rawValue, in: range) { shifted.insert(.client) }
        if isShifted(CTA_SEQ_ADJ_REPLY.rawValue, in: range) || isProxied(in: range) {
            shifted.insert(.server)
        }
        return shifted
    }

    /// Whether SYNPROXY has chosen the initial sequence number that the client sees (`CTA_SYNPROXY_ISN`).
    ///
    /// Entries created through ctnetlink have the attribute too, but with the number 0 (`ctnetlink_create_conntrack`).
    private func isProxied(in range: Range<Int>) -> Bool {
        guard let proxy = attribute(CTA_SYNPROXY.rawValue, in: range) else { return false }
        return number(UInt32.self, CTA_SYNPROXY_ISN.rawValue, in: proxy) ?? 0 != 0
    }

    /// Whether `CTA_SEQ_ADJ_ORIG` or `CTA_SEQ_ADJ_REPLY` has an offset other than 0.
    ///
    /// The kernel sends both attributes if it shifts either direction.
    private func isShifted(_ type: UInt32, in range: Range<Int>) -> Bool {
        guard let adjustment = attribute(type, in: range) else { return false }
        return [CTA_SEQADJ_OFFSET_BEFORE.rawValue, CTA_SEQADJ_OFFSET_AFTER.rawValue].contains {
            (number(UInt32.self, $0, in: adjustment) ?? 0) != 0
        }
    }

    /// The packet and byte counters of both directions; `nil` if one is missing.
    fileprivate func traffic(in range: Range<Int>) -> Traffic? {
        guard let original = traffic(CTA_COUNTERS_ORIG.rawValue, in: range),
            let reply = traffic(CTA_COUNTERS_REPLY.rawValue, in: range)
        else { return nil }
        return Traffic(original: original, reply: reply)
    }

    private func traffic(_ type: UInt32, in range: Range<Int>) -> Traffic.Direction? {
        guard let counters = attribute(type, in: range),
            let packets = number(UInt64.self, CTA_COUNTERS_PACKETS.rawValue, in: counters),
            let bytes = number(UInt64.self, CTA_COUNTERS_BYTES.rawValue, in: counters)
        else { return nil }
        return Traffic.Direction(packets: packets, bytes: bytes)
    }

    /// The TCP state (`CTA_PROTOINFO_TCP_STATE` in `CTA_PROTOINFO`).
    fileprivate func tcpState(in range: Range<Int>) -> UInt8? {
        guard
            let transport = attribute(CTA_PROTOINFO.rawValue, in: range),
            let tcp = attribute(CTA_PROTOINFO_TCP.rawValue, in: transport)
        else { return nil }
        return number(UInt8.self, CTA_PROTOINFO_TCP_STATE.rawValue, in: tcp)
    }
}
