// SPDX-License-Identifier: GPL-2.0-or-later

/// A change to a connection mark: a value and a mask, as in `CONNMARK --set-xmark VALUE/MASK`.
package struct ConnectionMark: Hashable, Sendable {
    /// The bits to set, in host order.
    package let value: UInt32
    /// The bits that are replaced by those of `value`; the other bits stay as they are.
    package let mask: UInt32

    /// Creates a mark from a value that has no bits outside the mask.
    package init(value: UInt32, mask: UInt32) {
        self.value = value
        self.mask = mask
    }

    /// Parses `VALUE` or `VALUE/MASK`, in decimal or, with `0x` in front, in hexadecimal; `nil` for anything else.
    ///
    /// Without a mask all bits are replaced. Refused, for example: `0x100/0xff` (bits outside the mask), `1/`, `-1`.
    package init?(parsing text: String) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map(Self.number)
        guard (1...2).contains(numbers.count), let value = numbers[0],
            let mask = numbers.count == 1 ? .max : numbers[1],
            value & ~mask == 0
        else { return nil }
        self.value = value
        self.mask = mask
    }

    /// The mark that results from applying the change to `mark`.
    package func applied(to mark: UInt32) -> UInt32 { mark & ~mask | value }

    /// The change as rules write it: `0x100/0x300`.
    package var text: String { "0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))" }

    private static func number(_ text: Substring) -> UInt32? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }
}
