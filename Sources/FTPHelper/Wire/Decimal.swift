// SPDX-License-Identifier: GPL-2.0-or-later

/// Parses decimal numbers as FTP writes them: digits only, leading zeros allowed.
package enum Decimal {
    /// Parses the digits at `offset` and moves `offset` behind them.
    ///
    /// Returns `nil` if there is no digit or the number exceeds `limit`, which is at most 65535; `offset` is
    /// then behind the last digit read. Refused, for example: `+1`, an empty field, `70537` with a limit of
    /// 65535.
    package static func parse(_ text: Span<UInt8>, at offset: inout Int, upTo limit: UInt32) -> UInt32? {
        var value: UInt32 = 0
        let start = offset
        while offset < text.count, isDigit(text[offset]) {
            value = value &* 10 &+ UInt32(text[offset] &- UInt8(ascii: "0"))
            offset += 1
            // `limit` is at most 65535, so one more digit cannot wrap.
            guard value <= limit else { return nil }
        }
        return offset > start ? value : nil
    }

    /// Parses a number of any length at `offset` and moves `offset` behind it; `nil` if there is no digit or
    /// the number does not fit into 64 bits.
    static func parse(_ text: Span<UInt8>, at offset: inout Int) -> UInt64? {
        var value: UInt64? = 0
        let start = offset
        while offset < text.count, isDigit(text[offset]) {
            let (product, isTooLarge) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, isJustTooLarge) = product.addingReportingOverflow(
                UInt64(text[offset] &- UInt8(ascii: "0"))
            )
            if isTooLarge || isJustTooLarge { value = nil }
            if value != nil { value = sum }
            offset += 1
        }
        return offset > start ? value : nil
    }

    package static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
