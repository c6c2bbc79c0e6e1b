// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        (JSON.null, "null"),
        (.bool(true), "true"),
        (.bool(false), "false"),
        (.integer(0), "0"),
        (.integer(9_223_372_036_854_775_807), "9223372036854775807"),
        // libjansson's integers are signed, so larger values become the largest one.
        (.integer(.max), "9223372036854775807"),
        (.number(299.2), "299.2"),
        (.number(300), "300.0"),
        (.number(0.1), "0.1"),
        (.number(1_700_000_000.123), "1700000000.123"),
        (.number(.infinity), "null"),
        (.number(.nan), "null"),
        (.string(""), #""""#),
        (.string("a\"b\\c/d\n\0"), #""a\"b\\c/d\n\u0000""#),
        (.string("é😀"), #""\u00E9\uD83D\uDE00""#),
        (.array([]), "[]"),
        (.array([.integer(1), .string("x"), .array([.null])]), #"[1,"x",[null]]"#),
        (.object([]), "{}"),
    ])
    func `each value is written as JSON has it`(_ value: JSON, _ text: String) {
        #expect(value.text == text)
    }

    @Test func `members stay in their order`() {
        let members = ["z", "a", "m"].enumerated().map { JSON.Member($1, .integer(UInt64($0))) }
        #expect(JSON.object(members).text == #"{"z":0,"a":1,"m":2}"#)
    }

    @Test(arguments: [
        "null", "true", "false", "0", "9223372036854775807", "299.2", #""""#,
        #""a\"b\\c/d\n\u00E9\uD83D\uDE00""#, "[]", "{}",
        #"[1,"x",[null]]"#, #"{"z":0,"a":{"b":[true,1.5]},"m":2}"#,
    ])
    func `written JSON is read as the same value`(_ text: String) {
        #expect(JSON(parsing: Array(text.utf8))?.text == text)
    }

    @Test(arguments: [
        "", " ", "nul", "{", "[1,]", "[1] 2", "1e999", #""\u0000""#, "\"\u{1}\"",
        "18446744073709551616",
        String(repeating: "[", count: 100_000),
    ])
    func `invalid and unsupported JSON is refused`(_ text: String) {
        #expect(JSON(parsing: Array(text.utf8)) == nil)
    }

    @Test func `a negative integer is read as a number`() {
        #expect(JSON(parsing: Array("[-300]".utf8)) == .array([.number(-300)]))
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(JSON(parsing: [0x22, 0xff, 0x22]) == nil)
    }
}
