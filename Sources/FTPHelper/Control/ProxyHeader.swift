// SPDX-License-Identifier: GPL-2.0-or-later

/// The header of the PROXY protocol, versions 1 and 2, which load balancers send in front of the client's
/// first command (HAProxy's `doc/proxy-protocol.txt`).
///
/// Accepted: `PROXY TCP4 198.51.100.7 203.0.113.5 40000 21` with CRLF, at most 107 bytes, also with `TCP6` or
/// `UNKNOWN`; and the 12-byte signature of version 2, followed by version and command, family, and the length
/// of the rest in network byte order.
package struct ProxyHeader: Hashable, Sendable {
    /// Size of the header in bytes.
    package let size: Int
    /// The client's address; `nil` unless the header has an IPv4 or IPv6 address for TCP.
    package let source: IPAddress?

    /// The result of parsing a client's first bytes.
    package enum Reading: Hashable, Sendable {
        case none
        /// The bytes may be the beginning of a header.
        case incomplete
        case header(ProxyHeader)
    }

    /// Maximum size of a version 1 header in bytes, including its line end.
    private static let maximumTextSize = 107
    /// Maximum accepted size of a version 2 header in bytes; no known sender needs as many.
    private static let maximumSize = 2048
    private static let fixedSize = 16
    private static let signature: [12 of UInt8] = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    private static let word: [6 of UInt8] = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20]  // "PROXY "

    /// Parses a client's first bytes.
    package static func read(_ bytes: Span<UInt8>) -> Reading {
        if (0..<min(bytes.count, signature.count)).allSatisfy({ bytes[$0] == signature[$0] }) {
            return binary(bytes)
        }
        if (0..<min(bytes.count, word.count)).allSatisfy({ bytes[$0] == word[$0] }) { return text(bytes) }
        return .none
    }

    private static func binary(_ bytes: Span<UInt8>) -> Reading {
        guard bytes.count >= fixedSize, let length = bytes.uint16(at: 14) else { return .incomplete }
        let size = fixedSize + Int(length)
        guard bytes[12] >> 4 == 2, size <= maximumSize else { return .none }
        guard bytes.count >= size else { return .incomplete }
        // The command LOCAL (0) marks the load balancer's own connections, whose addresses mean nothing.
        let isProxied = bytes[12] & 0xf == 1
        var source: IPAddress?
        switch bytes[13] {
        case 0x11 where isProxied && length >= 12: source = bytes.uint32(at: 16).map(IPAddress.v4)
        case 0x21 where isProxied && length >= 36:
            if let high = bytes.uint64(at: 16), let low = bytes.uint64(at: 24) {
                source = .v6(high: high, low: low)
            }
        default: break
        }
        return .header(ProxyHeader(size: size, source: source))
    }

    private static func text(_ bytes: Span<UInt8>) -> Reading {
        let lf = UInt8(ascii: "\n")
        guard let end = (0..<min(bytes.count, maximumTextSize)).first(where: { bytes[$0] == lf }) else {
            return bytes.count < maximumTextSize ? .incomplete : .none
        }
        var start = word.count
        while start < end, bytes[start] != UInt8(ascii: " ") { start += 1 }
        start += 1
        var stop = start
        while stop < end, bytes[stop] != UInt8(ascii: " ") { stop += 1 }
        let source = start < stop ? IPAddress(parsing: bytes.extracting(start..<stop)) : nil
        return .header(ProxyHeader(size: end + 1, source: source))
    }
}
