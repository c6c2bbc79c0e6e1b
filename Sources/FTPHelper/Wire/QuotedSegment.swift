// SPDX-License-Identifier: GPL-2.0-or-later

/// The TCP segment that an ICMP or ICMPv6 error message quotes.
///
/// Accepted, if the message itself is complete:
/// - ICMP destination unreachable (including "fragmentation needed"), source quench, redirect, time exceeded
///   and parameter problem (RFC 792); ICMPv6 destination unreachable, packet too big, time exceeded and
///   parameter problem (RFC 4443);
/// - any options and extension headers, in the message and in the quoted packet;
/// - a quotation that contains at least the first 8 bytes of the TCP header. Most routers once quoted no more
///   (RFC 792).
///
/// Parsing returns `nil` for anything else.
package struct QuotedSegment: Sendable {
    /// The segment's addresses and ports at the place where the message was generated.
    package let tuple: Tuple
    /// The segment's sequence number at that place.
    package let sequence: SequenceNumber
    /// `nil` if the segment has no ACK flag or the header is quoted only in part.
    package let acknowledgement: SequenceNumber?
    /// Range of the message in the packet, behind its IP header.
    private let message: Range<Int>
    /// Offset of the quoted TCP header.
    private let tcpOffset: Int
    /// Set if the quotation includes the TCP checksum.
    private let hasChecksum: Bool

    /// Parses an error message.
    ///
    /// - Parameter packet: the message from its IP header on.
    package init?(parsing packet: Span<UInt8>) {
        guard let outer = IPHeader(parsing: packet), outer.fragmentOffset == 0, !outer.hasMoreFragments,
            outer.total <= packet.count, outer.size + 8 <= outer.total
        else { return nil }
        switch (outer.content, packet[outer.size]) {
        case (1, 3), (1, 4), (1, 5), (1, 11), (1, 12), (58, 1...4): break
        default: return nil
        }
        message = outer.size..<outer.total
        let start = message.lowerBound + 8
        guard let inner = IPHeader(parsing: packet.extracting(start..<message.upperBound)),
            inner.content == 6, inner.fragmentOffset == 0, inner.source.isSameFamily(as: outer.source)
        else { return nil }
        tcpOffset = start + inner.size
        guard tcpOffset + 8 <= message.upperBound, let sourcePort = packet.uint16(at: tcpOffset),
            let destinationPort = packet.uint16(at: tcpOffset + 2),
            let sequence = packet.uint32(at: tcpOffset + 4)
        else { return nil }
        tuple = Tuple(
            source: Endpoint(inner.source, sourcePort),
            destination: Endpoint(inner.destination, destinationPort)
        )
        self.sequence = SequenceNumber(sequence)
        // A short quotation may be padded with zeros up to the extensions that some routers append (RFC 4884,
        // section 5).
        let shown = packet.extracting(tcpOffset..<message.upperBound)
        let isHeader = shown.count >= 14 && shown[12] >> 4 >= 5
        let hasAcknowledgement = isHeader && TCPFlags(rawValue: shown[13]).contains(.ack)
        acknowledgement = hasAcknowledgement ? shown.uint32(at: 8).map(SequenceNumber.init) : nil
        hasChecksum = isHeader && shown.count >= 18
    }

    /// Writes the packet with other numbers in the quoted segment and updates both checksums.
    ///
    /// An invalid checksum stays invalid, so a message that was damaged on its way is not made to look
    /// intact.
    ///
    /// - Parameters:
    ///   - packet: the packet that this segment was parsed from.
    ///   - sequence: the new sequence number.
    ///   - acknowledgement: the new acknowledgement number; ignored if the segment quotes none.
    ///   - output: an empty array, which receives the packet.
    func rewrite(
        _ packet: Span<UInt8>,
        sequence: SequenceNumber,
        acknowledgement: SequenceNumber?,
        into output: inout [UInt8]
    ) {
        output.append(packet, from: 0, count: packet.count)
        let numbers = tcpOffset + 4..<min(tcpOffset + 12, message.upperBound)
        output.put(sequence.value, at: tcpOffset + 4)
        if let acknowledgement, self.acknowledgement != nil {
            output.put(acknowledgement.value, at: tcpOffset + 8)
        }
        if hasChecksum, let checksum = packet.uint16(at: tcpOffset + 16) {
            let (old, new) = (Checksum.sum(packet, numbers), Checksum.sum(output.span, numbers))
            output.put(Checksum.updated(checksum, from: old, to: new), at: tcpOffset + 16)
        }
        // Both sums contain the old checksum, so it cancels out. The addresses in ICMPv6's pseudo header do
        // not change.
        let offset = message.lowerBound + 2
        guard let checksum = packet.uint16(at: offset) else { return }
        let (old, new) = (Checksum.sum(packet, message), Checksum.sum(output.span, message))
        output.put(Checksum.updated(checksum, from: old, to: new), at: offset)
    }
}
