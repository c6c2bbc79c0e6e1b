/// Takes TCP fast open (RFC 7413) out of a SYN.
///
/// With it the first bytes of a connection travel in its SYN, and the server alone says how many of them it has taken. FTP has
/// no use for that, since the server speaks first; but a page that makes a browser talk to port 21 could hide the head of
/// its request there. Without the option and the payload the two ends shake hands as ever, and the client sends the
/// payload once more when they have.
package enum FastOpen {
    /// Makes of such a SYN an ordinary one, with no-operations in place of the options; `nil` if it is one.
    ///
    /// - Parameters:
    ///   - packet: from its IP header on.
    ///   - segment: what it was parsed as.
    /// - Returns: the SYN that is to go on.
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
