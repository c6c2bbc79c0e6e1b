// SPDX-License-Identifier: GPL-2.0-or-later

/// Writes the packet that is forwarded in place of the one received.
enum Rewriting {
    /// The size to which a packet may always grow, because every path carries it (RFC 791 for IPv4, RFC 8200
    /// for IPv6).
    private static func minimumPathSize(_ packet: Span<UInt8>) -> Int { packet[0] >> 4 == 4 ? 576 : 1280 }

    /// Writes the rewritten packet into `output`, unless the packet can be forwarded unchanged.
    ///
    /// A packet grows up to its own size or the size that every path carries, whichever is larger. The sender
    /// has to retransmit what does not fit, and what the queue cut off. If the segment is postponed, only its
    /// headers are forwarded, as a probe that makes the receiver acknowledge what it has.
    ///
    /// - Parameters:
    ///   - packet: the received packet.
    ///   - segment: the packet's parsed headers.
    ///   - stream: the direction that the packet belongs to.
    ///   - reverse: the direction that the packet acknowledges.
    ///   - acknowledgement: `segment.acknowledgement` in the input space of `reverse`.
    ///   - insertion: what `Stream.insert` returned for the payload.
    ///   - output: an empty array, which receives the packet.
    /// - Returns: whether `output` replaces the packet.
    static func apply(
        _ packet: Span<UInt8>,
        _ segment: Segment,
        stream: Stream,
        reverse: Stream,
        acknowledgement: SequenceNumber,
        insertion: Stream.Insertion,
        into output: inout [UInt8]
    ) -> Bool {
        let position = segment.firstByte
        let hasFIN = segment.hasFIN
        let isUntouched =
            insertion == .accepted && stream.isUntouched(segment.payloadCount, at: position, hasFIN: hasFIN)
        let hasSACK = segment.sackCount > 0 && !reverse.isTransparent
        guard
            !isUntouched || hasSACK || segment.isCut || stream.output(of: position) != position
                || acknowledgement != segment.acknowledgement
        else { return false }

        output.append(packet, from: 0, count: segment.payloadOffset)
        let (first, isWhole) =
            insertion == .postponed
            ? (stream.probe, false)
            : stream.emit(
                packet.extracting(segment.payloadOffset..<segment.end),
                at: position,
                hasFIN: hasFIN,
                prefersFirstCopy: insertion == .conflicting,
                limit: max(segment.end, minimumPathSize(packet)),
                into: &output
            )
        let tcp = segment.tcpOffset
        let sequence = segment.flags.contains(.syn) ? first - 1 : first
        output.put(sequence.value, at: tcp + 4)
        if segment.flags.contains(.ack) { output.put(acknowledgement.value, at: tcp + 8) }
        if !isWhole || segment.isCut { output[tcp + 13] &= ~TCPFlags.fin.rawValue }
        if segment.flags.contains(.urg) { moveUrgent(segment, stream, first: sequence, in: &output) }
        if hasSACK { translateSACK(segment, reverse, in: &output) }
        setLengthsAndChecksums(packet, segment, in: &output)
        return true
    }

    /// Adjusts the urgent pointer so that it points to the same byte as before; clears it if it cannot.
    private static func moveUrgent(
        _ segment: Segment,
        _ stream: Stream,
        first: SequenceNumber,
        in output: inout [UInt8]
    ) {
        let end = stream.output(of: segment.sequence + Int(segment.urgentPointer))
        guard let pointer = UInt16(exactly: first.distance(to: end)) else {
            output[segment.tcpOffset + 13] &= ~TCPFlags.urg.rawValue
            output.put(UInt16(0), at: segment.tcpOffset + 18)
            return
        }
        output.put(pointer, at: segment.tcpOffset + 18)
    }

    /// Translates the SACK blocks.
    ///
    /// No-operations replace the blocks of which nothing is left.
    private static func translateSACK(_ segment: Segment, _ reverse: Stream, in output: inout [UInt8]) {
        var kept = 0
        for index in 0..<segment.sackCount {
            guard let known = segment.sackBlock(index, of: output.span),
                let block = reverse.input(of: known)
            else { continue }
            output.put(block.left.value, at: segment.sackOffset + kept * 8)
            output.put(block.right.value, at: segment.sackOffset + kept * 8 + 4)
            kept += 1
        }
        guard kept < segment.sackCount else { return }
        let start = kept > 0 ? segment.sackOffset + kept * 8 : segment.sackOffset - 2
        for offset in start..<segment.sackOffset + segment.sackCount * 8 { output[offset] = 1 }
        if kept > 0 { output[segment.sackOffset - 1] = UInt8(2 + kept * 8) }
    }

    /// Sets the length in the IP header and updates its checksum.
    private static func setLength(of output: inout [UInt8]) {
        guard output[0] >> 4 == 4 else {
            output.put(UInt16(truncatingIfNeeded: output.count - 40), at: 4)
            return
        }
        let old = output.span.uint16(at: 2) ?? 0
        let new = UInt16(truncatingIfNeeded: output.count)
        output.put(new, at: 2)
        let checksum = output.span.uint16(at: 10) ?? 0
        output.put(Checksum.updated(checksum, from: UInt64(old), to: UInt64(new)), at: 10)
    }

    /// Sets the length in the IP header, and updates the IP and TCP checksums.
    static func setLengthsAndChecksums(_ packet: Span<UInt8>, _ segment: Segment, in output: inout [UInt8]) {
        setLength(of: &output)
        // The old checksum covers the bytes that were cut off, which are not known here.
        guard !segment.isCut else {
            Checksum.set(in: &output, segment)
            return
        }
        // Both sums contain the old checksum, so it cancels out. The addresses of the pseudo header do not
        // change.
        let tcp = segment.tcpOffset
        let old = Checksum.sum(packet, tcp..<segment.end) + UInt64(segment.end - tcp)
        let new = Checksum.sum(output.span, tcp..<output.count) + UInt64(output.count - tcp)
        let checksum = output.span.uint16(at: tcp + 16) ?? 0
        output.put(Checksum.updated(checksum, from: old, to: new), at: tcp + 16)
    }
}
