// SPDX-License-Identifier: GPL-2.0-or-later
import FTPHelper
import Testing

@Suite struct NumberListTests {
    /// Reads a list at the start; gives the numbers and where they end, or why there are none.
    private static func read(_ text: String, allowsBlanks: Bool = false) -> Result<
        [UInt8], NumberList.ParseError
    > {
        let bytes = Array(text.utf8)
        do throws(NumberList.ParseError) {
            let list = try NumberList(parsing: bytes.span, at: 0, allowsBlanks: allowsBlanks)
            return .success((0..<list.count).map { list[$0] } + [UInt8(list.end)])
        } catch {
            return .failure(error)
        }
    }

    /// The text, its numbers, and where the list ends; with blanks allowed if there are any.
    static let accepted: [(text: String, numbers: [UInt8], end: UInt8)] = [
        ("0", [0], 1), ("255", [255], 3), ("1,2", [1, 2], 3),
        ("10,1,0,2,19,137", [10, 1, 0, 2, 19, 137], 15),
        ("010,001,000,002,019,137", [10, 1, 0, 2, 19, 137], 23), ("1,0000000000000255", [1, 255], 18),
        ("1,2)", [1, 2], 3), ("1,2 ,3", [1, 2], 3), ("1.2", [1], 1), ("1,2\r\n", [1, 2], 3),
        ("1, 2,\t 3", [1, 2, 3], 8),
        ("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24", Array(1...24), 62),
    ]

    @Test(arguments: accepted)
    func `numbers separated by commas are read as far as they go`(text: String, numbers: [UInt8], end: UInt8)
        throws
    {
        #expect(try Self.read(text, allowsBlanks: text.contains(", ")).get() == numbers + [end])
    }

    static let refused: [(text: String, failure: NumberList.ParseError)] = [
        ("", .incomplete), ("1,", .incomplete), ("1,2,", .incomplete), ("x", .invalid), (",1", .invalid),
        ("256", .invalid), ("1,256", .invalid), ("1,,2", .invalid), ("1,-2", .invalid), ("1,+2", .invalid),
        ("1, 2", .invalid), ("1,\r\n", .invalid), ("4294967297", .invalid),
        ("1,99999999999999999999", .invalid),
        ("1,\0", .invalid),
        ("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25", .invalid),
    ]

    @Test(arguments: refused)
    func `an invalid list is refused with its reason`(text: String, failure: NumberList.ParseError) {
        #expect(throws: failure) { try Self.read(text).get() }
    }

    @Test func `a list that ends after a comma and blanks is incomplete`() {
        #expect(throws: NumberList.ParseError.incomplete) { try Self.read("1, \t", allowsBlanks: true).get() }
    }
}
