// SPDX-License-Identifier: GPL-2.0-or-later

/// Removes TCP fast open (RFC 7413) from SYNs.
///
/// With fast open, the SYN carries the first bytes of a connection, and only the server tells how many of
/// them it accepted. FTP has no use for it, because the server speaks first. A web page, however, could make
/// a browser connect to port 21 and hide the beginning of a request in the SYN. Without the option and the
/// payload, the two ends complete an ordinary handshake, and the client retransmits the payload afterwards.
package enum FastOpen {
    /// Returns an ordinary SYN in place of one that uses fast open, or `nil` if the packet is not such a SYN.
    ///
    /// No-operation options replace the fast open options.
    ///
    /// - Parameters:
    ///   - packet: the packet from its IP header on.
    ///   - segment: the packet's parsed headers.
    /// - Returns: the SYN to forward.
    static func removed(from packet: Span<UInt8>, _ segment: Segment) -> [UInt8]? {
        guard segment.opensFast(in: packet) else { return nil }
        var syn: [UInt8] = []
        syn.append(packet, from: 0, count: segment.payloadOffset)
        for option in segment.fastOpenOptions(in: packet) {
            for offset in option { syn[offset] = 1 }
        }
        if segment.flags.contains(.fin) { syn[segment.tcpOffset + 13] &= ~TCPFlags.fin.rawValue }
        Rewriting.setLengthsAndChecksums(packet, segment, in: &syn)
        return syn
    }
}
