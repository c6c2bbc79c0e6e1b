// SPDX-License-Identifier: GPL-2.0-or-later

/// The address field of a line that announces a data connection: its content and its position.
package struct Announcement: Hashable, Sendable {
    /// The command or reply that it is the field of.
    package let kind: Expectation.Kind
    /// The advertised address; `nil` if the field has none (229) or cannot hold one (227 on IPv6).
    package let address: IPAddress?
    /// The advertised port in host order; never 0.
    package let port: UInt16
    /// The offsets in the line that have to be replaced if the address or the port changes.
    package let field: Range<Int>
    /// The delimiter of an EPRT or 229 field.
    let delimiter: UInt8

    init(kind: Expectation.Kind, address: IPAddress?, port: UInt16, field: Range<Int>, delimiter: UInt8 = 0) {
        self.kind = kind
        self.address = address
        self.port = port
        self.field = field
        self.delimiter = delimiter
    }

    /// Writes the field for another endpoint of the same family, in the form that the line used.
    package func field(for endpoint: Endpoint) -> [UInt8] {
        let port = endpoint.port
        switch kind {
        case .pasv where address == nil: return Array("\(port >> 8),\(port & 0xff)".utf8)
        case .port, .pasv:
            return Array("\(Announcement.commas(endpoint.address)),\(port >> 8),\(port & 0xff)".utf8)
        case .lprt, .lpsv:
            let numbers = Announcement.commas(endpoint.address)
            let form = if case .v4 = endpoint.address { "4,4" } else { "6,16" }
            return Array("\(form),\(numbers),2,\(port >> 8),\(port & 0xff)".utf8)
        case .epsv, .eprt, .ftps:
            guard address != nil else { return Array("\(port)".utf8) }
            return Array("\(endpoint.address)".utf8) + [delimiter] + Array("\(port)".utf8)
        }
    }

    /// The bytes of an address as decimal numbers with commas between them.
    private static func commas(_ address: IPAddress) -> String {
        let bytes: [UInt8]
        switch address {
        case .v4(let value):
            bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - $0 * 8)) }
        case .v6(let high, let low):
            bytes = (0..<16).map { index in
                let half = index < 8 ? high : low
                return UInt8(truncatingIfNeeded: half >> UInt64(56 - index % 8 * 8))
            }
        }
        return bytes.map { "\($0)" }.joined(separator: ",")
    }
}
