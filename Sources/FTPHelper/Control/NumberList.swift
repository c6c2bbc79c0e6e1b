// SPDX-License-Identifier: GPL-2.0-or-later

/// A list of numbers from 0 to 255 with commas between them, as PORT, LPRT, 227 and 228 write addresses.
package struct NumberList {
    /// Maximum length of a list.
    ///
    /// The longest valid one, LPRT with an IPv6 address, has 21 numbers.
    static let maximumCount = 24

    private var numbers: [24 of UInt8] = .init(repeating: 0)
    /// Number of numbers: 1 to `maximumCount`.
    package private(set) var count = 0
    /// Offset behind the last number.
    package private(set) var end: Int

    /// Why a list is not valid.
    package enum ParseError: Error {
        /// The text ended where a number has to follow.
        case incomplete
        case invalid
    }

    /// Parses the longest list at `offset`.
    ///
    /// - Parameters:
    ///   - text: the line.
    ///   - offset: offset of the first digit.
    ///   - allowsBlanks: accepts blanks behind commas, as some servers write them.
    /// - Throws: `incomplete` if the text ends where a number has to follow; `invalid` if a number exceeds
    ///   255, no number follows a comma, or there are too many numbers.
    package init(parsing text: Span<UInt8>, at offset: Int, allowsBlanks: Bool) throws(ParseError) {
        end = offset
        while true {
            var cursor = end
            if count > 0 {
                guard cursor < text.count, text[cursor] == UInt8(ascii: ",") else { return }
                cursor += 1
                while allowsBlanks, cursor < text.count, Command.isBlank(text[cursor]) { cursor += 1 }
            }
            guard cursor < text.count else { throw .incomplete }
            guard count < NumberList.maximumCount, let number = Decimal.parse(text, at: &cursor, upTo: 255)
            else { throw .invalid }
            numbers[count] = UInt8(number)
            count += 1
            end = cursor
        }
    }

    package subscript(index: Int) -> UInt8 { numbers[index] }

    /// The IPv4 address in the four numbers from `index` on.
    func address(at index: Int) -> IPAddress {
        .v4((0..<4).reduce(0) { $0 << 8 | UInt32(numbers[index + $1]) })
    }

    /// The 16-bit number in the two numbers from `index` on.
    func port(at index: Int) -> UInt16 {
        UInt16(numbers[index]) << 8 | UInt16(numbers[index + 1])
    }

    /// The address and port of the long form (RFC 1639), `af,hal,h1,...,pal,p1,p2` with af 4 or 6; `nil` if
    /// the list is not one.
    func longForm() -> (address: IPAddress, port: UInt16)? {
        guard count > 2 else { return nil }
        let size = Int(numbers[1])
        guard (numbers[0] == 4 && size == 4) || (numbers[0] == 6 && size == 16), count == size + 5,
            numbers[size + 2] == 2
        else { return nil }
        let port = port(at: size + 3)
        guard size == 16 else { return (address(at: 2), port) }
        var halves: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            halves.0 = halves.0 << 8 | UInt64(numbers[2 + index])
            halves.1 = halves.1 << 8 | UInt64(numbers[10 + index])
        }
        return (.v6(high: halves.0, low: halves.1), port)
    }
}
