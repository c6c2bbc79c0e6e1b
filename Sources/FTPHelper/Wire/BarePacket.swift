// SPDX-License-Identifier: GPL-2.0-or-later

/// Builds packets without payload.
package enum BarePacket {
    /// Returns an RST from one endpoint to another with valid checksums.
    ///
    /// - Parameters:
    ///   - tuple: the packet's source and destination, of the same address family.
    ///   - sequence: the next sequence number that the receiver expects. It ignores any other (RFC 5961,
    ///     section 3.2).
    ///   - acknowledgement: the next sequence number that the receiver will send.
    /// - Returns: the packet from its IP header on.
    package static func reset(
        _ tuple: Tuple,
        sequence: SequenceNumber,
        acknowledgement: SequenceNumber
    ) -> [UInt8] {
        bytes(tuple, [.rst, .ack], sequence: sequence, acknowledgement: acknowledgement)
    }

    /// Returns a packet with these flags and valid checksums.
    static func bytes(
        _ tuple: Tuple,
        _ flags: TCPFlags,
        sequence: SequenceNumber,
        acknowledgement: SequenceNumber
    ) -> [UInt8] {
        var packet: [UInt8]
        switch (tuple.source.address, tuple.destination.address) {
        case (.v4(let source), .v4(let destination)):
            packet = .init(repeating: 0, count: 40)
            packet[0] = 0x45
            packet.put(UInt16(40), at: 2)
            packet[6] = 0x40  // do not fragment
            packet[8] = 64
            packet[9] = 6
            packet.put(source, at: 12)
            packet.put(destination, at: 16)
            packet.put(Checksum.fold(Checksum.sum(packet.span, 0..<20)), at: 10)
        case (.v6(let sourceHigh, let sourceLow), .v6(let destinationHigh, let destinationLow)):
            packet = .init(repeating: 0, count: 60)
            packet[0] = 0x60
            packet.put(UInt16(20), at: 4)
            packet[6] = 6
            packet[7] = 64
            for (index, part) in [sourceHigh, sourceLow, destinationHigh, destinationLow].enumerated() {
                packet.put(UInt32(truncatingIfNeeded: part >> 32), at: 8 + index * 8)
                packet.put(UInt32(truncatingIfNeeded: part), at: 12 + index * 8)
            }
        default:
            return []  // no connection has two families
        }
        let tcp = packet.count - 20
        packet.put(tuple.source.port, at: tcp)
        packet.put(tuple.destination.port, at: tcp + 2)
        packet.put(sequence.value, at: tcp + 4)
        packet.put(acknowledgement.value, at: tcp + 8)
        packet[tcp + 12] = 5 << 4
        packet[tcp + 13] = flags.rawValue
        // The pseudo header consists of both addresses, the protocol and the TCP length (RFC 9293, section
        // 3.1; RFC 8200, section 8.1).
        let addresses = tcp == 20 ? 12..<20 : 8..<40
        let sum =
            Checksum.sum(packet.span, addresses) + 6 + 20 + Checksum.sum(packet.span, tcp..<packet.count)
        packet.put(Checksum.fold(sum), at: tcp + 16)
        return packet
    }
}
