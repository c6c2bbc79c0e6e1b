// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Builds TCP packets with right checksums, as a peer's stack would.
struct PacketBuilder {
    var tuple: Tuple
    var sequence: UInt32
    var acknowledgement: UInt32
    var flags: TCPFlags = [.ack, .psh]
    /// TCP options, a multiple of four bytes.
    var options: [UInt8] = []
    var urgentPointer: UInt16 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let size = 20 + options.count + payload.count
        var packet: [UInt8]
        switch (tuple.source.address, tuple.destination.address) {
        case (.v4(let source), .v4(let destination)):
            packet = .init(repeating: 0, count: 20)
            packet[0] = 0x45
            put(UInt32(20 + size), 2, at: 2, in: &packet)
            packet[6] = 0x40
            packet[8] = 64
            packet[9] = 6
            put(source, 4, at: 12, in: &packet)
            put(destination, 4, at: 16, in: &packet)
            put(UInt32(Checksum.fold(Checksum.sum(packet.span, 0..<20))), 2, at: 10, in: &packet)
        case (.v6(let sourceHigh, let sourceLow), .v6(let destinationHigh, let destinationLow)):
            packet = .init(repeating: 0, count: 40)
            packet[0] = 0x60
            put(UInt32(size), 2, at: 4, in: &packet)
            packet[6] = 6
            packet[7] = 64
            for (index, half) in [sourceHigh, sourceLow, destinationHigh, destinationLow].enumerated() {
                put(UInt32(half >> 32), 4, at: 8 + index * 8, in: &packet)
                put(UInt32(truncatingIfNeeded: half), 4, at: 12 + index * 8, in: &packet)
            }
        default:
            return []
        }
        let tcp = packet.count
        let addresses = tcp == 20 ? 12..<20 : 8..<40
        packet.append(contentsOf: [UInt8](repeating: 0, count: 20))
        put(UInt32(tuple.source.port), 2, at: tcp, in: &packet)
        put(UInt32(tuple.destination.port), 2, at: tcp + 2, in: &packet)
        put(sequence, 4, at: tcp + 4, in: &packet)
        put(acknowledgement, 4, at: tcp + 8, in: &packet)
        packet[tcp + 12] = UInt8((5 + options.count / 4) << 4)
        packet[tcp + 13] = flags.rawValue
        put(0xffff, 2, at: tcp + 14, in: &packet)
        put(UInt32(urgentPointer), 2, at: tcp + 18, in: &packet)
        packet += options
        packet += payload
        let sum =
            Checksum.sum(packet.span, tcp..<packet.count) + Checksum.sum(packet.span, addresses) + 6
            + UInt64(size)
        put(UInt32(Checksum.fold(sum)), 2, at: tcp + 16, in: &packet)
        return packet
    }

    /// Writes a number in network order.
    private func put(_ value: UInt32, _ count: Int, at offset: Int, in packet: inout [UInt8]) {
        var index = 0
        while index < count {
            packet[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - index)))
            index += 1
        }
    }
}

/// Tells whether the IP and TCP checksums of a packet are right.
func hasRightChecksums(_ packet: [UInt8]) -> Bool {
    guard let segment = try? Segment(parsing: packet.span) else { return false }
    let isIPv4 = packet[0] >> 4 == 4
    let addresses = isIPv4 ? 12..<20 : 8..<40
    let tcp = segment.tcpOffset..<segment.end
    let sum = Checksum.sum(packet.span, tcp) + Checksum.sum(packet.span, addresses) + 6 + UInt64(tcp.count)
    let isHeaderRight = !isIPv4 || Checksum.fold(Checksum.sum(packet.span, 0..<20)) == 0
    return Checksum.fold(sum) == 0 && isHeaderRight && segment.end == packet.count
}

func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
    .v4(a << 24 | b << 16 | c << 8 | d)
}
