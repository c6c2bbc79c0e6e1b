/// Numbers of 0 to 255 with commas between, as PORT, LPRT, 227 and 228 write addresses.
package struct NumberList {
    /// As many as the longest field has: LPRT with an IPv6 address and an 8-byte port length is never longer.
    static let maximumCount = 24

    private var numbers: [24 of UInt8] = .init(repeating: 0)
    package private(set) var count = 0
    /// Offset behind the last number.
    package private(set) var end: Int

    /// What stopped the reading of a list that is not one.
    package enum ParseError: Error {
        /// The text ended where a number or a comma could still have followed.
        case incomplete
        case invalid
    }

    /// Reads the longest list at `offset`.
    ///
    /// - Parameters:
    ///   - text: where the list stands.
    ///   - offset: where its first digit is.
    ///   - allowsBlanks: takes blanks behind commas, as some servers write them.
    /// - Throws: `incomplete` if the text ends behind a comma or, with it, behind the first number; `invalid` if a
    ///   number is above 255, a comma is not followed by a number, or there are too many.
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

    /// The address and port of a long form (RFC 1639): `af,hal,h1,...,pal,p1,p2` with af 4 or 6; `nil` if it is none.
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
