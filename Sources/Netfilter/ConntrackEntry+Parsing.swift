import CNetfilter
import FTPHelper
import Glibc

extension ConntrackEntry {
    /// Reads the attributes of an `IPCTNL_MSG_CT_NEW`; `nil` unless both tuples are there and are TCP's.
    ///
    /// Whatever else is missing or of a wrong size is taken as not set; unknown attributes are passed over.
    package init?(parsing bytes: borrowing Span<UInt8>) {
        let all = 0..<bytes.count
        guard
            var original = bytes.tuple(CTA_TUPLE_ORIG.rawValue, in: all),
            var reply = bytes.tuple(CTA_TUPLE_REPLY.rawValue, in: all)
        else { return nil }
        // A zone of one direction is within that one's tuple.
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
    /// The tuple of that type, `CTA_TUPLE_ORIG` or its like; `nil` if anything of it is missing or it is not TCP's.
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

    /// The address in the first attribute of either type.
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

    /// The name within `CTA_HELP`, up to its NUL.
    fileprivate func helperName(in range: Range<Int>) -> String? {
        guard
            let help = attribute(CTA_HELP.rawValue, in: range),
            let name = attribute(CTA_HELP_NAME.rawValue, in: help)
        else { return nil }
        return String(decoding: name.map { self[$0] }.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The directions in which numbers are shifted, or are going to be.
    fileprivate func shifted(in range: Range<Int>) -> ShiftedStreams {
        var shifted: ShiftedStreams = []
        if isShifted(CTA_SEQ_ADJ_ORIG.rawValue, in: range) { shifted.insert(.client) }
        if isShifted(CTA_SEQ_ADJ_REPLY.rawValue, in: range) || isProxied(in: range) {
            shifted.insert(.server)
        }
        return shifted
    }

    /// Tells whether SYNPROXY has chosen the number with which the server's stream begins for the client.
    ///
    /// Each entry that is made through ctnetlink has room for such a number, which stays 0 (`ctnetlink_create_conntrack`).
    private func isProxied(in range: Range<Int>) -> Bool {
        guard let proxy = attribute(CTA_SYNPROXY.rawValue, in: range) else { return false }
        return number(UInt32.self, CTA_SYNPROXY_ISN.rawValue, in: proxy) ?? 0 != 0
    }

    /// Tells whether an attribute of that type has any offset but 0: the kernel tells of both directions if one is shifted.
    private func isShifted(_ type: UInt32, in range: Range<Int>) -> Bool {
        guard let adjustment = attribute(type, in: range) else { return false }
        return [CTA_SEQADJ_OFFSET_BEFORE.rawValue, CTA_SEQADJ_OFFSET_AFTER.rawValue].contains {
            (number(UInt32.self, $0, in: adjustment) ?? 0) != 0
        }
    }

    /// What was counted in both directions.
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

    /// The state within `CTA_PROTOINFO`.
    fileprivate func tcpState(in range: Range<Int>) -> UInt8? {
        guard
            let transport = attribute(CTA_PROTOINFO.rawValue, in: range),
            let tcp = attribute(CTA_PROTOINFO_TCP.rawValue, in: transport)
        else { return nil }
        return number(UInt8.self, CTA_PROTOINFO_TCP_STATE.rawValue, in: tcp)
    }
}
