/// What a capture does to IP packets that a gateway never sees.
package enum CapturedPacket {
    /// The packet with the length that it has in the capture, where its header gives another; `nil` where nothing is wrong.
    ///
    /// Accepted:
    /// - an IPv4 total length or an IPv6 payload length of 0: the packet was caught on its way to a network card that was to cut it
    ///   up (TSO), and reaches to the end of the frame;
    /// - a packet of which the capture has only the beginning (`snaplen`): it ends where the capture does, and to whoever
    ///   follows the connection the rest is lost.
    ///
    /// Refused, for example: a length greater than the frame was on the wire, with which the packet would be no packet there
    /// either.
    ///
    /// - Parameters:
    ///   - packet: from its IP header to the end of the frame.
    ///   - missing: how many bytes of the frame are not in the capture.
    /// - Returns: the packet as it should have been.
    package static func repaired(_ packet: Span<UInt8>, missing: Int) -> [UInt8]? {
        guard let first = packet.isEmpty ? nil : packet[0] else { return nil }
        let field: Int
        let header: Int  // bytes that the length does not count
        switch first >> 4 {
        case 4: (field, header) = (2, 0)
        case 6: (field, header) = (4, 40)
        default: return nil
        }
        guard let length = packet.uint16(at: field), packet.count > header else { return nil }
        let isCut = Int(length) + header > packet.count && Int(length) + header <= packet.count + missing
        guard length == 0 || isCut else { return nil }
        var repaired: [UInt8] = []
        repaired.append(packet, from: 0, count: min(packet.count, header + Int(UInt16.max)))
        repaired.put(UInt16(repaired.count - header), at: field)
        return repaired
    }
}
