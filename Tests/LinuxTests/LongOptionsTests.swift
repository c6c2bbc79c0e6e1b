// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

struct LongOptionsTests {
    private static let definitions = [
        LongOptions.Definition(name: "json", takesValue: false),
        LongOptions.Definition(name: "socket", takesValue: true),
        LongOptions.Definition(name: "source", takesValue: true),
    ]

    private func parse(_ arguments: String...) throws(LongOptions.Problem) -> LongOptions {
        try LongOptions(parsing: arguments, as: Self.definitions)
    }

    @Test func `options and operands are separated in any order`() throws {
        let parsed = try parse("one", "--json", "two", "--socket", "/a b", "three", "--source=")
        #expect(parsed.operands == ["one", "two", "three"])
        #expect(parsed.occurrences.map(\.index) == [0, 1, 2])
        #expect(parsed.occurrences.map(\.value) == [nil, "/a b", ""])
    }

    @Test func `an empty command line has neither options nor operands`() throws {
        let parsed = try parse()
        #expect(parsed.operands.isEmpty)
        #expect(parsed.occurrences.isEmpty)
    }

    @Test func `two dashes end the options, and a single dash is an operand`() throws {
        let parsed = try parse("-", "--", "--json", "--frob")
        #expect(parsed.operands == ["-", "--json", "--frob"])
        #expect(parsed.occurrences.isEmpty)
    }

    @Test func `a name may be shortened while it is unambiguous`() throws {
        #expect(try parse("--js", "--soc", "x").occurrences.map(\.index) == [0, 1])
        #expect(throws: LongOptions.Problem.unknown("--so")) { try parse("--so", "x") }
    }

    @Test(arguments: [
        (["--frob"], LongOptions.Problem.unknown("--frob")),
        (["--frob=1"], .unknown("--frob=1")),
        (["-j"], .unknown("-j")),
        (["-ab"], .unknown("-a")),
        (["-é"], .unknown("-\u{fffd}")),
        (["--json=1"], .unexpectedValue("--json=1")),
        (["--socket"], .missingValue("--socket")),
        (["a", "--json", "b", "--socket"], .missingValue("--socket")),
    ])
    func `the error names the wrong option`(_ arguments: [String], _ problem: LongOptions.Problem) {
        #expect(throws: problem) { try LongOptions(parsing: arguments, as: Self.definitions) }
    }

    @Test func `a wrong command line does not affect the next one`() throws {
        #expect(throws: LongOptions.Problem.unknown("-x")) { try parse("-xyz", "a") }
        #expect(try parse("--json", "a").operands == ["a"])
    }
}
