// SPDX-License-Identifier: GPL-2.0-or-later

/// The control bits of a TCP header (RFC 9293, section 3.1).
package struct TCPFlags: OptionSet, Hashable, Sendable {
    /// Byte 13 of the header.
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let fin = TCPFlags(rawValue: 0x01)
    package static let syn = TCPFlags(rawValue: 0x02)
    package static let rst = TCPFlags(rawValue: 0x04)
    package static let psh = TCPFlags(rawValue: 0x08)
    package static let ack = TCPFlags(rawValue: 0x10)
    package static let urg = TCPFlags(rawValue: 0x20)
}
