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
        var tcp: [UInt8] = []
        tcp += big(UInt32(tuple.source.port), 2) + big(UInt32(tuple.destination.port), 2)
        tcp += big(sequence, 4) + big(acknowledgement, 4)
        tcp += [UInt8((5 + options.count / 4) << 4), flags.rawValue] + big(0xffff, 2)
        tcp += [0, 0] + big(UInt32(urgentPointer), 2) + options + payload
        var header: [UInt8]
        let addresses: [UInt8]
        switch (tuple.source.address, tuple.destination.address) {
        case (.v4(let source), .v4(let destination)):
            addresses = big(source, 4) + big(destination, 4)
            header = [0x45, 0] + big(UInt32(20 + tcp.count), 2) + [0, 0, 0x40, 0, 64, 6, 0, 0] + addresses
            let checksum = Checksum.fold(sum(header))
            (header[10], header[11]) = (UInt8(checksum >> 8), UInt8(checksum & 0xff))
        case (.v6(let sh, let sl), .v6(let dh, let dl)):
            addresses = [sh, sl, dh, dl].flatMap {
                big(UInt32($0 >> 32), 4) + big(UInt32(truncatingIfNeeded: $0), 4)
            }
            header = [0x60, 0, 0, 0] + big(UInt32(tcp.count), 2) + [6, 64] + addresses
        default:
            return []
        }
        let checksum = Checksum.fold(sum(tcp) + sum(addresses) + 6 + UInt64(tcp.count))
        (tcp[16], tcp[17]) = (UInt8(checksum >> 8), UInt8(checksum & 0xff))
        return header + tcp
    }

    private func sum(_ bytes: [UInt8]) -> UInt64 { Checksum.sum(bytes.span, 0..<bytes.count) }

    private func big(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - $0))) }
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
