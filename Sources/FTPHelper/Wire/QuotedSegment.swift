/// The TCP segment that an error message of ICMP or ICMPv6 is about, as the message quotes it, and where that is.
///
/// Accepted, of messages that are whole themselves:
/// - ICMP's destination unreachable, with "fragmentation needed" among them, source quench, redirect, time exceeded and
///   parameter problem (RFC 792); ICMPv6's destination unreachable, packet too big, time exceeded and parameter problem (RFC 4443);
/// - any options and extension headers, of the message and of what it quotes;
/// - a quotation that ends anywhere behind the first 8 bytes of the TCP header, as most routers' did once (RFC 792).
///
/// `nil` for anything else: it concerns nobody here.
package struct QuotedSegment: Sendable {
    /// From whom to whom the segment was, where it was when the message was made.
    package let tuple: Tuple
    package let sequence: SequenceNumber
    /// `nil` if the segment has none, or it is not quoted.
    package let acknowledgement: SequenceNumber?
    /// Where the message starts, behind its IP header, and where it ends.
    private let message: Range<Int>
    /// Where the quoted TCP header starts.
    private let tcpOffset: Int
    /// The checksum of the segment is quoted.
    private let hasChecksum: Bool

    /// - Parameter packet: from its IP header on.
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
        // Behind a short quotation there may be zeros, up to what other routers append (RFC 4884, section 5).
        let shown = packet.extracting(tcpOffset..<message.upperBound)
        let isHeader = shown.count >= 14 && shown[12] >> 4 >= 5
        let hasAcknowledgement = isHeader && TCPFlags(rawValue: shown[13]).contains(.ack)
        acknowledgement = hasAcknowledgement ? shown.uint32(at: 8).map(SequenceNumber.init) : nil
        hasChecksum = isHeader && shown.count >= 18
    }

    /// Writes the packet with other numbers in the segment that it quotes; both checksums follow.
    ///
    /// One that was wrong stays wrong, so that a message damaged on its way is not made to look whole.
    ///
    /// - Parameters:
    ///   - packet: the one that this was parsed from.
    ///   - sequence: in place of `sequence`.
    ///   - acknowledgement: in place of `acknowledgement`, if that is there.
    ///   - output: empty; gets the packet.
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
        // Both sums contain the old checksum, which so cancels out; the addresses, which ICMPv6 counts in, do not change.
        let offset = message.lowerBound + 2
        guard let checksum = packet.uint16(at: offset) else { return }
        let (old, new) = (Checksum.sum(packet, message), Checksum.sum(output.span, message))
        output.put(Checksum.updated(checksum, from: old, to: new), at: offset)
    }
}
