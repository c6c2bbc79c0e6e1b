// SPDX-License-Identifier: GPL-2.0-or-later

/// Repairs IP packets whose length field does not match the capture they come from.
package enum CapturedPacket {
    /// Returns the packet with its length field set to the captured length, or `nil` if the field is right
    /// already.
    ///
    /// Accepted:
    /// - An IPv4 total length or IPv6 payload length of 0. The packet was captured before the network card
    ///   segmented it (TSO), and extends to the end of the frame.
    /// - A packet that the capture truncates (`snaplen`). It ends where the capture ends, and the missing
    ///   bytes look lost to whoever follows the connection.
    ///
    /// Refused, for example: a length that exceeds the frame's size on the wire. Such a packet was invalid
    /// there, too.
    ///
    /// - Parameters:
    ///   - packet: the packet from its IP header to the end of the frame.
    ///   - missing: number of bytes of the frame that the capture left out.
    /// - Returns: the repaired packet, or `nil`.
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
