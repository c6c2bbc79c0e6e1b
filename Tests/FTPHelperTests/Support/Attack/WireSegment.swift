// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// A TCP segment on the wire, as far as an attack has to do with it.
struct WireSegment {
    var sequence: UInt32
    var acknowledgement: UInt32 = 0
    var flags: TCPFlags
    var window: UInt16 = 0xffff
    var payload: [UInt8] = []
    /// Has the option of TCP fast open with a cookie.
    var isFastOpen = false
    /// Is one of the largest, of which the queue does not show the end.
    var isGiant = false

    /// Sequence number behind all of it.
    var end: UInt32 {
        sequence &+ UInt32(payload.count) &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
    }

    /// Sequence number of the first byte of the payload.
    var firstByte: UInt32 { flags.contains(.syn) ? sequence &+ 1 : sequence }

    /// Tells whether the firewall's rules let it go without asking: a SYN that has no room for anything else.
    var isOrdinarySYN: Bool {
        flags.contains(.syn) && flags.isDisjoint(with: [.ack, .fin, .rst]) && !isFastOpen
            && payload.count <= 20
    }

    /// Writes the packet without correct checksums, which the model does not check.
    ///
    /// - Parameters:
    ///   - packet: is replaced by the packet.
    ///   - header: as `header(of:)` gives it.
    func write(to packet: inout [UInt8], header: [UInt8]) {
        packet.removeAll(keepingCapacity: true)
        packet += header
        let tcp = header.count - 20
        if isFastOpen {
            packet += [34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1]
            packet[tcp + 12] = 8 << 4
        }
        packet += payload
        if isGiant { packet += [UInt8](repeating: 0x7a, count: max(0, WireSegment.shown - packet.count)) }
        let size = isGiant ? 0xffff : packet.count - (tcp == 20 ? 0 : 40)
        WireSegment.put(UInt32(size) << 16, to: &packet, at: tcp == 20 ? 2 : 4, bytes: 2)
        WireSegment.put(sequence, to: &packet, at: tcp + 4)
        WireSegment.put(acknowledgement, to: &packet, at: tcp + 8)
        packet[tcp + 13] = flags.rawValue
        WireSegment.put(UInt32(window) << 16, to: &packet, at: tcp + 14, bytes: 2)
    }

    /// Parses a packet; `nil` if the bytes are no packet.
    init?(_ packet: [UInt8]) {
        guard let segment = try? Segment(parsing: packet.span) else { return nil }
        sequence = segment.sequence.value
        acknowledgement = segment.acknowledgement.value
        flags = segment.flags
        window = UInt16(packet[segment.tcpOffset + 14]) << 8 | UInt16(packet[segment.tcpOffset + 15])
        payload = Array(packet[segment.payloadOffset..<segment.end])
    }

    init(
        sequence: UInt32,
        acknowledgement: UInt32 = 0,
        flags: TCPFlags,
        window: UInt16 = 0xffff,
        payload: [UInt8] = []
    ) {
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.flags = flags
        self.window = window
        self.payload = payload
    }

    /// The most that the queue shows of a packet.
    private static let shown = 65_531

    /// The IP header and the TCP header of packets with a tuple, but for what `write` puts in.
    static func header(of tuple: Tuple) -> [UInt8] {
        var header = PacketBuilder(tuple: tuple, sequence: 0, acknowledgement: 0).bytes
        for offset in 0..<2 { header[(header.count == 40 ? 2 : 4) + offset] = 0 }
        return header
    }

    /// Writes the leading bytes of a number in network order.
    private static func put(_ value: UInt32, to packet: inout [UInt8], at offset: Int, bytes: Int = 4) {
        var index = 0
        while index < bytes {
            packet[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
            index += 1
        }
    }
}
