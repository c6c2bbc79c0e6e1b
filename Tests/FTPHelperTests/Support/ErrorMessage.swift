// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper

/// Builds error messages of ICMP and ICMPv6 with right checksums, as a router would that got a packet.
struct ErrorMessage {
    /// The quoted packet, from its IP header on, and how many bytes of it are shown.
    var quoted: [UInt8]
    var shown = 576 - 28
    /// Fragmentation needed and packet too big, unless a test wants another one.
    var type: UInt8?
    var code: UInt8?
    /// IPv4 options, or IPv6 extension headers, in front of the message; the first kind of header, and their bytes.
    var options: [UInt8] = []
    var firstHeader: UInt8?
    /// What stands behind the quotation.
    var appendix: [UInt8] = []

    init(quoting packet: [UInt8]) { quoted = packet }

    private var isIPv4: Bool { quoted[0] >> 4 == 4 }

    /// The message, and nothing of its IP header.
    private var message: [UInt8] {
        let head: [UInt8] = [type ?? (isIPv4 ? 3 : 2), code ?? (isIPv4 ? 4 : 0), 0, 0, 0, 0, 5, 120]
        return head + Array(quoted.prefix(shown)) + appendix
    }

    /// The packet on its way from a router to the sender of the quoted packet.
    var bytes: [UInt8] {
        var packet: [UInt8]
        var message = message
        if isIPv4 {
            let total = 20 + options.count + message.count
            packet = [0x45 + UInt8(options.count / 4), 0, UInt8(total >> 8), UInt8(total & 0xff)]
            packet += [0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1]
            packet += Array(quoted[12..<16]) + options
            let sum = Checksum.fold(Checksum.sum(packet.span, 0..<packet.count))
            (packet[10], packet[11]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
        } else {
            let size = options.count + message.count
            packet = [0x60, 0, 0, 0, UInt8(size >> 8), UInt8(size & 0xff), firstHeader ?? 58, 64]
            packet += address("2001:db8::1").octets + Array(quoted[8..<24]) + options
        }
        let all = Checksum.sum(message.span, 0..<message.count)
        let sum = Checksum.fold(all + pseudoHeader(packet, message.count))
        (message[2], message[3]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
        return packet + message
    }
}

/// What ICMPv6 counts into its checksum besides the message (RFC 4443, section 2.3); 0 for ICMP.
private func pseudoHeader(_ packet: [UInt8], _ size: Int) -> UInt64 {
    guard packet[0] >> 4 == 6 else { return 0 }
    return Checksum.sum(packet.span, 8..<40) + 58 + UInt64(size)
}

extension IPAddress {
    /// In network order.
    fileprivate var octets: [UInt8] {
        switch self {
        case .v4(let value): (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
        case .v6(let high, let low):
            [high, low].flatMap { half in
                (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
            }
        }
    }
}

/// Tells whether the checksum of an error message is right, and, where all of a segment is quoted, that one's, too.
func hasRightChecksums(message packet: [UInt8], startingAt start: Int, quoting size: Int? = nil) -> Bool {
    let sum = Checksum.sum(packet.span, start..<packet.count) + pseudoHeader(packet, packet.count - start)
    guard Checksum.fold(sum) == 0 else { return false }
    return size.map { hasRightChecksums(Array(packet[(start + 8)..<(start + 8 + $0)])) } ?? true
}
