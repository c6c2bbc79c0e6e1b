// SPDX-License-Identifier: GPL-2.0-or-later
import Formats
import Testing

@Suite struct INIFileTests {
    /// A line and its number.
    struct Line: Hashable {
        let number: Int
        let content: INIFile.Content
    }

    private func lines(_ text: String) -> [Line] {
        INIFile(parsing: text).lines.map { Line(number: $0.number, content: $0.content) }
    }

    @Test(arguments: [
        ("a = b", INIFile.Content.entry(name: "a", value: "b")),
        ("  a=b\t", .entry(name: "a", value: "b")),
        ("a: b = c", .entry(name: "a", value: "b = c")),
        ("a =", .entry(name: "a", value: "")),
        ("a = b # c", .entry(name: "a", value: "b")),
        ("a = b\t; c", .entry(name: "a", value: "b")),
        ("a = b#c;d", .entry(name: "a", value: "b#c;d")),
        ("a = b\r", .entry(name: "a", value: "b")),
        ("a = é]", .entry(name: "a", value: "é]")),
        ("[a]", .section("a")),
        (" [ a  b ] ; c", .section("a  b")),
        ("[]", .section("")),
        ("[a", .malformed(.unclosedSection)),
        ("[", .malformed(.unclosedSection)),
        ("[a # b]", .malformed(.unclosedSection)),
        ("[a] b", .malformed(.textAfterSection)),
        ("[a]]", .malformed(.textAfterSection)),
        ("words", .malformed(.missingEqualsSign)),
        ("= b", .malformed(.missingName)),
        ("=", .malformed(.missingName)),
        ("a\0 = b", .malformed(.controlCharacter)),
        ("a = \u{1b}[2J", .malformed(.controlCharacter)),
    ])
    func `a line is a section, a key with a value, or malformed`(_ text: String, _ content: INIFile.Content) {
        #expect(lines(text) == [Line(number: 1, content: content)])
    }

    @Test(arguments: ["", "\n", " \t\r\n", "# a = b", "; a = b", "  # [a]", "#", "\u{feff}", "\u{feff}# a"])
    func `empty lines and comments have no content`(_ text: String) {
        #expect(lines(text) == [])
    }

    @Test func `lines are counted from 1 with any line ends`() {
        let wanted = [
            Line(number: 2, content: .section("s")),
            Line(number: 4, content: .entry(name: "a", value: "b")),
        ]
        #expect(lines("# c\n[s]\n\na = b") == wanted)
        #expect(lines("\u{feff}# c\r\n[s]\r\n\r\na = b\r\n") == wanted)
    }

    @Test func `a line may have any length`() {
        let long = String(repeating: "x", count: 10_000)
        #expect(lines("\(long) = \(long)") == [Line(number: 1, content: .entry(name: long, value: long))])
        #expect(lines("[\(long)]") == [Line(number: 1, content: .section(long))])
    }

    @Test func `any text of up to four characters is read to its end`() {
        let alphabet = Array("[]=:#; \t\r\n\0a\u{feff}é")
        var texts = [""]
        for _ in 1...4 {
            texts = texts.flatMap { text in alphabet.map { text + String($0) } }
            for text in texts {
                let count = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
                let numbers = lines(text).map(\.number)
                #expect(numbers == numbers.sorted(), "\(text.debugDescription)")
                #expect(numbers.allSatisfy { (1...count).contains($0) }, "\(text.debugDescription)")
            }
        }
    }
}
