// SPDX-License-Identifier: GPL-2.0-or-later

/// The headers of a TCP segment, and the offsets of its parts in the packet.
///
/// Accepted:
/// - IPv4 (RFC 791) with any options; IPv6 (RFC 8200) with hop-by-hop, routing and destination options
///   headers, and with a fragment header that holds a whole datagram (RFC 6946);
/// - bytes behind the length in the IP header (padding of short frames), which are ignored;
/// - any TCP options. The first well-formed SACK option counts. An invalid option length ends the search;
/// - a packet of which the queue shows only the first `shownBytes`. It counts up to there (`isCut`).
///
/// Refused, for example: a fragment; an IPv4 total length of 19; a TCP data offset of 4; any other packet
/// that is shorter than its header says.
package struct Segment: Sendable {
    /// Addresses and ports; the zone is 0.
    package let tuple: Tuple
    /// The sequence number in the header, which a SYN occupies.
    package let sequence: SequenceNumber
    /// Valid only with the ACK flag.
    package let acknowledgement: SequenceNumber
    /// The control bits.
    package let flags: TCPFlags
    /// Valid only with the URG flag: offset of the end of the urgent data from `sequence`.
    package let urgentPointer: UInt16
    /// Offset of the TCP header: the size of the IP header with its extensions.
    package let tcpOffset: Int
    /// Offset of the payload.
    package let payloadOffset: Int
    /// Offset of the end of the packet without padding, or of the part that the queue shows.
    package let end: Int
    /// Set if the packet has more bytes than the queue shows.
    package let isCut: Bool
    /// Offset of the edges of the first SACK block, and the number of blocks (RFC 2018); both 0 without SACK.
    package let sackOffset: Int
    package let sackCount: Int

    /// Size of the payload in bytes.
    package var payloadCount: Int { end - payloadOffset }
    /// Sequence number of the first payload byte.
    ///
    /// A SYN occupies the number before it.
    package var firstByte: SequenceNumber { flags.contains(.syn) ? sequence + 1 : sequence }
    /// Tells whether a FIN follows the payload.
    ///
    /// The FIN of a cut packet is ignored: the sender retransmits it with the rest.
    package var hasFIN: Bool { flags.contains(.fin) && !isCut }
    /// Sequence number behind the payload, which a FIN would occupy.
    package var endOfPayload: SequenceNumber { firstByte + payloadCount }

    /// The edges of a SACK block, below `sackCount`; `nil` if the packet is too short for it.
    func sackBlock(_ index: Int, of packet: Span<UInt8>) -> (left: SequenceNumber, right: SequenceNumber)? {
        let offset = sackOffset + index * 8
        guard let left = packet.uint32(at: offset), let right = packet.uint32(at: offset + 4) else {
            return nil
        }
        return (SequenceNumber(left), SequenceNumber(right))
    }

    /// Parses a packet from its IP header on.
    package init(parsing packet: Span<UInt8>) throws(SegmentError) {
        guard let first = packet.count > 0 ? packet[0] : nil else { throw .truncated }
        let source: IPAddress
        let destination: IPAddress
        switch first >> 4 {
        case 4:
            let header = Int(first & 0x0f) * 4
            guard header >= 20 else { throw .badLength }
            guard packet.count >= header, let total = packet.uint16(at: 2),
                let fragment = packet.uint16(at: 6),
                let from = packet.uint32(at: 12), let to = packet.uint32(at: 16)
            else { throw .truncated }
            guard fragment & 0x3fff == 0 else { throw .fragment }
            guard packet[9] == Segment.tcp else { throw .notTCP }
            guard Int(total) >= header else { throw .badLength }
            end = try Segment.end(packet, length: Int(total))
            isCut = end < Int(total)
            (source, destination, tcpOffset) = (.v4(from), .v4(to), header)
        case 6:
            guard let size = packet.uint16(at: 4), let fromHigh = packet.uint64(at: 8),
                let fromLow = packet.uint64(at: 16), let toHigh = packet.uint64(at: 24),
                let toLow = packet.uint64(at: 32)
            else { throw .truncated }
            source = .v6(high: fromHigh, low: fromLow)
            destination = .v6(high: toHigh, low: toLow)
            end = try Segment.end(packet, length: Int(size) + 40)
            isCut = end < Int(size) + 40
            tcpOffset = try Segment.skipExtensions(packet, end: end)
        default:
            throw .unknownVersion
        }

        guard end >= tcpOffset + 20, let sourcePort = packet.uint16(at: tcpOffset),
            let destinationPort = packet.uint16(at: tcpOffset + 2),
            let sequence = packet.uint32(at: tcpOffset + 4),
            let acknowledgement = packet.uint32(at: tcpOffset + 8),
            let urgentPointer = packet.uint16(at: tcpOffset + 18)
        else { throw .truncated }
        let header = Int(packet[tcpOffset + 12] >> 4) * 4
        guard header >= 20 else { throw .badLength }
        guard tcpOffset + header <= end else { throw .truncated }

        tuple = Tuple(
            source: Endpoint(source, sourcePort),
            destination: Endpoint(destination, destinationPort)
        )
        self.sequence = SequenceNumber(sequence)
        self.acknowledgement = SequenceNumber(acknowledgement)
        self.urgentPointer = urgentPointer
        flags = TCPFlags(rawValue: packet[tcpOffset + 13])
        payloadOffset = tcpOffset + header
        (sackOffset, sackCount) = Segment.findSACK(packet, tcpOffset + 20..<tcpOffset + header)
    }

    /// The largest part of a packet that NFQUEUE shows (`NFQNL_MAX_COPY_RANGE`).
    ///
    /// The largest IPv6 packet is up to 44 bytes longer.
    static let shownBytes = 65_531

    /// The end of a packet of this length, or of the part of it that the queue shows.
    private static func end(_ packet: Span<UInt8>, length: Int) throws(SegmentError) -> Int {
        guard length > packet.count else { return length }
        guard packet.count >= shownBytes else { throw .truncated }
        return packet.count
    }

    private static let tcp: UInt8 = 6

    /// Follows the chain of IPv6 extension headers (RFC 8200, section 4) and returns the offset of the TCP
    /// header.
    private static func skipExtensions(_ packet: Span<UInt8>, end: Int) throws(SegmentError) -> Int {
        var next = packet[6]
        var offset = 40
        // Each header is at least 8 bytes long, so the loop ends.
        while next != tcp {
            guard offset + 8 <= end else { throw next == 59 ? .notTCP : .truncated }
            switch next {
            case 0, 43, 60:  // hop-by-hop options, routing, destination options
                next = packet[offset]
                offset += (Int(packet[offset + 1]) + 1) * 8
            case 44:  // fragment: offset and "more" must both be 0
                guard let fragment = packet.uint16(at: offset + 2), fragment & 0xfff9 == 0 else {
                    throw .fragment
                }
                next = packet[offset]
                offset += 8
            default:
                throw .notTCP
            }
        }
        return offset
    }

    /// The kind of the option with time stamps (RFC 7323).
    static let timeStamps: UInt8 = 8

    /// The ranges of some options, including kind and length; `isMeant` gets the kind and the value's range.
    func options(in packet: Span<UInt8>, where isMeant: (UInt8, Range<Int>) -> Bool) -> [Range<Int>] {
        var found: [Range<Int>] = []
        Segment.forEachOption(in: packet, tcpOffset + 20..<payloadOffset) { kind, value in
            if isMeant(kind, value) { found.append(value.lowerBound - 2..<value.upperBound) }
            return true
        }
        return found
    }

    /// Tells whether the options contain a time stamp.
    ///
    /// `packet` is the packet that this segment was parsed from.
    func hasTimeStamps(in packet: Span<UInt8>) -> Bool {
        Segment.option(Segment.timeStamps, in: packet, tcpOffset + 20..<payloadOffset) { $0.count == 8 }
            != nil
    }

    /// Tells whether this is a SYN that uses TCP fast open: it carries payload, or it has a fast open option
    /// (RFC 7413; as an experiment, RFC 6994).
    func opensFast(in packet: Span<UInt8>) -> Bool {
        guard flags.contains(.syn), !flags.contains(.ack) else { return false }
        return payloadCount > 0 || !fastOpenOptions(in: packet).isEmpty
    }

    /// The ranges of the TCP fast open options, including kind and length.
    func fastOpenOptions(in packet: Span<UInt8>) -> [Range<Int>] {
        options(in: packet) { kind, value in
            kind == 34
                || (kind == 253 || kind == 254) && packet.extracting(value).uint16(at: 0) == 0xf989
        }
    }

    /// Finds the SACK option in `range`.
    private static func findSACK(_ packet: Span<UInt8>, _ range: Range<Int>) -> (offset: Int, count: Int) {
        let value = option(5, in: packet, range) { !$0.isEmpty && $0.count % 8 == 0 }
        return value.map { ($0.lowerBound, $0.count / 8) } ?? (0, 0)
    }

    /// The range of the value of the first TCP option of this kind whose size is right.
    private static func option(
        _ meant: UInt8,
        in packet: Span<UInt8>,
        _ range: Range<Int>,
        isRight: (Range<Int>) -> Bool
    ) -> Range<Int>? {
        var found: Range<Int>?
        forEachOption(in: packet, range) { kind, value in
            guard kind == meant, isRight(value) else { return true }
            found = value
            return false
        }
        return found
    }

    /// Calls `body` with the kind and the value's range of each TCP option in `range`, until `body` returns
    /// `false`.
    ///
    /// An invalid option length ends the search.
    @inline(__always)
    private static func forEachOption(
        in packet: Span<UInt8>,
        _ range: Range<Int>,
        _ body: (UInt8, Range<Int>) -> Bool
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            switch packet[index] {
            case 0: return
            case 1: index += 1
            case let kind:
                guard index + 1 < range.upperBound else { return }
                let size = Int(packet[index + 1])
                guard size >= 2, index + size <= range.upperBound else { return }
                guard body(kind, index + 2..<index + size) else { return }
                index += size
            }
        }
    }
}
