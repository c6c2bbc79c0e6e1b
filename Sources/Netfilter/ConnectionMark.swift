/// How the mark of data connections differs from that of the control connection (`CONNMARK --set-xmark`).
package struct ConnectionMark: Hashable, Sendable {
    package let value: UInt32
    /// The bits that are set to those of `value`; the others stay the control connection's.
    package let mask: UInt32

    /// With a value that has no bits beyond the mask.
    package init(value: UInt32, mask: UInt32) {
        self.value = value
        self.mask = mask
    }

    /// Reads `VALUE` or `VALUE/MASK`, numbers in decimal or, behind `0x`, hexadecimal; `nil` for anything else.
    ///
    /// Without a mask all bits are set. Refused, for example: `0x100/0xff` (bits beyond the mask), `1/`, `-1`.
    package init?(parsing text: String) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map(Self.number)
        guard (1...2).contains(numbers.count), let value = numbers[0],
            let mask = numbers.count == 1 ? .max : numbers[1],
            value & ~mask == 0
        else { return nil }
        self.value = value
        self.mask = mask
    }

    /// The mark of a data connection whose control connection has this one.
    package func applied(to mark: UInt32) -> UInt32 { mark & ~mask | value }

    /// As rules have it: `0x100/0x300`.
    package var text: String { "0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))" }

    private static func number(_ text: Substring) -> UInt32? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }
}
