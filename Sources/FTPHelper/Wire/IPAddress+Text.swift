// SPDX-License-Identifier: GPL-2.0-or-later
extension IPAddress: CustomStringConvertible {
    /// `10.1.0.2`, or IPv6 in the canonical form of RFC 5952: lower case, no leading zeros, the longest run
    /// of zeros as `::`.
    package var description: String {
        switch self {
        case .v4(let value):
            return "\(value >> 24).\(value >> 16 & 0xff).\(value >> 8 & 0xff).\(value & 0xff)"
        case .v6(let high, let low):
            return IPAddress.text(
                of: (0..<8).map { group in
                    UInt16(truncatingIfNeeded: (group < 4 ? high : low) >> UInt64(48 - group % 4 * 16))
                }
            )
        }
    }

    private static func text(of groups: [UInt16]) -> String {
        // A single group of zeros is not shortened, and of two equally long runs the first one is (RFC 5952,
        // section 4.2).
        var longest = 0..<0
        var index = 0
        while index < groups.count {
            var end = index
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - index > max(longest.count, 1) { longest = index..<end }
            index = max(end, index + 1)
        }
        let texts = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return texts.joined(separator: ":") }
        return texts[..<longest.lowerBound].joined(separator: ":") + "::"
            + texts[longest.upperBound...].joined(separator: ":")
    }

    /// Parses an address that fills `text` exactly.
    ///
    /// Accepted: four decimal numbers from 0 to 255 with dots between them, leading zeros allowed; IPv6 in
    /// any form of RFC 4291, section 2.2, including an IPv4 tail. Refused, for example: `10.1.0.256`,
    /// `fd01::2%eth0`, `::1::`.
    package init?(parsing text: Span<UInt8>) {
        guard let address = IPAddress.v4(parsing: text) ?? IPAddress.v6(parsing: text) else { return nil }
        self = address
    }

    private static func v4(parsing text: Span<UInt8>) -> IPAddress? {
        var value: UInt32 = 0
        var offset = 0
        for octet in 0..<4 {
            if octet > 0 {
                guard offset < text.count, text[offset] == UInt8(ascii: ".") else { return nil }
                offset += 1
            }
            guard let number = Decimal.parse(text, at: &offset, upTo: 255) else { return nil }
            value = value << 8 | UInt32(number)
        }
        return offset == text.count ? .v4(value) : nil
    }

    private static func v6(parsing text: Span<UInt8>) -> IPAddress? {
        var groups: [8 of UInt16] = .init(repeating: 0)
        var count = 0
        var gap: Int?
        var offset = 0
        if text.count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
            gap = 0
            offset = 2
        }
        while offset < text.count {
            guard count < 8 else { return nil }
            if case .v4(let value)? = v4(parsing: text.extracting(offset..<text.count)) {
                guard count <= 6 else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: value >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: value)
                count += 2
                offset = text.count
                break
            }
            guard let group = hexadecimal(text, at: &offset) else { return nil }
            groups[count] = group
            count += 1
            guard offset < text.count else { break }
            guard text[offset] == UInt8(ascii: ":") else { return nil }
            offset += 1
            guard offset < text.count else { return nil }
            if text[offset] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                offset += 1
            }
        }
        if let gap {
            guard count < 8 else { return nil }
            let shift = 8 - count
            for index in stride(from: 7, through: gap, by: -1) {
                groups[index] = index - shift >= gap ? groups[index - shift] : 0
            }
        } else {
            guard count == 8 else { return nil }
        }
        var halves: (UInt64, UInt64) = (0, 0)
        for index in 0..<4 {
            halves.0 = halves.0 << 16 | UInt64(groups[index])
            halves.1 = halves.1 << 16 | UInt64(groups[index + 4])
        }
        return .v6(high: halves.0, low: halves.1)
    }

    /// Parses one to four hexadecimal digits.
    private static func hexadecimal(_ text: Span<UInt8>, at offset: inout Int) -> UInt16? {
        var value: UInt16 = 0
        let start = offset
        while offset < text.count, offset - start < 4 {
            let digit: UInt8
            switch text[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[offset] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[offset] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[offset] - UInt8(ascii: "A") + 10
            default: return offset > start ? value : nil
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return offset > start ? value : nil
    }
}
